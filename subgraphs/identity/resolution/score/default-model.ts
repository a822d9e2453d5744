import { LEVELS } from '../compare/levels.ts';
import { FIELDS, type Field, type LevelModel, type MatchModel } from './model.ts';

/**
 * What is known before any record was seen, per level: match, household, chance, and how rare the rarer name is. Chances of
 * equal values are replaced by the values' own; the others, and all of the match's, are where fitting starts and what it is held to.
 */
const PRIOR: Readonly<
  Record<Field, readonly (readonly [match: number, household: number, chance: number, rarity?: number])[]>
> = {
  GIVEN_NAME: [
    [0.74, 0.004, 0.008],
    [0.07, 0.003, 0.004, 0.0006],
    [0.06, 0.003, 0.003, 0.0003],
    [0.025, 0.006, 0.006, 0.0003],
    [0.02, 0.004, 0.004],
    [0.02, 0.008, 0.008],
    [0.006, 0.00001, 0.00001],
    [0.5, 0.02, 0.01],
    [0.5, 0.98, 0.99],
    [0.03, 0.9, 0.9],
    [0.02, 0.067, 0.067],
  ],
  FAMILY_NAME: [
    [0.82, 0.75, 0.001],
    [0.02, 0.03, 0.001],
    [0.05, 0.04, 0.001, 0.0001],
    [0.025, 0.02, 0.005, 0.0001],
    [0.55, 0.4, 0.003],
    [0.085, 0.16, 0.992],
  ],
  GENERATION: [
    [0.97, 0.1, 0.5],
    [0.03, 0.9, 0.5],
  ],
  BIRTH_DATE: [
    [0.88, 0.003, 0.00005],
    [0.02, 0.00005, 0.00005],
    [0.05, 0.001, 0.001],
    [0.02, 0.002, 0.002],
    [0.01, 0.03, 0.015],
    [0.02, 0.964, 0.982],
  ],
  EMAIL: [
    [0.6, 0.06, 0.00001],
    [0.02, 0.002, 0.000005],
    [0.02, 0.002, 0.000002],
    [0.36, 0.936, 0.99998],
  ],
  PHONE: [
    [0.55, 0.3, 0.00001],
    [0.005, 0.003, 0.000001],
    [0.02, 0.003, 0.000002],
    [0.425, 0.694, 0.99998],
  ],
  ADDRESS: [
    [0.5, 0.5, 0.00001],
    [0.02, 0.03, 0.00001],
    [0.04, 0.04, 0.00001],
    [0.12, 0.1, 0.00001],
    [0.05, 0.05, 0.0005],
    [0.03, 0.03, 0.002],
    [0.24, 0.25, 0.997],
  ],
  SOCIAL: [
    [0.85, 0.01, 0.00001],
    [0.02, 0.001, 0.00001],
    [0.13, 0.989, 0.99998],
  ],
  PARTY_IDENTIFICATION: [
    [0.92, 0.003, 0.00001],
    [0.03, 0.0005, 0.00003],
    [0.05, 0.9965, 0.9999],
  ],
  ATTRIBUTE: [
    [0.88, 0.01, 0.0001],
    [0.06, 0.001, 0.00003],
    [0.06, 0.989, 0.9994],
  ],
};
/** Log2 odds from which on a pair is linked. */
const THRESHOLD = 1;

/** The model that comes with the project, for data that nothing is known of. Fitting starts from it. */
export function createDefaultModel(): MatchModel {
  const fields = Object.fromEntries(
    FIELDS.map((field) => [
      field,
      PRIOR[field].map(
        ([match, household, chance, rarity], index): LevelModel => ({
          level: LEVELS[field][index] as string,
          match,
          household,
          chance,
          ...(rarity === undefined ? {} : { rarity }),
        }),
      ),
    ]),
  ) as Record<Field, LevelModel[]>;
  return {
    version: 'model-default-1',
    recordCount: 0,
    matchesPerRecord: 1,
    householdsPerRecord: 1,
    fields,
    threshold: THRESHOLD,
    iterations: 0,
  };
}
