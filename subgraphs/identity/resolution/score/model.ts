/** Fields that are compared, in the order in which a waterfall shows them. */
export const FIELDS = [
  'GIVEN_NAME',
  'FAMILY_NAME',
  'GENERATION',
  'BIRTH_DATE',
  'EMAIL',
  'PHONE',
  'ADDRESS',
  'SOCIAL',
  'PARTY_IDENTIFICATION',
  'ATTRIBUTE',
] as const;

/** A field that is compared. */
export type Field = (typeof FIELDS)[number];

/** How likely one level of a field is, by class of pair. Probabilities, given that both records have the field. */
export interface LevelModel {
  readonly level: string;
  /** Among pairs of one person. */
  readonly match: number;
  /** Among pairs of two people of one household. */
  readonly household: number;
  /** Among two records drawn by chance. */
  readonly chance: number;
  /** How frequent the rarer of two alike names is (harmonic mean), where that is looked at; by it a pair's own frequency is judged. */
  readonly rarity?: number;
}

/**
 * A fitted model, a versioned document: put in force as it is, never changed. Written as JSON.
 */
export interface MatchModel {
  /** `model-` and a hash of the content. */
  readonly version: string;
  /** Records it was fitted to; 0 for the model that comes with the project. */
  readonly recordCount: number;
  /** How many records of the same person, and of the same household but another person, a record has on average. */
  readonly matchesPerRecord: number;
  readonly householdsPerRecord: number;
  readonly fields: Readonly<Record<Field, readonly LevelModel[]>>;
  /** Log2 odds from which on a pair is linked. One for all data. */
  readonly threshold: number;
  /** Rounds of expectation and maximisation. */
  readonly iterations: number;
}
