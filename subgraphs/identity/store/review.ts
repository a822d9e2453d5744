import type { SourceRecordKey } from './repository.ts';

/** Why two records wait for a person. */
export type ReviewKind =
  /** The evidence neither joins nor parts them. */
  | 'UNCERTAIN'
  /** The evidence joins them, a guard forbids it. */
  | 'VETOED_MERGE';

/** Two records that a person should look at. */
export interface MatchReview {
  /** Follows from the two records: the same pair is one review, however often it is found. */
  readonly reviewId: string;
  readonly kind: ReviewKind;
  readonly left: SourceRecordKey;
  readonly right: SourceRecordKey;
  /** Evidence for the match, base-2 logarithm of the odds; null where a guard decided without. */
  readonly bits: number | null;
  /** What deciding it is worth: the queue begins with the largest. */
  readonly expectedValue: number;
  /** Names of the rules or guards concerned. */
  readonly reasons: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
}

/** A review to open, or to renew when it is open already. */
export type NewReview = Omit<MatchReview, 'createdAt' | 'reviewId'>;

/** Place of a review in the queue, for pages. */
export interface ReviewPlace {
  readonly expectedValue: number;
  readonly reviewId: string;
}

/** Reads the queue of reviews. A review leaves it when it is decided, when the engine joins the pair, or with a record. */
export interface ReviewStore {
  /** Open reviews by expected value, largest first, then by id; at most 1,000. */
  list(options: { readonly after?: ReviewPlace; readonly first: number }): Promise<MatchReview[]>;
  /** An open review, null when there is none. */
  find(reviewId: string): Promise<MatchReview | null>;
}

/** The id of the review of two records, in whichever order they are given. */
export function reviewIdOf(one: SourceRecordKey, other: SourceRecordKey): string {
  const keys = [one, other].map(({ dataSourceId, sourceRecordId }) => `${dataSourceId}|${sourceRecordId}`).sort();
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/** The records of a review id. Null when the text is none. */
export function recordsOfReviewId(reviewId: string): readonly [string, string] | null {
  try {
    const keys: unknown = JSON.parse(Buffer.from(reviewId, 'base64url').toString());
    if (!Array.isArray(keys) || keys.length !== 2) return null;
    const [left, right] = keys;
    return typeof left === 'string' && typeof right === 'string' ? [left, right] : null;
  } catch {
    return null;
  }
}
