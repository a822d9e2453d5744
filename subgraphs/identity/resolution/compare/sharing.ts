import type { Features } from '../block/features.ts';
import type { Comparison } from './compare.ts';
import { populationOf } from './frequency.ts';
import { AT, isDifferentGiven } from './levels.ts';

/** People who share a value by chance (a number given out again, a slip), beside those the records show; by field. */
export const STRANGERS = {
  email: 0.02,
  phone: 0.06,
  place: 0.1,
  social: 0.02,
  identification: 0.01,
  attribute: 0.1,
} as const;

/**
 * How likely two records drawn by chance share a value that so many people are seen to share. That these two have different
 * names is counted with the names, so it is not counted here again.
 */
export function sharedByChance(features: Features, comparison: Comparison, degree: number, strangers: number): number {
  const others = isDifferentGiven(comparison.levels[AT.given] as number) ? degree - 2 : degree - 1;
  return (Math.max(0, others) + strangers) / populationOf(features);
}
