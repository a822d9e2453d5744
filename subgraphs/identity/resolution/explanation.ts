/** Why two records are, or are not, one person: everything a waterfall shows. The bits of `contributions` add up to `bits`. */
export interface MatchExplanation {
  /** `recordKey()` of the two. */
  readonly left: string;
  readonly right: string;
  /** True when both are in one cluster now. */
  readonly sameCluster: boolean;
  /** The deterministic rule that held for this pair, null when none did. */
  readonly rule: { readonly name: string; readonly version: number; readonly effect: RuleEffect } | null;
  /** From the prior on, in the order in which they are shown. */
  readonly contributions: readonly Contribution[];
  /** The sum: log2 of the odds that the two are one person. */
  readonly bits: number;
  readonly probability: number;
  /** Bits from which on a pair is linked. */
  readonly threshold: number;
  readonly verdict: PairVerdict;
  /** What the clustering's guard said, when the pair was over the threshold and is not together, or the other way round. */
  readonly guard: string | null;
  /** The links that lead from one to the other; empty when they are apart. */
  readonly chain: readonly ChainLink[];
  readonly modelVersion: string;
  readonly rulesetVersion: string;
}

/** What a deterministic rule does: `ASSERT` links, `SUPPORT` adds bits, `FORBID` keeps apart. */
export type RuleEffect = 'ASSERT' | 'SUPPORT' | 'FORBID';

/** `LINKED` and `APART` are the pair's own score; the others say what overruled it. */
export type PairVerdict =
  | 'LINKED'
  | 'APART'
  | 'ASSERTED'
  | 'FORBIDDEN'
  | 'DECIDED_SAME'
  | 'DECIDED_NOT_SAME'
  | 'VETOED';

/** One bar of the waterfall. */
export interface Contribution {
  /** `PRIOR`, a field such as `GIVEN_NAME`, `HOUSEHOLD` (how well living together explains it instead), or `RULE`. */
  readonly field: string;
  /** How well the two agree, such as `EXACT`, `NICKNAME`, `FUZZY`, `DIFFERENT`, `MISSING`. */
  readonly level: string;
  /** Operands in normal form; personal data: to be masked by role. Null where the field has none. */
  readonly left: string | null;
  readonly right: string | null;
  /** Bits of the level, without the adjustment. */
  readonly levelBits: number;
  /** Bits because the value is rarer or more frequent than the average, or shared by several people. */
  readonly frequencyBits: number;
  /** What it adds to the sum: `levelBits + frequencyBits`. */
  readonly bits: number;
}

/** A link on the way from one record to another. */
export interface ChainLink {
  readonly from: string;
  readonly to: string;
  readonly rule: string;
  readonly bits: number;
}
