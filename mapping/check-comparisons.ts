import type { CanonicalObject } from './canonical.ts';
import { beginsIndex, type ColumnSource, columnSource, findColumn, resolveColumnName } from './column-source.ts';
import { canLookUp, canOrder, toParameter } from './column-types.ts';
import type { ValueMapping } from './document.ts';
import { type NativeField, nativeField } from './native-field.ts';
import { isUnclear, type ObjectCheck } from './object-check.ts';

/** Checks what the database itself has to compare: fields that rows are looked up, filtered or ordered by. */
export function checkComparisons(check: ObjectCheck, canonical: CanonicalObject): void {
  const { lookups = [], filters = [], orders = [], relations = {} } = canonical;
  const references = Object.values(relations).flatMap(({ kind, field }) => (kind === 'one' ? [field] : []));
  for (const field of [...lookups, ...references]) checkLookUp(check, canonical, field);
  for (const field of lookups) warnWithoutIndex(check, canonical, field);
  for (const field of filters) checkFilter(check, canonical, field);
  for (const field of orders) checkOrder(check, canonical, field);
}

/** How a field is compared; undefined when its column is missing or its mapping has no sense, which is a fault of its own. */
function comparedAs(check: ObjectCheck, canonical: CanonicalObject, field: string): NativeField | undefined {
  const { mapping, catalogue } = check;
  const value = mapping.fields[field] as ValueMapping | undefined;
  if (!check.isSound(['fields', field]) || (value && Object.keys(value).every((key) => key === 'transforms')))
    return undefined;
  if (value?.column !== undefined) {
    if (isUnclear(mapping, value.column)) return undefined;
    if (!findColumn(catalogue, resolveColumnName(mapping, value.column))) return undefined;
  }
  const sourceOf = (given: ValueMapping): ColumnSource =>
    columnSource(mapping, catalogue, given.column ?? '', given.path);
  return nativeField(canonical, field, value, sourceOf);
}

function checkLookUp(check: ObjectCheck, canonical: CanonicalObject, field: string): void {
  const native = comparedAs(check, canonical, field);
  if (!native || native.kind === 'absent') return;
  const path = ['fields', field];
  if (native.kind !== 'column') {
    check.fault(path, 'Rows are looked up by it, so it has to be a column as it is, without transforms.');
  } else if (!canLookUp(native.source.type)) {
    check.fault(path, `Rows are looked up by it, which a column of type ${native.source.type.sql} does not allow.`);
  }
}

function checkFilter(check: ObjectCheck, canonical: CanonicalObject, field: string): void {
  const native = comparedAs(check, canonical, field);
  if (!native) return;
  const path = ['fields', field];
  const isTime = canonical.fields[field]?.kind === 'instant';
  if (native.kind === 'derived' || (isTime && native.kind !== 'column' && native.kind !== 'absent')) {
    const means = isTime ? 'a column' : 'a column or a constant, translated by `values` at most';
    check.fault(path, `Rows are filtered by it, so it has to be ${means}.`);
  }
  if (isTime && native.kind === 'column' && native.source.path) {
    check.fault(path, 'Rows are filtered by it, so it has to be a column of a time, not a path into JSON.');
  }
  checkCodes(check, path, native);
}

function checkOrder(check: ObjectCheck, canonical: CanonicalObject, field: string): void {
  const native = comparedAs(check, canonical, field);
  if (!native) return;
  const path = ['fields', field];
  const kind = canonical.fields[field]?.kind;
  if (native.kind === 'derived') {
    check.fault(path, 'Rows are ordered by it, so it has to be a column, translated by `values` at most.');
  } else if (native.kind === 'column' && (!canOrder(native.source.type) || (native.source.path && kind !== 'text'))) {
    check.fault(path, 'Rows are ordered by it, so it has to be a column that the database can order by.');
  }
}

function checkCodes(check: ObjectCheck, path: readonly string[], native: NativeField): void {
  if (native.kind !== 'codes') return;
  for (const code of Object.keys(native.map)) {
    if (toParameter(native.source.type, code) !== null) continue;
    const { sql } = native.source.type;
    check.fault([...path, 'transforms'], `The code \`${code}\` can't stand in a column of type ${sql}.`);
  }
}

function warnWithoutIndex(check: ObjectCheck, canonical: CanonicalObject, field: string): void {
  const native = comparedAs(check, canonical, field);
  if (native?.kind !== 'column') return;
  const value = check.mapping.fields[field] as ValueMapping;
  const named = resolveColumnName(check.mapping, value.column ?? '');
  if (check.catalogue.tables.get(named.table)?.kind !== 'table' || beginsIndex(check.catalogue, named)) return;
  const sentence = `No index of ${named.table} begins with \`${named.column}\`, so every look-up reads the whole table.`;
  check.warn(['fields', field], sentence);
}
