import type { IdentityRecord } from '../store/repository.ts';

/** Two records that a rule, the model or a person says are one person. */
export interface MatchLink {
  /** `recordKey()` of one record and of the other. */
  readonly from: string;
  readonly to: string;
  /** Name of the rule. */
  readonly rule: string;
  /** Evidence in bits, where some was weighed. */
  readonly bits?: number;
}

/** Records that are one person, because a chain of links leads from each to each. */
export interface Component {
  /** The smallest `recordKey()` of its records. */
  readonly key: string;
  readonly records: readonly IdentityRecord[];
  /** Enough links to hold the component together, the strongest first. */
  readonly links: readonly MatchLink[];
}
