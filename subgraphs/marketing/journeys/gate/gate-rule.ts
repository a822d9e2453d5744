import type { GateOutcome, JourneyGate } from '../../../../schema/generated/marketing.ts';
import type { Evidence, GateRequest } from '../contract.ts';
import type { JourneySubject } from './gate-query.ts';
import type { LiveCart, LivePerson, LiveView } from './live-view.ts';
import type { RecipientChoice } from './recipient.ts';

/** Everything that gates decide by: pure data, read at one instant. */
export interface GateInput {
  readonly request: GateRequest;
  readonly subject: JourneySubject;
  readonly view: LiveView;
  /** Null without a person. */
  readonly choice: RecipientChoice | null;
  /** Zones in which the person may live. */
  readonly zones: readonly string[];
  /** The message's own key. */
  readonly messageId: string;
}

/** What a gate found. */
export interface Finding {
  readonly outcome: GateOutcome;
  /** Without personal data beyond ids. */
  readonly message: string;
  readonly evidence: Evidence | null;
  /** Of DEFERRED: when it may be asked again, milliseconds. */
  readonly untilMs?: number;
}

/** One gate: when it is asked, what it has to know, and what it says. */
export interface GateRule {
  readonly gate: JourneyGate;
  /** Sources without which it can't say anything. */
  readonly sources: readonly string[];
  /** True for what protects people from too much marketing: messages that they need are not held back by it. */
  readonly isMarketingOnly: boolean;
  /** What the journey has to be about; undefined for any. */
  readonly subjects?: readonly JourneySubject[];
  /** True for gates that ask about the person: with nobody there they have nothing to say. */
  readonly needsPerson: boolean;
  readonly ask: (input: GateInput) => Finding;
}

/** Nothing is in the way. */
export function passed(message: string, evidence: Evidence | null = null): Finding {
  return { outcome: 'PASSED', message, evidence };
}

/** The message is not sent. */
export function skipped(message: string, evidence: Evidence | null): Finding {
  return { outcome: 'SKIPPED', message, evidence };
}

/** The message is not sent now. */
export function deferred(message: string, untilMs: number, evidence: Evidence | null): Finding {
  return { outcome: 'DEFERRED', message, evidence, untilMs };
}

/** A record of a cloud. */
export function record(dataSourceId: string, objectType: string, objectId: string): Evidence {
  return { dataSourceId, objectType, objectId };
}

/** The person, for gates that are asked only when there is one. */
export function personOf({ view }: GateInput): LivePerson {
  if (!view.person) throw new Error('A gate about the person was asked without one.');
  return view.person;
}

/** True when the cart is the person's: of one of their records, or a visitor's who left one of their addresses. */
export function isCartOf(person: LivePerson, cart: LiveCart, isSame: (one: string, other: string) => boolean): boolean {
  const { customerNumber, contactEmailAddress } = cart;
  if (customerNumber !== null) {
    return person.identityLinks.some(
      ({ dataSourceId, sourceRecordId }) => dataSourceId === 'commerce' && sourceRecordId === customerNumber,
    );
  }
  if (contactEmailAddress === null) return false;
  return (person.contactPointEmails ?? []).some(({ emailAddress }) => isSame(emailAddress, contactEmailAddress));
}
