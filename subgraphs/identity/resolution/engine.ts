import type { EncodedRecords } from './block/encoder.ts';
import type { MatchExplanation } from './explanation.ts';
import type { MatchRecord } from './match-record.ts';
import type { MatchModel } from './score/model.ts';

/**
 * The state of identity resolution in memory: every record's features, the index to find who may be the same person, the
 * pairs that speak for it, the clusters. One state serves bulk and arrival of single records: what it says depends on the
 * records, the ruleset, the model and the decisions alone, never on the order in which they came (up to what blocks over
 * their cap leave out). No I/O, no clock, no randomness: given the same, it answers the same.
 *
 * Records are named by `recordKey()`: `dataSourceId|sourceRecordId`.
 */
export interface ResolutionEngine {
  /** The model in force. Frozen: records that arrive do not change it; `fit` makes the next one. */
  readonly model: MatchModel;
  /** Ruleset and model together: differs when the same records might be decided about otherwise. */
  readonly fingerprint: string;
  /** Records held now. */
  readonly size: number;

  /** Adds many records, or replaces those with the same key, and links all once at the end: several times faster than `upsert`. */
  load(records: Iterable<MatchRecord>, options?: LoadOptions): void;
  /** The same in pieces, for whoever has to do other work between. Until it is finished nothing else may be asked of the engine. */
  loading(): EngineLoading;
  /** Puts another model in force and decides again about all. */
  adopt(model: MatchModel): void;
  /** Adds or replaces one record and decides again about those it touches. Equal features change nothing. */
  upsert(record: MatchRecord): void;
  /** The same for many at once upon those that are there: what a record sets off is worked out once for all of them. */
  upsertAll(records: Iterable<MatchRecord>): void;
  /** Forgets a record; false when it was not there. What it held together falls apart. */
  remove(key: string): boolean;
  has(key: string): boolean;

  /** The cluster a record is in; undefined when the record is not there. */
  clusterOf(key: string): EngineCluster | undefined;
  /** Every cluster, the one with the smallest first record first. */
  clusters(): IterableIterator<EngineCluster>;
  /** The records of every cluster, keys ascending, without the links: for whoever only wants to know who is together. */
  groups(): IterableIterator<readonly string[]>;
  /** Clusters whose set of records has changed since the last call, and the records that went; forgets them. */
  takeChanges(): EngineChanges;
  /** Forgets them without working them out. */
  forgetChanges(): void;

  /** A person's decision, a hard constraint from now on: it replaces an earlier one about the same two. Records may be unknown yet. */
  decide(decision: PairDecision): void;
  /** Takes a decision back; false when there was none. */
  withdraw(left: string, right: string): boolean;
  decisions(): readonly PairDecision[];

  /** Why two records are, or are not, one person. Undefined when one of them is not there. */
  explain(left: string, right: string): MatchExplanation | undefined;
  /** The same for two records that need not be in the state; how frequent their values are is taken from the state. */
  explainRecords(left: MatchRecord, right: MatchRecord): MatchExplanation;
  /** What a reviewer should look at, the most valuable first: pairs near the threshold, and merges that a guard has vetoed. */
  uncertainPairs(first: number): readonly UncertainPair[];
  /** The same in steps of a millisecond or so. */
  findingUncertainPairs(first: number): Generator<void, readonly UncertainPair[]>;

  /** The household a record's cluster belongs to; undefined for a person alone. */
  householdOf(key: string): EngineHousehold | undefined;
  /** Every household of two or more clusters. */
  households(): IterableIterator<EngineHousehold>;

  /** A model fitted to the records that are here, without labels; what reviewers decided counts as certain. Does not put it in force. */
  fit(): MatchModel;
  /** The same in steps of a millisecond or so, for whoever has to do other work between; records may come and go meanwhile. */
  fitting(): Generator<void, MatchModel>;
  /** Clusters larger than the ruleset's alarm, identifiers that too many share, blocks left out. Counts and sizes, nobody's data. */
  warnings(): readonly EngineWarning[];
  /** The same in steps of a millisecond or so; records may come and go meanwhile. */
  findingWarnings(): Generator<void, readonly EngineWarning[]>;
}

/** Records on their way into an engine. */
export interface EngineLoading {
  add(records: Iterable<MatchRecord>): void;
  /** Records that another thread has written as numbers. All records of the engine have to come from one encoder then. */
  addEncoded(records: EncodedRecords): void;
  /** Fits where that is asked for, and links all. To be run to its end; each step takes a millisecond or so. */
  finish(options?: LoadOptions): Generator<void, void>;
}

/** How `load` goes about it. */
export interface LoadOptions {
  /** First fit a model to all records, and put it in force. Default false. */
  readonly fit?: boolean;
}

/** Records that are one person. */
export interface EngineCluster {
  /** The smallest key of its records. */
  readonly key: string;
  /** Keys of its records, ascending. */
  readonly records: readonly string[];
  /** Enough links to hold it together, the strongest first. */
  readonly links: readonly EngineLink[];
}

/** A pair that holds a cluster together. */
export interface EngineLink {
  readonly from: string;
  readonly to: string;
  /** Name of the deterministic rule, `MODEL` when the score alone decided, `MANUAL` for a person's decision. */
  readonly rule: string;
  /** Evidence in bits above the odds of two records drawn by chance; the threshold is in the model. */
  readonly bits: number;
}

/** What has changed since it was last asked for. */
export interface EngineChanges {
  /** Clusters as they are now. */
  readonly clusters: readonly EngineCluster[];
  /** Keys of records that were removed. */
  readonly removed: readonly string[];
}

/** A person's word on two records. */
export interface PairDecision {
  readonly kind: 'SAME' | 'NOT_SAME';
  /** `recordKey()` of one and of the other. */
  readonly left: string;
  readonly right: string;
}

/** A pair for the review queue. */
export interface UncertainPair {
  readonly left: string;
  readonly right: string;
  readonly bits: number;
  /** Probability that the two are one person. */
  readonly probability: number;
  readonly kind: 'NEAR_THRESHOLD' | 'VETOED';
  /** Which guard or rule has vetoed; null near the threshold. */
  readonly verdict: string | null;
  /** Records whose id would change × how undecided the model is: what a decision is worth. */
  readonly expectedValue: number;
}

/** People who share a home. */
export interface EngineHousehold {
  /** The smallest key of its records. */
  readonly key: string;
  /** Keys of its clusters, ascending. */
  readonly clusters: readonly string[];
}

/** Something a person should know about; texts are in English and name nobody. */
export interface EngineWarning {
  readonly code: 'LARGE_CLUSTER' | 'SHARED_IDENTIFIER' | 'BLOCK_OVER_CAP' | 'SMALL_SAMPLE';
  readonly message: string;
  readonly count: number;
}
