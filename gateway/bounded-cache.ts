/**
 * Keeps the entries used last: at most `capacity` of them, and only as many as have keys of `keyCharacters` together, where the
 * length of a key tells of the size of its entry.
 */
export class BoundedCache<V> {
  /** How often an entry was there, and how often it had to be made. */
  hits = 0;
  misses = 0;
  private readonly entries = new Map<string, V>();
  private readonly capacity: number;
  private readonly keyCharacters: number;
  private charactersKept = 0;

  constructor(capacity: number, keyCharacters: number = Number.POSITIVE_INFINITY) {
    this.capacity = capacity;
    this.keyCharacters = keyCharacters;
  }

  /** How many entries are kept. */
  get size(): number {
    return this.entries.size;
  }

  /** Gives the entry, making it when it is not there. What throws is not kept. */
  getOrMake(key: string, make: () => V): V {
    const known = this.entries.get(key);
    if (known !== undefined) {
      this.hits += 1;
      this.entries.delete(key);
      this.entries.set(key, known);
      return known;
    }
    this.misses += 1;
    const made = make();
    if (!this.entries.has(key)) this.charactersKept += key.length;
    this.entries.set(key, made);
    this.trim();
    return made;
  }

  private trim(): void {
    for (const oldest of this.entries.keys()) {
      const isWithin = this.entries.size <= this.capacity && this.charactersKept <= this.keyCharacters;
      if (isWithin || this.entries.size === 1) return;
      this.entries.delete(oldest);
      this.charactersKept -= oldest.length;
    }
  }
}
