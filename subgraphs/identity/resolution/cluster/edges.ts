import { grown } from '../block/dictionary.ts';

/** Pairs worth remembering, both ways, as lists in flat arrays. */
export class EdgeStore {
  private heads: Int32Array<ArrayBuffer> = new Int32Array(1024).fill(-1);
  private targets: Int32Array<ArrayBuffer> = new Int32Array(1024);
  private next: Int32Array<ArrayBuffer> = new Int32Array(1024);
  private rules: Int32Array<ArrayBuffer> = new Int32Array(1024);
  private bits = new Float32Array(1024);
  private households = new Float32Array(1024);
  private used = 0;
  private free = -1;

  /** Remembers a pair. There must be none of these two yet. */
  add(a: number, b: number, bits: number, householdBits: number, rule: number): void {
    this.addOneWay(a, b, bits, householdBits, rule);
    this.addOneWay(b, a, bits, householdBits, rule);
  }

  /** Replaces what is remembered of a pair that there is. */
  update(a: number, b: number, bits: number, householdBits: number, rule: number): void {
    this.updateOneWay(a, b, bits, householdBits, rule);
    this.updateOneWay(b, a, bits, householdBits, rule);
  }

  /** Forgets a pair, if there is one of these two. */
  remove(a: number, b: number): void {
    this.removeOneWay(a, b);
    this.removeOneWay(b, a);
  }

  /** Forgets every pair of a record. */
  removeAll(slot: number): void {
    for (let at = this.head(slot); at >= 0; ) {
      const after = this.next[at] as number;
      this.removeOneWay(this.targets[at] as number, slot);
      this.release(at);
      at = after;
    }
    if (slot < this.heads.length) this.heads[slot] = -1;
  }

  /** Visits the pairs of a record. */
  each(slot: number, visit: (to: number, bits: number, householdBits: number, rule: number) => void): void {
    for (let at = this.head(slot); at >= 0; at = this.next[at] as number) {
      visit(
        this.targets[at] as number,
        this.bits[at] as number,
        this.households[at] as number,
        this.rules[at] as number,
      );
    }
  }

  private head(slot: number): number {
    return this.heads[slot] ?? -1;
  }

  private addOneWay(from: number, to: number, bits: number, householdBits: number, rule: number): void {
    if (from >= this.heads.length) {
      const length = this.heads.length;
      this.heads = grown(this.heads, from + 1);
      this.heads.fill(-1, length);
    }
    let at = this.free;
    if (at >= 0) this.free = this.next[at] as number;
    else {
      at = this.used;
      this.used += 1;
      if (at >= this.targets.length) this.grow();
    }
    this.targets[at] = to;
    this.bits[at] = bits;
    this.households[at] = householdBits;
    this.rules[at] = rule;
    this.next[at] = this.heads[from] as number;
    this.heads[from] = at;
  }

  private updateOneWay(from: number, to: number, bits: number, householdBits: number, rule: number): void {
    for (let at = this.head(from); at >= 0; at = this.next[at] as number) {
      if (this.targets[at] !== to) continue;
      this.bits[at] = bits;
      this.households[at] = householdBits;
      this.rules[at] = rule;
      return;
    }
  }

  private removeOneWay(from: number, to: number): void {
    let before = -1;
    for (let at = this.head(from); at >= 0; at = this.next[at] as number) {
      if (this.targets[at] === to) {
        if (before < 0) this.heads[from] = this.next[at] as number;
        else this.next[before] = this.next[at] as number;
        this.release(at);
        return;
      }
      before = at;
    }
  }

  private release(at: number): void {
    this.next[at] = this.free;
    this.free = at;
  }

  private grow(): void {
    const length = Math.ceil(this.targets.length * 1.5);
    this.targets = grown(this.targets, length);
    this.next = grown(this.next, length);
    this.rules = grown(this.rules, length);
    const bits = new Float32Array(this.targets.length);
    bits.set(this.bits);
    this.bits = bits;
    const households = new Float32Array(this.targets.length);
    households.set(this.households);
    this.households = households;
  }
}
