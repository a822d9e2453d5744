import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '../database/database.ts';
import { migrate, readMigrations } from '../database/migrate.ts';
import { openPglite } from '../database/pglite.ts';
import { openPostgresql } from '../database/postgresql.ts';
import { PACKAGE_ROOT } from '../schema/package-root.ts';
import type { MessageSteps } from '../subgraphs/marketing/journeys/contract.ts';
import { createJourneyEngine } from '../subgraphs/marketing/journeys/engine.ts';

/** How many wait in the store, and how many of them are due at once. */
const WAITING = Number(process.env['WAITING'] ?? 100_000);
const DUE = Number(process.env['DUE'] ?? 1_000);
const CONCURRENCY = Number(process.env['CONCURRENCY'] ?? 16);

/**
 * 100,000 instances wait; 1,000 are due at once and are worked off, their message steps concluded without asking anything: what the
 * engine and the store can do. MARKETING_DATABASE_URL names an empty PostgreSQL database; without it PGlite is measured.
 */
async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'c360-journeys-'));
  const url = process.env['MARKETING_DATABASE_URL'];
  let statements = 0;
  const observe = (): void => {
    statements += 1;
  };
  const database = url
    ? await openPostgresql({ url, observe, statementTimeoutMs: 120_000 })
    : await openPglite({ directory: folder, observe });
  try {
    await refuseUsed(database);
    await migrate(database, {
      schema: 'marketing',
      migrations: readMigrations(join(PACKAGE_ROOT, 'subgraphs', 'marketing', 'migrations')),
    });
    const now = Date.now();
    await fill(database, now);
    const [size] = await database.query<{ size: string }>(
      `SELECT pg_size_pretty(pg_total_relation_size('marketing.journey_instance')) AS size`,
    );
    print('store', database.engine, { waiting: WAITING, size: size?.size });
    await measureIdle(database, now, () => statements);
    await measureDue(database, now + 3_600_000, () => statements);
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What stands in a store that is in use is not to be filled up with a hundred thousand rows. */
async function refuseUsed(database: Database): Promise<void> {
  const [row] = await database.query<{ found: boolean }>(
    `SELECT to_regclass('marketing.schema_migration') IS NOT NULL AS found`,
  );
  if (row?.found) throw new Error('MARKETING_DATABASE_URL names a database that is in use: make an empty one.');
}

/** Nothing is due: how many statements go to the store in five seconds. */
async function measureIdle(database: Database, now: number, statements: () => number): Promise<void> {
  const engine = createJourneyEngine(partsOf(database, () => now, concluding(database)));
  await engine.start();
  await engine.idle();
  const before = statements();
  const cpu = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const { user, system } = process.cpuUsage(cpu);
  print('idle', database.engine, {
    seconds: 5,
    statements: statements() - before,
    cpuMs: Math.round((user + system) / 1_000),
  });
  await engine.stop();
}

async function measureDue(database: Database, now: number, statements: () => number): Promise<void> {
  const engine = createJourneyEngine(partsOf(database, () => now, concluding(database)));
  const before = statements();
  const began = performance.now();
  const cpu = process.cpuUsage();
  await engine.start();
  await engine.idle();
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const [done] = await database.query<{ count: number }>(
    `SELECT count(*) AS count FROM marketing.journey_instance WHERE status = 'COMPLETED'`,
  );
  await engine.stop();
  print('due', database.engine, {
    done: done?.count,
    seconds: seconds.toFixed(2),
    perSecond: Math.round((done?.count ?? 0) / seconds),
    statementsEach: ((statements() - before) / DUE).toFixed(1),
    cpuSeconds: ((user + system) / 1e6).toFixed(2),
  });
}

/** Message steps that ask nobody: what is left is the engine's own work. */
function concluding(database: Database): MessageSteps {
  return {
    async run(request) {
      const outcome = { kind: 'SENT', messageKey: request.instance.id } as const;
      await database.transaction(async (transaction) => {
        if ((await request.confirm(transaction)).isIn) await request.conclude(transaction, outcome);
      });
      return outcome;
    },
  };
}

function partsOf(
  database: Database,
  clock: () => number,
  messages: MessageSteps,
): Parameters<typeof createJourneyEngine>[0] {
  return {
    database,
    clock,
    messages,
    newId: randomUUID,
    graph: { execute: async () => ({ data: null }), subscribe: () => endless() },
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      }),
    log: { info: () => {}, warn: console.warn, error: console.error },
    conditions: { holds: async () => true },
    zones: { zoneOf: async () => 'UTC' },
    isHeldOut: () => false,
    settings: { concurrency: CONCURRENCY },
  };
}

async function* endless(): AsyncGenerator<never> {
  await new Promise(() => {});
}

/** Rows as the engine writes them; the first thousand are due an hour from `now`, the others later. */
async function fill(database: Database, now: number): Promise<void> {
  const document = JSON.stringify({
    id: 'bench',
    name: 'Bench',
    entry: { kind: 'CART_ABANDONED' },
    steps: [
      { id: 'wait', kind: 'WAIT', for: 'PT1H' },
      {
        id: 'mail',
        kind: 'MESSAGE',
        channel: 'EMAIL',
        purpose: 'MARKETING',
        template: { subject: 's', mjml: 'm', text: 't' },
      },
    ],
  });
  const at = new Date(now);
  await database.query(
    `INSERT INTO marketing.journey (journey_id, name, status, reentry, version, entry_kind, entry_after_ms, modified_on)
     VALUES ('bench', 'Bench', 'ACTIVE', 'PER_OBJECT', 1, 'CART_ABANDONED', 1800000, $1)`,
    [at],
  );
  await database.query(`INSERT INTO marketing.journey_version VALUES ('bench', 1, $1, $2, 'bench')`, [document, at]);
  for (let from = 0; from < WAITING; from += 10_000) {
    const to = Math.min(WAITING, from + 10_000) - 1;
    await database.query(
      `INSERT INTO marketing.journey_trigger (trigger_id, kind, due_on, written_on, object_type, object_id, revision, occasion,
         after_ms, customer360_id, source, record_id)
       SELECT 't' || n, 'CART_ABANDONED', $3, $3, 'ShoppingCart', 'cart' || n, 'r', 'r 1800000', 1800000, 'c360_' || n, 'commerce', 'C-' || n
       FROM generate_series($1::integer, $2::integer) AS n`,
      [from, to, at],
    );
    await database.query(
      `INSERT INTO marketing.journey_instance (instance_id, journey_id, version, trigger_id, customer360_id, source, record_id,
         object_type, object_id, revision, status, entered_on, counts_until, step, is_begun, due_on, wake_on, is_held_out, is_single)
       SELECT 'i' || n, 'bench', 1, 't' || n, 'c360_' || n, 'commerce', 'C-' || n, 'ShoppingCart', 'cart' || n, 'r', 'WAITING', $3,
         $3::timestamptz + interval '7 days', 'wait', true, due.at, due.at, false, true
       FROM generate_series($1::integer, $2::integer) AS n
       CROSS JOIN LATERAL (SELECT $3::timestamptz + interval '1 hour' + greatest(0, n - $4::integer + 1) * interval '1 minute' AS at) AS due`,
      [from, to, at, DUE],
    );
  }
  await database.query('ANALYZE marketing.journey_instance');
}

function print(what: string, engine: string, figures: object): void {
  console.log(JSON.stringify({ what, engine, ...figures }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
