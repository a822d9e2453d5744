import type { UncertainPair } from '../engine.ts';
import type { PairJudge } from '../score/judge.ts';
import { BY_PERSON, type LinkerParts, REVIEW_BELOW_THRESHOLD } from './linker.ts';

/** Bits above the threshold up to which a linked pair is near it. */
const NEAR_ABOVE = 2;

/**
 * Pairs that a person's word would help with, the most valuable first: of two clusters those near the threshold, and those
 * over it that a guard keeps apart; of one cluster the weak link that alone holds two records together.
 */
export function uncertainPairs(parts: LinkerParts, judge: PairJudge, first: number): UncertainPair[] {
  const { edges, clusters, names, decisions } = parts;
  const best = new Map<string, UncertainPair>();
  for (const slot of parts.slots()) {
    edges.each(slot, (to, bits, _household, rule) => {
      if (to < slot || rule === BY_PERSON || bits < judge.threshold - REVIEW_BELOW_THRESHOLD) return;
      const [a, b] = [clusters.labelOf(slot), clusters.labelOf(to)];
      if (a === b && bits > judge.threshold + NEAR_ABOVE) return;
      const [left, right] =
        names.keyOf(slot) < names.keyOf(to)
          ? [names.keyOf(slot), names.keyOf(to)]
          : [names.keyOf(to), names.keyOf(slot)];
      if (decisions.get(left, right)) return;
      const probability = 1 / (1 + 2 ** -bits);
      const records =
        a === b ? clusters.members(slot).length : clusters.members(slot).length * clusters.members(to).length;
      const isVetoed = a !== b && bits >= judge.threshold;
      const pair: UncertainPair = {
        left,
        right,
        bits,
        probability,
        kind: isVetoed ? 'VETOED' : 'NEAR_THRESHOLD',
        verdict: isVetoed ? 'CLUSTER_CONFLICT' : null,
        expectedValue: (isVetoed ? probability : 4 * probability * (1 - probability)) * records,
      };
      const clusterPair = a < b ? `${a}|${b}` : `${b}|${a}`;
      const known = best.get(clusterPair);
      if (!known || known.expectedValue < pair.expectedValue) best.set(clusterPair, pair);
    });
  }
  return [...best.values()]
    .sort((x, y) => y.expectedValue - x.expectedValue || (x.left + x.right < y.left + y.right ? -1 : 1))
    .slice(0, first);
}
