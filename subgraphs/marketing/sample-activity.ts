import { Random } from '../sample-data/random.ts';
import { daysAgo, type SampleContext, type SampleRow, type SampleRows } from '../sample-data/sample-cloud.ts';
import { CAMPAIGNS, type SampleCampaign } from './sample-catalogue.ts';
import type { SampleSubscriber } from './sample-profiles.ts';

/** A consent before its row is written. */
export interface ConsentDecision {
  readonly channel: 'E' | 'S' | 'P' | 'T';
  readonly purpose: 'promo' | 'service' | 'profile';
  readonly granted: 'Y' | 'N' | '?';
  readonly address: string | null;
  readonly ageDays: number;
  readonly capturedBy: string;
}

/** What can happen to an e-mail, in the order in which it happens. */
export type EmailEventKind = 'sent' | 'delivered' | 'open' | 'click' | 'bounce' | 'spam' | 'unsub';

/** Minutes from an e-mail's sending to each kind of event, at least. */
const DELAYS: Readonly<Record<EmailEventKind, number>> = {
  sent: 0,
  delivered: 1,
  bounce: 2,
  open: 40,
  click: 55,
  spam: 60,
  unsub: 65,
};

/** The consents, campaign memberships and e-mail events of one subscriber. */
export function activityOf(subscriber: SampleSubscriber, context: SampleContext): SampleRows {
  const random = new Random(context.seed, 'marketing', 'activity', subscriber.subscriberKey);
  const members: SampleRow[] = [];
  const events: SampleRow[] = [];
  for (const campaign of CAMPAIGNS) {
    const isDraft = campaign.stage === 'draft';
    if (!random.chance(campaign.reach) || subscriber.createdDaysAgo < campaign.startsDaysAgo) continue;
    const joinedDaysAgo = Math.max(isDraft ? 1 : 0, campaign.startsDaysAgo - random.next());
    const kinds = isDraft || campaign.channel !== 'E' ? [] : drawFate(random);
    const responded = kinds.includes('click') || (campaign.channel !== 'E' && random.chance(0.15));
    members.push(memberRow(subscriber.subscriberKey, campaign, joinedDaysAgo, responded, context));
    events.push(...emailEventRows(subscriber.subscriberKey, campaign, kinds, joinedDaysAgo, context));
  }
  return {
    consent: drawConsents(subscriber, random).map((decision) =>
      consentRow(subscriber.subscriberKey, decision, context),
    ),
    campaign_member: members,
    email_event: events,
  };
}

/** The row of a consent. */
export function consentRow(subscriberKey: string, decision: ConsentDecision, context: SampleContext): SampleRow {
  return {
    consent_id: `con_${subscriberKey.slice(4)}_${decision.channel}_${decision.purpose}`,
    subscriber_key: subscriberKey,
    channel: decision.channel,
    purpose: decision.purpose,
    address: decision.address,
    granted: decision.granted,
    captured_on: daysAgo(context, decision.ageDays),
    captured_by: decision.capturedBy,
  };
}

/** The row of a campaign membership. */
export function memberRow(
  subscriberKey: string,
  campaign: SampleCampaign,
  joinedDaysAgo: number,
  responded: boolean,
  context: SampleContext,
): SampleRow {
  return {
    member_id: `mem_${subscriberKey.slice(4)}_${campaign.campaignId.slice(4)}`,
    campaign_id: campaign.campaignId,
    subscriber_key: subscriberKey,
    added_on: daysAgo(context, joinedDaysAgo),
    responded,
  };
}

/** The rows of what happened to one e-mail. An event that would lie in the future is left out. */
export function emailEventRows(
  subscriberKey: string,
  campaign: SampleCampaign,
  kinds: readonly EmailEventKind[],
  sentDaysAgo: number,
  context: SampleContext,
): SampleRow[] {
  return kinds
    .map((kind) => ({ kind, ageDays: sentDaysAgo - DELAYS[kind] / 1440 }))
    .filter(({ ageDays }) => ageDays >= 0)
    .map(({ kind, ageDays }) => ({
      event_id: `evt_${subscriberKey.slice(4)}_${campaign.campaignId.slice(4)}_${kind}`,
      subscriber_key: subscriberKey,
      campaign_id: campaign.campaignId,
      kind,
      subject_line: campaign.subject ?? null,
      url: kind === 'click' ? (campaign.url ?? null) : null,
      happened_on: daysAgo(context, ageDays),
    }));
}

function drawFate(random: Random): readonly EmailEventKind[] {
  if (random.chance(0.04)) return ['sent', 'bounce'];
  if (!random.chance(0.42)) return ['sent', 'delivered'];
  const opened: readonly EmailEventKind[] = ['sent', 'delivered', 'open'];
  const end = random.pickWeighted({ open: 66, click: 30, spam: 1, unsub: 3 });
  return end === 'open' ? opened : [...opened, end];
}

function drawConsents(subscriber: SampleSubscriber, random: Random): readonly ConsentDecision[] {
  const promo = random.pickWeighted({ Y: 68, N: 24, '?': 8 });
  const decide = (
    channel: ConsentDecision['channel'],
    purpose: ConsentDecision['purpose'],
    granted: ConsentDecision['granted'],
  ): ConsentDecision => ({
    channel,
    purpose,
    granted,
    address: channel === 'E' ? subscriber.email.trim() : channel === 'P' ? null : (subscriber.mobile ?? null),
    ageDays: random.next() * subscriber.createdDaysAgo,
    capturedBy: random.pick(['signup-form', 'checkout', 'preference-centre', 'agent', 'app']),
  });
  const decisions = [decide('E', 'promo', promo), decide('E', 'service', random.chance(0.97) ? 'Y' : 'N')];
  if (subscriber.mobile) {
    decisions.push(decide('S', 'promo', random.pickWeighted({ Y: 40, N: 50, '?': 10 })));
    if (random.chance(0.5)) decisions.push(decide('S', 'service', 'Y'));
    if (random.chance(0.3)) decisions.push(decide('T', 'promo', random.chance(0.2) ? 'Y' : 'N'));
  }
  if (random.chance(0.4)) decisions.push(decide('E', 'profile', random.chance(0.6) ? 'Y' : 'N'));
  if (random.chance(0.2)) decisions.push(decide('P', 'promo', random.chance(0.7) ? 'Y' : 'N'));
  return decisions;
}
