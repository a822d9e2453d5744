import { recordKey, type SourceRecordKey } from '../store/repository.ts';

/** Which slot holds a record, and which record a slot holds. */
export class SlotDirectory {
  private readonly slotsByKey = new Map<string, number>();
  private readonly keys: (string | undefined)[] = [];

  /** Records held. */
  get size(): number {
    return this.slotsByKey.size;
  }

  /** The key of a record. */
  keyFor(record: SourceRecordKey): string {
    return recordKey(record);
  }

  /** Puts a record into a slot; the slot it was in before, -1 without one, holds none any more. */
  put(key: string, slot: number): number {
    const before = this.slotsByKey.get(key);
    if (before !== undefined) this.keys[before] = undefined;
    while (this.keys.length <= slot) this.keys.push(undefined);
    this.slotsByKey.set(key, slot);
    this.keys[slot] = key;
    return before ?? -1;
  }

  /** Forgets a record. */
  remove(key: string): void {
    const slot = this.slotsByKey.get(key);
    if (slot !== undefined) this.keys[slot] = undefined;
    this.slotsByKey.delete(key);
  }

  /** The slot of a record, -1 when it is not here. */
  slotOf(key: string): number {
    return this.slotsByKey.get(key) ?? -1;
  }

  /** The record of a slot, empty when it holds none. */
  keyOf(slot: number): string {
    return this.keys[slot] ?? '';
  }

  /** Every slot that holds a record. */
  slots(): IterableIterator<number> {
    return this.slotsByKey.values();
  }
}
