import type { CanonicalField } from './canonical.ts';
import type { ColumnSource } from './column-source.ts';
import type { Transform, ValueMapping } from './document.ts';
import { toDay, toInstant } from './transforms/calendar.ts';
import { toDecimal } from './transforms/decimal.ts';
import { applyTransforms, type ReadValue, type Scalar } from './transforms/transform.ts';

/** A row as the statement gives it: one JSON value for each column asked for. */
export type RawRow = readonly unknown[];

/** What values are compiled with: how a column is found, and where its value will stand in the raw row. */
export interface ValueContext {
  readonly defaultCountry: string | undefined;
  readonly source: (column: string, path: readonly string[] | undefined) => ColumnSource;
  readonly slot: (source: ColumnSource) => number;
}

/** Compiles a value's mapping into a function that reads it from a raw row, in the form of its canonical kind. */
export function compileValue(mapping: ValueMapping, field: CanonicalField, context: ValueContext): ReadValue<RawRow> {
  const finish = finisher(field);
  const read = compileScalar(mapping, context);
  if (mapping.constant !== undefined && !mapping.transforms) {
    const constant = finish(mapping.constant);
    return () => constant;
  }
  return (row) => {
    const value = read(row);
    return value === null ? null : finish(value);
  };
}

function compileScalar(mapping: ValueMapping, context: ValueContext): ReadValue<RawRow> {
  const column = (name: string, path: readonly string[] | undefined): ReadValue<RawRow> =>
    readColumn(context.source(name, path), context);
  const transformed = (read: ReadValue<RawRow>, transforms: readonly Transform[] = []): ReadValue<RawRow> =>
    applyTransforms(read, transforms, { defaultCountry: context.defaultCountry, column });
  if (mapping.concatenate) {
    const { values, separator } = mapping.concatenate;
    const parts = values.map((value) => compileScalar(value, context));
    return transformed((row) => concatenate(parts, separator, row), mapping.transforms);
  }
  if (mapping.column === undefined) {
    const constant = mapping.constant ?? null;
    return transformed(() => constant, mapping.transforms);
  }
  return transformed(column(mapping.column, mapping.path), mapping.transforms);
}

function readColumn(source: ColumnSource, context: ValueContext): ReadValue<RawRow> {
  const slot = context.slot(source);
  const { family } = source.type;
  if (family === 'instant' || family === 'timestamp') {
    return (row) => {
      const value = row[slot];
      return typeof value === 'string' ? toInstant(value) : null;
    };
  }
  return (row) => (row[slot] ?? null) as Scalar;
}

function concatenate(parts: readonly ReadValue<RawRow>[], separator: string, row: RawRow): string | null {
  const texts = parts.map((part) => String(part(row) ?? '')).filter((text) => text.trim() !== '');
  return texts.length > 0 ? texts.join(separator) : null;
}

/** Brings a value into the form of its kind; what can't be brought into it is null. */
function finisher(field: CanonicalField): (value: Exclude<Scalar, null>) => Scalar {
  const { kind, values } = field;
  if (values) return (value) => (values.includes(String(value)) ? String(value) : null);
  switch (kind) {
    case 'integer':
      return toInteger;
    case 'decimal':
    case 'money':
      return toDecimal;
    case 'boolean':
      return toBoolean;
    case 'date':
      return (value) => toDay(String(value));
    case 'instant':
      return (value) => toInstant(String(value));
    case 'text':
      return (value) => (typeof value === 'string' ? value : String(value));
  }
}

function toInteger(value: Exclude<Scalar, null>): number | null {
  if (typeof value === 'boolean' || value === '') return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}

function toBoolean(value: Exclude<Scalar, null>): boolean | null {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : null;
}
