import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { Database } from '../../database/database.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { Stores } from '../../database/stores.ts';
import { readConfig } from '../../gateway/config.ts';
import { createLog } from '../../gateway/log.ts';
import { type RunningCustomer360, startCustomer360 } from '../../gateway/main.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { cartRevision } from '../../subgraphs/marketing/journeys/cart-revision.ts';
import { openShop, type Shopper, type ShopStores } from './shop.ts';

const CLOUDS = ['commerce', 'marketing', 'service', 'identity'] as const;
const HOUR_MS = 3_600_000;
const MJML = `<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ customer.firstName }}</mj-text>
  <mj-table>{% for product in cart.products %}<tr><td>{{ product.productName }}</td>
    <td>{{ product.totalLineAmount | money: cart.currencyCode }}</td></tr>{% endfor %}</mj-table>
  <mj-text><a href="{{ unsubscribeUrl }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>`;

interface Setting {
  readonly waiting: number;
  readonly due: number;
  readonly hasDiscount: boolean;
}

/**
 * Measures the gate before each message as it runs: Customer 360 in this process, instances that wait, many of them due at once, each asked
 * live through the gateway, decided by all gates, written and put into the local outbox. One in ten has ordered meanwhile.
 * Prints gates a second, statements and CPU of each, by process, and what bounds it. The embedded store; with COMMERCE_DATABASE_URL
 * databases of its own on that server, which are dropped again.
 *   node dist/bench/journeys/gates.js [--waiting 100000] [--due 1000] [--discount] [--statements]
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      waiting: { type: 'string', default: '100000' },
      due: { type: 'string', default: '1000' },
      discount: { type: 'boolean', default: false },
      statements: { type: 'boolean', default: false },
    },
  });
  const setting = { waiting: Number(values.waiting), due: Number(values.due), hasDiscount: values.discount };
  const servers = process.env['COMMERCE_DATABASE_URL'] ? await createDatabases() : undefined;
  const statements: Record<string, number> = {};
  const texts = new Map<string, number>();
  const time = { aheadMs: 0 };
  const stores = new Stores({
    directory: null,
    observe: (store, text) => {
      statements[store] = (statements[store] ?? 0) + 1;
      texts.set(text, (texts.get(text) ?? 0) + 1);
    },
  });
  const environment = { PORT: '0', SAMPLE_DATA: 'off', SUBGRAPH_TIMEOUT_MS: '30000', ...servers?.environment };
  const customer360 = await startCustomer360(readConfig(environment, { data: 'memory' }), {
    log: createLog('error'),
    stores,
    clock: () => Date.now() + time.aheadMs,
  });
  try {
    const embedded = servers ? undefined : await stores.embedded();
    const shop = servers?.stores ?? { commerce: embedded as Database, marketing: embedded as Database };
    await prepare(customer360, shop, setting);
    texts.clear();
    await measure(customer360, shop, setting, { time, statements, backends: servers?.backends });
    if (values.statements) showStatements(texts);
  } finally {
    await customer360.close();
    await servers?.drop();
  }
}

/** A journey, people with a cart each, and instances that wait: those of the people are due in an hour, the others later. */
async function prepare(
  customer360: RunningCustomer360,
  shop: ShopStores,
  { waiting, due, hasDiscount }: Setting,
): Promise<void> {
  const document = JSON.stringify({
    id: 'bench',
    name: 'Bench',
    entry: { kind: 'CART_ABANDONED', abandonAfter: 'P7D' },
    holdoutPercent: 0,
    gates: { quietHours: { from: '00:00', to: '00:00' } },
    steps: [
      { id: 'wait', kind: 'WAIT', for: 'PT1H' },
      {
        id: 'mail',
        kind: 'MESSAGE',
        channel: 'EMAIL',
        purpose: 'MARKETING',
        ...(hasDiscount && { discount: { percent: 10, validFor: 'P3D' } }),
        template: {
          subject: '{{ customer.firstName }}, your cart',
          mjml: MJML,
          text: 'Hello {{ customer.firstName }}\n{% for product in cart.products %}{{ product.productName }}\n{% endfor %}{{ unsubscribeUrl }}',
        },
      },
    ],
  });
  await ask(customer360, 'mutation ($input: SaveJourneyInput!) { saveJourney(input: $input) { journey { id } } }', {
    input: { idempotencyKey: 'bench', document },
  });
  const shoppers = await openShop(shop, due);
  await fillCarts(shop.commerce);
  const ids = await identified(customer360, shoppers);
  await customer360.engine?.idle();
  await fillInstances(shop.marketing, ids, waiting);
}

async function fillCarts(commerce: Database): Promise<void> {
  await commerce.query(
    `INSERT INTO commerce.cart (cart_id, customer_no, state, total_cents, currency, created_at, touched_at)
     SELECT 'cart-' || customer_no, customer_no, 'open', 9980, 'EUR', now(), now() FROM commerce.account`,
  );
  await commerce.query(
    `INSERT INTO commerce.cart_line (line_id, cart_id, position, product_id, product_title, quantity, unit_cents, line_cents, currency)
     SELECT cart_id || '-1', cart_id, 1, 'P-1', 'Kettle', 2, 4990, 9980, 'EUR' FROM commerce.cart`,
  );
  await commerce.query('ANALYZE');
}

/** Waits until identity has both records of everybody together. */
async function identified(customer360: RunningCustomer360, shoppers: readonly Shopper[]): Promise<string[]> {
  const query =
    'query ($by: CustomerByInput!) { customerBy(by: $by) { customer360Id identityLinks { sourceRecordId } } }';
  const ids: string[] = [];
  for (const { customerNumber, email } of shoppers) {
    for (;;) {
      const found = await ask(customer360, query, { by: { emailAddress: email } });
      const customer = found['customerBy'] as { customer360Id: string; identityLinks: unknown[] } | null;
      if (customer?.identityLinks.length === 2) {
        ids.push(customer.customer360Id);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    if (ids.length % 500 === 0) process.stderr.write(`  ${ids.length} people are known (${customerNumber})\n`);
  }
  return ids;
}

async function fillInstances(marketing: Database, ids: readonly string[], waiting: number): Promise<void> {
  const at = new Date();
  const revision = cartRevision([{ productId: 'P-1', quantity: 2 }]);
  for (let from = 0; from < waiting; from += 10_000) {
    const to = Math.min(waiting, from + 10_000) - 1;
    await marketing.query(
      `INSERT INTO marketing.journey_trigger (trigger_id, kind, due_on, written_on, object_type, object_id, revision, occasion,
         after_ms, customer360_id, source, record_id)
       SELECT 't' || n, 'CART_ABANDONED', $3, $3, 'ShoppingCart', 'cart-K-' || n, $5, 'r', 1800000,
         coalesce(($4::text[])[n], 'c360_' || n), 'commerce', 'K-' || n
       FROM generate_series($1::integer + 1, $2::integer + 1) AS n`,
      [from, to, at, ids, revision],
    );
    await marketing.query(
      `INSERT INTO marketing.journey_instance (instance_id, journey_id, version, trigger_id, customer360_id, source, record_id,
         object_type, object_id, revision, status, entered_on, counts_until, step, is_begun, due_on, wake_on, is_held_out, is_single)
       SELECT 'i' || n, 'bench', 1, trigger_id, customer360_id, source, record_id, object_type, object_id, revision, 'WAITING', $3,
         $3::timestamptz + interval '7 days', 'wait', true, due.at, due.at, false, true
       FROM generate_series($1::integer + 1, $2::integer + 1) AS n JOIN marketing.journey_trigger ON trigger_id = 't' || n
       CROSS JOIN LATERAL (SELECT $3::timestamptz + interval '1 hour' + greatest(0, n - $4::integer) * interval '1 day' AS at) AS due`,
      [from, to, at, ids.length],
    );
  }
  await marketing.query('ANALYZE');
}

/** The statements that were sent most, with how often. */
function showStatements(texts: ReadonlyMap<string, number>): void {
  const most = [...texts].sort(([, one], [, other]) => other - one).slice(0, 60);
  for (const [text, count] of most) console.log(`${count}  ${text.replace(/\s+/g, ' ').slice(0, 150)}`);
}

interface Watched {
  readonly time: { aheadMs: number };
  readonly statements: Readonly<Record<string, number>>;
  /** CPU of the server's processes that work for us, milliseconds; undefined for the embedded store. */
  readonly backends: (() => Promise<number>) | undefined;
}

async function measure(
  { engine }: RunningCustomer360,
  { marketing, commerce }: ShopStores,
  { waiting, due }: Setting,
  { time, statements, backends }: Watched,
): Promise<void> {
  if (!engine) throw new Error('Journeys are switched off.');
  await commerce.query(
    `INSERT INTO commerce.sales_order (order_no, customer_no, ordered_at, state, total_cents, currency, cart_id)
     SELECT 'O-' || customer_no, customer_no, now() + interval '1 second', 'paid', 9980, 'EUR', NULL
     FROM commerce.account WHERE right(customer_no, 1) = '0'`,
  );
  await engine.caughtUp();
  await engine.idle();
  const statementsBefore = { ...statements };
  const backendsBefore = (await backends?.()) ?? 0;
  const cpuBefore = process.cpuUsage();
  const loopBefore = performance.eventLoopUtilization();
  const began = performance.now();
  time.aheadMs = HOUR_MS + 60_000;
  engine.wake();
  const looking = setInterval(() => void backends?.(), 500);
  await engine.idle();
  clearInterval(looking);
  const seconds = (performance.now() - began) / 1_000;
  const { utilization } = performance.eventLoopUtilization(loopBefore);
  const { user, system } = process.cpuUsage(cpuBefore);
  const backendMs = ((await backends?.()) ?? 0) - backendsBefore;
  const verdicts = await marketing.query<{ said: string; count: number }>(
    `SELECT verdict || coalesce(' ' || decided_by, '') AS said, count(*) AS count FROM marketing.journey_decision GROUP BY 1 ORDER BY 1`,
  );
  const gates = verdicts.reduce((sum, { count }) => sum + count, 0);
  const each = (total: number): number => Number((total / gates).toFixed(2));
  console.log(
    JSON.stringify({
      engine: marketing.engine,
      waiting,
      due,
      verdicts: Object.fromEntries(verdicts.map(({ said, count }) => [said, count])),
      seconds: Number(seconds.toFixed(2)),
      gatesPerSecond: Math.round(gates / seconds),
      cpuMsEach: { process: each((user + system) / 1_000), ...(backends && { databaseServer: each(backendMs) }) },
      statementsEach: Object.fromEntries(
        Object.entries(statements).map(([store, count]) => [store, each(count - (statementsBefore[store] ?? 0))]),
      ),
      // A thread that never waits is what bounds it; else it is the store, or the two cores.
      threadBusy: Number(utilization.toFixed(2)),
    }),
  );
}

async function ask(
  customer360: RunningCustomer360,
  query: string,
  variables: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const answer = await customer360.ask({ query, variables }, { principal: LOCAL_ADMINISTRATOR, requestId: 'bench' });
  if (answer.errors || !answer.data) throw new Error(answer.errors?.[0]?.message ?? 'No answer.');
  return answer.data;
}

interface Servers {
  readonly environment: Readonly<Record<string, string>>;
  readonly stores: ShopStores;
  readonly backends: () => Promise<number>;
  drop(): Promise<void>;
}

async function createDatabases(): Promise<Servers> {
  const url = process.env['COMMERCE_DATABASE_URL'] ?? '';
  const admin = await openPostgresql({ url, poolSize: 1, statementTimeoutMs: 60_000 });
  const prefix = `c360_bench_gates_${randomUUID().slice(0, 8)}`;
  const environment: Record<string, string> = {};
  for (const cloud of CLOUDS) {
    await admin.query(`CREATE DATABASE ${prefix}_${cloud}`);
    const own = new URL(url);
    own.pathname = `/${prefix}_${cloud}`;
    environment[`${cloud.toUpperCase()}_DATABASE_URL`] = own.href;
  }
  const open = (name: string): Promise<Database> =>
    openPostgresql({ url: environment[name] ?? '', poolSize: 1, statementTimeoutMs: 120_000 });
  // What a process had used is counted when its connection has ended, too.
  const seen = new Map<number, number>();
  const stores = { commerce: await open('COMMERCE_DATABASE_URL'), marketing: await open('MARKETING_DATABASE_URL') };
  return {
    environment,
    stores,
    async backends() {
      const rows = await admin.query<{ pid: number }>(`SELECT pid FROM pg_stat_activity WHERE datname LIKE $1 || '%'`, [
        prefix,
      ]);
      for (const { pid } of rows) seen.set(pid, Math.max(cpuMsOf(pid), seen.get(pid) ?? 0));
      return [...seen.values()].reduce((sum, ms) => sum + ms, 0);
    },
    async drop() {
      await Promise.all([stores.commerce.close(), stores.marketing.close()]);
      for (const cloud of CLOUDS) await admin.query(`DROP DATABASE ${prefix}_${cloud} WITH (FORCE)`);
      await admin.close();
    },
  };
}

/** User and system time of a process of this machine, milliseconds; 0 where the system does not tell. */
function cpuMsOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
