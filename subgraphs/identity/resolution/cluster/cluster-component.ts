/** A pair over the threshold, by positions in the component. */
export interface ComponentEdge {
  readonly a: number;
  readonly b: number;
  readonly bits: number;
  /** A person's word: no guard but another person's word can stop it. */
  readonly isDecided: boolean;
}

/** Records that are held together by pairs over the threshold, and what the guards have to know of them. */
export interface Component {
  /** How many records. */
  readonly size: number;
  readonly edges: readonly ComponentEdge[];
  /** Bits from which on a pair is linked. */
  readonly threshold: number;
  /** Log2 odds of any two of them, by position. */
  bits(a: number, b: number): number;
  /** True for a record with a given name: only such a one tells two people of one household apart. */
  isNamed(position: number): boolean;
  /** True when a person said that the two are not one. */
  isNotSame(a: number, b: number): boolean;
}

/** How guards weigh. */
export const GUARD = {
  /** What the mean of all pairs of two clusters that merge, and a share of their strongest pair's bits over the threshold, come to at least. */
  leastMean: 0.8,
  strongestShare: 0.3,
  /** More bits of the strongest pair do not count. */
  strongestMost: 12,
  /** A pair counts as at least and at most so many bits, so that no single one decides. */
  least: -8,
  most: 10,
  /** A pair that no merge can outweigh. */
  forbidden: -50,
} as const;

/**
 * Puts the records of a component together into people, from the strongest pair on; each merge has to satisfy the guards.
 * Records with a name come first: one without a name joins whom it fits best, and never joins two people to each other.
 * Gives each position's group, the smallest position of it. The answer does not depend on the order of edges as long as
 * positions follow the order of keys.
 */
export function clusterComponent(component: Component): Int32Array {
  const groups = new Int32Array(component.size);
  const members: number[][] = [];
  for (let i = 0; i < component.size; i += 1) {
    groups[i] = i;
    members.push([i]);
  }
  const edges = [...component.edges].sort((x, y) => y.bits - x.bits || x.a - y.a || x.b - y.b);
  const hasNamed = (positions: readonly number[]): boolean => positions.some((position) => component.isNamed(position));
  const merge = (edge: ComponentEdge): void => {
    const [from, into] = [groups[edge.b] as number, groups[edge.a] as number];
    if (from === into) return;
    const [smaller, larger] = from < into ? [from, into] : [into, from];
    const [left, right] = [members[smaller] as number[], members[larger] as number[]];
    const isBridge =
      !edge.isDecided && !(component.isNamed(edge.a) && component.isNamed(edge.b)) && hasNamed(left) && hasNamed(right);
    if (isBridge || !mayMerge(component, left, right, edge)) return;
    for (const position of right) groups[position] = smaller;
    left.push(...right);
    members[larger] = [];
  };
  for (const edge of edges) if (edge.isDecided) merge(edge);
  for (const edge of edges) if (component.isNamed(edge.a) && component.isNamed(edge.b)) merge(edge);
  for (const edge of edges) merge(edge);
  return groups;
}

function mayMerge(
  component: Component,
  left: readonly number[],
  right: readonly number[],
  { isDecided, bits: strongest }: ComponentEdge,
): boolean {
  let sum = 0;
  for (const a of left) {
    for (const b of right) {
      if (component.isNotSame(a, b)) return false;
      if (isDecided) continue;
      const bits = component.bits(a, b);
      if (bits < GUARD.forbidden) return false;
      const isNameless = !component.isNamed(a) || !component.isNamed(b);
      sum += Math.min(GUARD.most, Math.max(isNameless ? 0 : GUARD.least, bits));
    }
  }
  if (isDecided) return true;
  const above = Math.min(strongest - component.threshold, GUARD.strongestMost);
  return sum / (left.length * right.length) + GUARD.strongestShare * above >= GUARD.leastMean;
}
