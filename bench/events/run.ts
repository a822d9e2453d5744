import { createConsumer } from '../../database/consumer.ts';
import type { ConsumedEvent, EventBatch } from '../../database/consumer-contract.ts';
import type { Database } from '../../database/database.ts';
import { type Migration, migrate } from '../../database/migrate.ts';
import { createOutboxReader } from '../../database/outbox-reader.ts';
import { OUTBOX_MIGRATIONS } from '../../database/outbox-schema.ts';
import { createOutboxTail } from '../../database/outbox-tail.ts';
import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';

const TABLE = `(
  id text PRIMARY KEY, owner text, name text, street text, city text, state text, mood text, email text, phone text,
  cents bigint, weight numeric, born date, seen timestamptz NOT NULL DEFAULT now(), extra jsonb NOT NULL DEFAULT '{}')`;
const ROWS = 100_000;
const ONES = 1_000;

/**
 * Measures what events cost and how fast they are read: `npm run build && node dist/bench/events/run.js`. On the embedded store, and
 * also on the PostgreSQL that COMMERCE_DATABASE_URL names, in schemas of its own that it drops.
 */
async function run(): Promise<void> {
  await measureOn('embedded', await openPglite({ directory: null }));
  const url = process.env['COMMERCE_DATABASE_URL'];
  if (url !== undefined) await measureOn('PostgreSQL', await openPostgresql({ url, statementTimeoutMs: 120_000 }));
}

async function measureOn(name: string, database: Database): Promise<void> {
  console.log(`\n## ${name}, Node ${process.version}\n`);
  const [first] = OUTBOX_MIGRATIONS;
  const schemas = ['bench_none', 'bench_first', 'bench_now'] as const;
  try {
    for (const schema of schemas) await database.script(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await database.script(`CREATE SCHEMA bench_none; CREATE TABLE bench_none.thing ${TABLE};
      CREATE SCHEMA bench_first; ${first?.sqlFor('bench_first')} CREATE TABLE bench_first.thing ${TABLE};
      SELECT bench_first.watch('thing', 'ThingChanged', 'id');`);
    await migrate(database, { schema: 'bench_now', migrations: [tables('bench_now')] });
    console.log(
      '| table | one-row update, ms | insert 100,000 rows, ms | update 100,000 rows, ms |\n|---|---|---|---|',
    );
    for (const schema of schemas) await measureWrites(database, schema);
    await measureReading(database);
    await measureConsumer(database);
  } finally {
    for (const schema of schemas) await database.script(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await database.close();
  }
}

function tables(schema: string): Migration {
  return {
    name: '0001-bench.sql',
    sql: `CREATE TABLE ${schema}.thing ${TABLE}; SELECT ${schema}.watch('thing', 'ThingChanged', 'id', 'owner');
      CREATE TABLE ${schema}.effect (event_id text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());`,
  };
}

async function measureWrites(database: Database, schema: string): Promise<void> {
  const insert = `INSERT INTO ${schema}.thing (id, owner, name, street, city, state, cents, weight, born)
    SELECT 'thing ' || n, 'owner ' || n, 'name', 'street', 'city', 'open', n, n, '2000-01-01' FROM generate_series(1, ${ROWS}) n`;
  const inserting = await timed(() => database.query(insert));
  const updating = await timed(() => database.query(`UPDATE ${schema}.thing SET cents = cents + 1, state = 'x'`));
  await database.query(`UPDATE ${schema}.thing SET cents = 0 WHERE id = 'thing 1'`);
  const ones = await timed(async () => {
    for (let n = 1; n <= ONES; n += 1) {
      await database.query(`UPDATE ${schema}.thing SET cents = $1 WHERE id = 'thing 7'`, [n]);
    }
  });
  const label = { bench_none: 'not watched', bench_first: 'first version', bench_now: 'now' }[schema] ?? schema;
  console.log(`| ${label} | ${(ones / ONES).toFixed(3)} | ${inserting.toFixed(0)} | ${updating.toFixed(0)} |`);
}

async function measureReading(database: Database): Promise<void> {
  const reader = createOutboxReader({ database, schema: 'bench_now' });
  const tail = createOutboxTail({ reader });
  const { newest } = await reader.bounds();
  let seen = 0;
  const took = await timed(async () => {
    const ending = new AbortController();
    const how = { signal: ending.signal, unknown: () => new Error('unknown') };
    for await (const { events } of tail.follow(newest - 10_000, how)) {
      seen += events.length;
      if (events.length === 0) break;
    }
    ending.abort();
  });
  console.log(`\ncatch-up of ${seen} events from the log: ${took.toFixed(0)} ms`);
}

async function measureConsumer(database: Database): Promise<void> {
  const count = 20_000;
  const reader = createOutboxReader({ database, schema: 'bench_now' });
  const tail = createOutboxTail({ reader });
  const { newest } = await reader.bounds();
  const consumer = createConsumer<ConsumedEvent>(
    {
      name: 'bench',
      log: 'bench_now',
      source: async function* (since, signal): AsyncGenerator<EventBatch<ConsumedEvent>> {
        const how = { signal, unknown: () => new Error('unknown') };
        for await (const { position, events } of tail.follow(Number(since ?? newest - count), how)) {
          yield {
            cursor: String(position),
            events: events.map(({ id, type, key, occurredAt }) => ({
              id,
              dataSourceId: 'bench',
              eventType: type,
              objectId: key,
              occurredAt,
            })),
          };
        }
      },
      apply: async (transaction, events) => {
        await transaction.query('INSERT INTO bench_now.effect (event_id) SELECT unnest($1::text[])', [
          events.map(({ id }) => id),
        ]);
      },
    },
    { database, schema: 'bench_now', clock: Date.now },
  );
  const took = await timed(async () => {
    consumer.start();
    await consumer.caughtUp();
  });
  const { applied } = consumer.status();
  console.log(`one consumer, effect and position in one transaction: ${Math.round((applied / took) * 1_000)} events/s`);
  await consumer.stop();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

run().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
