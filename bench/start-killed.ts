import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openPglite } from '../database/pglite.ts';
import { freePort, keepGateway } from './journeys/killed-processes.ts';
import { pause } from './journeys/killed-questions.ts';
import { seeded } from './journeys/shop.ts';

/** Tables whose rows have to be the same, however often the start that made them was killed. */
const TABLES = [
  'commerce.account',
  'commerce.cart',
  'commerce.sales_order',
  'commerce.outbox',
  'marketing.subscriber',
  'marketing.consent',
  'service.contact',
  'service.ticket',
];

/**
 * Kills `c360 start` on an embedded folder again and again while it starts, lets it start then, and compares what is there with a
 * folder whose start nobody killed. Ends with 1 when anything differs.
 *   node dist/bench/start-killed.js [--kills 20] [--seed 1]
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
  });
  const random = seeded(Number(values.seed));
  const folder = mkdtempSync(join(tmpdir(), 'c360-start-killed-'));
  try {
    const began = Date.now();
    const whole = await started(join(folder, 'whole'), 0, () => 0);
    const wholeMs = Date.now() - began;
    // Over the whole of a first start, and of a later one: each kill finds what the one before it has left.
    const killed = await started(join(folder, 'killed'), Number(values.kills), () => random() * wholeMs);
    console.log(JSON.stringify({ startMs: wholeMs, ...killed.kills, whole: whole.counts, killed: killed.counts }));
    if (JSON.stringify(whole.counts) !== JSON.stringify(killed.counts)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function started(data: string, times: number, afterMs: () => number) {
  const gateway = keepGateway('c360 start', await freePort(), data, { LOG_LEVEL: 'error' });
  for (let kill = 0; kill < times; kill += 1) {
    await pause(afterMs());
    gateway.kill();
  }
  await gateway.ready();
  await identitiesOf(gateway.origin);
  await gateway.stop();
  const store = await openPglite({ directory: data });
  const counts: Record<string, number> = {};
  for (const table of TABLES) {
    const [row] = await store.query<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);
    counts[table] = row?.count ?? -1;
  }
  const [records] = await store.query<{ count: number }>(`SELECT count(*) AS count FROM identity.source_record`);
  await store.close();
  return { kills: gateway.kills, counts: { ...counts, 'identity.source_record': records?.count ?? -1 } };
}

/** Waits until the graph answers. */
async function identitiesOf(origin: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ customers(first: 1) { edges { node { customer360Id } } } }' }),
    }).catch(() => null);
    if (response?.ok) return;
    await pause(200);
  }
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
