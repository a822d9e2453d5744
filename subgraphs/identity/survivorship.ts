import type { IdentityLink, LosingReason } from '../../schema/generated/identity.ts';

/** A rule that puts values in an order. Customer 360 Data Model: ReconciliationRule. */
export type OrderingRule = 'MOST_RECENT' | 'MOST_FREQUENT' | 'SOURCE_PRIORITY';

/** How the values of one field are put in order. */
export interface FieldRule {
  readonly rule: OrderingRule;
  /** Sources, the most trusted first; one that is not named stands behind all that are. */
  readonly sources: readonly string[];
}

/** The record that a value comes from. */
export interface Origin {
  readonly source: IdentityLink;
  /** When the record was last changed, as its source says. */
  readonly lastModifiedDate: string | null;
  /** What recency goes by, milliseconds since 1970; `-Infinity` when the source says nothing. */
  readonly changedAt: number;
}

/** A value that one record gives for a field. */
export interface Candidate {
  /** The value as the record gives it. */
  readonly text: string;
  /** Equal for values that mean the same. */
  readonly normalForm: string;
  /** True for a value that people type to have done with a field: it never stands before one that is none. */
  readonly isPlaceholder: boolean;
  /** False for a part of a value, such as an address that is a country only: it stands behind whole ones. */
  readonly isWhole: boolean;
  /** False for a spelling such as `ALICE` or `alice`: of equal values one that is written well is shown. */
  readonly isWellWritten: boolean;
  readonly origin: Origin;
  /** Place among the values of its record, from 0. */
  readonly position: number;
}

/** Candidates that mean the same, the one to show first. */
export type RankedGroup<C extends Candidate> = readonly [C, ...C[]];

/** Candidates in the order of a rule, and why each stands where it does. */
export interface Ranking<C extends Candidate> {
  /** Groups of equal values, the best first, placeholders last. */
  readonly groups: readonly RankedGroup<C>[];
  /** Why a candidate stands behind the first group; null for the candidates of that group. */
  reasonOf(candidate: C): LosingReason | null;
}

/**
 * Puts candidates in the order of a rule. The order is total: it depends on the candidates, not on the order in which
 * they are given. Ties go on to the other criteria, at last to the record's key.
 */
export function rankCandidates<C extends Candidate>(candidates: readonly C[], rule: FieldRule): Ranking<C> {
  const byNormalForm = new Map<string, C[]>();
  for (const candidate of candidates) {
    const group = byNormalForm.get(candidate.normalForm);
    if (group) group.push(candidate);
    else byNormalForm.set(candidate.normalForm, [candidate]);
  }
  const counts = rule.rule === 'MOST_FREQUENT' ? countRecords(byNormalForm) : NO_COUNTS;
  const order = createOrder(rule, counts);
  const groups = [...byNormalForm.values()].flatMap((group) => {
    const [best, ...others] = group.length > 1 ? group.sort(order.compare) : group;
    return best ? [[best, ...others] as const] : [];
  });
  groups.sort(([one], [other]) => order.compare(one, other));
  const first = groups[0]?.[0];
  return {
    groups: groups.map(showBestFirst),
    reasonOf: (candidate) => {
      if (!first || candidate.normalForm === first.normalForm) return null;
      return candidate.isPlaceholder ? 'PLACEHOLDER' : order.reason(candidate, first);
    },
  };
}

const NO_COUNTS: ReadonlyMap<string, number> = new Map();

interface Criterion {
  readonly reason: LosingReason;
  /** The better candidate has the smaller rank. */
  readonly rank: (candidate: Candidate) => number;
}

function createOrder(rule: FieldRule, counts: ReadonlyMap<string, number>) {
  const recent: Criterion = { reason: 'OLDER', rank: ({ origin }) => -origin.changedAt };
  const frequent: Criterion = { reason: 'LESS_FREQUENT', rank: ({ normalForm }) => -(counts.get(normalForm) ?? 0) };
  const priority: Criterion = {
    reason: 'LOWER_PRIORITY',
    rank: ({ origin }) => {
      const place = rule.sources.indexOf(origin.source.dataSourceId);
      return place < 0 ? rule.sources.length : place;
    },
  };
  const criteria = {
    MOST_RECENT: [recent, priority],
    MOST_FREQUENT: [frequent, recent, priority],
    SOURCE_PRIORITY: [priority, recent],
  }[rule.rule];
  const decisive = (one: Candidate, other: Candidate): Criterion | undefined =>
    criteria.find(({ rank }) => rank(one) !== rank(other));
  return {
    compare: (one: Candidate, other: Candidate): number => {
      if (one.isPlaceholder !== other.isPlaceholder) return one.isPlaceholder ? 1 : -1;
      if (one.isWhole !== other.isWhole) return one.isWhole ? -1 : 1;
      const criterion = decisive(one, other);
      return criterion ? compareValues(criterion.rank(one), criterion.rank(other)) : compareRecords(one, other);
    },
    /** Two records that no criterion tells apart are told apart by their keys, as sources of one rank are. */
    reason: (loser: Candidate, winner: Candidate): LosingReason => decisive(loser, winner)?.reason ?? 'LOWER_PRIORITY',
  };
}

function compareRecords(one: Candidate, other: Candidate): number {
  const [{ source }, { source: otherSource }] = [one.origin, other.origin];
  return (
    compareValues(source.dataSourceId, otherSource.dataSourceId) ||
    compareValues(source.sourceRecordId, otherSource.sourceRecordId) ||
    compareValues(source.dataSourceObjectId, otherSource.dataSourceObjectId) ||
    one.position - other.position
  );
}

function compareValues<T extends number | string>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** How many records give each value; one that gives it twice counts once. */
function countRecords(byNormalForm: ReadonlyMap<string, readonly Candidate[]>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [normalForm, group] of byNormalForm) {
    const records = new Set(group.map(({ origin }) => `${origin.source.dataSourceId}|${origin.source.sourceRecordId}`));
    counts.set(normalForm, records.size);
  }
  return counts;
}

function showBestFirst<C extends Candidate>(group: RankedGroup<C>): RankedGroup<C> {
  const shown = group.find(({ isWellWritten }) => isWellWritten);
  if (shown === undefined || shown === group[0]) return group;
  return [shown, ...group.filter((candidate) => candidate !== shown)];
}
