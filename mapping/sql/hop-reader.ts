import { toParameter } from '../column-types.ts';
import type { CompiledObject } from '../compile.ts';
import type { CanonicalRow, HopReader, Page, PageOptions, ReadOptions } from '../reader.ts';
import type { RawRow } from '../value.ts';
import { type CursorCodec, createCursorCodec } from './cursor.ts';
import { conditionValues } from './filter.ts';
import { toSearchQuery } from './name-search.ts';
import type { ReadArguments } from './parameters.ts';
import { type PreparedRead, pageTerms, type ReadShape } from './prepared-read.ts';
import type { PreparedReads } from './prepared-reads.ts';
import { decodeRow, flatRow, type Objects, type OnIncompleteRow } from './select.ts';
import type { StatementBatch } from './statement-batch.ts';

/** What the reads of one operation stand on. */
export interface HopReaderOptions {
  readonly objects: Objects;
  readonly reads: PreparedReads;
  readonly batch: StatementBatch;
  readonly onIncomplete: OnIncompleteRow;
}

/** Reads canonical objects by SQL, all reads of one tick as one statement. */
export class SqlHopReader implements HopReader {
  readonly #options: HopReaderOptions;

  constructor(options: HopReaderOptions) {
    this.#options = options;
  }

  has(object: string): boolean {
    return this.#options.objects.has(object);
  }

  async rows(options: ReadOptions & { readonly by: string; readonly values: readonly string[] }) {
    const { by, values } = options;
    const result: CanonicalRow[][] = values.map(() => []);
    const object = this.#options.objects.get(options.object);
    const asked = object ? lookUpParameters(object, by, values) : undefined;
    if (!object || !asked || asked.texts.length === 0) return result;
    const read = this.#options.reads.get('rows', { ...shapeOf(object, options), by });
    const raw = await this.#read(object, options, read, { values: asked.texts });
    for (const row of raw) {
      const position = asked.positions[Number(row.at(-1)) - 1] ?? 0;
      const decoded = decodeRow(read.plan, row, this.#options.onIncomplete);
      if (decoded) result[position]?.push(decoded);
    }
    return result;
  }

  async pages(options: PageOptions & { readonly by: string; readonly groups: readonly (readonly string[])[] }) {
    const { by, groups } = options;
    const object = this.#options.objects.get(options.object);
    const raw: RawRow[][] = groups.map(() => []);
    const position = object ? positionOf(object, options) : undefined;
    const values: string[] = [];
    const groupOfValue: number[] = [];
    for (const [index, group] of object ? groups.entries() : []) {
      for (const text of lookUpParameters(object as CompiledObject, by, [...new Set(group)]).texts) {
        values.push(text);
        groupOfValue.push(index);
      }
    }
    if (!object || !position || values.length === 0) return raw.map(() => emptyPage(options));
    const read = this.#options.reads.get('pages', { ...shapeOf(object, options), ...position.shape, by });
    const given = { values, groups: groupOfValue, ...position.arguments };
    for (const row of await this.#read(object, options, read, given)) raw[Number(row.at(-1))]?.push(row);
    return raw.map((rows) => this.#page(read, rows, options, position.cursors));
  }

  async page(options: PageOptions & { readonly nameSearch?: string }): Promise<Page> {
    const object = this.#options.objects.get(options.object);
    if (!object) return emptyPage(options);
    const position = positionOf(object, options);
    const search = options.nameSearch === undefined ? undefined : toSearchQuery(options.nameSearch);
    if (search === null) return emptyPage(options);
    const shape = { ...shapeOf(object, options), ...position.shape, ...(search ? { isNameSearch: true } : {}) };
    const read = this.#options.reads.get('page', shape);
    const given = { ...position.arguments, ...(search ? { search } : {}) };
    const rows = await this.#read(object, options, read, given);
    return this.#page(read, rows, options, position.cursors);
  }

  async #read(
    object: CompiledObject,
    { where = [] }: ReadOptions,
    read: PreparedRead,
    given: ReadArguments,
  ): Promise<readonly RawRow[]> {
    const values = where.length > 0 ? { ...given, conditions: conditionValues(object, where) } : given;
    const rows = await this.#options.batch.rows(read, values);
    return rows.map((row) => flatRow(row, read.width));
  }

  #page(read: PreparedRead, rows: readonly RawRow[], { first, after }: PageOptions, cursors: CursorCodec): Page {
    const shown = rows.slice(0, first);
    const cursorOf = (row: RawRow): string => cursors.write(read.termSlots.map((slot) => row[slot]));
    const edges = shown.flatMap((row) => {
      const node = decodeRow(read.plan, row, this.#options.onIncomplete);
      return node ? [{ cursor: cursorOf(row), node }] : [];
    });
    // A page ends where it was cut, also when its last row was left out: whoever continues must not get it again.
    const last = shown.at(-1);
    const pageInfo = {
      hasNextPage: rows.length > first,
      hasPreviousPage: after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: last ? cursorOf(last) : null,
    };
    return { edges, pageInfo };
  }
}

function shapeOf(object: CompiledObject, options: ReadOptions & Partial<PageOptions>): ReadShape {
  const { where = [], children = {}, orderBy = [], first } = options;
  return { object, where, children, orderBy, ...(first === undefined ? {} : { first }) };
}

interface PagePosition {
  readonly cursors: CursorCodec;
  readonly shape: Pick<ReadShape, 'after'>;
  readonly arguments: Pick<ReadArguments, 'after'>;
}

/** Where a page begins. Throws MALFORMED_ID. */
function positionOf(object: CompiledObject, { orderBy, after }: PageOptions): PagePosition {
  const cursors = createCursorCodec(object.name, orderBy, pageTerms(object, orderBy));
  if (after === undefined) return { cursors, shape: {}, arguments: {} };
  const values = cursors.read(after);
  return { cursors, shape: { after: values.map((value) => value === null) }, arguments: { after: values } };
}

/** The values that a row can have at all, and where each stands among those asked for. */
function lookUpParameters(
  object: CompiledObject,
  by: string,
  values: readonly string[],
): { texts: string[]; positions: number[] } {
  const native = by === object.canonical.key ? ({ kind: 'column', source: object.key } as const) : object.native(by);
  const texts: string[] = [];
  const positions: number[] = [];
  if (native.kind !== 'column') return { texts, positions };
  for (const [position, value] of values.entries()) {
    const text = toParameter(native.source.type, value);
    if (text === null) continue;
    texts.push(text);
    positions.push(position);
  }
  return { texts, positions };
}

function emptyPage({ after }: PageOptions): Page {
  const pageInfo = { hasNextPage: false, hasPreviousPage: after !== undefined, startCursor: null, endCursor: null };
  return { edges: [], pageInfo };
}
