/** Counts of the last seconds. What is older is forgotten a slot at a time, so that nothing is kept for each event. */
export class RollingCounts {
  readonly #slotMs: number;
  readonly #slots: { slot: number; total: number; marked: number }[];

  /** Counts over `windowMs`, in ten slots. */
  constructor(windowMs: number) {
    this.#slotMs = Math.max(1, windowMs / 10);
    this.#slots = Array.from({ length: 10 }, () => ({ slot: -1, total: 0, marked: 0 }));
  }

  /** Counts one event, and whether it is of the kind that is looked for. */
  add(now: number, isMarked: boolean): void {
    const counts = this.#at(now);
    counts.total += 1;
    if (isMarked) counts.marked += 1;
  }

  /** Counts something of the kind that is looked for that is no event of its own. */
  mark(now: number): void {
    this.#at(now).marked += 1;
  }

  sum(now: number): { readonly total: number; readonly marked: number } {
    const current = Math.floor(now / this.#slotMs);
    let total = 0;
    let marked = 0;
    for (const counts of this.#slots) {
      if (current - counts.slot >= this.#slots.length || counts.slot > current) continue;
      total += counts.total;
      marked += counts.marked;
    }
    return { total, marked };
  }

  clear(): void {
    for (const counts of this.#slots) counts.slot = -1;
  }

  #at(now: number): { slot: number; total: number; marked: number } {
    const slot = Math.floor(now / this.#slotMs);
    const index = slot % this.#slots.length;
    const known = this.#slots[index];
    if (known?.slot === slot) return known;
    const fresh = { slot, total: 0, marked: 0 };
    this.#slots[index] = fresh;
    return fresh;
  }
}
