/** Records of a cloud that were created, changed or deleted. It carries no values: whoever wants them reads the records. */
export interface SourceRecordChange {
  /** The position after these changes. */
  readonly cursor: string;
  /** Keys of the records, each once. */
  readonly sourceRecordIds: readonly string[];
}

/** What was done to something. */
export type ChangeKind = 'CREATED' | 'UPDATED' | 'DELETED';

/** Something that happened in a cloud, in the schema's words. */
export interface LoggedEvent {
  readonly id: string;
  /** The position after it. */
  readonly cursor: string;
  readonly eventType: string;
  readonly objectType: string;
  readonly objectId: string;
  /** Key of the cloud's own customer record that it belongs to. */
  readonly sourceRecordId: string | null;
  readonly change: ChangeKind;
  /** Canonical fields. */
  readonly changedFields: readonly string[];
  /** ISO 8601. */
  readonly occurredAt: string;
}

/** Events that were read together, in order. Without any, once: everything up to where the log was at the beginning is told. */
export interface LoggedBatch {
  /** The position after these events, and after those that were not wanted. */
  readonly cursor: string;
  readonly events: readonly LoggedEvent[];
}

/** Which events are wanted, asked of each: it has to be quick. */
export type EventFilter = (event: Pick<LoggedEvent, 'eventType' | 'objectId' | 'sourceRecordId'>) => boolean;

/** Tells what happens in a cloud, in order. Any number of followers share one look at the log. */
export interface ChangeLog {
  /** A system that is compared with itself from time to time shows no more than which customer records differ. */
  readonly tellsOf: 'EVERYTHING' | 'SOURCE_RECORDS';
  /** The position now: every later change is told to whoever follows from it. */
  head(): Promise<string>;
  /**
   * Changes of the cloud's own customer records after `since`, or from now on without it, until the signal aborts. Once, as soon as
   * everything up to the head has been told (at once when there is nothing to tell), a change without keys says that the follower is
   * up to date. Throws CodedError MALFORMED_ID when `since` was never a position of this log, CURSOR_TOO_OLD when what came after it is
   * kept no more.
   */
  follow(since: string | undefined, options: { readonly signal: AbortSignal }): AsyncIterable<SourceRecordChange>;
  /** The same for everything that happens; positions are the same. */
  events(
    since: string | undefined,
    options: { readonly signal: AbortSignal; readonly wants?: EventFilter },
  ): AsyncIterable<LoggedBatch>;
}
