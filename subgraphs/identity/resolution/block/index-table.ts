/**
 * Which records have a key, keys being numbers of 32 bits. An open-addressed table of lists in flat arrays: twelve bytes a
 * key and eight a record, where a map of arrays takes over a hundred. Two keys that share a number only make a few
 * candidates more.
 */
export class IndexTable {
  private capacity = 1 << 12;
  private keys = new Int32Array(this.capacity);
  private heads = new Int32Array(this.capacity).fill(-1);
  private counts = new Int32Array(this.capacity);
  private filled = 0;
  private next = new Int32Array(1 << 12);
  private slots = new Int32Array(1 << 12);
  private postings = 0;
  private free = -1;

  /** Adds a record under a key. */
  add(key: number, slot: number): void {
    if (this.filled * 3 > this.capacity * 2) this.grow();
    const at = this.locate(key === 0 ? 1 : key);
    if (this.keys[at] === 0) {
      this.keys[at] = key === 0 ? 1 : key;
      this.filled += 1;
    }
    let posting = this.free;
    if (posting >= 0) this.free = this.next[posting] as number;
    else {
      posting = this.postings;
      this.postings += 1;
      if (posting >= this.next.length) this.growPostings();
    }
    this.slots[posting] = slot;
    this.next[posting] = this.heads[at] as number;
    this.heads[at] = posting;
    this.counts[at] = (this.counts[at] as number) + 1;
  }

  /** Takes a record away from a key. */
  remove(key: number, slot: number): void {
    const at = this.locate(key === 0 ? 1 : key);
    let before = -1;
    for (let posting = this.heads[at] as number; posting >= 0; posting = this.next[posting] as number) {
      if (this.slots[posting] === slot) {
        const after = this.next[posting] as number;
        if (before < 0) this.heads[at] = after;
        else this.next[before] = after;
        this.next[posting] = this.free;
        this.free = posting;
        this.counts[at] = (this.counts[at] as number) - 1;
        return;
      }
      before = posting;
    }
  }

  /** How many records have a key. */
  count(key: number): number {
    return this.counts[this.locate(key === 0 ? 1 : key)] as number;
  }

  /** Writes the records of a key into `into`, at most as many as it takes, and gives how many there were written. */
  read(key: number, into: Int32Array): number {
    let written = 0;
    for (
      let posting = this.heads[this.locate(key === 0 ? 1 : key)] as number;
      posting >= 0 && written < into.length;
      posting = this.next[posting] as number
    ) {
      into[written] = this.slots[posting] as number;
      written += 1;
    }
    return written;
  }

  private locate(key: number): number {
    const mask = this.capacity - 1;
    const mixed = Math.imul(key, 0x9e3779b1);
    let at = (mixed ^ (mixed >>> 15)) & mask;
    for (;;) {
      const found = this.keys[at] as number;
      if (found === key || found === 0) return at;
      at = (at + 1) & mask;
    }
  }

  private grow(): void {
    const { keys, heads, counts } = this;
    this.capacity *= 2;
    this.keys = new Int32Array(this.capacity);
    this.heads = new Int32Array(this.capacity).fill(-1);
    this.counts = new Int32Array(this.capacity);
    this.filled = 0;
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] as number;
      if (key === 0 || counts[i] === 0) continue;
      const at = this.locate(key);
      this.keys[at] = key;
      this.heads[at] = heads[i] as number;
      this.counts[at] = counts[i] as number;
      this.filled += 1;
    }
  }

  private growPostings(): void {
    const length = Math.ceil(this.next.length * 1.5);
    const next = new Int32Array(length);
    const slots = new Int32Array(length);
    next.set(this.next);
    slots.set(this.slots);
    this.next = next;
    this.slots = slots;
  }
}
