/** Records of a cloud that were created, changed or deleted. It carries no values: whoever wants them reads the records. */
export interface SourceRecordChange {
  /** The position after these changes. */
  readonly cursor: string;
  /** Keys of the records, each once. */
  readonly sourceRecordIds: readonly string[];
}

/** Tells which records of a cloud change, in order. */
export interface ChangeLog {
  /** The position now: every later change is told to whoever follows from it. */
  head(): Promise<string>;
  /**
   * Changes after `since`, or from now on without it, until the signal aborts. Once, as soon as everything up to the head
   * has been told (at once when there is nothing to tell), a change without keys says that the follower is up to date.
   * Throws CodedError MALFORMED_ID when `since` was never a position of this log.
   */
  follow(since: string | undefined, options: { readonly signal: AbortSignal }): AsyncIterable<SourceRecordChange>;
}
