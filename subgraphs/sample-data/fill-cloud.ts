import type { Database, Queryable } from '../../database/database.ts';
import { samplePeople } from './people.ts';
import type { SampleCloud, SampleRow, SampleRows } from './sample-cloud.ts';

const PEOPLE_A_BATCH = 500;
const ROWS_A_STATEMENT = 2_000;

/** What to fill a cloud's store with. */
export interface FillCloudOptions {
  readonly cloud: SampleCloud;
  /** The cloud's store, migrated. */
  readonly database: Database;
  /** The time to count back from, milliseconds since 1970 UTC. */
  readonly now: number;
  readonly seed: number;
  /** How many people to invent besides those told of in README.md, 0 to 100,000. */
  readonly people: number;
  /** Called after each batch with the number of people done. */
  readonly onProgress?: ((peopleDone: number) => void) | undefined;
}

/** Table name → rows written. */
export type SampleCounts = Readonly<Record<string, number>>;

/**
 * Fills one cloud in one transaction and renews the planner's statistics. Memory is bounded by a batch, whatever the population.
 * A store that has records of people already is left alone, which gives undefined.
 * Only the tables of people ring their doorbells: nobody waits for the news of years ago.
 */
export async function fillCloud(options: FillCloudOptions): Promise<SampleCounts | undefined> {
  const { cloud, database, now, seed } = options;
  const context = { seed, now };
  const counts = await database.transaction(async (transaction) => {
    if (await hasPeople(transaction, cloud)) return undefined;
    const written: Record<string, number> = Object.fromEntries(cloud.tables.map((table) => [table, 0]));
    await setDoorbells(transaction, cloud, 'DISABLE');
    await insertAll(transaction, cloud, [cloud.sharedRows(context)], written);
    let batch: SampleRows[] = [];
    let done = 0;
    for (const person of samplePeople(options)) {
      batch.push(cloud.rowsOf(person, context));
      done++;
      if (batch.length < PEOPLE_A_BATCH) continue;
      await insertAll(transaction, cloud, batch, written);
      options.onProgress?.(done);
      batch = [];
    }
    await insertAll(transaction, cloud, batch, written);
    await setDoorbells(transaction, cloud, 'ENABLE');
    options.onProgress?.(done);
    return written;
  });
  if (counts) await database.query(`ANALYZE ${cloud.tables.map((table) => `${cloud.name}.${table}`).join(', ')}`);
  return counts;
}

async function hasPeople(transaction: Queryable, cloud: SampleCloud): Promise<boolean> {
  const rows = await transaction.query(`SELECT 1 FROM ${cloud.name}.${cloud.tables[0]} LIMIT 1`);
  return rows.length > 0;
}

async function setDoorbells(transaction: Queryable, cloud: SampleCloud, what: 'DISABLE' | 'ENABLE'): Promise<void> {
  for (const table of cloud.tables.slice(1)) {
    await transaction.query(`ALTER TABLE ${cloud.name}.${table} ${what} TRIGGER USER`);
  }
}

async function insertAll(
  transaction: Queryable,
  cloud: SampleCloud,
  batch: readonly SampleRows[],
  written: Record<string, number>,
): Promise<void> {
  for (const table of cloud.tables) {
    const rows = batch.flatMap((ofOnePerson) => ofOnePerson[table] ?? []);
    for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
      await insertRows(transaction, `${cloud.name}.${table}`, rows.slice(from, from + ROWS_A_STATEMENT));
    }
    written[table] = (written[table] ?? 0) + rows.length;
  }
}

async function insertRows(transaction: Queryable, table: string, rows: readonly SampleRow[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {}).join(', ');
  await transaction.query(
    `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`,
    [JSON.stringify(rows)],
  );
}
