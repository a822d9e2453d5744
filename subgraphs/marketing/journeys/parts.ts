import type { Database } from '../../../database/database.ts';
import type { Clock } from '../../../schema/clock.ts';
import type { UnifiedGraph } from '../../../schema/unified-graph.ts';
import type { MessageSteps } from './contract.ts';
import type { LiveCondition } from './definition.ts';

/** Waits some milliseconds, or less when the signal aborts. Never rejects. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** Asks whether questions about a person hold, live. Rejects with NotNow of `database/consumer-contract.ts` when there is no answer. */
export interface LiveConditions {
  holds(question: { readonly customer360Id: string; readonly condition: LiveCondition }): Promise<boolean>;
}

/** Knows where people live. */
export interface PersonZones {
  /** IANA zone of a person. Rejects with NotNow when there is no answer. */
  zoneOf(customer360Id: string): Promise<string>;
}

/** Where the engine writes what an operator should know. Never given personal data. */
export interface JourneyLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Told of what the engine does, to count it. Labels are names of ours. */
export interface JourneyWatch {
  trigger(kind: string): void;
  entered(): void;
  /** `kind` of a MessageOutcome. */
  message(outcome: string): void;
  ended(status: string): void;
  /** How late something due was begun, milliseconds. */
  late(milliseconds: number): void;
}

/** What the engine is made from. */
export interface JourneyParts {
  /** The marketing store, our own. */
  readonly database: Database;
  readonly graph: UnifiedGraph;
  /** Milliseconds. */
  readonly clock: Clock;
  /** Gives a new key at each call. */
  readonly newId: () => string;
  readonly wait: Wait;
  readonly log: JourneyLog;
  readonly messages: MessageSteps;
  readonly conditions: LiveConditions;
  readonly zones: PersonZones;
  /** True for those of a journey who get nothing: the same for a person at every time. */
  readonly isHeldOut: (journeyId: string, customer360Id: string, percent: number) => boolean;
  readonly watch?: JourneyWatch;
  readonly settings?: Partial<JourneySettings>;
}

/** How much the engine does at once. */
export interface JourneySettings {
  /** Instances that one process works on at a time. */
  readonly concurrency: number;
  /** Objects that are read live with one question. */
  readonly readAtOnce: number;
  /** Things that waited which are taken up in a second at most: after a standstill the clouds are not asked for everything at once. */
  readonly perSecond: number;
  /** How long something taken up by a worker is left to it, milliseconds; renewed while the worker lives. */
  readonly leaseMs: number;
}

/** What holds unless it is said otherwise. */
export const DEFAULT_SETTINGS: JourneySettings = { concurrency: 16, readAtOnce: 50, perSecond: 500, leaseMs: 60_000 };
