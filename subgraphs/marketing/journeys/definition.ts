import type {
  DataUsePurpose,
  EngagementChannelType,
  JourneyReentry,
  JourneyTriggerKind,
} from '../../../schema/generated/marketing.ts';

/** An ISO 8601 duration such as `PT30M`, `PT16H` or `P3D`; days are 24 hours, no months or years. */
export type Duration = string;

/** A journey's version as a document: `definition.schema.json` is its JSON schema, `checkDefinition` its check. */
export interface JourneyDefinition {
  /** Key of the journey: lower case, digits and hyphens, 1 to 64. */
  readonly id: string;
  readonly name: string;
  readonly entry: JourneyEntry;
  readonly reentry: JourneyReentry;
  /** What takes people out at once, besides the end and a person's hand. */
  readonly exits: readonly JourneyExit[];
  readonly gates: GateSettings;
  /** The share that gets nothing, in percent, 0 to 50. */
  readonly holdoutPercent: number;
  /** An order so long after the entry counts for the journey. */
  readonly conversionWindow: Duration;
  /** In the order in which they are gone through, unless a step names the next. */
  readonly steps: readonly JourneyStep[];
}

/** Who enters. */
export interface JourneyEntry {
  readonly kind: JourneyTriggerKind;
  /** How long a cart, a check-out or a visit is left before it is abandoned. */
  readonly abandonAfter?: Duration;
  /** How long ago the last order is, for CUSTOMER_LAPSED. */
  readonly lapsedAfter?: Duration;
  /**
   * Nobody enters who should have so long ago, as after the engine stood still. ENTRY_MAX_AGE where a document says nothing.
   */
  readonly maxAge?: Duration;
  /** Only people whom this holds for, asked live at the entry. */
  readonly where?: LiveCondition;
}

/** A happening that ends an instance at once. */
export interface JourneyExit {
  readonly on: 'ORDER_PLACED' | 'CART_EMPTIED' | 'CART_CHANGED' | 'COMPLAINT_OPENED' | 'CASE_REOPENED';
}

/** A question about the live customer: a GraphQL selection on `Customer`, and what must hold for its answer. */
export interface LiveCondition {
  /** Such as `loyaltyProgramMembers { loyaltyTierName }`: a selection set without its braces. */
  readonly selection: string;
  /** All of them hold. A path goes through lists: it holds when it does for any item. */
  readonly all: readonly {
    /** Such as `loyaltyProgramMembers.loyaltyTierName`. */
    readonly path: string;
    readonly is: 'EQUAL' | 'NOT_EQUAL' | 'GREATER' | 'LESS' | 'CONTAINS' | 'EXISTS' | 'MISSING';
    readonly value?: string | number | boolean;
  }[];
}

/** One step of a journey. */
export type JourneyStep = WaitStep | WaitForEventStep | WaitForTimeStep | BranchStep | MessageStep | EndStep;

interface Step {
  /** Unique in the journey: lower case, digits and hyphens. */
  readonly id: string;
  /** The step that follows, instead of the next one in the list. */
  readonly next?: string;
}

/** Waits for a time. */
export interface WaitStep extends Step {
  readonly kind: 'WAIT';
  readonly for: Duration;
}

/** Waits for something to happen to the person, at most for a time. */
export interface WaitForEventStep extends Step {
  readonly kind: 'WAIT_FOR_EVENT';
  /** Type of the event, such as `EmailEngagementChanged`, in any cloud. */
  readonly eventType: string;
  readonly atMost: Duration;
  /** It counts only if this holds then, asked live. */
  readonly when?: LiveCondition;
  /** The step after waiting in vain; else as if it had happened. */
  readonly otherwise?: string;
}

/** Waits until it is this time of day, where the person lives unless a zone is named. */
export interface WaitForTimeStep extends Step {
  readonly kind: 'WAIT_FOR_TIME';
  /** `HH:MM`. */
  readonly time: string;
  /** IANA zone. */
  readonly zone?: string;
}

/** Goes one way or the other by the live customer. */
export interface BranchStep extends Step {
  readonly kind: 'BRANCH';
  readonly when: LiveCondition;
  /** The step where it does not hold; where it does, the next one. */
  readonly otherwise: string;
}

/** Sends a message, if the gates let it. */
export interface MessageStep extends Step {
  readonly kind: 'MESSAGE';
  readonly channel: EngagementChannelType;
  readonly purpose: DataUsePurpose;
  readonly template: MessageTemplate;
  /** A single-use discount that goes with it; in the template as `discount.code`, `discount.percent`, `discount.expires`. */
  readonly discount?: { readonly percent: number; readonly validFor: Duration };
}

/** Liquid templates of an e-mail. */
export interface MessageTemplate {
  readonly subject: string;
  /** MJML with Liquid in it. */
  readonly mjml: string;
  /** Plain text with Liquid in it. */
  readonly text: string;
  /** BCP 47 tag of the language it is written in, by which amounts and times are written; `en` without it. */
  readonly locale?: string;
}

/** Ends the journey. */
export interface EndStep extends Step {
  readonly kind: 'END';
  readonly reason: string;
}

/** How strict the gates before each message are. */
export interface GateSettings {
  /** Least value of the cart, in its own currency: a decimal number such as `20.00`. */
  readonly minimumCartAmount: string;
  /** So many marketing messages of any journey in this time. */
  readonly frequencyCap: { readonly messages: number; readonly within: Duration };
  /** `HH:MM` where the person lives; equal times switch it off. */
  readonly quietHours: { readonly from: string; readonly to: string };
  /** No further discount within this time. */
  readonly discountEvery: Duration;
}

/** What holds where a document says nothing. */
export const GATE_DEFAULTS: GateSettings = {
  minimumCartAmount: '0',
  frequencyCap: { messages: 1, within: 'PT16H' },
  quietHours: { from: '21:00', to: '08:00' },
  discountEvery: 'P30D',
};

/** How long something is left until it is abandoned, where a document says nothing. */
export const ABANDON_AFTER: Duration = 'PT30M';

/** How late people may enter where a document says nothing. */
export const ENTRY_MAX_AGE: Duration = 'P2D';

/** The share that gets nothing where a document says nothing, in percent. */
export const HOLDOUT_PERCENT = 10;
