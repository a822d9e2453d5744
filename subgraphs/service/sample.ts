import type { Person } from '../sample-data/person.ts';
import type { SampleCloud, SampleContext, SampleRow, SampleRows } from '../sample-data/sample-cloud.ts';
import { activityOf } from './sample-activity.ts';
import { contactsOf } from './sample-profiles.ts';
import { protagonistRows } from './sample-protagonists.ts';

/** The service desk's sample data: contacts, tickets and their notes. */
export const SERVICE_SAMPLE: SampleCloud = {
  name: 'service',
  tables: ['contact', 'ticket', 'ticket_note'],
  sharedRows: protagonistRows,
  rowsOf,
};

function rowsOf(person: Person, context: SampleContext): SampleRows {
  const contacts = contactsOf(person, context);
  const activities = contacts.map((contact) => activityOf(contact, context));
  const all = (table: string): readonly SampleRow[] => activities.flatMap((activity) => activity[table] ?? []);
  return { contact: contacts.map((contact) => contact.row), ticket: all('ticket'), ticket_note: all('ticket_note') };
}
