import { isDiscountOf } from '../contract.ts';
import { durationMs } from '../duration.ts';
import { discountCustomerOf } from './cart-gates.ts';
import { deferred, type Finding, type GateInput, passed, personOf, record, skipped } from './gate-rule.ts';
import { isHeldOut } from './holdout.ts';
import type { LiveConsent } from './live-view.ts';
import { isQuiet, nextNotQuiet } from './quiet-hours.ts';

/** This contact point may be used for this channel and purpose. */
export function consent({ request, choice }: GateInput): Finding {
  const { channel, purpose } = request.step;
  if (channel !== 'EMAIL') return skipped(`Nothing is sent by ${channel} yet.`, null);
  if (choice?.recipient) {
    const evidence = record('marketing', 'ContactPointConsent', choice.recipient.consentId);
    return passed(`Agreed to ${purpose} by ${channel}.`, evidence);
  }
  const refusal = choice?.refusal;
  if (!refusal) return skipped(`Nobody has agreed to ${purpose} by ${channel} to an address of the customer.`, null);
  return skipped(
    `${WORDS[refusal.status]} ${purpose} by ${channel}.`,
    record('marketing', 'ContactPointConsent', refusal.id),
  );
}

const WORDS: Readonly<Record<LiveConsent['status'], string>> = {
  OPT_OUT: 'Opted out of',
  PENDING: 'Has not confirmed yet:',
  OPT_IN: 'Agreed to',
};

/** Neither erased nor suppressed. */
export function notSuppressed({ request, view, choice }: GateInput): Finding {
  const { customer360Id } = request.instance;
  if (!view.person) {
    return skipped('The customer has been erased.', record('identity', 'Customer', customer360Id));
  }
  if (choice?.suppression) {
    const { id, reason } = choice.suppression;
    return skipped(`The address is suppressed: ${reason}.`, record('marketing', 'ContactPointSuppression', id));
  }
  const evidence = record('identity', 'Customer', view.person.customer360Id);
  return passed('Neither erased nor suppressed.', evidence);
}

/** No complaint is open. */
export function noOpenComplaint(input: GateInput): Finding {
  const [open] = personOf(input).cases?.edges ?? [];
  return open
    ? skipped('A complaint is open.', record('service', 'Case', open.node.id))
    : passed('No complaint is open.');
}

/** Not too many messages lately. Put off until so many lie outside the window, and it is not quiet. */
export function frequencyCap(input: GateInput): Finding {
  const { request, zones } = input;
  const { frequencyCap: cap, quietHours } = request.definition.gates;
  const sent = personOf(input).emailEngagements?.edges ?? [];
  const latest = sent[0]?.node;
  const counting = sent[cap.messages - 1]?.node;
  const free = counting && Date.parse(counting.engagementDate) + durationMs(cap.within);
  if (!counting || free === undefined || free <= request.nowMs) {
    const evidence = latest ? record('marketing', 'EmailEngagement', latest.id) : null;
    return passed(`Fewer than ${cap.messages} within ${cap.within}.`, evidence);
  }
  return deferred(
    `${cap.messages} sent within ${cap.within} already.`,
    nextNotQuiet(quietHours, zones, free),
    record('marketing', 'EmailEngagement', counting.id),
  );
}

/** Not at night where the person lives. */
export function quietHours({ request, zones, view }: GateInput): Finding {
  const hours = request.definition.gates.quietHours;
  const evidence = record('identity', 'Customer', view.person?.customer360Id ?? request.instance.customer360Id);
  if (!zones.some((zone) => isQuiet(hours, zone, request.nowMs))) {
    return passed('It is not quiet where the customer lives.', evidence);
  }
  const until = nextNotQuiet(hours, zones, request.nowMs);
  const message = `It is quiet where the customer lives, from ${hours.from} to ${hours.to}.`;
  return until > request.nowMs ? deferred(message, until, evidence) : passed(message, evidence);
}

/** Not of those who get nothing. */
export function notHeldOut(input: GateInput): Finding {
  const { request } = input;
  const { holdoutPercent } = request.definition;
  const { customer360Id: id } = personOf(input);
  const evidence = record('identity', 'Customer', id);
  return isHeldOut(request.instance.journeyId, id, holdoutPercent)
    ? skipped(`Held out: one of the ${holdoutPercent} % who get nothing, so that the effect can be measured.`, evidence)
    : passed('Not held out.', evidence);
}

/** No discount lately, and somebody whom one can be granted to. */
export function discountNotGranted(input: GateInput): Finding {
  const { request, messageId } = input;
  if (!request.step.discount) return passed('No discount goes with the message.');
  const { discountEvery } = request.definition.gates;
  const since = request.nowMs - durationMs(discountEvery);
  const granted = personOf(input).discountCodes?.find(
    ({ grantReference, grantedDate }) => Date.parse(grantedDate) > since && !isDiscountOf(messageId, grantReference),
  );
  if (granted) {
    const evidence = record('commerce', 'DiscountCode', granted.code);
    return skipped(`A discount was granted within ${discountEvery}.`, evidence);
  }
  const customerNumber = discountCustomerOf(input);
  if (customerNumber === undefined)
    return skipped('The shop has no record of the customer to grant a discount to.', null);
  return passed(`No discount within ${discountEvery}.`, record('commerce', 'SourceProfile', customerNumber));
}
