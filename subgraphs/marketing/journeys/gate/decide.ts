import type { GateRequest } from '../contract.ts';
import { type DecisionReason, type GateDecision, idempotencyKeyOf } from '../contract.ts';
import { messageKeyOf } from '../sending/message-store.ts';
import { discountCustomerOf } from './cart-gates.ts';
import { subjectOf } from './gate-query.ts';
import type { Finding, GateInput, GateRule } from './gate-rule.ts';
import { GATES } from './gates.ts';
import { isHeldOut } from './holdout.ts';
import { whereaboutsIn } from './live-conditions.ts';
import type { LiveView } from './live-view.ts';
import { messageModelOf } from './message-model.ts';
import { chooseRecipient } from './recipient.ts';
import { zonesOf } from './time-zones.ts';

/** A source that did not answer is asked again after this time; whoever asks may wait longer. */
const SILENCE_AGAIN_MS = 60_000;

/**
 * Decides about a message by what was found at the instant of sending: a pure function. Gates are asked in their order and the
 * first that is in the way decides, whether for good or for now; those after it are not asked. Nothing is sent unless every
 * gate has been asked and none was in the way.
 */
export function decide(request: GateRequest, view: LiveView, defaultZone: string): GateDecision {
  const input = inputOf(request, view, defaultZone);
  const reasons: DecisionReason[] = [];
  let decisive: { readonly rule: GateRule; readonly finding: Finding } | null = null;
  for (const rule of GATES) {
    const finding: Finding = decisive ? NOT_ASKED : ask(rule, input);
    reasons.push({ gate: rule.gate, outcome: finding.outcome, message: finding.message, evidence: finding.evidence });
    if (IN_THE_WAY.has(finding.outcome)) decisive = { rule, finding };
  }
  const until = decisive?.finding.untilMs;
  return {
    verdict: decisive === null ? 'SEND' : decisive.finding.outcome === 'SKIPPED' ? 'SKIP' : 'DEFER',
    decidedBy: decisive?.rule.gate ?? null,
    nextAllowedAt: until === undefined ? null : new Date(until).toISOString(),
    reasons,
    isHeldOut: heldOut(input),
    person: personIn(view),
    // What is only put off has passed the gate of consent, and stands to be sent to whoever it was asked for.
    recipient: decisive && decisive.finding.outcome !== 'DEFERRED' ? null : (input.choice?.recipient ?? null),
    discountFor: decisive ? null : discountReceiver(input),
    model: messageModelOf(view, input.zones[0] ?? defaultZone),
  };
}

const IN_THE_WAY: ReadonlySet<string> = new Set(['SKIPPED', 'DEFERRED', 'NO_ANSWER']);
const NOT_ASKED: Finding = {
  outcome: 'NOT_ASKED',
  message: 'Not asked: a gate before it has decided.',
  evidence: null,
};

function inputOf(request: GateRequest, view: LiveView, defaultZone: string): GateInput {
  return {
    request,
    subject: subjectOf(request.instance),
    view,
    choice: view.person && chooseRecipient(view.person, view.cart),
    zones: zonesOf(whereaboutsIn(view.person), defaultZone),
    messageId: messageKeyOf(idempotencyKeyOf(request.instance, request.step)),
  };
}

function ask(rule: GateRule, input: GateInput): Finding {
  const { request, subject, view } = input;
  if (rule.isMarketingOnly && request.step.purpose === 'TRANSACTIONAL') {
    return { outcome: 'PASSED', message: 'Does not hold back transactional messages.', evidence: null };
  }
  if (rule.subjects && !rule.subjects.includes(subject)) {
    return { outcome: 'PASSED', message: 'The journey is not about this.', evidence: null };
  }
  const silent = silentFor(rule, view);
  if (silent !== undefined) {
    return {
      outcome: 'NO_ANSWER',
      message: `No answer from ${silent}: nothing is sent.`,
      evidence: null,
      untilMs: request.nowMs + SILENCE_AGAIN_MS,
    };
  }
  if (rule.needsPerson && !view.person) {
    return { outcome: 'NOT_ASKED', message: 'The customer is not there any more.', evidence: null };
  }
  return rule.ask(input);
}

/** Names of the sources that the gate would have needed; undefined when all have answered. */
function silentFor({ sources }: GateRule, { silence }: LiveView): string | undefined {
  const silent = sources.filter((source) => silence.sources.has(source)).sort();
  if (silent.length > 0) return silent.join(', ');
  return silence.isTotal && sources.length > 0 ? 'the unified graph' : undefined;
}

function personIn({ person }: LiveView): GateDecision['person'] {
  if (!person) return null;
  const records = person.identityLinks.filter(({ dataSourceId }) => dataSourceId === 'marketing');
  return {
    customer360Id: person.customer360Id,
    subscriberKeys: records.map(({ sourceRecordId }) => sourceRecordId),
  };
}

function heldOut({ request, view }: GateInput): boolean {
  if (!view.person || request.step.purpose === 'TRANSACTIONAL') return false;
  return isHeldOut(request.instance.journeyId, view.person.customer360Id, request.definition.holdoutPercent);
}

function discountReceiver(input: GateInput): GateDecision['discountFor'] {
  const customerNumber = discountCustomerOf(input);
  if (!input.request.step.discount || customerNumber === undefined) return null;
  return { customerNumber, cartId: input.view.cart?.id ?? null };
}
