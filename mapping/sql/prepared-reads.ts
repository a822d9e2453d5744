import { conditionsShape } from './filter.ts';
import { type PreparedRead, preparePage, preparePages, prepareRows, type ReadShape } from './prepared-read.ts';
import type { Objects } from './select.ts';

const REMEMBERED_READS = 1_000;
const PREPARE = { rows: prepareRows, page: preparePage, pages: preparePages } as const;

/** Prepares each shape of read once. */
export class PreparedReads {
  readonly #objects: Objects;
  readonly #reads = new Map<string, PreparedRead>();

  constructor(objects: Objects) {
    this.#objects = objects;
  }

  /** The prepared read of a shape. */
  get(kind: keyof typeof PREPARE, shape: ReadShape): PreparedRead {
    const { object, by, where, children, orderBy, first, after, isNameSearch } = shape;
    const conditions = conditionsShape(object, where);
    const name = JSON.stringify([kind, object.name, by, conditions, children, orderBy, first, after, isNameSearch]);
    const known = this.#reads.get(name);
    if (known) return known;
    const read = PREPARE[kind](this.#objects, shape);
    if (this.#reads.size >= REMEMBERED_READS) this.#reads.clear();
    this.#reads.set(name, read);
    return read;
  }
}
