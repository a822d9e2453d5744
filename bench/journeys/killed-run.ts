import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../../database/database.ts';
import type { Remains } from './killed-audit.ts';
import { openLedger } from './killed-events.ts';
import { freePort, type KeptProcess, keepGateway, keepMailbox } from './killed-processes.ts';
import { ask, pause } from './killed-questions.ts';
import type { TakenLine } from './mailbox.ts';
import { happen, openShop, type Shopper, type ShopStores, seeded } from './shop.ts';

const WRITERS = 6;

/** What a run is like. */
export interface KilledOptions {
  readonly kills: number;
  readonly events: number;
  readonly shoppers: number;
  /** Milliseconds between two kills, on average, beside the time that what was killed needs to start. */
  readonly everyMs: number;
  readonly seed: number;
  /** How long a cart is left until somebody enters, and then waits, ISO 8601. */
  readonly abandonAfter: string;
  readonly wait: string;
  /** For so many seconds nothing may have changed at the end. */
  readonly quietSeconds: number;
  /** True: what the dead had taken up is due at once when all is over, and not when their leases are, a minute later. */
  readonly isHurried: boolean;
  /** Of the stores, `COMMERCE_DATABASE_URL` and so on. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stores: KilledStores;
  /** Where the processes and the mail server keep what they have. */
  readonly folder: string;
  readonly onProgress: (text: string) => void;
}

/** The stores that are written into and looked at. */
export type KilledStores = ShopStores & { readonly identity: Database };

/** What is left of a run. */
export interface KilledRun {
  readonly remains: Remains;
  /** Counts of the run itself. */
  readonly figures: Readonly<Record<string, number>>;
}

/**
 * Kills with -9 two processes with gateway, clouds, identity and engine over one PostgreSQL, and the mail server, at random points
 * while a shop is written into; then waits until everything is done that is to be done.
 */
export async function runKilled(options: KilledOptions): Promise<KilledRun> {
  const { stores, folder, onProgress, kills, events, everyMs } = options;
  const random = seeded(options.seed);
  const mailbox = join(folder, 'mails.ndjson');
  writeFileSync(mailbox, '');
  const mailPort = await freePort();
  const environment = environmentOf(options.environment, mailPort);
  const kept: KeptProcess[] = [keepMailbox(mailPort, mailbox)];
  const stop = () => Promise.all(kept.map((one) => one.stop())).then(() => undefined);
  try {
    for (const name of ['gateway 1', 'gateway 2']) {
      const gateway = keepGateway(name, await freePort(), join(folder, name), environment);
      kept.push(gateway);
      await gateway.ready();
    }
    const gateways = kept.slice(1);
    await saveJourney(gateways, documentOf(options.abandonAfter, options.wait));
    await followed(stores);
    await openLedger(stores);
    const shoppers = await openShop(stores, options.shoppers);
    await identified(gateways, shoppers);
    onProgress(`${shoppers.length} shoppers are known`);
    const merged: (readonly [string, string])[] = [];
    const merging = mergeNow(gateways, shoppers, merged, random);
    const began = Date.now();
    const killing = killNow(kept, { kills, everyMs, random, onProgress });
    const written = await write(stores, shoppers, { events, paceMs: (kills * everyMs) / events, random });
    onProgress(`${written} events written in ${Math.round((Date.now() - began) / 1_000)} s`);
    await Promise.all([killing, merging]);
    await Promise.all(kept.map((one) => one.ready()));
    if (options.isHurried) await endLeases(stores);
    const drainedSeconds = await drained(stores, options.quietSeconds, onProgress);
    for (const one of kept)
      onProgress(`${one.name}: ${one.kills.all} kills, ${one.kills.whileStarting} while it started`);
    const killed = kept.reduce((total, one) => total + one.kills.all, 0);
    const mails = readFileSync(mailbox, 'utf8').split('\n').filter(Boolean);
    return {
      remains: { stores, shoppers, merged, kills: killed, mails: mails.map((line) => JSON.parse(line) as TakenLine) },
      figures: { drainedSeconds, merges: merged.length, ...(await logged(stores)) },
    };
  } finally {
    await stop();
  }
}

function environmentOf(stores: Readonly<Record<string, string>>, mailPort: number): Record<string, string> {
  return {
    ...stores,
    SMTP_URL: `smtp://127.0.0.1:${mailPort}?answerTimeout=5000`,
    MAIL_FROM: 'Shop <shop@killed.example>',
    PUBLIC_URL: 'https://killed.example',
    UNSUBSCRIBE_KEY: 'k'.repeat(32),
    // The audit reads identity's store, and events, in PostgreSQL.
    NEO4J_URI: '',
    NEO4J_USER: '',
    NEO4J_PASSWORD: '',
    NATS_URL: '',
    SAMPLE_DATA: 'off',
    SUBGRAPH_TIMEOUT_MS: '5000',
    LOG_LEVEL: 'error',
  };
}

async function saveJourney(gateways: readonly KeptProcess[], document: string): Promise<void> {
  const mutation = 'mutation ($input: SaveJourneyInput!) { saveJourney(input: $input) { journey { id status } } }';
  const input = { idempotencyKey: 'killed-save', document };
  await ask(gateways, mutation, { input });
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

async function killNow(
  kept: readonly KeptProcess[],
  {
    kills,
    everyMs,
    random,
    onProgress,
  }: { kills: number; everyMs: number; random: () => number; onProgress: (text: string) => void },
): Promise<void> {
  for (let kill = 0; kill < kills; kill += 1) {
    await pause(everyMs * 2 * random());
    const choice = random();
    // Mostly the gateways; a third of the time one that has started, and else whatever it is just doing.
    const victim = kept[choice < 0.1 ? 0 : 1 + Math.floor(random() * (kept.length - 1))];
    if (choice > 0.4) {
      await victim?.ready();
      await pause(random() * everyMs);
    }
    victim?.kill();
    if (kill % 20 === 19) onProgress(`${kill + 1} kills`);
  }
}

async function write(
  stores: ShopStores,
  shoppers: readonly Shopper[],
  { events, paceMs, random }: { events: number; paceMs: number; random: () => number },
): Promise<number> {
  const began = Date.now();
  let next = 0;
  let written = 0;
  const work = async (worker: number): Promise<void> => {
    while (written < events) {
      // A shopper is one writer's: what is noted of each is true.
      const own = Math.floor(random() * Math.floor(shoppers.length / WRITERS)) * WRITERS + worker;
      const shopper = shoppers[own];
      next += 1;
      const aheadMs = began + next * paceMs - Date.now();
      if (aheadMs > 0) await pause(aheadMs);
      if (!shopper) continue;
      const made = await happen(stores, shopper, random());
      written += made;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, worker) => work(worker)));
  return written;
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

/** Waits until the consumers of clouds know where they stand: what happens from then on is theirs. Identity's knows with its first event. */
async function followed({ marketing }: ShopStores): Promise<void> {
  for (let count = 0; count < 3; await pause(100)) {
    const [row] = await marketing.query<{ count: number }>(
      'SELECT count(*) AS count FROM marketing.consumer WHERE position IS NOT NULL',
    );
    count = row?.count ?? 0;
  }
}

/** The living lose theirs as well: whoever has lost it writes nothing. */
async function endLeases({ marketing }: ShopStores): Promise<void> {
  for (const table of ['journey_task', 'journey_instance']) {
    await marketing.query(`UPDATE marketing.${table} SET wake_on = now(), claim = NULL WHERE claim IS NOT NULL`);
  }
}

/** Waits until nothing is due any more, a quarter of an hour at most. Gives how long that took, seconds. */
async function drained(
  { marketing }: ShopStores,
  quietSeconds: number,
  onProgress: (text: string) => void,
): Promise<number> {
  const began = Date.now();
  let quiet = 0;
  let before = '';
  while (quiet < quietSeconds && Date.now() - began < 900_000) {
    await pause(1_000);
    const [row] = await marketing.query<{ left: string }>(
      `SELECT (SELECT count(*) FROM marketing.journey_instance WHERE status IN ('WAITING', 'DEFERRED'))
         || ' ' || (SELECT count(*) FROM marketing.journey_task WHERE wake_on < now() + interval '1 minute')
         || ' ' || (SELECT count(*) FROM marketing.outbox) || ' ' || (SELECT coalesce(sum(taken), 0) FROM marketing.consumer) AS left`,
    );
    const left = row?.left ?? '';
    quiet = left === before && left.startsWith('0 0 ') ? quiet + 1 : 0;
    if (left !== before && (Date.now() - began) % 20_000 < 1_100) onProgress(`left: ${left}`);
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

/** The journey that everybody is in: whoever leaves a cart for so long (ISO 8601) gets one mail. */
export function documentOf(abandonAfter: string, wait: string): string {
  return JSON.stringify({
    id: 'killed',
    name: 'Killed',
    entry: { kind: 'CART_ABANDONED', abandonAfter },
    exits: [{ on: 'ORDER_PLACED' }, { on: 'CART_CHANGED' }],
    holdoutPercent: 0,
    gates: {
      frequencyCap: { messages: 100, within: 'PT1H' },
      quietHours: { from: '00:00', to: '00:00' },
      discountEvery: 'PT1S',
    },
    steps: [
      { id: 'wait', kind: 'WAIT', for: wait },
      {
        id: 'mail',
        kind: 'MESSAGE',
        channel: 'EMAIL',
        purpose: 'MARKETING',
        discount: { percent: 10, validFor: 'PT1H' },
        template: {
          // What it is about stands in it, so that two of the same are known whatever else they say.
          subject: '{{ cart.id }} x{{ cart.products[0].quantity }}',
          mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>{{ discount.code }} <a href="{{ unsubscribeUrl }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>',
          text: '{{ discount.code }} {{ unsubscribeUrl }}',
        },
      },
    ],
  });
}
