import type { Comparison } from '../compare/compare.ts';
import { AT, FIELD_COUNT, MISSING } from '../compare/levels.ts';
import { FIELDS, type MatchModel } from './model.ts';

/** Room for levels of a field. */
export const LEVEL_WIDTH = 16;
/** A value's own chance changes a level's bits by at most so much in either direction. */
const LEAST_CHANCE = 1e-9;
/** In these fields members of a household agree no oftener than strangers, so a value's own chance holds for them too. */
const HOUSEHOLD_BY_CHANCE = new Set<number>([AT.given, AT.birth, AT.social, AT.identification, AT.attribute]);

/** A model made ready for scoring: logarithms in flat arrays. */
export class Scorer {
  readonly model: MatchModel;
  private readonly match = new Float64Array(FIELD_COUNT * LEVEL_WIDTH);
  private readonly household = new Float64Array(FIELD_COUNT * LEVEL_WIDTH);
  private readonly chance = new Float64Array(FIELD_COUNT * LEVEL_WIDTH);
  private readonly rarity = new Float64Array(FIELD_COUNT * LEVEL_WIDTH);
  private readonly priorMatch: number;
  private readonly priorHousehold: number;
  private householdOdds = 0;

  constructor(model: MatchModel) {
    this.model = model;
    this.priorMatch = Math.log2(model.matchesPerRecord);
    this.priorHousehold = Math.log2(model.householdsPerRecord);
    FIELDS.forEach((field, index) => {
      model.fields[field].forEach(({ match, household, chance, rarity }, level) => {
        const at = index * LEVEL_WIDTH + level;
        this.match[at] = Math.log2(match);
        this.household[at] = Math.log2(household);
        this.chance[at] = Math.log2(chance);
        this.rarity[at] = Math.log2(rarity ?? 1);
      });
    });
  }

  /** Bits with which a pair starts: how likely two records of the population are one person. */
  prior(population: number): number {
    return this.priorMatch - Math.log2(population);
  }

  /** Log2 of how likely two strangers agree on a field as these two do. */
  chanceBits(comparison: Comparison, field: number): number {
    const at = field * LEVEL_WIDTH + (comparison.levels[field] as number);
    const own = comparison.chances[field] as number;
    if (own > 0) return Math.log2(Math.max(own, LEAST_CHANCE));
    if (own < 0) return (this.chance[at] as number) + Math.log2(-own) - (this.rarity[at] as number);
    return this.chance[at] as number;
  }

  /** Log2 of how likely one person's records agree on a field as these two do. */
  matchBits(comparison: Comparison, field: number): number {
    return this.match[field * LEVEL_WIDTH + (comparison.levels[field] as number)] as number;
  }

  /** Bits of a field's level, its average chance taken. */
  levelBits(comparison: Comparison, field: number): number {
    const at = field * LEVEL_WIDTH + (comparison.levels[field] as number);
    return (this.match[at] as number) - (this.chance[at] as number);
  }

  /** Log2 odds that the two are one person, against strangers and members of a household together. */
  score(comparison: Comparison, population: number): number {
    const size = Math.log2(population);
    let match = this.priorMatch - size;
    let household = this.priorHousehold - size;
    for (let field = 0; field < FIELD_COUNT; field += 1) {
      const level = comparison.levels[field] as number;
      if (level === MISSING) continue;
      const at = field * LEVEL_WIDTH + level;
      const chance = this.chanceBits(comparison, field);
      match += (this.match[at] as number) - chance;
      household +=
        (this.household[at] as number) - (HOUSEHOLD_BY_CHANCE.has(field) ? (this.chance[at] as number) : chance);
    }
    this.householdOdds = household;
    return match - Math.log2(1 + 2 ** household);
  }

  /** Of the pair scored last: log2 odds that the two are of one household, against strangers. */
  get lastHouseholdBits(): number {
    return this.householdOdds;
  }
}
