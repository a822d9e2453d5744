/** Keeps the entries used last, at most `capacity` of them. */
export class BoundedCache<V> {
  private readonly entries = new Map<string, V>();
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Gives the entry, making it when it is not there. What throws is not kept. */
  getOrMake(key: string, make: () => V): V {
    const known = this.entries.get(key);
    const value = known ?? make();
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size > this.capacity) {
      const oldest = this.entries.keys().next();
      if (!oldest.done) this.entries.delete(oldest.value);
    }
    return value;
  }
}
