import type { EngineHousehold } from '../engine.ts';
import type { LinkerParts } from './linker.ts';

/** Log2 odds of one household, against strangers, from which on two people live together. */
const TOGETHER_BITS = 3;
/** People of a household; more share an address that is no home. */
const PEOPLE_LIMIT = 12;

/** Groups people into households: they are apart, and what they share is best explained by living together. */
export class Households {
  private readonly parts: LinkerParts;

  constructor(parts: LinkerParts) {
    this.parts = parts;
  }

  /** The household of a record; undefined for a person alone, and for a group that is too large to be a home. */
  of(slot: number): EngineHousehold | undefined {
    const labels = this.reach(slot);
    if (labels.size < 2 || labels.size > PEOPLE_LIMIT) return undefined;
    const { clusters, names } = this.parts;
    const keys = [...labels].map(
      (label) =>
        clusters
          .members(label)
          .map((member) => names.keyOf(member))
          .sort()[0] ?? '',
    );
    keys.sort();
    return { key: keys[0] ?? '', clusters: keys };
  }

  /** Every household of these records, each once. */
  *all(slots: Iterable<number>): IterableIterator<EngineHousehold> {
    const seen = new Set<number>();
    for (const slot of slots) {
      const label = this.parts.clusters.labelOf(slot);
      if (seen.has(label)) continue;
      for (const other of this.reach(slot)) seen.add(other);
      seen.add(label);
      const household = this.of(slot);
      if (household) yield household;
    }
  }

  /** Labels of the clusters that household pairs lead to. */
  private reach(slot: number): Set<number> {
    const { clusters, edges } = this.parts;
    const labels = new Set<number>([clusters.labelOf(slot)]);
    const queue = [clusters.labelOf(slot)];
    for (const label of queue) {
      if (labels.size > PEOPLE_LIMIT) break;
      for (const member of clusters.members(label)) {
        edges.each(member, (to, bits, householdBits) => {
          if (householdBits < TOGETHER_BITS || bits > householdBits) return;
          const other = clusters.labelOf(to);
          if (labels.has(other)) return;
          labels.add(other);
          queue.push(other);
        });
      }
    }
    return labels;
  }
}
