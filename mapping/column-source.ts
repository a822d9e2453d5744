import type { Catalogue, CatalogueColumn } from './catalogue.ts';
import { type ColumnType, identifier, literal, TEXT_TYPE } from './column-types.ts';
import type { JoinMapping, ObjectMapping } from './document.ts';

/** Where a value is read from: a column of the object's own table, or of a join, or a path into a JSON column. */
export interface ColumnSource {
  /** Position of the join among the object's joins; undefined for the object's own table. */
  readonly join: number | undefined;
  readonly column: string;
  readonly path: readonly string[] | undefined;
  /** Type of what is read: text for a path. */
  readonly type: ColumnType;
  /** True when it never is empty. */
  readonly isNotNull: boolean;
  /** True when an index begins with it, so that rows are found by it without reading the table. */
  readonly isIndexed: boolean;
}

/** A column's name as a document writes it, taken apart: the table it belongs to and its name there. */
export interface NamedColumn {
  readonly join: number | undefined;
  readonly table: string;
  readonly column: string;
}

/** Takes `alias.column` or `column` apart. Only the aliases of joins before `joinsBefore` are known. */
export function resolveColumnName(object: ObjectMapping, name: string, joinsBefore?: number): NamedColumn {
  const joins: readonly JoinMapping[] = object.joins?.slice(0, joinsBefore) ?? [];
  const dot = name.indexOf('.');
  const join = dot === -1 ? -1 : joins.findIndex((candidate) => candidate.as === name.slice(0, dot));
  const joined = joins[join];
  if (!joined) return { join: undefined, table: object.table, column: name };
  return { join, table: joined.table, column: name.slice(dot + 1) };
}

/** The catalogue's column of a name, or undefined. */
export function findColumn(catalogue: Catalogue, { table, column }: NamedColumn): CatalogueColumn | undefined {
  return catalogue.tables.get(table)?.columns.get(column);
}

/** The source of a column's name and path. The mapping has been checked, so the column exists. */
export function columnSource(
  object: ObjectMapping,
  catalogue: Catalogue,
  name: string,
  path?: readonly string[],
): ColumnSource {
  const named = resolveColumnName(object, name);
  const found = findColumn(catalogue, named);
  if (!found) throw new Error(`${named.table} has no column ${named.column}.`);
  return {
    join: named.join,
    column: named.column,
    path,
    type: path ? TEXT_TYPE : found.type,
    isNotNull: found.isNotNull && named.join === undefined && path === undefined,
    isIndexed: path === undefined && beginsIndex(catalogue, named),
  };
}

/** True when an index of the whole table begins with the column. */
export function beginsIndex(catalogue: Catalogue, { table, column }: NamedColumn): boolean {
  const indexes = catalogue.tables.get(table)?.indexes ?? [];
  return indexes.some((index) => !index.isPartial && index.columns[0] === column);
}

/** The expression of a source where the object's table is called `alias`. */
export function sourceExpression(source: ColumnSource, alias: string): string {
  const column = `${tableAlias(source.join, alias)}.${identifier(source.column)}`;
  return source.path ? `(${column} #>> ${pathLiteral(source.path)})` : column;
}

/** What a join is called where the object's table is called `alias`. */
export function tableAlias(join: number | undefined, alias: string): string {
  return join === undefined ? alias : `${alias}_${join}`;
}

function pathLiteral(path: readonly string[]): string {
  const keys = path.map((key) => `"${key.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
  return literal(`{${keys.join(',')}}`);
}
