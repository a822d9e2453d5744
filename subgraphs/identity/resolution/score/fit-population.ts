import type { Population } from '../block/population.ts';
import { Comparison } from '../compare/compare.ts';
import { populationOf } from '../compare/frequency.ts';
import { createDefaultModel } from './default-model.ts';
import { fitModel, PAIRS_PER_STEP, PairSample } from './fit.ts';
import type { MatchModel } from './model.ts';

const RANDOM_PAIRS = 200_000;
const RANDOM_PAIRS_PER_RECORD = 50;
const SAMPLED_RECORDS = 5_000;
const RECORDS_PER_STEP = 32;
const SEED = 42;

/** Two records that somebody has decided about, by their slots. */
export interface DecidedPair {
  readonly left: number;
  readonly right: number;
  readonly isSame: boolean;
}

/**
 * Fits a model to the records of a population, which `slots` names; to a sample of them where there are many. What people have
 * decided counts as certain. Deterministic. In steps of a millisecond or so.
 */
export function* fitToPopulation(
  population: Population,
  slots: readonly number[],
  decisions: readonly DecidedPair[],
): Generator<void, MatchModel> {
  const prior = createDefaultModel();
  if (slots.length < 2) return prior;
  const comparison = new Comparison();
  const random = new PairSample();
  const next = generator(SEED);
  const pairs = Math.min(RANDOM_PAIRS, slots.length * RANDOM_PAIRS_PER_RECORD);
  for (let i = 0; i < pairs; i += 1) {
    const left = slots[next(slots.length)] as number;
    const right = slots[next(slots.length)] as number;
    if (left === right) continue;
    population.comparer.compare(left, right, comparison);
    random.add(comparison);
    if (random.size % PAIRS_PER_STEP === 0) yield;
  }
  const candidates = new PairSample();
  const sampledRecords = Math.min(slots.length, SAMPLED_RECORDS);
  for (let i = 0; i < sampledRecords; i += 1) {
    if (i % RECORDS_PER_STEP === 0) yield;
    const slot = slots[Math.floor((i * slots.length) / sampledRecords)] as number;
    const count = population.findCandidates(slot, Number.MAX_SAFE_INTEGER);
    for (let j = 0; j < count; j += 1) {
      population.comparer.compare(slot, population.candidates[j] as number, comparison);
      candidates.add(comparison);
    }
  }
  const decided = new PairSample();
  for (const { left, right } of decisions) {
    population.comparer.compare(left, right, comparison);
    decided.add(comparison);
  }
  return yield* fitModel(prior, {
    random,
    candidates,
    decided,
    isSame: decisions.map(({ isSame }) => isSame),
    sampledRecords,
    recordCount: slots.length,
    population: populationOf(population.features),
    comparison,
  });
}

/** Whole numbers below a limit, always the same ones. */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * limit);
  };
}
