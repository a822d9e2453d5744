import { PROTAGONISTS } from '../sample-data/protagonists.ts';
import { entryAt } from '../sample-data/random.ts';
import { daysAgo, type SampleContext, type SampleRow, type SampleRows } from '../sample-data/sample-cloud.ts';
import { type ConsentDecision, consentRow, type EmailEventKind, emailEventRows, memberRow } from './sample-activity.ts';
import { CAMPAIGNS } from './sample-catalogue.ts';

const { alice, bob, carol, dan, erika } = PROTAGONISTS;

/** What the audience store knows of the people that README.md tells of. */
export function protagonistRows(context: SampleContext): SampleRows {
  const parts = protagonistCampaigns(context);
  return {
    subscriber: protagonistSubscribers(context),
    consent: protagonistConsents(context),
    campaign_member: parts.map(({ member }) => member),
    email_event: parts.flatMap(({ events }) => events),
  };
}

function protagonistSubscribers(context: SampleContext): readonly SampleRow[] {
  const subscriber = (
    subscriber_key: string,
    email_address: string,
    mobile_number: string | null,
    attributes: SampleRow,
    ages: readonly [created: number, modified: number],
  ): SampleRow => ({
    subscriber_key,
    email_address,
    mobile_number,
    attributes,
    created_on: daysAgo(context, ages[0]),
    modified_on: daysAgo(context, ages[1]),
  });
  const attributesOfAlice = {
    FirstName: 'Alice',
    LastName: 'Martin',
    BirthDate: '04/12/1988',
    Postcode: 'BS6 5EF',
    City: 'Bristol',
    Country: 'United Kingdom',
    LoyaltyNumber: alice.loyaltyNumber,
    Social: { instagram: 'alice.makes.things' },
  };
  return [
    subscriber(alice.subscriber, 'Alice.Martin@example.org', alice.phone, attributesOfAlice, [470, 30]),
    subscriber(
      bob.subscriber,
      bob.email,
      bob.phone,
      { FirstName: 'Robert', LastName: 'Miller', City: 'Chicago', Country: 'United States' },
      [850, 20],
    ),
    subscriber(
      carol.subscriber,
      carol.email,
      carol.phone,
      { FirstName: 'Carol', LastName: 'Weber', Country: 'Germany' },
      [690, 80],
    ),
    subscriber(dan.subscriber, dan.email, null, { Country: 'Italy' }, [250, 250]),
    subscriber(erika.subscriber, erika.email, null, { FirstName: 'Erika', Country: 'Germany' }, [590, 150]),
  ];
}

function protagonistConsents(context: SampleContext): readonly SampleRow[] {
  const consent = (
    subscriberKey: string,
    channel: ConsentDecision['channel'],
    purpose: ConsentDecision['purpose'],
    granted: ConsentDecision['granted'],
    address: string | null,
    ageDays: number,
  ): SampleRow =>
    consentRow(
      subscriberKey,
      { channel, purpose, granted, address, ageDays, capturedBy: 'preference-centre' },
      context,
    );
  return [
    consent(alice.subscriber, 'E', 'promo', 'Y', alice.email, 470),
    consent(alice.subscriber, 'E', 'service', 'Y', alice.email, 470),
    consent(alice.subscriber, 'E', 'profile', 'N', alice.email, 300),
    consent(alice.subscriber, 'S', 'promo', 'N', alice.phone, 30),
    consent(bob.subscriber, 'E', 'promo', 'Y', bob.email, 850),
    consent(bob.subscriber, 'E', 'service', 'Y', bob.email, 850),
    consent(bob.subscriber, 'S', 'promo', 'Y', bob.phone, 200),
    consent(carol.subscriber, 'E', 'promo', 'N', carol.email, 80),
    consent(carol.subscriber, 'E', 'profile', 'N', carol.email, 80),
    consent(carol.subscriber, 'S', 'promo', 'N', carol.phone, 80),
    consent(carol.subscriber, 'P', 'promo', 'N', null, 80),
    consent(carol.subscriber, 'T', 'promo', 'N', carol.phone, 80),
    consent(dan.subscriber, 'E', 'promo', 'Y', dan.email, 250),
    consent(erika.subscriber, 'E', 'promo', 'Y', erika.email, 590),
  ];
}

function protagonistCampaigns(context: SampleContext): readonly { member: SampleRow; events: readonly SampleRow[] }[] {
  const part = (subscriberKey: string, campaignId: string, ageDays: number, kinds: readonly EmailEventKind[]) => {
    const campaign = entryAt(
      CAMPAIGNS,
      CAMPAIGNS.findIndex((candidate) => candidate.campaignId === campaignId),
    );
    return {
      member: memberRow(subscriberKey, campaign, ageDays, kinds.includes('click'), context),
      events: emailEventRows(subscriberKey, campaign, kinds, ageDays, context),
    };
  };
  return [
    part(alice.subscriber, 'cmp-001', 469, ['sent', 'delivered', 'open', 'click']),
    part(alice.subscriber, 'cmp-002', 209, ['sent', 'delivered', 'open']),
    part(alice.subscriber, 'cmp-004', 8, ['sent', 'delivered', 'open', 'click']),
    part(alice.subscriber, 'cmp-006', 60, []),
    part(bob.subscriber, 'cmp-001', 729, ['sent', 'delivered']),
    part(bob.subscriber, 'cmp-004', 8, ['sent', 'delivered', 'open']),
    part(carol.subscriber, 'cmp-002', 209, ['sent', 'delivered', 'open', 'unsub']),
    part(dan.subscriber, 'cmp-003', 109, ['sent', 'delivered']),
    part(erika.subscriber, 'cmp-004', 8, ['sent', 'delivered']),
  ];
}
