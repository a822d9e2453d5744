/** Kinds of column type that are treated alike. */
export type TypeFamily =
  | 'text'
  | 'character'
  | 'integer'
  | 'decimal'
  | 'boolean'
  | 'day'
  | 'timestamp'
  | 'instant'
  | 'uuid'
  | 'enumeration'
  | 'json'
  | 'compound'
  | 'other';

/** A column's type. `sql` is its name for casts, `labels` are an enumeration's values. */
export interface ColumnType {
  readonly family: TypeFamily;
  readonly sql: string;
  readonly labels: readonly string[];
}

/** The type of whatever is read out of a JSON column. */
export const TEXT_TYPE: ColumnType = { family: 'text', sql: 'text', labels: [] };
/** The type of a rank in a declared order. */
export const RANK_TYPE: ColumnType = { family: 'integer', sql: 'bigint', labels: [] };

const FAMILIES: Readonly<Record<string, TypeFamily>> = {
  text: 'text',
  varchar: 'text',
  name: 'text',
  bpchar: 'character',
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  numeric: 'decimal',
  float4: 'decimal',
  float8: 'decimal',
  bool: 'boolean',
  date: 'day',
  timestamp: 'timestamp',
  timestamptz: 'instant',
  uuid: 'uuid',
  json: 'json',
  jsonb: 'json',
  bytea: 'compound',
};

/** The family of a type by its name and category in the catalogue. */
export function familyOf(name: string, category: string): TypeFamily {
  if (category === 'E') return 'enumeration';
  if (category === 'A' || category === 'C') return 'compound';
  return FAMILIES[name] ?? 'other';
}

/** Families whose columns can be looked up by a key given as text. */
const LOOKUP_FAMILIES = new Set<TypeFamily>(['text', 'character', 'integer', 'decimal', 'uuid', 'enumeration']);

/** True when rows can be looked up by a column of this type. */
export function canLookUp(type: ColumnType): boolean {
  return LOOKUP_FAMILIES.has(type.family);
}

/** True when the database can order rows by a column of this type. */
export function canOrder(type: ColumnType): boolean {
  return type.family !== 'json' && type.family !== 'compound' && type.family !== 'other';
}

/** SQL type that a parameter for a column of this type is cast to, so that the column's index is used. */
export function parameterType(type: ColumnType): string {
  switch (type.family) {
    case 'integer':
      return 'bigint';
    case 'character':
      return 'bpchar';
    case 'day':
      return 'date';
    case 'timestamp':
      return 'timestamp';
    case 'instant':
      return 'timestamptz';
    case 'enumeration':
    case 'decimal':
      return type.sql;
    case 'boolean':
    case 'uuid':
      return type.family;
    default:
      return 'text';
  }
}

const INTEGER = /^(0|-?[1-9]\d{0,17})$/;
const DECIMAL = /^-?\d{1,100}(\.\d{1,50})?$/;
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const MOMENT = /^\d{4,6}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:\d\d)?)?)?$/;
const INFINITY = /^-?infinity$/;

/**
 * The text of a value as a parameter of the column's type; null when no value of the type is written so, in which case
 * nothing can equal it. The database never sees a text that it would refuse.
 */
export function toParameter(type: ColumnType, text: string): string | null {
  switch (type.family) {
    case 'integer':
      return INTEGER.test(text) ? text : null;
    case 'decimal':
      return DECIMAL.test(text) ? text : null;
    case 'uuid':
      return UUID.test(text) ? text : null;
    case 'enumeration':
      return type.labels.includes(text) ? text : null;
    case 'boolean':
      return text === 'true' || text === 'false' ? text : null;
    case 'day':
    case 'timestamp':
    case 'instant':
      return (MOMENT.test(text) && !Number.isNaN(Date.parse(text))) || INFINITY.test(text) ? text : null;
    default:
      return text.includes('\0') ? null : text;
  }
}

/** Expression whose JSON form loses nothing: what JavaScript's numbers can't hold is given as text. */
export function jsonExpression(type: ColumnType, sql: string): string {
  switch (type.family) {
    case 'integer':
      return type.sql === 'bigint' ? `${sql}::text` : sql;
    case 'decimal':
      return type.sql === 'numeric' ? `${sql}::text` : `${sql}::numeric::text`;
    case 'character':
    case 'enumeration':
    case 'other':
    case 'uuid':
      return `${sql}::text`;
    default:
      return sql;
  }
}

/**
 * Casts a key of one type so that it can be compared with a column of another by that column's index. What can't be of
 * that type becomes NULL, which equals nothing.
 */
export function castKey(sql: string, from: ColumnType, to: ColumnType): string {
  if (from.family === to.family && from.family !== 'enumeration') return sql;
  switch (to.family) {
    case 'text':
      return `${sql}::text`;
    case 'character':
      return `${sql}::text::bpchar`;
    case 'integer':
      return `CASE WHEN ${sql}::text ~ '^(0|-?[1-9][0-9]{0,17})$' THEN ${sql}::text::bigint END`;
    case 'decimal':
      return `CASE WHEN ${sql}::text ~ '^-?[0-9]{1,100}([.][0-9]{1,50})?$' THEN ${sql}::text::${to.sql} END`;
    case 'uuid':
      return `CASE WHEN ${sql}::text ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN ${sql}::text::uuid END`;
    default:
      return `CASE WHEN ${sql}::text IN (${to.labels.map(literal).join(', ')}) THEN ${sql}::text::${to.sql} END`;
  }
}

/** A name, quoted. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text constant, quoted. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A table's name as a document writes it, `schema.table`, quoted. The first dot divides. */
export function tableIdentifier(name: string): string {
  const dot = name.indexOf('.');
  return `${identifier(name.slice(0, dot))}.${identifier(name.slice(dot + 1))}`;
}
