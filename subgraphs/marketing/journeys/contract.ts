import type { Queryable } from '../../../database/database.ts';
import type { GateOutcome, JourneyGate, JourneyVerdict } from '../../../schema/generated/marketing.ts';
import type { JourneyDefinition, MessageStep } from './definition.ts';

/** An instance of a journey as the steps see it. Times are ISO 8601. */
export interface RunningInstance {
  readonly id: string;
  readonly journeyId: string;
  readonly version: number;
  /** The person, by the id that survives now. */
  readonly customer360Id: string;
  readonly objectType: string;
  readonly objectId: string;
  /** Names the contents of the cart that it began with, null where it is not about a cart. */
  readonly revision: string | null;
  readonly enteredAt: string;
}

/** A record that a decision rests on. */
export interface Evidence {
  readonly dataSourceId: string;
  readonly objectType: string;
  readonly objectId: string;
}

/** What one gate says. `message` has no personal data beyond ids. */
export interface DecisionReason {
  readonly gate: JourneyGate;
  readonly outcome: GateOutcome;
  readonly message: string;
  readonly evidence: Evidence | null;
}

/** What a gate is asked about. */
export interface GateRequest {
  readonly instance: RunningInstance;
  readonly definition: JourneyDefinition;
  readonly step: MessageStep;
  /** The instant of sending, milliseconds. */
  readonly nowMs: number;
  /** Whether the instance may go on, by the engine's own state, read after the decision to send was begun. */
  readonly standing: { readonly isIn: boolean; readonly message: string };
  /** Whether the provider takes messages. */
  readonly isProviderHealthy: boolean;
}

/** What was decided, and what is needed to write the message. */
export interface GateDecision {
  readonly verdict: JourneyVerdict;
  /** Null for SEND. */
  readonly decidedBy: JourneyGate | null;
  /** ISO 8601, of DEFER. */
  readonly nextAllowedAt: string | null;
  /** Every gate, in order. */
  readonly reasons: readonly DecisionReason[];
  /** True when the person is of those who get nothing. */
  readonly isHeldOut: boolean;
  /** Who they were in the instant of the question; null when they could not be read. */
  readonly person: { readonly customer360Id: string; readonly subscriberKeys: readonly string[] } | null;
  /** Present with SEND, and where a gate after that of consent puts the message off. */
  readonly recipient: Recipient | null;
  /** Whom a discount is granted to. Present with SEND of a message that has one. */
  readonly discountFor: DiscountReceiver | null;
  /** What the templates may use, read in the same query. Null when the person could not be read. */
  readonly model: MessageModel | null;
}

/** To whom a message goes. */
export interface Recipient {
  readonly subscriberKey: string;
  readonly emailAddress: string;
  /** The consent that it rests on. */
  readonly consentId: string;
}

/** Whom a discount is granted to. */
export interface DiscountReceiver {
  /** The commerce record: the cart's; of a visitor's cart, or without a cart, one of the person's. */
  readonly customerNumber: string;
  /** The cart that it is for, null for any. */
  readonly cartId: string | null;
}

/** What templates may use. Amounts are decimal texts. */
export interface MessageModel {
  /** IANA zone of the person: times are written by its clocks. */
  readonly timeZone: string;
  readonly customer: {
    readonly firstName: string | null;
    readonly lastName: string | null;
    readonly fullName: string | null;
  };
  readonly cart: {
    readonly id: string;
    /** The commerce record it belongs to; null for a visitor's. */
    readonly customerNumber: string | null;
    readonly totalAmount: string;
    readonly currencyCode: string;
    readonly products: readonly {
      readonly productId: string;
      readonly productName: string | null;
      readonly quantity: number;
      readonly unitPriceAmount: string;
      readonly totalLineAmount: string;
      readonly isInStock: boolean;
    }[];
  } | null;
  /** The last order, for journeys after a purchase. */
  readonly order: {
    readonly orderNumber: string;
    readonly orderedDate: string;
    readonly totalAmount: string;
    readonly currencyCode: string;
  } | null;
  /** The case, for journeys after one. */
  readonly case: { readonly caseNumber: string; readonly subject: string } | null;
}

/** Asks the gates, live, in one federated query. Never rejects for a source that does not answer: that is a decision too. */
export interface Gate {
  ask(request: GateRequest): Promise<GateDecision>;
}

/** How a message step ended. `error` is for people: without its full stop, and without anybody's data. */
export type MessageOutcome =
  | { readonly kind: 'SENT'; readonly messageKey: string }
  | { readonly kind: 'SKIPPED'; readonly decidedBy: JourneyGate }
  | { readonly kind: 'DEFERRED'; readonly until: string; readonly decidedBy: JourneyGate }
  /** Not handed over now: the provider failed in passing. */
  | { readonly kind: 'RETRY'; readonly until: string; readonly error: string }
  | { readonly kind: 'IN_DOUBT'; readonly messageKey: string }
  | { readonly kind: 'FAILED'; readonly error: string };

/** What the engine hands to a message step. */
export interface MessageStepRequest {
  readonly instance: RunningInstance;
  readonly definition: JourneyDefinition;
  readonly step: MessageStep;
  /** Tells whether this worker holds the instance and it is to be sent, before the gates are asked. Nothing is locked. */
  readonly standing: () => Promise<{ readonly isIn: boolean; readonly message: string }>;
  /**
   * Locks the instance in the transaction and tells whether this worker still holds it and it is still to be sent, in the
   * transaction that makes the message certain. False: nothing may be written.
   */
  readonly confirm: (transaction: Queryable) => Promise<{ readonly isIn: boolean; readonly message: string }>;
  /** Moves the instance on, in the transaction in which the outcome is written: once for each run. */
  readonly conclude: (transaction: Queryable, outcome: MessageOutcome) => Promise<void>;
}

/**
 * Runs message steps: asks the gate, writes the decision, grants the discount, renders, hands over, writes what came of it.
 * May be killed at any point and run again by anybody: there is one message for each idempotency key, ever.
 */
export interface MessageSteps {
  run(request: MessageStepRequest): Promise<MessageOutcome>;
}

/** `journey:version:cart:revision:step`. Where there is no cart's revision, the instance stands for it: the same object may come again. */
export function idempotencyKeyOf(instance: RunningInstance, step: MessageStep): string {
  return [instance.journeyId, instance.version, instance.objectId, instance.revision ?? instance.id, step.id].join(':');
}

/**
 * The idempotency key with which the discount of a message is granted, by the message's own key and the round: the first is 1, a
 * further one takes the place of one that ran out before it was sent.
 */
export function discountKeyOf(messageId: string, round: number): string {
  return `${discountPrefix(messageId)}${round}`;
}

/** Whether a discount that was granted with this key is the message's own, of whatever round. */
export function isDiscountOf(messageId: string, grantReference: string | null): boolean {
  return grantReference?.startsWith(discountPrefix(messageId)) ?? false;
}

function discountPrefix(messageId: string): string {
  return `journey-message:${messageId}:`;
}
