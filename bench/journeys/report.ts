import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Database } from '../../database/database.ts';
import { migrate, readMigrations } from '../../database/migrate.ts';
import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { readReport } from '../../subgraphs/marketing/journeys/reports/report.ts';

const ROUNDS = 7;
const DAY_MS = 86_400_000;

/**
 * Measures the report of a journey.
 *   npm run build && node dist/bench/journeys/report.js [--instances 100000]
 * On the embedded store in memory; with MARKETING_DATABASE_URL on a database of its own on that server, which is dropped again. One in ten is
 * held out, one in seven has not agreed, one in eight orders; four fifths of the people entered once, the rest twice.
 */
async function run(): Promise<void> {
  const { values } = parseArgs({ options: { instances: { type: 'string', default: '100000' } } });
  const { database, drop } = await open();
  try {
    const migrations = readMigrations(join(PACKAGE_ROOT, 'subgraphs/marketing/migrations'));
    await migrate(database, { schema: 'marketing', migrations });
    await database.transaction(async (transaction) => {
      await transaction.query('SET LOCAL statement_timeout = 0');
      await transaction.script(rows(Number(values.instances)));
    });
    for (const days of [null, 1]) {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const enteredFrom = days === null ? null : new Date(Date.now() - days * DAY_MS).toISOString();
        const began = performance.now();
        await readReport(database, { journeyId: 'j', enteredFrom, enteredBefore: null }, []);
        times.push(performance.now() - began);
      }
      const [median = 0] = times.sort((one, other) => one - other).slice(ROUNDS >> 1);
      console.log(`${database.engine}, ${days === null ? 'all' : 'one day'}: median ${Math.round(median)} ms`);
    }
  } finally {
    await database.close();
    await drop();
  }
}

async function open(): Promise<{ database: Database; drop: () => Promise<void> }> {
  const url = process.env['MARKETING_DATABASE_URL'];
  if (url === undefined) return { database: await openPglite({ directory: null }), drop: async () => undefined };
  const name = `c360_bench_${randomUUID().replaceAll('-', '')}`;
  await onServer(url, `CREATE DATABASE ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  const drop = () => onServer(url, `DROP DATABASE ${name} WITH (FORCE)`);
  return { database: await openPostgresql({ url: own.toString(), poolSize: 2 }), drop };
}

async function onServer(url: string, statement: string): Promise<void> {
  const server = await openPostgresql({ url, poolSize: 1 });
  await server.query(statement);
  await server.close();
}

function rows(count: number): string {
  const at = `now() - n * interval '1 minute'`;
  const numbers = `generate_series(1, ${count}) AS n`;
  return `
INSERT INTO marketing.journey (journey_id, name, status, reentry, version, entry_kind, modified_on)
  VALUES ('j', 'j', 'ACTIVE', 'ANYTIME', 1, 'CART_ABANDONED', now());
INSERT INTO marketing.journey_trigger (trigger_id, kind, due_on, written_on, object_type, object_id, occasion)
  VALUES ('t', 'CART_ABANDONED', now(), now(), 'ShoppingCart', 'c', 'o');
INSERT INTO marketing.journey_instance (instance_id, journey_id, version, trigger_id, customer360_id, object_type, object_id, status,
    entered_on, counts_until, is_held_out, is_single)
  SELECT 'i' || n, 'j', 1, 't', 'c360_' || n % ${Math.max(1, Math.round(count * 0.8))}, 'ShoppingCart', 'c' || n, 'COMPLETED',
    ${at}, ${at} + interval '7 days', n % 10 = 0, false FROM ${numbers};
INSERT INTO marketing.journey_decision (decision_id, instance_id, step, decided_at, verdict, decided_by, is_held_out, reasons)
  SELECT 'd' || n, 'i' || n, 'mail', ${at}, CASE WHEN n % 10 = 0 OR n % 7 = 0 THEN 'SKIP' ELSE 'SEND' END,
    CASE WHEN n % 10 = 0 THEN 'NOT_HELD_OUT' WHEN n % 7 = 0 THEN 'CONSENT' END, n % 10 = 0,
    jsonb_build_array(repeat('as long as twelve gates say ', 40)) FROM ${numbers};
INSERT INTO marketing.journey_message (message_id, idempotency_key, journey_id, instance_id, step, channel, purpose, state, planned_at,
    prepared_at, sent_at, subscriber_key, address, header_message_id, subject, html_body)
  SELECT 'm' || n, 'm' || n, 'j', 'i' || n, 'mail', 'E', 'promo', 'SENT', ${at}, ${at}, ${at}, 's', 'a@b.example', 'm', 'x',
    repeat('as long as an e-mail ', 100) FROM ${numbers} WHERE n % 10 <> 0 AND n % 7 <> 0;
INSERT INTO marketing.journey_conversion (instance_id, order_number, ordered_on, amount, currency, is_void)
  SELECT 'i' || n, 'o' || n, ${at} + interval '1 day', 10.50, 'EUR', false FROM ${numbers} WHERE n % 8 = 0;
ANALYZE marketing.journey_instance;
ANALYZE marketing.journey_decision;
ANALYZE marketing.journey_message;
ANALYZE marketing.journey_conversion;`;
}

void run();
