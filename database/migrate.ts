import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, Transaction } from './database.ts';
import { quoteIdentifier } from './identifiers.ts';
import { OUTBOX_MIGRATIONS } from './outbox-schema.ts';

/** Names that also make a channel and a file name: lower case, no quoting needed. */
const SCHEMA_NAME = /^[a-z][a-z0-9_]{0,40}$/;

/** One step of a schema's history: a name that sorts in order, and SQL. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** What a call of `migrate` did. */
export interface Migrated {
  /** True when this very call made the schema: nobody has put anything into it yet. */
  readonly createdSchema: boolean;
  /** Names of the migrations that this call ran, without those of the outbox. */
  readonly applied: readonly string[];
}

/** Reads the `NNNN-name.sql` files of a folder, in order. Other names are ignored. Throws when the folder can't be read. */
export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((file) => /^\d{4}-[a-z0-9-]+\.sql$/.test(file))
    .sort()
    .map((file) => ({ name: file, sql: readFileSync(join(folder, file), 'utf8') }));
}

/**
 * Brings a schema up to date: makes it with its outbox where it is missing and runs the migrations it has not had, in
 * order, each once and in a transaction of its own. Processes that do so at once take turns. Throws the engine's error of
 * the migration that failed; those before it stay.
 */
export async function migrate(
  database: Database,
  { schema, migrations }: { readonly schema: string; readonly migrations: readonly Migration[] },
): Promise<Migrated> {
  if (!SCHEMA_NAME.test(schema)) throw new Error(`${JSON.stringify(schema)} is no name for a schema.`);
  const all = [...OUTBOX_MIGRATIONS.map(({ name, sqlFor }) => ({ name, sql: sqlFor(schema) })), ...migrations];
  const before = await appliedNames(database, schema);
  const createdSchema = before === null && (await createSchema(database, schema));
  const applied: string[] = [];
  const missing = all.filter(({ name }) => !before?.has(name));
  for (const migration of missing) {
    const isLast = migration === missing.at(-1);
    if (await runOnce(database, schema, migration, isLast)) applied.push(migration.name);
  }
  const own = new Set(migrations.map(({ name }) => name));
  return { createdSchema, applied: applied.filter((name) => own.has(name)) };
}

/** Names of the migrations that the schema has had, null while it has no list of them. */
async function appliedNames(database: Database, schema: string): Promise<Set<string> | null> {
  const table = `${quoteIdentifier(schema)}.schema_migration`;
  const [found] = await database.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [table]);
  if (!found?.found) return null;
  const rows = await database.query<{ name: string }>(`SELECT name FROM ${table}`);
  return new Set(rows.map(({ name }) => name));
}

/** Gives whether the schema was new. One that somebody made for us is used as it is: to make schemas is a right of its own. */
async function createSchema(database: Database, schema: string): Promise<boolean> {
  return database.transaction(async (transaction) => {
    await takeTurn(transaction, schema);
    const existing = await transaction.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
    if (existing.length === 0) await transaction.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
    await transaction.query(`CREATE TABLE IF NOT EXISTS ${quoteIdentifier(schema)}.schema_migration (
      name       text PRIMARY KEY,
      applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`);
    return existing.length === 0;
  });
}

/** Runs a migration unless another process has done so meanwhile. After the last one the log learns of columns that are new. */
async function runOnce(
  database: Database,
  schema: string,
  { name, sql }: Migration,
  isLast: boolean,
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    await takeTurn(transaction, schema);
    const table = `${quoteIdentifier(schema)}.schema_migration`;
    const done = await transaction.query(`SELECT FROM ${table} WHERE name = $1`, [name]);
    if (done.length > 0) return false;
    await transaction.script(isLast ? `${sql}\n;SELECT ${quoteIdentifier(schema)}.rewatch();` : sql);
    await transaction.query(`INSERT INTO ${table} (name) VALUES ($1)`, [name]);
    return true;
  });
}

/** Waits for the other processes that migrate this schema, as long as they need. */
async function takeTurn(transaction: Transaction, schema: string): Promise<void> {
  await transaction.query('SET LOCAL statement_timeout = 0');
  await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('customer-360 migrate ' || $1, 0))", [schema]);
}
