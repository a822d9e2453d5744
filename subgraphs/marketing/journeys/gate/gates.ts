import { cartUnchanged, cartWorthIt, noOrderSince } from './cart-gates.ts';
import type { JourneySubject } from './gate-query.ts';
import { deferred, type Finding, type GateInput, type GateRule, passed, record, skipped } from './gate-rule.ts';
import type { LiveView } from './live-view.ts';
import {
  consent,
  discountNotGranted,
  frequencyCap,
  noOpenComplaint,
  notHeldOut,
  notSuppressed,
  quietHours,
} from './person-gates.ts';

/** A provider that fails is asked again after this time. */
const PROVIDER_AGAIN_MS = 300_000;

/** The gates in the order in which they are asked: the first that is in the way decides. */
export const GATES: readonly GateRule[] = [
  { gate: 'STILL_IN_JOURNEY', sources: [], isMarketingOnly: false, needsPerson: false, ask: stillInJourney },
  {
    gate: 'CART_UNCHANGED',
    sources: ['commerce', 'identity'],
    isMarketingOnly: false,
    subjects: ['CART'],
    needsPerson: false,
    ask: cartUnchanged,
  },
  {
    gate: 'NO_ORDER_SINCE',
    sources: ['commerce', 'identity'],
    isMarketingOnly: false,
    subjects: ['CART', 'PERSON'],
    needsPerson: true,
    ask: noOrderSince,
  },
  {
    gate: 'CART_WORTH_IT',
    sources: ['commerce'],
    isMarketingOnly: false,
    subjects: ['CART'],
    needsPerson: false,
    ask: cartWorthIt,
  },
  { gate: 'CONSENT', sources: ['marketing', 'identity'], isMarketingOnly: false, needsPerson: true, ask: consent },
  {
    gate: 'NOT_SUPPRESSED',
    sources: ['marketing', 'identity'],
    isMarketingOnly: false,
    needsPerson: false,
    ask: notSuppressed,
  },
  {
    gate: 'NO_OPEN_COMPLAINT',
    sources: ['service', 'identity'],
    isMarketingOnly: true,
    needsPerson: true,
    ask: noOpenComplaint,
  },
  {
    gate: 'FREQUENCY_CAP',
    sources: ['marketing', 'identity'],
    isMarketingOnly: true,
    needsPerson: true,
    ask: frequencyCap,
  },
  { gate: 'QUIET_HOURS', sources: ['identity'], isMarketingOnly: true, needsPerson: true, ask: quietHours },
  { gate: 'NOT_HELD_OUT', sources: ['identity'], isMarketingOnly: true, needsPerson: true, ask: notHeldOut },
  {
    gate: 'DISCOUNT_NOT_GRANTED',
    sources: ['commerce', 'identity'],
    isMarketingOnly: false,
    needsPerson: true,
    ask: discountNotGranted,
  },
  // What the message is written from comes from every cloud: with one of them silent it would be another message.
  {
    gate: 'PROVIDER_HEALTHY',
    sources: ['commerce', 'marketing', 'service', 'identity'],
    isMarketingOnly: false,
    needsPerson: false,
    ask: providerHealthy,
  },
];

/** In it by the engine's own state, and what the journey is about is still there and the customer's. */
function stillInJourney(input: GateInput): Finding {
  const { standing, instance } = input.request;
  const evidence = record('marketing', 'JourneyInstance', instance.id);
  if (!standing.isIn) return skipped(standing.message, evidence);
  return subjectLost(input) ?? passed(standing.message, evidence);
}

/** Nobody is told of an order or a case that is not theirs: a merge may have been undone. Carts have a gate of their own. */
function subjectLost({ subject, view, request }: GateInput): Finding | undefined {
  const about = ABOUT[subject];
  if (!about || !view.person || view.silence.isTotal || view.silence.sources.has(about.source)) return undefined;
  const owner = about.ownerIn(view);
  const evidence = record(about.source, request.instance.objectType, request.instance.objectId);
  if (owner === undefined) return skipped('What the journey is about is not there any more.', evidence);
  const isOwn = view.person.identityLinks.some(
    ({ dataSourceId, sourceRecordId }) => dataSourceId === about.source && sourceRecordId === owner,
  );
  return isOwn ? undefined : skipped('What the journey is about does not belong to the customer any more.', evidence);
}

const ABOUT: Partial<
  Record<JourneySubject, { readonly source: string; readonly ownerIn: (view: LiveView) => string | undefined }>
> = {
  ORDER: { source: 'commerce', ownerIn: ({ order }) => order?.customerNumber },
  CASE: { source: 'service', ownerIn: (view) => view.case?.contactId },
};

function providerHealthy({ request }: GateInput): Finding {
  if (request.isProviderHealthy) return passed('The mail provider takes messages.');
  return deferred('The mail provider takes no messages.', request.nowMs + PROVIDER_AGAIN_MS, null);
}
