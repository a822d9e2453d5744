import type { UncertainPair } from '../engine.ts';
import type { PairJudge } from '../score/judge.ts';
import { BY_PERSON, type LinkerParts, REVIEW_BELOW_THRESHOLD } from './linker.ts';

/** Bits above the threshold up to which a linked pair is near it. */
const NEAR_ABOVE = 2;
/** Records, or pairs, that a step looks at. */
const PER_STEP = 2_000;
/** Room for a slot beside another one in a number. */
const SLOTS = 2 ** 26;

interface Candidate {
  readonly slot: number;
  readonly to: number;
  readonly bits: number;
  readonly isVetoed: boolean;
  readonly expectedValue: number;
}

/**
 * Pairs that a person's word would help with, the most valuable first: of two clusters those near the threshold, and those
 * over it that a guard keeps apart; of one cluster the weak link that alone holds two records together. In steps of a millisecond
 * or so.
 */
export function* uncertainPairs(parts: LinkerParts, judge: PairJudge, first: number): Generator<void, UncertainPair[]> {
  const { names } = parts;
  const best = yield* bestOfClusters(parts, judge);
  // Most pairs are not worth asking about: only as many are sorted, and named, as may be among the first.
  let kept: UncertainPair[] = [];
  let least = Number.NEGATIVE_INFINITY;
  let count = 0;
  const cut = (): void => {
    kept = kept.sort(byValue).slice(0, first);
    if (kept.length === first) least = kept.at(-1)?.expectedValue ?? least;
  };
  for (const { slot, to, bits, isVetoed, expectedValue } of best.values()) {
    count += 1;
    if (count % PER_STEP === 0) yield;
    if (expectedValue < least) continue;
    const [left = '', right = ''] = [names.keyOf(slot), names.keyOf(to)].sort();
    kept.push({
      left,
      right,
      bits,
      probability: probabilityOf(bits),
      kind: isVetoed ? 'VETOED' : 'NEAR_THRESHOLD',
      verdict: isVetoed ? 'CLUSTER_CONFLICT' : null,
      expectedValue,
    });
    if (kept.length >= 2 * first + PER_STEP) cut();
  }
  cut();
  return kept;
}

/** The most valuable pair of each two clusters, or of one with itself. */
function* bestOfClusters(parts: LinkerParts, judge: PairJudge): Generator<void, Map<number, Candidate>> {
  const { edges, clusters, names, decisions } = parts;
  const best = new Map<number, Candidate>();
  let count = 0;
  for (const slot of parts.slots()) {
    count += 1;
    if (count % PER_STEP === 0) yield;
    edges.each(slot, (to, bits, _household, rule) => {
      if (to < slot || rule === BY_PERSON || bits < judge.threshold - REVIEW_BELOW_THRESHOLD) return;
      const [a, b] = [clusters.labelOf(slot), clusters.labelOf(to)];
      if (a === b && bits > judge.threshold + NEAR_ABOVE) return;
      if (!decisions.isEmpty && decisions.get(names.keyOf(slot), names.keyOf(to))) return;
      const size = clusters.members(slot).length;
      const records = a === b ? size : size * clusters.members(to).length;
      const isVetoed = a !== b && bits >= judge.threshold;
      const probability = probabilityOf(bits);
      const expectedValue = (isVetoed ? probability : 4 * probability * (1 - probability)) * records;
      const clusterPair = Math.min(a, b) * SLOTS + Math.max(a, b);
      const known = best.get(clusterPair);
      if (!known || known.expectedValue < expectedValue)
        best.set(clusterPair, { slot, to, bits, isVetoed, expectedValue });
    });
  }
  return best;
}

function byValue(x: UncertainPair, y: UncertainPair): number {
  return y.expectedValue - x.expectedValue || (x.left + x.right < y.left + y.right ? -1 : 1);
}

function probabilityOf(bits: number): number {
  return 1 / (1 + 2 ** -bits);
}
