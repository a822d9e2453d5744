/** How many texts a connection keeps prepared, and how many it remembers having seen once. */
const PREPARED_AT_MOST = 200;
const REMEMBERED_AT_MOST = 2_000;

/**
 * Names for prepared statements. A text gets one when it comes a second time, so that texts made for one occasion are not
 * kept; once the names are used up, further texts go without.
 */
export class StatementNames {
  readonly #names = new Map<string, string>();
  readonly #seen = new Set<string>();

  /** The name under which a text is prepared, undefined when it isn't. */
  nameOf(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= PREPARED_AT_MOST) return known;
    if (!this.#seen.delete(text)) {
      if (this.#seen.size >= REMEMBERED_AT_MOST) this.#seen.clear();
      this.#seen.add(text);
      return undefined;
    }
    const name = `c360_${this.#names.size + 1}`;
    this.#names.set(text, name);
    return name;
  }
}
