import type { Queryable } from './database.ts';

/** What a consumer needs to know of an event. Beyond this an event may carry what it likes, as long as JSON holds it. */
export interface ConsumedEvent {
  /** The same wherever and however often the event is told. */
  readonly id: string;
  /** The log it comes from, such as `commerce` or `identity`. */
  readonly dataSourceId: string;
  /** Such as `ShoppingCartChanged`. */
  readonly eventType: string;
  /** Key of the object concerned. */
  readonly objectId: string;
  /** ISO 8601, by the clock of the store it happened in. */
  readonly occurredAt: string;
}

/** Events that follow one another. None: nothing new, but the position moves; the first one says that all is told. */
export interface EventBatch<Event> {
  /** Position after the last of them, opaque. */
  readonly cursor: string;
  readonly events: readonly Event[];
}

/**
 * Follows a log from a position, without one from now on (a first batch, which may be empty, then gives the position), until the
 * signal aborts. Fresh events come in order; what was told before may come again, in any order. Throws a CodedError of
 * CURSOR_TOO_OLD or MALFORMED_ID when it can't go on from there; any other error, and an end, is a broken way: it is opened again.
 */
export type EventSource<Event> = (since: string | null, signal: AbortSignal) => AsyncIterable<EventBatch<Event>>;

/** What a consumer is made from. */
export interface ConsumerOptions<Event extends ConsumedEvent> {
  /** Unique in the schema and for ever: the position goes by it. Such as `journeys:commerce`. */
  readonly name: string;
  /** Name of the log it reads, such as `commerce`: its position holds that log's pruning back. */
  readonly log: string;
  readonly source: EventSource<Event>;
  /**
   * Does what the events are for, in the transaction in which the position moves: nothing else may be written to, and nothing
   * waited for outside the store. Called once for each event that succeeds, in order; after a failure all of it is rolled back
   * and the events come again, one by one. Throws NotNow when it is not the event's fault.
   */
  readonly apply: (transaction: Queryable, events: readonly Event[]) => Promise<void>;
  /**
   * Called when events are lost for good (retention is over, or the log was made anew), in the transaction that moves the position to
   * now: reads again what it keeps. Without it the consumer stands still, phase GAP, until `skipGap`.
   */
  readonly onGap?: (transaction: Queryable) => Promise<void>;
}

/** The event can't be taken now for a reason that is not its own, such as a source that does not answer: it is tried again, without being counted. */
export class NotNow extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotNow';
  }
}

/** Where a consumer is. */
export type ConsumerPhase =
  /** Not begun, or stopped. */
  | 'STOPPED'
  /** Working through what has been. */
  | 'CATCHING_UP'
  /** Told of events as they happen. */
  | 'FOLLOWING'
  /** The source or the store failed; the next attempt comes soon. */
  | 'RETRYING'
  /** Events after its position are kept no more, and it has no `onGap`: `skipGap` lets it go on from now. */
  | 'GAP';

/** How a consumer does. */
export interface ConsumerStatus {
  readonly name: string;
  readonly log: string;
  readonly phase: ConsumerPhase;
  /** Null before the first batch. */
  readonly position: string | null;
  /** Events taken by this process. */
  readonly applied: number;
  /** Events set aside by this process. */
  readonly setAside: number;
  /** From the newest event's own time until it was taken, milliseconds; null before the first. */
  readonly lagMs: number | null;
  /** Failures in a row, 0 while all is well. */
  readonly failures: number;
  /** Times that this process found events lost for good and went on from now. */
  readonly gaps: number;
  /** Code or class of the last failure, null without one. */
  readonly lastFailure: string | null;
}

/** An event that was set aside. */
export interface PoisonRecord {
  readonly consumer: string;
  readonly event: ConsumedEvent;
  readonly tries: number;
  /** Without personal data: a code, a class, a SQLSTATE. */
  readonly error: string;
  /** ISO 8601. */
  readonly setAsideAt: string;
}

/** What came of trying events again. */
export interface ReplayResult {
  readonly replayedIds: readonly string[];
  /** Those that failed again, as they stand now. */
  readonly failed: readonly PoisonRecord[];
}

/** Takes the events of one log, each exactly once, whoever else runs under the same name. */
export interface Consumer {
  /** Begins; a second call does nothing. */
  start(): void;
  /** Finishes the batch in progress and ends. */
  stop(): Promise<void>;
  status(): ConsumerStatus;
  /** Resolves when what had happened before the call of `start` is taken; at once after `stop()`. */
  caughtUp(): Promise<void>;
  /** Tries events again that this consumer set aside, each in a transaction of its own. Ids of others are passed over. */
  replay(eventIds: readonly string[]): Promise<ReplayResult>;
  /** Gives up what is lost, and goes on from now. Does nothing in another phase than GAP. */
  skipGap(): void;
}
