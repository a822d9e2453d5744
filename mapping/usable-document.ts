import { CANONICAL_OBJECTS, type CanonicalField, type CanonicalObject } from './canonical.ts';
import type { FieldMapping, JoinMapping, MappingDocument, ObjectMapping, Transform, ValueMapping } from './document.ts';
import { entriesOf, isJson, type Json, listOf, own } from './json.ts';

/**
 * The parts of a wrong document that can still be compared with a database; undefined when no object is among them. What
 * can't be read is left out, or where something has to stand an empty text or a value of nothing, which no check looks at.
 * Positions in lists stay what they are, so that faults name the right place.
 */
export function usableDocument(value: unknown): MappingDocument | undefined {
  if (!isJson(value)) return undefined;
  const objects = entriesOf(value['objects']).flatMap(([name, object]) => {
    const canonical = own(CANONICAL_OBJECTS, name);
    return canonical && isJson(object) ? [[name, usableObject(object, canonical)] as const] : [];
  });
  if (objects.length === 0) return undefined;
  const { database } = value;
  return {
    cloud: textOf(value['cloud']),
    ...(typeof database === 'string' && { database }),
    changes: usableChanges(value['changes']),
    objects: Object.fromEntries(objects),
  };
}

/** A misspelt kind with a schema means an outbox: whose tables they are decides whether a start makes them. */
function usableChanges(changes: unknown): MappingDocument['changes'] {
  if (isJson(changes) && changes['kind'] !== 'poll' && typeof changes['schema'] === 'string') {
    return { kind: 'outbox', schema: changes['schema'] };
  }
  return { kind: 'poll', everyMs: 1000 };
}

function usableObject(object: Json, canonical: CanonicalObject): ObjectMapping {
  const { objectName, joins = [] } = object;
  const fields = entriesOf(object['fields']).flatMap(([name, value]) => {
    const parts = own(canonical.lists ?? {}, name)?.parts;
    const field = parts ? usableList(value, parts) : usableField(value, own(canonical.fields, name));
    return field ? [[name, field] as const] : [];
  });
  return {
    table: tableOf(object['table']),
    key: textOf(object['key']),
    joins: (Array.isArray(joins) ? joins : [joins]).map(usableJoin),
    ...(isJson(objectName) && { objectName: usableValue(objectName) }),
    fields: Object.fromEntries(fields),
  };
}

function usableJoin(value: unknown): JoinMapping {
  const join = isJson(value) ? value : {};
  const alias = textOf(join['as']);
  return {
    table: tableOf(join['table']),
    as: alias.includes('.') ? '' : alias,
    column: textOf(join['column']),
    key: textOf(join['key']),
  };
}

const MONEY_PARTS = { amount: { kind: 'decimal' }, currencyCode: { kind: 'text' } } as const;

function usableField(value: unknown, field: CanonicalField | undefined): FieldMapping | undefined {
  if (!field || !isJson(value)) return undefined;
  return field.kind === 'money' ? usableParts(value, MONEY_PARTS) : usableValue(value);
}

function usableList(value: unknown, parts: Readonly<Record<string, CanonicalField>>): FieldMapping | undefined {
  return Array.isArray(value) ? value.map((composite) => usableParts(composite, parts)) : undefined;
}

function usableParts(
  value: unknown,
  parts: Readonly<Record<string, CanonicalField>>,
): Readonly<Record<string, ValueMapping>> {
  const known = entriesOf(value).flatMap(([part, mapping]) =>
    own(parts, part) && isJson(mapping) ? [[part, usableValue(mapping)] as const] : [],
  );
  return Object.fromEntries(known);
}

function usableValue(value: Json): ValueMapping {
  const { column, path, constant, concatenate, transforms } = value;
  const isFixed = typeof constant === 'string' || typeof constant === 'number' || typeof constant === 'boolean';
  return {
    ...(typeof column === 'string' && { column }),
    ...(Array.isArray(path) && { path: path.map(textOf) }),
    ...(isFixed && { constant }),
    ...(isJson(concatenate) && {
      concatenate: {
        values: listOf(concatenate['values']).map((part) => (isJson(part) ? usableValue(part) : {})),
        separator: textOf(concatenate['separator']),
      },
    }),
    ...(Array.isArray(transforms) && { transforms: transforms.map(usableTransform) }),
  };
}

/** Only what is compared with a database: kinds, columns and codes. */
function usableTransform(value: unknown): Transform {
  if (!isJson(value)) return { kind: 'trim' };
  const { countryColumn, countryPath, map } = value;
  switch (value['kind']) {
    case 'phone':
      return {
        kind: 'phone',
        ...(typeof countryColumn === 'string' && { countryColumn }),
        ...(Array.isArray(countryPath) && { countryPath: countryPath.map(textOf) }),
      };
    case 'multiply':
      return { kind: 'multiply', column: textOf(value['column']) };
    case 'values':
      return { kind: 'values', map: Object.fromEntries(entriesOf(map).map(([code]) => [code, ''])) };
    case 'date':
      return { kind: 'date', format: textOf(value['format']) };
    case 'splitName':
      return { kind: 'splitName', part: 'firstName' };
    case 'divide':
      return { kind: 'divide', by: 1 };
    case 'lowercase':
    case 'uppercase':
      return { kind: value['kind'] };
    default:
      return { kind: 'trim' };
  }
}

function tableOf(value: unknown): string {
  return typeof value === 'string' && /^[^.]+\..+$/.test(value) ? value : '';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
