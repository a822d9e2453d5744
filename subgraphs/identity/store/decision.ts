import type { SourceRecordKey } from './repository.ts';

/** What brought a person, or a merge taken back, to decide about records by hand. */
export type DecisionOrigin = 'MERGE' | 'UNMERGE' | 'REVIEW' | 'NEVER_MATCH' | 'PIN';

/** What was decided by hand, to be obeyed whenever the records are resolved again. */
export type Verdict =
  /** The two records are one person. */
  | { readonly kind: 'SAME'; readonly left: SourceRecordKey; readonly right: SourceRecordKey }
  /** The two records are two people, whatever they share. */
  | { readonly kind: 'NOT_SAME'; readonly left: SourceRecordKey; readonly right: SourceRecordKey }
  /** The record belongs to this customer, whatever it shares with others. */
  | { readonly kind: 'PIN'; readonly record: SourceRecordKey; readonly customer360Id: string };

/** A decision: verdicts that are given and taken back together, such as all pairs between the two parts of a merge taken back. */
export interface NewDecision {
  /** A UUID, never used before. */
  readonly decisionId: string;
  readonly origin: DecisionOrigin;
  readonly verdicts: readonly Verdict[];
}

/** A verdict in effect, with who gave it, when and why. */
export interface MatchDecision {
  readonly decisionId: string;
  readonly origin: DecisionOrigin;
  readonly verdict: Verdict;
  /** ISO 8601. */
  readonly decidedAt: string;
  readonly decidedBy: string | null;
  readonly reason: string | null;
}

/** Reads decisions in effect. A decision about a record goes when the record is forgotten. */
export interface DecisionStore {
  /** Those about any of the records, up to 1,000 records (RangeError beyond), by decision and records. */
  about(records: readonly SourceRecordKey[]): Promise<MatchDecision[]>;
  /** All of them, by `decisionKey()`, after one; at most 1,000. */
  list(options: { readonly after?: string; readonly first: number }): Promise<MatchDecision[]>;
}

/** Names the two ends of a verdict as stored: record keys, of a pin the record's and the customer's id. Pairs are in order. */
export function verdictEnds(verdict: Verdict): readonly [left: string, right: string] {
  if (verdict.kind === 'PIN') return [keyOf(verdict.record), verdict.customer360Id];
  const [left, right] = [keyOf(verdict.left), keyOf(verdict.right)];
  return left < right ? [left, right] : [right, left];
}

/** The verdict of stored ends, see `verdictEnds`. */
export function verdictOfEnds(kind: Verdict['kind'], left: string, right: string): Verdict {
  if (kind === 'PIN') return { kind, record: recordOfKey(left), customer360Id: right };
  return { kind, left: recordOfKey(left), right: recordOfKey(right) };
}

/** One text that orders and names a verdict in effect. */
export function decisionKey({ decisionId, verdict }: Pick<MatchDecision, 'decisionId' | 'verdict'>): string {
  return [decisionId, ...verdictEnds(verdict)].join(' ');
}

/** Records that a verdict is about. */
export function recordsOfVerdict(verdict: Verdict): readonly SourceRecordKey[] {
  return verdict.kind === 'PIN' ? [verdict.record] : [verdict.left, verdict.right];
}

/** Pairs beyond which two parts are kept apart by their first records only. */
const ALL_PAIRS = 400;

/**
 * A verdict on two groups of records: on every pair, and of large groups on each record with the first of the other group,
 * so that a decision stays small.
 */
export function pairsBetween(
  kind: 'SAME' | 'NOT_SAME',
  some: readonly SourceRecordKey[],
  others: readonly SourceRecordKey[],
): Verdict[] {
  const [one, other] = [some[0], others[0]];
  if (!one || !other) return [];
  const pairs =
    some.length * others.length <= ALL_PAIRS
      ? some.flatMap((left) => others.map((right) => [left, right] as const))
      : [...some.map((left) => [left, other] as const), ...others.slice(1).map((right) => [one, right] as const)];
  return pairs.map(([left, right]) => ({ kind, left: bare(left), right: bare(right) }));
}

function bare({ dataSourceId, sourceRecordId }: SourceRecordKey): SourceRecordKey {
  return { dataSourceId, sourceRecordId };
}

function keyOf({ dataSourceId, sourceRecordId }: SourceRecordKey): string {
  return `${dataSourceId}|${sourceRecordId}`;
}

/** The record that a record key names. */
export function recordOfKey(key: string): SourceRecordKey {
  const bar = key.indexOf('|');
  return { dataSourceId: key.slice(0, bar), sourceRecordId: key.slice(bar + 1) };
}
