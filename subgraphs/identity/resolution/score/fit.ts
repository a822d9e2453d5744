import { createHash } from 'node:crypto';
import type { Comparison } from '../compare/compare.ts';
import { AT, FAMILY, FIELD_COUNT, GIVEN, LEVELS, MISSING } from '../compare/levels.ts';
import { FIELDS, type Field, type LevelModel, type MatchModel } from './model.ts';
import { LEVEL_WIDTH, Scorer } from './scorer.ts';

/** Pairs for fitting: their levels and own chances, as comparing found them. */
export class PairSample {
  readonly levels: number[] = [];
  readonly chances: number[] = [];
  size = 0;

  add(comparison: Comparison): void {
    for (let field = 0; field < FIELD_COUNT; field += 1) {
      this.levels.push(comparison.levels[field] as number);
      this.chances.push(comparison.chances[field] as number);
    }
    this.size += 1;
  }

  /** Writes a pair back into a comparison. */
  read(pair: number, into: Comparison): void {
    for (let field = 0; field < FIELD_COUNT; field += 1) {
      into.levels[field] = this.levels[pair * FIELD_COUNT + field] as number;
      into.chances[field] = this.chances[pair * FIELD_COUNT + field] as number;
    }
  }
}

/** What a model is fitted to. */
export interface FitInput {
  /** Pairs drawn by chance. */
  readonly random: PairSample;
  /** Every candidate of some records. */
  readonly candidates: PairSample;
  /** Pairs that people have decided, and how, in the same order. */
  readonly decided: PairSample;
  readonly isSame: readonly boolean[];
  /** How many records' candidates these are. */
  readonly sampledRecords: number;
  readonly recordCount: number;
  readonly population: number;
  /** Scratch. */
  readonly comparison: Comparison;
}

const ITERATIONS = 12;
/** Pairs that a step of fitting looks at. */
export const PAIRS_PER_STEP = 1_000;
/** The prior weighs as much as so many pairs of one person, and so many random ones. */
const PRIOR_MATCHES = 200;
const PRIOR_RANDOM = 20_000;
/** A pair that somebody has looked at weighs as much as so many that nobody has. */
const DECIDED_WEIGHT = 5;
/** Fields whose levels chance reaches often enough to be counted. */
const COUNTED_BY_CHANCE = new Set<number>([AT.given, AT.family, AT.birth, AT.address]);

/**
 * Fits a model without labels: how often strangers agree is counted on random pairs, how often one person's records and a
 * household's agree by expectation and maximisation over the candidates. All is held to the prior, so that a small set
 * moves it little. Pairs that are no candidates are strangers. In steps of a millisecond or so.
 */
export function* fitModel(prior: MatchModel, input: FitInput): Generator<void, MatchModel> {
  let model = yield* withChances(prior, input);
  for (let i = 0; i < ITERATIONS; i += 1) model = yield* maximise(prior, model, input);
  const content = { ...model, recordCount: input.recordCount, iterations: ITERATIONS };
  const version = `model-${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12)}`;
  return { ...content, version };
}

function* withChances(prior: MatchModel, { random, comparison, population }: FitInput): Generator<void, MatchModel> {
  const scorer = new Scorer(prior);
  const counts = new Float64Array(FIELD_COUNT * LEVEL_WIDTH);
  const rarities = new Float64Array(FIELD_COUNT * LEVEL_WIDTH);
  const totals = new Float64Array(FIELD_COUNT);
  for (let pair = 0; pair < random.size; pair += 1) {
    if (pair % PAIRS_PER_STEP === 0) yield;
    random.read(pair, comparison);
    // Pairs of one person are among the random ones of a small set.
    const weight = 1 / (1 + 2 ** scorer.score(comparison, population));
    for (let field = 0; field < FIELD_COUNT; field += 1) {
      const level = comparison.levels[field] as number;
      if (level === MISSING || isEmailLevel(field, level)) continue;
      const at = field * LEVEL_WIDTH + level;
      counts[at] = (counts[at] as number) + weight;
      totals[field] = (totals[field] as number) + weight;
      const own = comparison.chances[field] as number;
      if (own < 0) rarities[at] = (rarities[at] as number) + weight / -own;
    }
  }
  return mapLevels(prior, (level, field, index) => {
    if (!COUNTED_BY_CHANCE.has(field) || isEmailLevel(field, index)) return level;
    const at = field * LEVEL_WIDTH + index;
    const seen = counts[at] as number;
    const chance = (seen + level.chance * PRIOR_RANDOM) / ((totals[field] as number) + PRIOR_RANDOM);
    const household =
      field === AT.given || field === AT.birth ? (level.household / level.chance) * chance : level.household;
    const weight = level.chance * PRIOR_RANDOM;
    const rarity =
      level.rarity === undefined
        ? {}
        : { rarity: (seen + weight) / ((rarities[at] as number) + weight / level.rarity) };
    return { ...level, chance, household: Math.min(0.999, household), ...rarity };
  });
}

/** One round: every candidate is one person's, a household's or strangers' to some degree; then the levels of each are counted. */
function* maximise(prior: MatchModel, model: MatchModel, input: FitInput): Generator<void, MatchModel> {
  const { candidates, decided, isSame, comparison, population, sampledRecords } = input;
  const scorer = new Scorer(model);
  const match = new Float64Array(FIELD_COUNT * LEVEL_WIDTH);
  const household = new Float64Array(FIELD_COUNT * LEVEL_WIDTH);
  let matches = 0;
  let households = 0;
  for (let pair = 0; pair < candidates.size; pair += 1) {
    if (pair % PAIRS_PER_STEP === 0) yield;
    candidates.read(pair, comparison);
    const bits = scorer.score(comparison, population);
    const asMatch = 1 / (1 + 2 ** -bits);
    const asHousehold = (1 - asMatch) / (1 + 2 ** -scorer.lastHouseholdBits);
    if (asMatch + asHousehold < 1e-4) continue;
    matches += asMatch;
    households += asHousehold;
    countLevels(comparison, match, asMatch, household, asHousehold);
  }
  // Decided pairs are chosen, not drawn: they say what one person's records look like, not how many there are.
  for (let pair = 0; pair < decided.size; pair += 1) {
    decided.read(pair, comparison);
    scorer.score(comparison, population);
    const asHousehold = isSame[pair] ? 0 : 1 / (1 + 2 ** -scorer.lastHouseholdBits);
    countLevels(comparison, match, isSame[pair] ? DECIDED_WEIGHT : 0, household, asHousehold * DECIDED_WEIGHT);
  }
  const fitted = mapLevels(model, (level, field, index) => {
    const start = prior.fields[FIELDS[field] as Field][index] as LevelModel;
    if (field === AT.family && isEmailLevel(field, index)) return level;
    const total = totalOf(match, field, index);
    const at = field * LEVEL_WIDTH + index;
    const next = ((match[at] as number) + start.match * PRIOR_MATCHES) / (total + PRIOR_MATCHES);
    if (field === AT.given || field === AT.birth) return { ...level, match: next };
    const ofHouseholds = totalOf(household, field, index);
    return {
      ...level,
      match: next,
      household: ((household[at] as number) + start.household * PRIOR_MATCHES) / (ofHouseholds + PRIOR_MATCHES),
    };
  });
  const weight = PRIOR_MATCHES;
  return {
    ...fitted,
    matchesPerRecord: (matches + weight * prior.matchesPerRecord) / (sampledRecords + weight),
    householdsPerRecord: (households + weight * prior.householdsPerRecord) / (sampledRecords + weight),
  };
}

function countLevels(
  comparison: Comparison,
  match: Float64Array,
  asMatch: number,
  household: Float64Array,
  asHousehold: number,
): void {
  for (let field = 0; field < FIELD_COUNT; field += 1) {
    const level = comparison.levels[field] as number;
    if (level === MISSING) continue;
    const at = field * LEVEL_WIDTH + level;
    match[at] = (match[at] as number) + asMatch;
    household[at] = (household[at] as number) + asHousehold;
  }
}

/** Levels that say whether a name is in an e-mail address are a field of their own, counted apart. */
function isEmailLevel(field: number, level: number): boolean {
  return (
    (field === AT.given && (level === GIVEN.inEmail || level === GIVEN.notInEmail)) ||
    (field === AT.family && level === FAMILY.inEmail)
  );
}

function totalOf(counts: Float64Array, field: number, level: number): number {
  const isOfEmail = isEmailLevel(field, level);
  let total = 0;
  for (let other = 0; other < LEVEL_WIDTH; other += 1) {
    if (isEmailLevel(field, other) === isOfEmail) total += counts[field * LEVEL_WIDTH + other] as number;
  }
  return total;
}

function mapLevels(
  model: MatchModel,
  map: (level: LevelModel, field: number, index: number) => LevelModel,
): MatchModel {
  const fields = Object.fromEntries(
    FIELDS.map((field, position) => [field, model.fields[field].map((level, index) => map(level, position, index))]),
  ) as Record<Field, LevelModel[]>;
  return { ...model, fields };
}

/** Names of a field's levels. */
export function levelNames(field: Field): readonly string[] {
  return LEVELS[field];
}
