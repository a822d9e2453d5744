import type { CustomerIdentity, IdentityEvent } from './repository.ts';

/** Answers what identity was at an earlier time, from the log and the merges. */
export interface HistoryStore {
  /**
   * A customer as it was when everything up to `at` (ISO 8601, inclusive) had happened and nothing after: ids, merges and
   * links with their rules. The log keeps no identifiers, so records come without. An id that was merged away by then gives
   * its survivor of then; null for one not given yet.
   */
  customerAt(customer360Id: string, at: string): Promise<CustomerIdentity | null>;
  /** Events about any of the customers, latest first, before a sequence; at most 1,000. */
  eventsOf(
    customer360Ids: readonly string[],
    options: { readonly before?: number; readonly first: number },
  ): Promise<IdentityEvent[]>;
  /** A merge, in effect or taken back; null when there is none. */
  merge(mergeEventId: string): Promise<MergeRecord | null>;
  /** Merges into or of any of the customers, latest first; at most 1,000. */
  mergesOf(customer360Ids: readonly string[]): Promise<MergeRecord[]>;
  /** Sequence of the last event, 0 before the first. */
  head(): Promise<number>;
}

/** A merge with its fate. */
export interface MergeRecord {
  readonly mergeEventId: string;
  readonly survivor: string;
  readonly merged: string;
  readonly rule: string;
  readonly bits?: number;
  /** ISO 8601. */
  readonly at: string;
  /** ISO 8601, null while it is in effect. */
  readonly undoneAt: string | null;
}
