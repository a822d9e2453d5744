import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Database } from '../../database/database.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { audit, type Findings } from './killed-audit.ts';
import { freePort, type KeptProcess, keepGateway, keepMailbox } from './killed-processes.ts';
import type { TakenLine } from './mailbox.ts';
import { happen, openShop, type Shopper, type ShopStores, seeded } from './shop.ts';

const CLOUDS = ['commerce', 'marketing', 'service', 'identity'] as const;
const WRITERS = 6;
const DOCUMENT = JSON.stringify({
  id: 'killed',
  name: 'Killed',
  entry: { kind: 'CART_ABANDONED', abandonAfter: 'PT10S' },
  exits: [{ on: 'ORDER_PLACED' }, { on: 'CART_CHANGED' }],
  holdoutPercent: 0,
  gates: {
    frequencyCap: { messages: 100, within: 'PT1H' },
    quietHours: { from: '00:00', to: '00:00' },
    discountEvery: 'PT1S',
  },
  steps: [
    { id: 'wait', kind: 'WAIT', for: 'PT2S' },
    {
      id: 'mail',
      kind: 'MESSAGE',
      channel: 'EMAIL',
      purpose: 'MARKETING',
      discount: { percent: 10, validFor: 'PT1H' },
      template: {
        subject: '{{ customer.firstName }}, your cart',
        mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>{{ discount.code }} <a href="{{ unsubscribeUrl }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>',
        text: '{{ discount.code }} {{ unsubscribeUrl }}',
      },
    },
  ],
});

/**
 * Kills with -9: two gateways with their engines over one PostgreSQL, and the mail server, at random points while a shop is written
 * into; then counts what was lost and what was done twice, and ends with 1 if anything was. Needs COMMERCE_DATABASE_URL; makes
 * databases of its own on that server and drops them.
 *   node dist/bench/journeys/killed.js [--kills 200] [--events 100000] [--shoppers 2000] [--every 4] [--seed 1]
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '200' },
      events: { type: 'string', default: '100000' },
      shoppers: { type: 'string', default: '2000' },
      every: { type: 'string', default: '4' },
      seed: { type: 'string', default: '1' },
    },
  });
  const [kills, events, every] = [Number(values.kills), Number(values.events), Number(values.every) * 1_000];
  const random = seeded(Number(values.seed));
  const folder = mkdtempSync(join(tmpdir(), 'c360-killed-'));
  const databases = await createDatabases();
  const mailbox = join(folder, 'mails.ndjson');
  writeFileSync(mailbox, '');
  const mailPort = await freePort();
  const environment = {
    ...databases.environment,
    SMTP_URL: `smtp://127.0.0.1:${mailPort}?answerTimeout=5000`,
    MAIL_FROM: 'Shop <shop@killed.example>',
    PUBLIC_URL: 'https://killed.example',
    UNSUBSCRIBE_KEY: 'k'.repeat(32),
    SAMPLE_DATA: 'off',
    SUBGRAPH_TIMEOUT_MS: '5000',
    LOG_LEVEL: 'error',
  };
  const kept: KeptProcess[] = [keepMailbox(mailPort, mailbox)];
  try {
    for (const name of ['gateway 1', 'gateway 2']) {
      const gateway = keepGateway(name, await freePort(), join(folder, name), environment);
      kept.push(gateway);
      await gateway.ready();
    }
    const gateways = kept.slice(1);
    await saveJourney(gateways);
    const { stores } = databases;
    const shoppers = await openShop(stores, Number(values.shoppers));
    await identified(gateways, shoppers);
    console.log(`${shoppers.length} shoppers are known`);
    const merged: (readonly [string, string])[] = [];
    const merging = mergeNow(gateways, shoppers, merged, random);
    const began = Date.now();
    const state = { written: 0, isOver: false };
    const killing = killNow(kept, { kills, every, random, state });
    await write(stores, shoppers, { events, paceMs: (kills * every) / events, random, state });
    console.log(`${state.written} events written in ${Math.round((Date.now() - began) / 1_000)} s`);
    await killing;
    await merging;
    await Promise.all(kept.map((one) => one.ready()));
    const drainedSeconds = await drained(stores);
    const mails = readFileSync(mailbox, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as TakenLine);
    show(
      kept,
      drainedSeconds,
      merged.length,
      await audit({ stores, shoppers, merged, mails }),
      await logged(databases.stores),
    );
  } finally {
    await Promise.all(kept.map((one) => one.stop()));
    await databases.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function show(
  kept: readonly KeptProcess[],
  drainedSeconds: number,
  merges: number,
  { figures, faults }: Findings,
  events: Readonly<Record<string, number>>,
): void {
  for (const { name, kills } of kept)
    console.log(`${name}: ${kills.all} kills, ${kills.whileStarting} while it started`);
  console.log(JSON.stringify({ drainedSeconds, merges, ...events, ...figures }));
  for (const [name, found] of Object.entries(faults)) {
    console.log(`${name}: ${found.length}${found.length > 0 ? ` ${found.slice(0, 5).join(' | ')}` : ''}`);
    if (found.length > 0) process.exitCode = 1;
  }
}

/** What asking again may mend. */
const PASSING: readonly unknown[] = [
  'SUBGRAPH_DOWN',
  'SUBGRAPH_TIMEOUT',
  'OPERATION_TIMEOUT',
  'CONFLICT',
  'STORE_UNAVAILABLE',
];
const TURNS = 300;

interface Answer<T> {
  readonly data?: T;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

/** Asks whichever gateway answers, again and again; a mutation has a key, so that this does it once. */
async function ask<T>(gateways: readonly KeptProcess[], query: string, variables: object = {}): Promise<T> {
  let said = 'No gateway answered.';
  for (let turn = 0; turn < TURNS; turn += 1) {
    const answer = await askOnce<T>(gateways[turn % gateways.length], query, variables);
    const [error] = answer?.errors ?? [];
    if (answer?.data && !error) return answer.data;
    if (error) said = `${error.extensions?.code}: ${error.message}`;
    if (error && !PASSING.includes(error.extensions?.code)) throw new Error(said);
    await pause(200);
  }
  throw new Error(said);
}

/** Null when the gateway does not answer. */
async function askOnce<T>(
  gateway: KeptProcess | undefined,
  query: string,
  variables: object,
): Promise<Answer<T> | null> {
  try {
    const response = await fetch(`${gateway?.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(10_000),
    });
    return (await response.json()) as Answer<T>;
  } catch {
    return null;
  }
}

async function saveJourney(gateways: readonly KeptProcess[]): Promise<void> {
  const mutation = 'mutation ($input: SaveJourneyInput!) { saveJourney(input: $input) { journey { id status } } }';
  const input = { idempotencyKey: 'killed-save', document: DOCUMENT };
  console.log(JSON.stringify(await ask(gateways, mutation, { input })));
}

/** Merges people from time to time: nobody twice. */
async function mergeNow(
  gateways: readonly KeptProcess[],
  shoppers: readonly Shopper[],
  merged: (readonly [string, string])[],
  random: () => number,
): Promise<void> {
  const byRecord = `query ($id: ID!) { customerBy(by: { sourceRecord: { dataSourceId: "commerce", sourceRecordId: $id } }) { customer360Id } }`;
  const mutation =
    'mutation ($input: MergeCustomersInput!) { mergeCustomers(input: $input) { customer { customer360Id } } }';
  const idOf = async ({ customerNumber }: Shopper): Promise<string> => {
    const { customerBy } = await ask<{ customerBy: { customer360Id: string } | null }>(gateways, byRecord, {
      id: customerNumber,
    });
    return customerBy?.customer360Id ?? '';
  };
  const pairs = Math.min(100, Math.floor(shoppers.length / 20));
  for (let pair = 0; pair < pairs; pair += 1) {
    const [one, other] = [shoppers[2 * pair], shoppers[2 * pair + 1]];
    if (!one || !other) return;
    const input = {
      idempotencyKey: `killed-merge-${pair}`,
      customer360Id: await idOf(one),
      otherCustomer360Id: await idOf(other),
    };
    // Noted before it is done: while it is under way, nobody may say whether the two are one.
    merged.push([one.customerNumber, other.customerNumber]);
    await ask(gateways, mutation, { input });
    await pause(500 + random() * 2_000);
  }
}

interface Progress {
  written: number;
  isOver: boolean;
}

async function killNow(
  kept: readonly KeptProcess[],
  { kills, every, random }: { kills: number; every: number; random: () => number; state: Progress },
): Promise<void> {
  for (let kill = 0; kill < kills; kill += 1) {
    await pause(every * 2 * random());
    const choice = random();
    // Mostly the gateways; a third of the time one that has started, and else whatever it is just doing.
    const victim = kept[choice < 0.1 ? 0 : 1 + Math.floor(random() * (kept.length - 1))];
    if (choice > 0.4) {
      await victim?.ready();
      await pause(random() * every);
    }
    victim?.kill();
    if (kill % 20 === 19) console.log(`${kill + 1} kills`);
  }
}

async function write(
  stores: ShopStores,
  shoppers: readonly Shopper[],
  { events, paceMs, random, state }: { events: number; paceMs: number; random: () => number; state: Progress },
): Promise<void> {
  const began = Date.now();
  let next = 0;
  const work = async (worker: number): Promise<void> => {
    while (state.written < events) {
      // A shopper is one writer's: what is noted of each is true.
      const own = Math.floor(random() * Math.floor(shoppers.length / WRITERS)) * WRITERS + worker;
      const shopper = shoppers[own];
      next += 1;
      const aheadMs = began + next * paceMs - Date.now();
      if (aheadMs > 0) await pause(aheadMs);
      if (shopper) state.written += await happen(stores, shopper, random());
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, worker) => work(worker)));
  state.isOver = true;
}

/** Waits until identity has both records of the last shoppers together. */
async function identified(gateways: readonly KeptProcess[], shoppers: readonly Shopper[]): Promise<void> {
  const query =
    'query ($email: String!) { customerBy(by: { emailAddress: $email }) { identityLinks { sourceRecordId } } }';
  for (const { email } of shoppers.slice(-20)) {
    for (let links = 0; links < 2; await pause(200)) {
      const { customerBy } = await ask<{ customerBy: { identityLinks: unknown[] } | null }>(gateways, query, { email });
      links = customerBy?.identityLinks.length ?? 0;
    }
  }
}

/** Waits until nothing is due any more, ten minutes at most. Gives how long that took, seconds. */
async function drained({ marketing }: ShopStores): Promise<number> {
  const began = Date.now();
  let quiet = 0;
  let before = '';
  while (quiet < 15 && Date.now() - began < 900_000) {
    await pause(1_000);
    const [row] = await marketing.query<{ left: string }>(
      `SELECT (SELECT count(*) FROM marketing.journey_instance WHERE status IN ('WAITING', 'DEFERRED'))
         || ' ' || (SELECT count(*) FROM marketing.journey_task WHERE wake_on < now() + interval '1 minute')
         || ' ' || (SELECT count(*) FROM marketing.outbox) || ' ' || (SELECT coalesce(sum(taken), 0) FROM marketing.consumer) AS left`,
    );
    const left = row?.left ?? '';
    quiet = left === before && left.startsWith('0 0 ') ? quiet + 1 : 0;
    if (left !== before && (Date.now() - began) % 20_000 < 1_100) console.log(`left: ${left}`);
    before = left;
  }
  return Math.round((Date.now() - began) / 1_000);
}

/** Events that each log holds, and that the journeys took of it. */
async function logged({ commerce, marketing }: ShopStores): Promise<Record<string, number>> {
  const [[bought], [told]] = await Promise.all([
    commerce.query<{ count: number }>('SELECT count(*) AS count FROM commerce.outbox'),
    marketing.query<{ count: number }>('SELECT count(*) AS count FROM marketing.outbox'),
  ]);
  const taken = await marketing.query<{ name: string; taken: number }>('SELECT name, taken FROM marketing.consumer');
  return {
    'events commerce': bought?.count ?? 0,
    'events marketing': told?.count ?? 0,
    ...Object.fromEntries(taken.map((row) => [`taken ${row.name}`, row.taken])),
  };
}

async function createDatabases(): Promise<{
  environment: Record<string, string>;
  stores: ShopStores;
  drop(): Promise<void>;
}> {
  const url = process.env['COMMERCE_DATABASE_URL'];
  if (url === undefined) throw new Error('COMMERCE_DATABASE_URL names no PostgreSQL server.');
  const admin = await openPostgresql({ url, poolSize: 1, statementTimeoutMs: 60_000 });
  const environment: Record<string, string> = {};
  const nameOf = (cloud: string): string => `bench_killed_${process.pid}_${cloud}`;
  for (const cloud of CLOUDS) {
    await admin.query(`CREATE DATABASE ${nameOf(cloud)}`);
    const own = new URL(url);
    own.pathname = `/${nameOf(cloud)}`;
    environment[`${cloud.toUpperCase()}_DATABASE_URL`] = own.href;
  }
  const open = (cloud: string): Promise<Database> =>
    openPostgresql({
      url: environment[`${cloud.toUpperCase()}_DATABASE_URL`] ?? '',
      poolSize: WRITERS,
      statementTimeoutMs: 60_000,
    });
  const stores = { commerce: await open('commerce'), marketing: await open('marketing') };
  return {
    environment,
    stores,
    async drop() {
      await Promise.all([stores.commerce.close(), stores.marketing.close()]);
      for (const cloud of CLOUDS) await admin.query(`DROP DATABASE IF EXISTS ${nameOf(cloud)} WITH (FORCE)`);
      await admin.close();
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
