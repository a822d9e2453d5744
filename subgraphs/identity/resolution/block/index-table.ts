/**
 * Numbers of an entry: its key, its first posting, how many postings there are, and one unused, so that an entry lies in one
 * line of the processor's cache. A large table is in no cache: each line asked for costs more than all work on it.
 */
const ENTRY = 4;
const HEAD = 1;
const COUNT = 2;
/** Numbers of a posting: the record, and the posting after it. */
const POSTING = 2;
const SLOT = 0;
const NEXT = 1;
const ENTRIES_PER_STEP = ENTRY << 13;

/**
 * Which records have a key, keys being numbers of 32 bits. An open-addressed table of lists in flat arrays: sixteen bytes a
 * key and eight a record, where a map of arrays takes over a hundred. Two keys that share a number only make a few
 * candidates more.
 */
export class IndexTable {
  private capacity = 1 << 12;
  private entries = emptyEntries(this.capacity);
  private filled = 0;
  /** Postings, each named by where it begins. */
  private list = new Int32Array(1 << 13);
  /** Where the next new posting begins. */
  private end = 0;
  private free = -1;
  private places = new Int32Array(0);

  /** Adds a record under a key. */
  add(key: number, slot: number): void {
    this.addAll([key], 1, slot);
  }

  /** Adds a record under the first keys of a list. */
  addAll(keys: ArrayLike<number>, count: number, slot: number): void {
    if ((this.filled + count) * 3 > this.capacity * 2) this.grow();
    if (count > this.places.length) this.places = new Int32Array(count);
    // All are looked up before any is written: the processor then waits for memory once, not for each after the other.
    for (let i = 0; i < count; i += 1) this.places[i] = this.find(keys[i] as number);
    for (let i = 0; i < count; i += 1) this.addAt(keys[i] as number, this.places[i] as number, slot);
  }

  private addAt(key: number, found: number, slot: number): void {
    const own = key === 0 ? 1 : key;
    const { entries } = this;
    // Where none of the key was found, one of the keys before may have come to be.
    const at = entries[found] === own || entries[found] === 0 ? found : this.locate(own);
    if (entries[at] === 0) {
      entries[at] = own;
      this.filled += 1;
    }
    let posting = this.free;
    if (posting >= 0) this.free = this.list[posting + NEXT] as number;
    else {
      posting = this.end;
      this.end += POSTING;
      if (this.end > this.list.length) this.growPostings();
    }
    this.list[posting + SLOT] = slot;
    this.list[posting + NEXT] = entries[at + HEAD] as number;
    entries[at + HEAD] = posting;
    entries[at + COUNT] = (entries[at + COUNT] as number) + 1;
  }

  /** Takes a record away from a key. */
  remove(key: number, slot: number): void {
    const at = this.locate(key === 0 ? 1 : key);
    const { entries, list } = this;
    let before = -1;
    for (let posting = entries[at + HEAD] as number; posting >= 0; posting = list[posting + NEXT] as number) {
      if (list[posting + SLOT] === slot) {
        const after = list[posting + NEXT] as number;
        if (before < 0) entries[at + HEAD] = after;
        else list[before + NEXT] = after;
        list[posting + NEXT] = this.free;
        this.free = posting;
        entries[at + COUNT] = (entries[at + COUNT] as number) - 1;
        return;
      }
      before = posting;
    }
  }

  /** How many records have a key. */
  count(key: number): number {
    return this.countAt(this.find(key));
  }

  /** Writes the records of a key into `into`, at most as many as it takes, and gives how many there were written. */
  read(key: number, into: Int32Array): number {
    return this.readAt(this.find(key), into);
  }

  /** Where the entry of a key is, for `countAt` and `readAt`; until the next `add`. */
  find(key: number): number {
    return this.locate(key === 0 ? 1 : key);
  }

  /** How many records have the key of an entry. */
  countAt(entry: number): number {
    return this.entries[entry + COUNT] as number;
  }

  /** `read` of the key of an entry. */
  readAt(entry: number, into: Int32Array): number {
    const { list } = this;
    let written = 0;
    for (
      let posting = this.entries[entry + HEAD] as number;
      posting >= 0 && written < into.length;
      posting = list[posting + NEXT] as number
    ) {
      into[written] = list[posting + SLOT] as number;
      written += 1;
    }
    return written;
  }

  /**
   * Puts the records of each key next to each other, in the same order: they came one by one, so that each lies elsewhere, and
   * whoever reads them all waits for memory most of the time. In steps of a millisecond or so; nothing may change meanwhile.
   */
  *gather(): Generator<void, void> {
    const { entries, list } = this;
    const gathered = new Int32Array(list.length);
    let end = 0;
    for (let at = 0; at < entries.length; at += ENTRY) {
      if (at % ENTRIES_PER_STEP === 0) yield;
      let posting = entries[at + HEAD] as number;
      if (posting < 0) continue;
      entries[at + HEAD] = end;
      for (; posting >= 0; posting = list[posting + NEXT] as number) {
        gathered[end + SLOT] = list[posting + SLOT] as number;
        end += POSTING;
        gathered[end - POSTING + NEXT] = end;
      }
      gathered[end - POSTING + NEXT] = -1;
    }
    this.list = gathered;
    this.end = end;
    this.free = -1;
  }

  /** Where the entry of a key is, or would be. */
  private locate(key: number): number {
    const { entries } = this;
    const mask = this.capacity - 1;
    const mixed = Math.imul(key, 0x9e3779b1);
    let at = (mixed ^ (mixed >>> 15)) & mask;
    for (;;) {
      const found = entries[at * ENTRY] as number;
      if (found === key || found === 0) return at * ENTRY;
      at = (at + 1) & mask;
    }
  }

  private grow(): void {
    const before = this.entries;
    this.capacity *= 2;
    this.entries = emptyEntries(this.capacity);
    this.filled = 0;
    for (let i = 0; i < before.length; i += ENTRY) {
      const key = before[i] as number;
      if (key === 0 || before[i + COUNT] === 0) continue;
      const at = this.locate(key);
      this.entries[at] = key;
      this.entries[at + HEAD] = before[i + HEAD] as number;
      this.entries[at + COUNT] = before[i + COUNT] as number;
      this.filled += 1;
    }
  }

  private growPostings(): void {
    const list = new Int32Array(Math.ceil((this.list.length / POSTING) * 1.5) * POSTING);
    list.set(this.list);
    this.list = list;
  }
}

function emptyEntries(capacity: number): Int32Array {
  const entries = new Int32Array(capacity * ENTRY);
  for (let at = HEAD; at < entries.length; at += ENTRY) entries[at] = -1;
  return entries;
}
