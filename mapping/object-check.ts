import type { Catalogue } from './catalogue.ts';
import { findColumn, resolveColumnName } from './column-source.ts';
import type { MappingDocument, ObjectMapping } from './document.ts';
import { suggest } from './nearest.ts';

/** One object of the document while it is checked. */
export interface ObjectCheck {
  readonly document: MappingDocument;
  readonly catalogue: Catalogue;
  readonly name: string;
  readonly mapping: ObjectMapping;
  readonly fault: (path: readonly (string | number)[], sentence: string) => void;
  readonly warn: (path: readonly (string | number)[], sentence: string) => void;
  /** False when the value at a path, or the list of its transforms, has the wrong shape, so that nobody knows what it gives. */
  readonly isSound: (path: readonly (string | number)[]) => boolean;
}

/**
 * The catalogue's column that a name means, after a fault when there is none. A name that another fault makes
 * unintelligible, or whose table is missing, has no column and no fault of its own.
 */
export function checkColumn(
  check: ObjectCheck,
  path: readonly (string | number)[],
  name: string,
  joinsBefore?: number,
): ReturnType<typeof findColumn> {
  if (isUnclear(check.mapping, name)) return undefined;
  const named = resolveColumnName(check.mapping, name, joinsBefore);
  const table = check.catalogue.tables.get(named.table);
  if (!table) return undefined;
  const column = findColumn(check.catalogue, named);
  if (!column) {
    const suggestion = suggest(named.column, table.columns.keys());
    check.fault(path, `${named.table} has no column \`${named.column}\`.${suggestion}`);
  } else if (!column.isReadable) {
    check.fault(path, `The database user may not read the column \`${named.column}\` of ${named.table}.`);
  }
  return column;
}

/** True when a name can't be read, or begins with what may be the alias of several joins, or of one whose alias can't be read. */
export function isUnclear({ joins = [] }: ObjectMapping, name: string): boolean {
  if (name === '') return true;
  const dot = name.indexOf('.');
  if (dot === -1) return false;
  const meant = joins.filter((join) => join.as === name.slice(0, dot));
  return meant.length > 1 || (meant.length === 0 && joins.some((join) => join.as === ''));
}
