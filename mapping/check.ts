import { CANONICAL_OBJECTS } from './canonical.ts';
import type { Catalogue, CatalogueTable } from './catalogue.ts';
import { checkComparisons } from './check-comparisons.ts';
import { checkFields } from './check-values.ts';
import { canLookUp } from './column-types.ts';
import type { MappingDocument } from './document.ts';
import { faultAt, pointerTo } from './faults.ts';
import { suggest } from './nearest.ts';
import { checkColumn, type ObjectCheck } from './object-check.ts';

/** What is wrong with a mapping, and what will work but slowly or with gaps. */
export interface MappingCheck {
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Checks a document against the database's catalogue and collects everything at once. `malformed` has the JSON pointers of
 * places whose shape is wrong: nothing is said about what stands there.
 */
export function checkMapping(
  document: MappingDocument,
  catalogue: Catalogue,
  malformed: readonly string[] = [],
): MappingCheck {
  const faults: string[] = [];
  const warnings: string[] = [];
  for (const [name, mapping] of Object.entries(document.objects)) {
    const at = (path: readonly (string | number)[]): readonly (string | number)[] => ['objects', name, ...path];
    const check: ObjectCheck = {
      document,
      catalogue,
      name,
      mapping,
      fault: (path, sentence) => faults.push(faultAt(at(path), sentence)),
      warn: (path, sentence) => warnings.push(faultAt(at(path), sentence)),
      isSound: (path) => !malformed.some((place) => isAtMostBelow(place, pointerTo(at(path)), 2)),
    };
    checkObject(check);
  }
  return { faults, warnings };
}

/** True when one place is the other or so many keys below it. */
function isAtMostBelow(place: string, above: string, depth: number): boolean {
  if (place === above) return true;
  return place.startsWith(`${above}/`) && place.slice(above.length).split('/').length - 1 <= depth;
}

function checkObject(check: ObjectCheck): void {
  const { mapping, catalogue, name } = check;
  const table = catalogue.tables.get(mapping.table);
  checkTable(check, ['table'], mapping.table);
  for (const [index, join] of (mapping.joins ?? []).entries()) checkTable(check, ['joins', index, 'table'], join.table);
  const canonical = CANONICAL_OBJECTS[name];
  if (!canonical) return;
  if (table) checkKey(check, table);
  checkJoins(check);
  checkFields(check, canonical);
  checkComparisons(check, canonical);
}

function checkTable({ catalogue, fault }: ObjectCheck, path: readonly (string | number)[], name: string): void {
  if (name === '' || catalogue.tables.has(name)) return;
  fault(path, `The database has no table or view \`${name}\`.${suggest(name, catalogue.names)}`);
}

function checkKey(check: ObjectCheck, table: CatalogueTable): void {
  const { mapping } = check;
  const column = checkColumn(check, ['key'], mapping.key);
  if (!column) return;
  if (!canLookUp(column.type)) {
    check.fault(['key'], `A column of type ${column.type.sql} can't be a key.`);
  }
  checkUnique(check, ['key'], table, mapping.table, mapping.key);
}

function checkJoins(check: ObjectCheck): void {
  const { mapping, catalogue } = check;
  for (const [index, join] of (mapping.joins ?? []).entries()) {
    const table = catalogue.tables.get(join.table);
    checkColumn(check, ['joins', index, 'column'], join.column, index);
    const key = table?.columns.get(join.key);
    if (!table || join.key === '') continue;
    if (!key) {
      const suggestion = suggest(join.key, table.columns.keys());
      check.fault(['joins', index, 'key'], `${join.table} has no column \`${join.key}\`.${suggestion}`);
    } else if (!canLookUp(key.type)) {
      check.fault(['joins', index, 'key'], `A column of type ${key.type.sql} can't be joined by.`);
    } else {
      checkUnique(check, ['joins', index, 'key'], table, join.table, join.key);
    }
  }
}

function checkUnique(
  check: ObjectCheck,
  path: readonly (string | number)[],
  table: CatalogueTable,
  tableName: string,
  column: string,
): void {
  if (table.kind === 'view') {
    check.warn(path, `${tableName} is a view, so nobody checks that \`${column}\` is unique.`);
    return;
  }
  const isUnique = table.indexes.some(
    (index) => index.isUnique && !index.isPartial && index.columns.length === 1 && index.columns[0] === column,
  );
  if (!isUnique) {
    check.fault(path, `${tableName} has no primary key and no unique index on \`${column}\` alone.`);
  }
}
