import type { Queryable } from '../database/database.ts';
import { type ColumnType, familyOf } from './column-types.ts';
import type { MappingDocument } from './document.ts';

/** A column as the database declares it. */
export interface CatalogueColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly isNotNull: boolean;
  /** False when the user who is logged in may not read it. */
  readonly isReadable: boolean;
}

/** An index: its key columns in order, null for an expression. */
export interface CatalogueIndex {
  readonly columns: readonly (string | null)[];
  readonly isUnique: boolean;
  /** True when it covers only the rows of a condition. */
  readonly isPartial: boolean;
}

/** A table or view. */
export interface CatalogueTable {
  readonly kind: 'table' | 'view';
  readonly columns: ReadonlyMap<string, CatalogueColumn>;
  readonly indexes: readonly CatalogueIndex[];
}

/** What the database has of what a document names. */
export interface Catalogue {
  /** By `schema.table`, as the document writes it. */
  readonly tables: ReadonlyMap<string, CatalogueTable>;
  /** Names of all tables and views, for suggestions. */
  readonly names: readonly string[];
}

interface CatalogueRow extends Record<string, unknown> {
  readonly name: string;
  readonly kind: string;
  readonly columns: readonly ColumnRow[] | null;
  readonly indexes: readonly CatalogueIndex[] | null;
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly category: string;
  readonly sql: string;
  readonly labels: readonly string[] | null;
  readonly isNotNull: boolean;
  readonly isReadable: boolean;
}

/** Reads the tables that a document names from the database's catalogue, in one statement. */
export async function readCatalogue(database: Queryable, document: MappingDocument): Promise<Catalogue> {
  const rows = await database.query<CatalogueRow>(CATALOGUE_SQL, [namedTables(document)]);
  const tables = rows.flatMap((row) => (row.columns ? [[row.name, toTable(row, row.columns)] as const] : []));
  return { tables: new Map(tables), names: rows.map((row) => row.name) };
}

function namedTables(document: MappingDocument): string[] {
  const objects = Object.values(document.objects);
  return [...new Set(objects.flatMap(({ table, joins = [] }) => [table, ...joins.map((join) => join.table)]))];
}

function toTable(row: CatalogueRow, columns: readonly ColumnRow[]): CatalogueTable {
  const named = columns.map(({ name, type, category, sql, labels, isNotNull, isReadable }) => {
    const column = {
      name,
      type: { family: familyOf(type, category), sql, labels: labels ?? [] },
      isNotNull,
      isReadable,
    };
    return [name, column] as const;
  });
  const kind = row.kind === 'v' || row.kind === 'm' ? 'view' : 'table';
  return { kind, columns: new Map(named), indexes: row.indexes ?? [] };
}

/** Types of domains are taken from what they stand on. Statements on views are not followed to their tables. */
const CATALOGUE_SQL = `
WITH relation AS (
  SELECT c.oid, c.relkind, n.nspname || '.' || c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$)'
)
SELECT r.name, r.relkind::text AS kind,
  CASE WHEN r.name = ANY ($1::text[]) THEN (
    SELECT coalesce(json_agg(json_build_object(
      'name', a.attname, 'type', b.typname, 'category', b.typcategory, 'sql', format_type(b.oid, NULL),
      'labels', (SELECT json_agg(e.enumlabel) FROM pg_catalog.pg_enum e WHERE e.enumtypid = b.oid),
      'isNotNull', a.attnotnull OR t.typnotnull,
      'isReadable', has_column_privilege(r.oid, a.attnum, 'SELECT')) ORDER BY a.attnum), '[]')
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
    WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  ) END AS columns,
  CASE WHEN r.name = ANY ($1::text[]) THEN (
    SELECT json_agg(json_build_object('isUnique', i.indisunique, 'isPartial', i.indpred IS NOT NULL, 'columns', (
      SELECT json_agg(a.attname ORDER BY k.position)
      FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, position)
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
      WHERE k.position <= i.indnkeyatts)))
    FROM pg_catalog.pg_index i WHERE i.indrelid = r.oid AND i.indisvalid
  ) END AS indexes
FROM relation r ORDER BY r.name`;
