import { FeatureCursor } from '../block/features.ts';
import type { Population } from '../block/population.ts';
import { FORBIDDEN_BITS, type PairJudge } from '../score/judge.ts';
import { type ComponentEdge, clusterComponent } from './cluster-component.ts';
import type { ClusterTable } from './cluster-table.ts';
import type { Decisions } from './decisions.ts';
import type { EdgeStore } from './edges.ts';

/** Rule of an edge that a person has decided. */
export const BY_PERSON = -2;
/** Bits of such an edge: above all others. */
export const DECIDED_BITS = 60;
/** A pair of so many bits below the threshold is still remembered, for the review queue. */
export const REVIEW_BELOW_THRESHOLD = 4;
/** A pair whose odds of one household are such is remembered, for households. */
export const HOUSEHOLD_BITS = 2;
/** Of a component of more records only the stronger edges count. */
const COMPONENT_LIMIT = 300;
const HARDER = 2;

/** Keys and slots of the records that are here. */
export interface SlotNames {
  keyOf(slot: number): string;
  /** -1 for a record that is not here. */
  slotOf(key: string): number;
}

/** What linking works on. */
export interface LinkerParts {
  readonly population: Population;
  readonly edges: EdgeStore;
  readonly clusters: ClusterTable;
  readonly decisions: Decisions;
  readonly names: SlotNames;
  /** Every slot that holds a record. */
  slots(): IterableIterator<number>;
}

/** Finds the pairs of records and puts the records they hold together into clusters. */
export class Linker {
  private readonly parts: LinkerParts;
  private readonly judge: PairJudge;
  private readonly cursor = new FeatureCursor();
  private readonly memo = new Map<number, number>();
  private readonly refreshed: number[] = [];

  constructor(parts: LinkerParts, judge: PairJudge) {
    this.parts = parts;
    this.judge = judge;
  }

  /** Judges a record against those that share a key with it, of slots below `below` only, and remembers the pairs that matter. */
  connect(slot: number, below: number): void {
    const { population, decisions, names } = this.parts;
    const count = population.findCandidates(slot, below);
    const hasDecisions = decisions.concerns(names.keyOf(slot));
    for (let i = 0; i < count; i += 1) {
      const other = population.candidates[i] as number;
      if (hasDecisions && this.isDecidedSame(slot, other)) continue;
      this.weigh(slot, other);
    }
    if (hasDecisions) this.connectDecided(slot, below);
  }

  /** Judges the pairs among some records again, those above `firstFresh` excepted; whoever is concerned goes into `touched`. */
  rejudge(slots: ArrayLike<number>, firstFresh: number, touched: Set<number>): void {
    const { edges } = this.parts;
    for (let i = 0; i < slots.length; i += 1) {
      const a = slots[i] as number;
      touched.add(a);
      for (let j = i + 1; j < slots.length; j += 1) {
        const b = slots[j] as number;
        if (a >= firstFresh || b >= firstFresh || this.isDecidedSame(a, b)) continue;
        edges.remove(a, b);
        this.weigh(a, b);
      }
    }
  }

  /** Judges the pairs that are remembered of a record again, but those with records of `done`. */
  refresh(slot: number, done: ReadonlySet<number>): void {
    const { edges } = this.parts;
    const { refreshed } = this;
    refreshed.length = 0;
    edges.each(slot, (to, _bits, _household, rule) => {
      if (rule !== BY_PERSON && !done.has(to)) refreshed.push(to);
    });
    for (const to of refreshed) {
      const { bits, householdBits, rule } = this.judge.judge(slot, to);
      if (this.isWorthRemembering(bits, householdBits)) edges.update(slot, to, bits, householdBits, rule);
      else edges.remove(slot, to);
    }
  }

  private weigh(slot: number, other: number): void {
    const { bits, householdBits, rule } = this.judge.judge(slot, other);
    if (this.isWorthRemembering(bits, householdBits)) this.parts.edges.add(slot, other, bits, householdBits, rule);
  }

  private isWorthRemembering(bits: number, householdBits: number): boolean {
    if (bits >= this.judge.threshold - REVIEW_BELOW_THRESHOLD) return true;
    return householdBits >= HOUSEHOLD_BITS && bits > FORBIDDEN_BITS;
  }

  private isDecidedSame(slot: number, other: number): boolean {
    const { decisions, names } = this.parts;
    return !decisions.isEmpty && decisions.get(names.keyOf(slot), names.keyOf(other))?.kind === 'SAME';
  }

  /** The records that edges over the threshold hold together with these, each component once, in the order of their keys. */
  components(seeds: Iterable<number>): number[][] {
    return [...this.eachComponent(seeds)];
  }

  /** The same, one after the other. */
  *eachComponent(seeds: Iterable<number>): Generator<number[], void> {
    const seen = new Set<number>();
    for (const seed of seeds) {
      if (seen.has(seed)) continue;
      yield* this.split(this.reach(seed, this.judge.threshold, seen), this.judge.threshold);
    }
  }

  /** Puts the records of a component together into people. */
  cluster(slots: readonly number[]): number[][] {
    if (slots.length === 1) return [[...slots]];
    const { threshold } = this.judge;
    const { population, decisions, names, edges } = this.parts;
    const sorted = [...slots].sort((a, b) => (names.keyOf(a) < names.keyOf(b) ? -1 : 1));
    const positions = new Map(sorted.map((slot, position) => [slot, position]));
    const size = sorted.length;
    this.memo.clear();
    const list: ComponentEdge[] = [];
    sorted.forEach((slot, a) => {
      edges.each(slot, (to, bits, _household, rule) => {
        const b = positions.get(to);
        if (b === undefined || b <= a) return;
        this.memo.set(a * size + b, bits);
        if (bits >= threshold) list.push({ a, b, bits, isDecided: rule === BY_PERSON });
      });
    });
    const named = sorted.map((slot) => population.features.read(slot, this.cursor).givenCount > 0);
    const hasDecisions = sorted.some((slot) => decisions.concerns(names.keyOf(slot)));
    const groups = clusterComponent({
      size,
      edges: list,
      threshold,
      isNamed: (position) => named[position] as boolean,
      isNotSame: (a, b) =>
        hasDecisions &&
        decisions.get(names.keyOf(sorted[a] as number), names.keyOf(sorted[b] as number))?.kind === 'NOT_SAME',
      bits: (a, b) => this.bitsOf(a, b, sorted),
    });
    const result = new Map<number, number[]>();
    sorted.forEach((slot, position) => {
      const group = groups[position] as number;
      const members = result.get(group);
      if (members) members.push(slot);
      else result.set(group, [slot]);
    });
    return [...result.values()];
  }

  private bitsOf(a: number, b: number, sorted: readonly number[]): number {
    const pair = Math.min(a, b) * sorted.length + Math.max(a, b);
    let bits = this.memo.get(pair);
    if (bits === undefined) {
      bits = this.judge.judge(sorted[a] as number, sorted[b] as number).bits;
      this.memo.set(pair, bits);
    }
    return bits;
  }

  private reach(seed: number, threshold: number, seen: Set<number>): number[] {
    const found = [seed];
    seen.add(seed);
    for (let i = 0; i < found.length; i += 1) {
      this.parts.edges.each(found[i] as number, (to, bits) => {
        if (bits < threshold || seen.has(to)) return;
        seen.add(to);
        found.push(to);
      });
    }
    return found;
  }

  /** A component that has grown too large falls apart along its weaker edges. */
  private split(slots: number[], threshold: number): number[][] {
    if (slots.length <= COMPONENT_LIMIT || threshold > DECIDED_BITS) return [slots];
    const seen = new Set<number>();
    const parts: number[][] = [];
    for (const slot of slots) {
      if (seen.has(slot)) continue;
      parts.push(...this.split(this.reach(slot, threshold + HARDER, seen), threshold + HARDER));
    }
    return parts;
  }

  private connectDecided(slot: number, below: number): void {
    const { decisions, names, edges } = this.parts;
    for (const key of decisions.partners(names.keyOf(slot), 'SAME')) {
      const other = names.slotOf(key);
      if (other >= 0 && other < below && other !== slot) edges.add(slot, other, DECIDED_BITS, 0, BY_PERSON);
    }
  }
}
