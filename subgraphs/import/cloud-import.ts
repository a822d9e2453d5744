import type { LineReader } from './line-reader.ts';

/** A row in the cloud's own column names. */
export type NativeRow = Readonly<Record<string, unknown>>;

/** How the lines of one cloud's own export become rows of its own table. */
export interface CloudImport {
  /** Name of the cloud and of its schema. */
  readonly cloud: string;
  /** Table of the cloud's records of people. */
  readonly table: string;
  /** The table's primary key. */
  readonly key: string;
  /** The columns that a line speaks of, the key among them. A field left out of a line empties its column; other columns stay. */
  readonly columns: readonly string[];
  /** Makes the row of one line; throws LineFault when the line is not acceptable. Every row has all the columns. */
  rowOf(line: LineReader): NativeRow;
}
