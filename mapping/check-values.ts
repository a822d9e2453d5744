import type { CanonicalField, CanonicalKind, CanonicalObject } from './canonical.ts';
import type { CatalogueColumn } from './catalogue.ts';
import type { TypeFamily } from './column-types.ts';
import type { FieldMapping, Transform, ValueMapping } from './document.ts';
import { checkColumn, type ObjectCheck } from './object-check.ts';

type Path = readonly (string | number)[];

/** Checks the columns of every mapped field: that they exist, and that their types fit. */
export function checkFields(check: ObjectCheck, canonical: CanonicalObject): void {
  const { mapping } = check;
  if (typeof mapping.objectName === 'object') checkValue(check, ['objectName'], mapping.objectName, { kind: 'text' });
  for (const [name, field] of Object.entries(mapping.fields)) {
    const path = ['fields', name];
    const list = canonical.lists?.[name];
    const definition = canonical.fields[name];
    if (list) {
      for (const [index, composite] of (field as readonly Readonly<Record<string, ValueMapping>>[]).entries()) {
        for (const [part, value] of Object.entries(composite)) {
          checkValue(check, [...path, index, part], value, list.parts[part] ?? { kind: 'text' });
        }
      }
    } else if (definition?.kind === 'money') {
      const { amount, currencyCode } = field as Readonly<Record<string, ValueMapping>>;
      const required = definition.required === true;
      if (amount) checkValue(check, [...path, 'amount'], amount, { kind: 'decimal', required });
      if (currencyCode) checkValue(check, [...path, 'currencyCode'], currencyCode, { kind: 'text', required });
    } else if (definition) {
      checkValue(check, path, field as Exclude<FieldMapping, readonly unknown[]>, definition);
    }
  }
}

function checkValue(check: ObjectCheck, path: Path, value: ValueMapping, field: CanonicalField): void {
  for (const [index, part] of (value.concatenate?.values ?? []).entries()) {
    checkValue(check, [...path, 'concatenate', 'values', index], part, { kind: 'text' });
  }
  for (const [index, transform] of (value.transforms ?? []).entries()) {
    checkTransformColumn(check, [...path, 'transforms', index], transform);
  }
  if (value.column === undefined) return;
  const column = checkColumn(check, [...path, 'column'], value.column);
  if (!column) return;
  if (value.path && column.type.family !== 'json') {
    check.fault([...path, 'path'], `\`${value.column}\` is of type ${column.type.sql}, not JSON, so it has no paths.`);
  } else if (!value.path && check.isSound(path)) {
    checkType(check, path, { value, column, field });
    warnIfEmpty(check, path, { value, column, field });
  }
}

function checkTransformColumn(check: ObjectCheck, path: Path, transform: Transform): void {
  if (transform.kind === 'phone' && transform.countryColumn !== undefined) {
    const column = checkColumn(check, [...path, 'countryColumn'], transform.countryColumn);
    const isJson = column?.type.family === 'json';
    if (column && check.isSound(path) && isJson !== (transform.countryPath !== undefined)) {
      check.fault(
        [...path, transform.countryPath ? 'countryPath' : 'countryColumn'],
        transform.countryPath
          ? `\`${transform.countryColumn}\` is of type ${column.type.sql}, not JSON, so it has no paths.`
          : `\`${transform.countryColumn}\` is JSON: say by \`countryPath\` what to read in it.`,
      );
    }
  }
  if (transform.kind !== 'multiply') return;
  const column = checkColumn(check, [...path, 'column'], transform.column);
  if (column && !NUMBERS.includes(column.type.family)) {
    check.fault(
      [...path, 'column'],
      `\`${transform.column}\` is of type ${column.type.sql}, which can't be multiplied by.`,
    );
  }
}

interface TypedValue {
  readonly value: ValueMapping;
  readonly column: CatalogueColumn;
  readonly field: CanonicalField;
}

const NUMBERS: readonly TypeFamily[] = ['integer', 'decimal'];
const TEXTS: readonly TypeFamily[] = ['text', 'character', 'enumeration', 'other'];
const TIMES: readonly TypeFamily[] = ['day', 'timestamp', 'instant'];
const SINGLE: readonly TypeFamily[] = [...NUMBERS, ...TEXTS, ...TIMES, 'boolean', 'uuid'];

/** Column types that a canonical kind is read from without a transform. */
const FITTING: Readonly<Record<CanonicalKind, readonly TypeFamily[]>> = {
  text: SINGLE,
  integer: NUMBERS,
  decimal: NUMBERS,
  money: NUMBERS,
  boolean: ['boolean'],
  date: TIMES,
  instant: TIMES,
};

/** Column types that a transform takes; `undefined` where any will do. */
const TAKEN: Readonly<Record<Transform['kind'], readonly TypeFamily[]>> = {
  trim: SINGLE,
  lowercase: SINGLE,
  uppercase: SINGLE,
  values: SINGLE,
  phone: [...TEXTS, ...NUMBERS],
  date: [...TEXTS, ...NUMBERS],
  splitName: TEXTS,
  divide: NUMBERS,
  multiply: NUMBERS,
};
/** Transforms that leave the kind of a value as it is. */
const CLEANINGS: readonly Transform['kind'][] = ['trim', 'lowercase', 'uppercase'];

function checkType(check: ObjectCheck, path: Path, { value, column, field }: TypedValue): void {
  const { family, sql } = column.type;
  const name = `\`${value.column}\``;
  if (family === 'json') {
    check.fault([...path, 'column'], `${name} is JSON: say by \`path\` what to read in it.`);
    return;
  }
  const first = (value.transforms ?? []).find((transform) => !CLEANINGS.includes(transform.kind));
  if (first) {
    if (TAKEN[first.kind].includes(family)) return;
    check.fault(
      [...path, 'transforms'],
      `${name} is of type ${sql}, which the transform \`${first.kind}\` does not take.`,
    );
  } else if (!FITTING[field.kind].includes(family)) {
    check.fault([...path, 'column'], `${name} is of type ${sql}, which does not give ${KIND_NAMES[field.kind]}.`);
  }
}

const KIND_NAMES: Readonly<Record<CanonicalKind, string>> = {
  text: 'a text',
  integer: 'a whole number',
  decimal: 'a decimal number',
  money: 'an amount',
  boolean: 'true or false',
  date: 'a calendar day',
  instant: 'a time: it needs a timestamp or a date',
};

function warnIfEmpty(check: ObjectCheck, path: Path, { value, column, field }: TypedValue): void {
  const isView = check.catalogue.tables.get(check.mapping.table)?.kind === 'view';
  const last = value.transforms?.at(-1);
  const isFilled = last?.kind === 'values' && last.otherwise !== undefined;
  if (!field.required || column.isNotNull || isView || isFilled || isPartOfList(path)) return;
  check.warn(path, `It is required, and \`${value.column}\` may be empty: rows without it are left out.`);
}

function isPartOfList(path: Path): boolean {
  return typeof path[2] === 'number';
}
