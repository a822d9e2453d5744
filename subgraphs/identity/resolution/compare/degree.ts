import type { FeatureCursor, Features } from '../block/features.ts';
import type { IndexTable } from '../block/index-table.ts';
import type { NameTable } from './name-table.ts';

/** Of a key with more records only so many are looked at. */
export const DEGREE_SAMPLE = 64;

/** Says how many people share a contact point, by the given names of the records that have it. */
export class Degrees {
  private readonly features: Features;
  private readonly names: NameTable;
  private readonly index: IndexTable;
  private readonly cursor: FeatureCursor;
  private readonly slots = new Int32Array(DEGREE_SAMPLE);
  private readonly seen: number[] = [];
  private readonly cached = new Map<number, number>();

  constructor(features: Features, names: NameTable, index: IndexTable, cursor: FeatureCursor) {
    this.features = features;
    this.names = names;
    this.index = index;
    this.cursor = cursor;
  }

  /**
   * How many different given names (nicknames and slips counted with the name they stand for) are among the records of a
   * key, at least 1; of more than 64 records those that came last. Remembered until `forget`.
   */
  of(key: number): number {
    const count = this.index.count(key);
    if (count < 2) return 1;
    const known = this.cached.get(key);
    if (known !== undefined) return known;
    const degree = this.work(key);
    this.cached.set(key, degree);
    return degree;
  }

  /** To be called when the records of a key have changed. */
  forget(key: number): void {
    if (this.cached.size > 0) this.cached.delete(key);
  }

  private work(key: number): number {
    const written = this.index.read(key, this.slots);
    const { seen, names, features } = this;
    seen.length = 0;
    for (let i = 0; i < written; i += 1) {
      const cursor = features.read(this.slots[i] as number, this.cursor);
      if (cursor.givenCount === 0) continue;
      const name = features.data[cursor.givenAt] as number;
      if (names.isInitial(name)) continue;
      // Five of `NAME` is a different name.
      if (!seen.some((other) => other === name || names.compareGiven(other, name) < 4)) seen.push(name);
    }
    return Math.max(1, seen.length);
  }
}
