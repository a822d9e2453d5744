import { CANONICAL_OBJECTS, type CanonicalField, type CanonicalObject } from './canonical.ts';
import type { Catalogue } from './catalogue.ts';
import { type ColumnSource, columnSource } from './column-source.ts';
import type { JoinMapping, MappingDocument, ObjectMapping, ValueMapping } from './document.ts';
import { type NativeField, nativeField } from './native-field.ts';
import { compileProfile } from './profile.ts';
import type { CanonicalRow } from './reader.ts';
import type { ReadValue } from './transforms/transform.ts';
import { compileValue, type RawRow, type ValueContext } from './value.ts';

/** One canonical object of one cloud, ready to be read. */
export interface CompiledObject {
  readonly name: string;
  readonly canonical: CanonicalObject;
  readonly table: string;
  readonly joins: readonly CompiledJoin[];
  readonly key: ColumnSource;
  /** Columns that every read of the object selects, in the order of the raw row. */
  readonly inputs: readonly ColumnSource[];
  /** Columns a search by name looks in. */
  readonly nameColumns: readonly ColumnSource[];
  /** How the database can compare a field. */
  native(field: string): NativeField;
  /** The canonical row, or the name of the required field that the source leaves empty. */
  decode(row: RawRow): CanonicalRow | string;
}

/** A to-one join with its column of the tables before it. */
export interface CompiledJoin {
  readonly table: string;
  readonly column: ColumnSource;
  readonly key: ColumnSource;
}

/** Compiles the objects of a document that has been checked against the catalogue. */
export function compileObjects(document: MappingDocument, catalogue: Catalogue): ReadonlyMap<string, CompiledObject> {
  const objects = Object.entries(document.objects).flatMap(([name, mapping]) => {
    const canonical = CANONICAL_OBJECTS[name];
    return canonical ? [[name, compileObject(document, catalogue, { name, mapping, canonical })] as const] : [];
  });
  return new Map(objects);
}

interface ObjectParts {
  readonly name: string;
  readonly mapping: ObjectMapping;
  readonly canonical: CanonicalObject;
}

function compileObject(document: MappingDocument, catalogue: Catalogue, parts: ObjectParts): CompiledObject {
  const { name, mapping, canonical } = parts;
  const inputs = new InputList();
  const source = (column: string, path?: readonly string[]): ColumnSource =>
    columnSource(mapping, catalogue, column, path);
  const context: ValueContext = {
    defaultCountry: document.defaultCountry,
    source,
    slot: (input) => inputs.slot(input),
  };
  const fieldOf = (value: ValueMapping): ColumnSource => source(value.column ?? '', value.path);
  const decodeFields = compileFields(parts, context);
  const isProfile = name === 'SourceProfile';
  const keyMapping = { column: mapping.key };
  const natives = new Map(
    Object.keys(canonical.fields).map((field) => {
      const fieldMapping = field === canonical.key ? keyMapping : mapping.fields[field];
      return [field, nativeField(canonical, field, fieldMapping, fieldOf)] as const;
    }),
  );
  return {
    name,
    canonical,
    table: mapping.table,
    joins: (mapping.joins ?? []).map((join, index) => compileJoin(join, index, source, catalogue)),
    key: source(mapping.key),
    decode: isProfile ? compileProfile(document.cloud, mapping, canonical, decodeFields, context) : decodeFields,
    inputs: inputs.sources,
    nameColumns: isProfile ? nameColumns(mapping, source) : [],
    native: (field) => natives.get(field) ?? { kind: 'absent' },
  };
}

/** The columns that a compiled object needs, each once. */
class InputList {
  readonly sources: ColumnSource[] = [];
  readonly #slots = new Map<string, number>();

  slot(source: ColumnSource): number {
    const name = JSON.stringify([source.join, source.column, source.path]);
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    this.#slots.set(name, this.sources.length);
    return this.sources.push(source) - 1;
  }
}

function compileJoin(
  join: JoinMapping,
  index: number,
  source: (column: string) => ColumnSource,
  catalogue: Catalogue,
): CompiledJoin {
  const key = columnSource({ table: join.table, key: join.key, fields: {} }, catalogue, join.key);
  return { table: join.table, column: source(join.column), key: { ...key, join: index } };
}

function compileFields({ mapping, canonical }: ObjectParts, context: ValueContext): CompiledObject['decode'] {
  const fields = Object.entries(canonical.fields).map(([field, definition]) => ({
    field,
    isRequired: definition.required === true,
    read: compileField(field === canonical.key ? { column: mapping.key } : mapping.fields[field], definition, context),
  }));
  return (raw) => {
    const row: CanonicalRow = {};
    for (const { field, isRequired, read } of fields) {
      const value = read(raw);
      if (isRequired ? value === null : value === '') {
        if (isRequired) return field;
        row[field] = null;
      } else {
        row[field] = value;
      }
    }
    return row;
  };
}

function compileField(
  mapping: ObjectMapping['fields'][string] | undefined,
  definition: CanonicalField,
  context: ValueContext,
): (row: RawRow) => unknown {
  if (mapping === undefined) return () => null;
  if (definition.kind !== 'money') return compileValue(mapping as ValueMapping, definition, context);
  const parts = mapping as Readonly<Record<string, ValueMapping>>;
  const readPart = (part: string, kind: 'decimal' | 'text'): ReadValue<RawRow> =>
    compileValue(parts[part] ?? {}, { kind }, context);
  const readAmount = readPart('amount', 'decimal');
  const readCurrency = readPart('currencyCode', 'text');
  return (row) => {
    const amount = readAmount(row);
    const currencyCode = readCurrency(row);
    return amount === null || currencyCode === null ? null : { amount, currencyCode };
  };
}

const NAME_FIELDS = ['firstName', 'middleName', 'lastName', 'fullName'];

/** The columns behind the name fields, each once, in the order of the fields. */
function nameColumns(
  mapping: ObjectMapping,
  source: (column: string, path?: readonly string[]) => ColumnSource,
): ColumnSource[] {
  const columns = new InputList();
  const collect = (value: ValueMapping | undefined): void => {
    if (value?.column !== undefined) columns.slot(source(value.column, value.path));
    for (const part of value?.concatenate?.values ?? []) collect(part);
  };
  for (const field of NAME_FIELDS) collect(mapping.fields[field] as ValueMapping | undefined);
  return columns.sources;
}
