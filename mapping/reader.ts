/** A canonical object as it leaves the reader: canonical field names, kinds as in the schema (decimals, dates and instants as text). */
export type CanonicalRow = Record<string, unknown>;

/** Relations to read along with an object, nested: `{ salesOrderProducts: { product: {} } }`. */
export interface ChildSelection {
  readonly [relation: string]: ChildSelection;
}

/** A condition on one canonical field; all conditions of a query hold together. `in` values are canonical ones. */
export type Condition =
  | { readonly field: string; readonly in: readonly (string | number | boolean)[] }
  | { readonly field: string; readonly from?: string; readonly before?: string };

/** One field to order by. The key is added as the last one by the reader, so that every order is total. */
export interface Order {
  readonly field: string;
  readonly direction: 'ascending' | 'descending';
}

/** What every query may say. */
export interface ReadOptions {
  readonly object: string;
  readonly where?: readonly Condition[];
  readonly children?: ChildSelection;
}

/** A page of a list. `after` is a cursor of an earlier page of the same query; a foreign one is refused with MALFORMED_ID. */
export interface PageOptions extends ReadOptions {
  readonly orderBy: readonly Order[];
  readonly first: number;
  readonly after?: string;
}

/** A page as the schema's connections give it. */
export interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: CanonicalRow }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

/**
 * Reads canonical objects of one cloud through its mapping, for one operation.
 * All reads that are asked for in one tick go to the store as **one** statement, so that a hop costs one statement
 * however many fields and customers it serves. An object that the cloud does not map gives no rows.
 */
export interface HopReader {
  /** True when the cloud's mapping has the object. */
  has(object: string): boolean;
  /** Rows whose `by` field has one of the values, grouped by value in the order asked; a value without rows gives an empty list. */
  rows(options: ReadOptions & { readonly by: string; readonly values: readonly string[] }): Promise<CanonicalRow[][]>;
  /** For each group of values of the `by` field (the record ids of one customer), one page over the rows of all of them. */
  pages(
    options: PageOptions & { readonly by: string; readonly groups: readonly (readonly string[])[] },
  ): Promise<Page[]>;
  /** One page over the whole object. `nameSearch` (profiles only): every word is the beginning of a word of the record's name. */
  page(options: PageOptions & { readonly nameSearch?: string }): Promise<Page>;
}

/** A compiled, checked mapping over a database. */
export interface CloudReader {
  /** Name of the cloud. */
  readonly cloud: string;
  /** Makes a reader for one operation; what it reads is given up when the signal fires. */
  forOperation(signal?: AbortSignal): HopReader;
}
