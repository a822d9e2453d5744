import { CANONICAL_OBJECTS, type CanonicalField } from './canonical.ts';
import type { Transform, ValueMapping } from './document.ts';
import { faultAt } from './faults.ts';
import { entriesOf, isJson, type Json, listOf, own } from './json.ts';
import { isDateFormat } from './transforms/calendar.ts';
import { isCountry } from './transforms/telephone.ts';

type Path = readonly (string | number)[];
type Report = (path: Path, sentence: string) => void;

/**
 * Faults of a document that a JSON schema can't say or not in words: what a value is made of, codes that mean nothing,
 * formats, countries, credentials. It takes any value, so that these are found together with the schema's.
 */
export function findRuleFaults(document: unknown): string[] {
  const faults: string[] = [];
  const report: Report = (path, sentence) => faults.push(faultAt(path, sentence));
  if (!isJson(document)) return faults;
  checkDatabase(document['database'], report);
  checkCountry(document['defaultCountry'], ['defaultCountry'], report);
  for (const [name, object] of entriesOf(document['objects'])) {
    const canonical = own(CANONICAL_OBJECTS, name);
    if (!canonical || !isJson(object)) continue;
    checkJoinNames(object['joins'], ['objects', name, 'joins'], report);
    if (isJson(object['objectName'])) {
      checkValue(object['objectName'], { kind: 'text' }, ['objects', name, 'objectName'], report);
    }
    for (const [field, value] of entriesOf(object['fields'])) {
      const path = ['objects', name, 'fields', field];
      const definition = own(canonical.fields, field);
      if (definition) checkField(value, definition, path, report);
      const parts = own(canonical.lists ?? {}, field)?.parts;
      if (!parts || !Array.isArray(value)) continue;
      for (const [index, composite] of value.entries()) checkParts(composite, parts, [...path, index], report);
    }
  }
  return faults;
}

function checkField(value: unknown, definition: CanonicalField, path: Path, report: Report): void {
  if (definition.kind !== 'money') checkValue(value, definition, path, report);
  else checkParts(value, { amount: { kind: 'decimal' }, currencyCode: { kind: 'text' } }, path, report);
}

function checkParts(value: unknown, parts: Readonly<Record<string, CanonicalField>>, path: Path, report: Report): void {
  for (const [part, mapping] of entriesOf(value)) {
    const definition = own(parts, part);
    if (definition) checkValue(mapping, definition, [...path, part], report);
  }
}

const WAYS = ['column', 'constant', 'concatenate'];

function checkValue(value: unknown, field: CanonicalField, path: Path, report: Report): void {
  if (!isJson(value)) return;
  const ways = WAYS.filter((way) => way in value);
  if (ways.length !== 1) {
    const given = ways.length === 0 ? 'none' : ways.join(' and ');
    report(path, `A value has exactly one of column, constant and concatenate; this has ${given}.`);
  }
  if ('path' in value && !('column' in value))
    report([...path, 'path'], 'A path goes into a column, and there is none.');
  const { constant, concatenate, transforms } = value as ValueMapping;
  if (constant !== undefined && !hasTransforms(transforms)) {
    checkResult(constant, field, [...path, 'constant'], report);
  }
  for (const [index, part] of listOf((concatenate as Json | undefined)?.['values']).entries()) {
    checkValue(part, { kind: 'text' }, [...path, 'concatenate', 'values', index], report);
  }
  for (const [index, transform] of listOf(transforms).entries()) {
    if (isJson(transform)) checkTransform(transform as Transform, field, [...path, 'transforms', index], report);
  }
}

function hasTransforms(transforms: unknown): boolean {
  return listOf(transforms).length > 0;
}

function checkTransform(transform: Transform, field: CanonicalField, path: Path, report: Report): void {
  switch (transform.kind) {
    case 'date':
      if (typeof transform.format === 'string' && !isDateFormat(transform.format)) {
        report([...path, 'format'], 'A format has YYYY, MM (or M) and DD (or D) once each and no other letters.');
      }
      break;
    case 'phone':
      checkCountry(transform.country, [...path, 'country'], report);
      if (transform.countryPath && transform.countryColumn === undefined) {
        report([...path, 'countryPath'], 'A path goes into `countryColumn`, which is missing.');
      }
      break;
    case 'values':
      for (const [code, result] of entriesOf(transform.map)) checkResult(result, field, [...path, 'map', code], report);
      if (transform.otherwise !== undefined) checkResult(transform.otherwise, field, [...path, 'otherwise'], report);
      break;
    default:
  }
}

/** A fixed value, or what a code is translated to, has to be one that the field can have; what is no single value is a fault of the schema's. */
function checkResult(value: unknown, { values, kind }: CanonicalField, path: Path, report: Report): void {
  if (typeof value === 'object') return;
  if (values) {
    if (!values.includes(String(value))) report(path, `It has to be one of ${values.join(', ')}.`);
  } else if (kind === 'boolean' && typeof value !== 'boolean') {
    report(path, 'It has to be true or false.');
  } else if (kind === 'integer' && !Number.isSafeInteger(value)) {
    report(path, 'It has to be a whole number.');
  } else if (kind === 'decimal' && !/^-?\d+(\.\d+)?$/.test(String(value))) {
    report(path, 'It has to be a decimal number.');
  } else if ((kind === 'instant' || kind === 'date') && Number.isNaN(Date.parse(String(value)))) {
    report(path, 'It has to be a time in ISO 8601.');
  }
}

/** Neither the user nor the password is repeated in the fault. */
function checkDatabase(database: unknown, report: Report): void {
  if (typeof database !== 'string') return;
  const path = ['database'];
  const url = URL.canParse(database) ? new URL(database) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '') {
    report(path, 'It has the form `postgresql://host:port/database`.');
  }
  const names = [...(url?.searchParams.keys() ?? [])];
  if (database.includes('@') || names.some((name) => /^(user|password|sslpassword|passfile)$/i.test(name))) {
    report(path, "User and password do not belong into a document: give them by the cloud's `*_DATABASE_URL`.");
  }
}

function checkCountry(country: unknown, path: Path, report: Report): void {
  if (typeof country === 'string' && !isCountry(country)) report(path, 'It is no ISO 3166 code such as US or DE.');
}

function checkJoinNames(joins: unknown, path: Path, report: Report): void {
  const known = new Set<unknown>();
  for (const [index, join] of listOf(joins).entries()) {
    const name = isJson(join) ? join['as'] : undefined;
    if (name !== undefined && known.has(name)) report([...path, index, 'as'], 'Another join has this alias.');
    known.add(name);
  }
}
