/** What a prepared read is asked with. Its texts are already in the form of their columns' types. */
export interface ReadArguments {
  /** Values to look up by. */
  readonly values?: readonly string[];
  /** For each of the values, the position of the group it belongs to. */
  readonly groups?: readonly number[];
  /** Values of the order's terms where the page before ended. */
  readonly after?: readonly (string | null)[];
  /** For each condition, the values it compares with. */
  readonly conditions?: readonly (readonly string[])[];
  /** A text search query. */
  readonly search?: string;
}

/** Collects the parameters of a statement that is written once and sent with many arguments. */
export class Parameters {
  readonly #binders: ((values: ReadArguments) => unknown)[] = [];

  /**
   * Adds a parameter and gives what stands for it in the text: its number between NULs, which neither names nor
   * constants of PostgreSQL can contain. `numbered` turns it into `$n`.
   */
  add(bind: (values: ReadArguments) => unknown): string {
    return `\0${this.#binders.push(bind)}\0`;
  }

  /** The parameters' values for these arguments, in order. */
  bind(values: ReadArguments): unknown[] {
    return this.#binders.map((binder) => binder(values));
  }

  /** How many there are. */
  get count(): number {
    return this.#binders.length;
  }
}

/** Numbers the parameters of a text, counted on from those of the texts before it. */
export function numbered(text: string, before: number): string {
  return text
    .split('\0')
    .map((part, index) => (index % 2 === 0 ? part : `$${Number(part) + before}`))
    .join('');
}
