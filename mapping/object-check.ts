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
}

/** The catalogue's column that a name means, after a fault when there is none. */
export function checkColumn(
  check: ObjectCheck,
  path: readonly (string | number)[],
  name: string,
  joinsBefore?: number,
): ReturnType<typeof findColumn> {
  const named = resolveColumnName(check.mapping, name, joinsBefore);
  const column = findColumn(check.catalogue, named);
  if (!column) {
    const columns = check.catalogue.tables.get(named.table)?.columns.keys() ?? [];
    check.fault(path, `${named.table} has no column \`${named.column}\`.${suggest(named.column, columns)}`);
  } else if (!column.isReadable) {
    check.fault(path, `The database user may not read the column \`${named.column}\` of ${named.table}.`);
  }
  return column;
}
