import { sourceExpression } from '../column-source.ts';
import { type ColumnType, literal, toParameter } from '../column-types.ts';
import type { NativeField } from '../native-field.ts';

type Compared = Extract<NativeField, { kind: 'column' | 'codes' }>;

const CLEANING_SQL = {
  trim: (sql: string) => `btrim(${sql}, E' \\t\\n\\r\\f\\v')`,
  lowercase: (sql: string) => `lower(${sql})`,
  uppercase: (sql: string) => `upper(${sql})`,
} as const;

/** The column's value as its codes are compared, where the object's table is called `alias`. */
export function codeExpression(native: Compared, alias: string): string {
  const column = sourceExpression(native.source, alias);
  const cleanings = native.kind === 'codes' ? native.cleanings : [];
  return cleanings.reduce((sql, cleaning) => CLEANING_SQL[cleaning](sql), column);
}

/** A code as a constant of the column's type; undefined when the column can't hold it. */
export function codeLiteral(code: string, type: ColumnType): string | undefined {
  const text = toParameter(type, code);
  if (text === null) return undefined;
  return type.family === 'integer' || type.family === 'decimal' || type.family === 'boolean' ? text : literal(text);
}

/**
 * The condition that a field has one of the canonical values, all of which are known when the text is written: an index
 * on the condition of some codes serves it.
 */
export function codesSql(native: Compared, wanted: readonly (string | number | boolean)[], alias: string): string {
  const expression = codeExpression(native, alias);
  const { type } = native.source;
  const texts = new Set(wanted.map(String));
  if (native.kind === 'column') return isOneOf(expression, [...texts], type);
  const codes = Object.entries(native.map);
  const found = codes.filter(([, value]) => texts.has(String(value))).map(([code]) => code);
  if (native.otherwise === undefined || !texts.has(String(native.otherwise))) return isOneOf(expression, found, type);
  const others = codes.filter(([, value]) => !texts.has(String(value))).map(([code]) => code);
  const isOther = isOneOf(expression, others, type);
  return `(${expression} IS NULL OR NOT ${isOther})`;
}

function isOneOf(expression: string, codes: readonly string[], type: ColumnType): string {
  const literals = codes.map((code) => codeLiteral(code, type)).filter((code) => code !== undefined);
  return literals.length === 0 ? 'false' : `${expression} IN (${literals.join(', ')})`;
}
