/** Numbers texts, so that records hold numbers and texts are kept once; counts how many records use each. */
export class Dictionary {
  readonly texts: string[] = [];
  private readonly ids = new Map<string, number>();
  private uses = new Int32Array(1024);
  /** How many of the texts are in `ids`. */
  private indexed = 0;

  /** How many texts have been numbered. */
  get size(): number {
    return this.texts.length;
  }

  /** The number of a text, a new one when it is new. */
  idOf(text: string): number {
    if (this.indexed < this.texts.length) this.index();
    const known = this.ids.get(text);
    if (known !== undefined) return known;
    const id = this.texts.length;
    // A part of a long line would keep the whole line in memory.
    const own = text.length > 12 ? Buffer.from(text).toString() : text;
    this.texts.push(own);
    this.ids.set(own, id);
    this.indexed = this.texts.length;
    if (id >= this.uses.length) this.uses = grown(this.uses, id + 1);
    return id;
  }

  /** The number of a text that has one, -1 otherwise. */
  find(text: string): number {
    if (this.indexed < this.texts.length) this.index();
    return this.ids.get(text) ?? -1;
  }

  /** Numbers texts that another dictionary has numbered, in its order. They are new here. */
  append(texts: readonly string[]): void {
    for (const text of texts) this.texts.push(text);
    if (this.texts.length > this.uses.length) this.uses = grown(this.uses, this.texts.length);
  }

  /** Appended texts are looked up seldom, most of them never. */
  private index(): void {
    for (let id = this.indexed; id < this.texts.length; id += 1) this.ids.set(this.texts[id] as string, id);
    this.indexed = this.texts.length;
  }

  /** The text of a number. */
  text(id: number): string {
    return this.texts[id] ?? '';
  }

  /** Records that use a text. */
  count(id: number): number {
    return this.uses[id] ?? 0;
  }

  /** Counts one record more (1) or less (-1). */
  addUse(id: number, by: number): void {
    this.uses[id] = (this.uses[id] as number) + by;
  }
}

/** A longer copy of an array, at least as long as needed and half as long again. */
export function grown(array: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(needed, Math.ceil(array.length * 1.5) + 16));
  larger.set(array);
  return larger;
}
