import { CANONICAL_OBJECTS } from './canonical.ts';
import type { MappingDocument, ObjectMapping } from './document.ts';
import { objectOfEvent } from './event-objects.ts';

/**
 * Tells which canonical fields have another value when columns have: `column` of the object's own table, `table.column` or
 * `table` of one that belongs to it. A column that nothing is read from is left out.
 */
export type ChangedFields = (eventType: string, columns: readonly string[]) => string[];

/** Reads from a mapping document which columns each field is read from. */
export function createChangedFields(document: MappingDocument): ChangedFields {
  const names = new Map<string, ReadonlyMap<string, readonly string[]>>();
  return (eventType, columns) => {
    if (columns.length === 0) return [];
    const known = names.get(eventType) ?? fieldNames(document, eventType);
    names.set(eventType, known);
    const fields = columns.flatMap((column) => known.get(column) ?? known.get(column.split('.')[0] ?? column) ?? []);
    return [...new Set(fields)];
  };
}

function fieldNames(document: MappingDocument, eventType: string): Map<string, readonly string[]> {
  const { object, parts = {} } = objectOfEvent(eventType);
  const names = new Map<string, string[]>();
  const add = (column: string, field: string): void => {
    names.set(column, [...(names.get(column) ?? []), field]);
  };
  for (const [other, field] of [...relationsOf(object), ...Object.entries(parts)]) {
    const table = document.objects[other]?.table;
    if (table !== undefined) add(table.slice(table.lastIndexOf('.') + 1), field);
  }
  const mapping = document.objects[object];
  // A column may have the name of a table that belongs to the object.
  for (const [column, fields] of mapping ? ownColumns(object, mapping) : []) {
    for (const field of fields) add(column, field);
  }
  return names;
}

function relationsOf(object: string): [string, string][] {
  const relations = Object.entries(CANONICAL_OBJECTS[object]?.relations ?? {});
  return relations.flatMap(([field, relation]) => (relation.kind === 'many' ? [[relation.object, field]] : []));
}

function ownColumns(object: string, mapping: ObjectMapping): Map<string, string[]> {
  const columns = new Map<string, string[]>();
  const add = (column: string, field: string): void => {
    const fields = columns.get(column) ?? [];
    if (!fields.includes(field)) columns.set(column, [...fields, field]);
  };
  const key = CANONICAL_OBJECTS[object]?.key;
  if (key !== undefined) add(mapping.key, key);
  for (const [field, value] of Object.entries(mapping.fields)) {
    for (const column of columnsOf(value)) add(column, field);
  }
  return columns;
}

/** Every column that a field's mapping names, wherever it does: by the names that `document.ts` gives such places. */
function columnsOf(mapping: unknown): string[] {
  if (typeof mapping !== 'object' || mapping === null) return [];
  return Object.entries(mapping).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === 'string') return name === 'column' || name === 'countryColumn' ? [value] : [];
    // A list of the source's own codes may have any of them.
    return name === 'map' ? [] : columnsOf(value);
  });
}
