import type { Person } from '../sample-data/person.ts';
import type { SampleCloud, SampleContext, SampleRow, SampleRows } from '../sample-data/sample-cloud.ts';
import { activityOf } from './sample-activity.ts';
import { campaignRows } from './sample-catalogue.ts';
import { subscribersOf } from './sample-profiles.ts';
import { protagonistRows } from './sample-protagonists.ts';

/** The audience store's sample data: subscribers, consents, campaigns with their members, and e-mail events. */
export const MARKETING_SAMPLE: SampleCloud = {
  name: 'marketing',
  tables: ['subscriber', 'consent', 'campaign', 'campaign_member', 'email_event'],
  sharedRows: (context) => ({ campaign: campaignRows(context), ...protagonistRows(context) }),
  rowsOf,
};

function rowsOf(person: Person, context: SampleContext): SampleRows {
  const subscribers = subscribersOf(person, context);
  const activities = subscribers.map((subscriber) => activityOf(subscriber, context));
  const all = (table: string): readonly SampleRow[] => activities.flatMap((activity) => activity[table] ?? []);
  return {
    subscriber: subscribers.map((subscriber) => subscriber.row),
    consent: all('consent'),
    campaign_member: all('campaign_member'),
    email_event: all('email_event'),
  };
}
