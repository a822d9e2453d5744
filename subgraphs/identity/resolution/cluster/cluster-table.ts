import { grown } from '../block/dictionary.ts';

const ALONE = -1;
const GROUPS_PER_STEP = 1_000;

/** Which records are together: each record points to the next one of its cluster, and to the one that names it. */
export class ClusterTable {
  private next: Int32Array<ArrayBuffer> = new Int32Array(1024);
  private labels: Int32Array<ArrayBuffer> = new Int32Array(1024).fill(ALONE);
  private changed: number[] = [];
  /** 1 for each that is in `changed`. */
  private isChanged = new Uint8Array(1024);

  /** Makes a record a cluster of its own. */
  add(slot: number): void {
    if (slot >= this.next.length) {
      const length = this.labels.length;
      this.next = grown(this.next, slot + 1);
      this.labels = grown(this.labels, slot + 1);
      this.labels.fill(ALONE, length);
      const isChanged = new Uint8Array(this.labels.length);
      isChanged.set(this.isChanged);
      this.isChanged = isChanged;
    }
    this.next[slot] = slot;
    this.labels[slot] = slot;
    this.note(slot);
  }

  /** Takes a record out; those it was with stay together until they are clustered again. */
  remove(slot: number): void {
    const rest = this.members(slot).filter((other) => other !== slot);
    this.labels[slot] = ALONE;
    this.isChanged[slot] = 0;
    if (rest.length > 0) this.join(rest);
  }

  /** What names the cluster of a record. */
  labelOf(slot: number): number {
    return this.labels[slot] as number;
  }

  /** The records of a record's cluster, itself first. */
  members(slot: number): number[] {
    const found = [slot];
    for (let at = this.next[slot] as number; at !== slot; at = this.next[at] as number) found.push(at);
    return found;
  }

  /**
   * Makes each group of records a cluster. Every record of the clusters that they were in has to be in one of the groups.
   * Groups that are clusters already do not count as changed.
   */
  assign(groups: readonly (readonly number[])[]): void {
    // All are looked at before the first is changed: a ring that has lost a record can't be walked.
    const changed = groups.filter((group) => !this.isCluster(group));
    for (const group of changed) this.join(group);
  }

  /** The same for very many groups, in steps of a millisecond or so. */
  *assignInSteps(groups: readonly (readonly number[])[]): Generator<void, void> {
    const changed: (readonly number[])[] = [];
    for (const [index, group] of groups.entries()) {
      if (!this.isCluster(group)) changed.push(group);
      if (index % GROUPS_PER_STEP === 0) yield;
    }
    for (const [index, group] of changed.entries()) {
      this.join(group);
      if (index % GROUPS_PER_STEP === 0) yield;
    }
  }

  private isCluster(slots: readonly number[]): boolean {
    const label = this.labels[slots[0] as number];
    return (
      slots.every((slot) => this.labels[slot] === label) && this.members(slots[0] as number).length === slots.length
    );
  }

  private join(slots: readonly number[]): void {
    const label = slots.reduce((smallest, slot) => Math.min(smallest, slot), Number.MAX_SAFE_INTEGER);
    slots.forEach((slot, index) => {
      this.labels[slot] = label;
      this.next[slot] = slots[(index + 1) % slots.length] as number;
      this.note(slot);
    });
  }

  private note(slot: number): void {
    if (this.isChanged[slot] === 1) return;
    this.isChanged[slot] = 1;
    this.changed.push(slot);
  }

  /** Records whose cluster has changed since the last call. */
  takeChanged(): number[] {
    const changed = this.changed.filter((slot) => this.isChanged[slot] === 1);
    for (const slot of this.changed) this.isChanged[slot] = 0;
    this.changed = [];
    return changed;
  }
}
