import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Database } from '../../database/database.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import type { ClientOrder, ClientReport, ReturnReport } from './clients.ts';
import { furnish, listTargets, type StoreOf, type Target } from './people.ts';
import type { ServerOrder, ServerSample } from './server.ts';
import { type Commits, type WriteOrder, writeEvents } from './writer.ts';

/** What clients select beside cursor, id and time. */
const SELECTIONS: Readonly<Record<string, string>> = {
  'without the customer': 'dataSourceId eventType objectId changedFields',
  'with the cart': 'customer { openShoppingCart { id } }',
  'with the name and the cart': 'customer { firstName openShoppingCart { id } }',
};
const WRITER_CONNECTIONS = 8;

/**
 * Measures live customers: each of many clients follows another person over a WebSocket; the clouds' own systems write, each event in
 * a transaction; then one comes back who was away. On PostgreSQL when the environment names it (databases of its own, dropped
 * afterwards), else on the embedded store.
 *   node dist/bench/live/run.js [--subscribers 2000] [--rate 1000] [--seconds 20] [--missed 10000] [--people 4000] [--only TEXT]
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      subscribers: { type: 'string', default: '2000' },
      rate: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '20' },
      missed: { type: 'string', default: '10000' },
      people: { type: 'string', default: '4000' },
      only: { type: 'string', default: '' },
    },
  });
  const databases = await createDatabases();
  const environment = { ...process.env, ...databases.environment };
  const server = fork(join(__dirname, 'server.js'), [values.people], { env: environment });
  const clients = fork(join(__dirname, 'clients.js'));
  try {
    const { origin } = await nextFrom<{ origin: string }>(server);
    const targets = await settledTargets(origin, Number(values.subscribers));
    const tell = <T>(order: ClientOrder): Promise<T> => ask<T>(clients, order);
    const { storeOf } = databases;
    await (storeOf ? furnish(targets, storeOf) : ask(server, { kind: 'furnish', targets } satisfies ServerOrder));
    const write = (order: WriteOrder): Promise<Commits> =>
      storeOf ? writeEvents(order, storeOf) : ask<Commits>(server, { kind: 'write', order } satisfies ServerOrder);
    const sample = (): Promise<ServerSample> => ask(server, { kind: 'sample' } satisfies ServerOrder);
    console.log(`${values.people} people, ${targets.length} subscribers, ${storeOf ? 'PostgreSQL' : 'embedded'}`);
    for (const [name, selection] of Object.entries(SELECTIONS)) {
      if (!name.includes(values.only)) continue;
      await tell({ kind: 'begin' });
      await tell({ kind: 'follow', origin, ids: targets.map(({ customer360Id }) => customer360Id), selection });
      await pause(2000);
      const warm = [0.25, 0.5, 1].map((share) => ({ targets, perSecond: Number(values.rate) * share, seconds: 2 }));
      let warmed = 0;
      for (const order of warm) warmed += countOf(await write(order));
      await arrived(tell, warmed);
      await tell({ kind: 'begin' });
      const before = await sample();
      const commits = await write({ targets, perSecond: Number(values.rate), seconds: Number(values.seconds) });
      await arrived(tell, countOf(commits));
      const report = await tell<ClientReport>({ kind: 'report' });
      show(name, Number(values.rate), commits, report, before, await sample());
      await tell({ kind: 'leave' });
    }
    await measureReturn({ origin, targets, missed: Number(values.missed) }, { tell, write, sample });
  } finally {
    server.disconnect();
    clients.disconnect();
    await once(server, 'exit');
    await databases.drop();
  }
}

function show(
  name: string,
  rate: number,
  commits: Commits,
  { arrivals, closed, cpuMs }: ClientReport,
  before: ServerSample,
  after: ServerSample,
): void {
  const delays: number[] = [];
  let missing = 0;
  let written = 0;
  for (const [id, times] of Object.entries(commits)) {
    written += times.length;
    for (const [index, at] of times.entries()) {
      const arrived = arrivals[id]?.[index];
      if (arrived === undefined) missing += 1;
      else delays.push(arrived - at);
    }
  }
  delays.sort((a, b) => a - b);
  const at = (share: number): string => (delays[Math.floor(delays.length * share)] ?? Number.NaN).toFixed(1);
  const cpu = after.cpuMs - before.cpuMs;
  console.log(
    `${name}: ${rate}/s, ${written} written, ${missing} missing, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, max ${(delays.at(-1) ?? Number.NaN).toFixed(1)} ms; ` +
      `CPU of the server ${(cpu / delays.length).toFixed(3)} ms an event, of the clients ${(cpuMs / delays.length).toFixed(3)}; ` +
      `${((after.statements - before.statements) / delays.length).toFixed(2)} statements an event; ` +
      `${(after.rssBytes / 1024 / 1024).toFixed(0)} MiB; sockets closed ${closed}; load ${loadavg()[0]?.toFixed(1)}`,
  );
}

interface Processes {
  readonly tell: <T>(order: ClientOrder) => Promise<T>;
  readonly write: (order: WriteOrder) => Promise<Commits>;
  readonly sample: () => Promise<ServerSample>;
}

async function measureReturn(
  {
    origin,
    targets,
    missed,
  }: { readonly origin: string; readonly targets: readonly Target[]; readonly missed: number },
  { tell, write, sample }: Processes,
): Promise<void> {
  const [target] = targets;
  if (!target || missed === 0) return;
  await tell({ kind: 'begin' });
  await tell({ kind: 'follow', origin, ids: [target.customer360Id], selection: '' });
  for (let told = 0; told === 0; ) {
    await write({ targets: [target], perSecond: 1, seconds: 1 });
    await pause(1000);
    told = (await tell<{ count: number }>({ kind: 'count' })).count;
  }
  await tell({ kind: 'leave' });
  // Their events stand among as many of others.
  const seconds = 20;
  const others = targets.slice(1, 101).flatMap((other) => [target, other]);
  await write({ targets: others, perSecond: (2 * missed) / seconds, seconds });
  for (const [name, selection] of Object.entries(SELECTIONS)) {
    const order = { kind: 'return', origin, id: target.customer360Id, selection, events: missed } as const;
    const before = await sample();
    const { seconds: took, distinct, isInOrder } = await tell<ReturnReport>(order);
    const after = await sample();
    console.log(
      `${missed} missed events, ${name}: ${took.toFixed(2)} s, ${distinct} told, ${isInOrder ? 'in order' : 'OUT OF ORDER'}; ` +
        `CPU of the server ${((after.cpuMs - before.cpuMs) / missed).toFixed(3)} ms an event; load ${loadavg()[0]?.toFixed(1)}`,
    );
  }
}

/** People whose records stay with them: at first, identity still thinks some over. */
async function settledTargets(origin: string, count: number): Promise<Target[]> {
  for (let before = await listTargets(origin, count); ; ) {
    await pause(5000);
    const targets = await listTargets(origin, count);
    if (JSON.stringify(targets) === JSON.stringify(before)) return targets;
    before = targets;
  }
}

function countOf(commits: Commits): number {
  return Object.values(commits).reduce((sum, { length }) => sum + length, 0);
}

/** Waits until so many events have come, half a minute at most: what is missing then is told. */
async function arrived(tell: <T>(order: ClientOrder) => Promise<T>, count: number): Promise<void> {
  for (let looks = 0; looks < 300; looks += 1) {
    if ((await tell<{ count: number }>({ kind: 'count' })).count >= count) return;
    await pause(100);
  }
}

interface Databases {
  readonly environment: Record<string, string>;
  /** Undefined on the embedded store. */
  readonly storeOf: StoreOf | undefined;
  drop(): Promise<void>;
}

/** New databases on the server that the environment names. */
async function createDatabases(): Promise<Databases> {
  const url = process.env['COMMERCE_DATABASE_URL'];
  if (url === undefined) return { environment: {}, storeOf: undefined, drop: async () => {} };
  const admin = await openPostgresql({ url, poolSize: 1, statementTimeoutMs: 60_000 });
  const environment: Record<string, string> = {};
  const names = ['commerce', 'marketing', 'service', 'identity'].map(
    (cloud) => [cloud, `bench_live_${cloud}`] as const,
  );
  for (const [cloud, name] of names) {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${name}`);
    const own = new URL(url);
    own.pathname = `/${name}`;
    environment[`${cloud.toUpperCase()}_DATABASE_URL`] = own.href;
  }
  const opened = new Map<string, Promise<Database>>();
  return {
    environment,
    storeOf: (cloud) => {
      const variable = environment[`${cloud.toUpperCase()}_DATABASE_URL`] ?? '';
      const store = opened.get(cloud) ?? openPostgresql({ url: variable, poolSize: WRITER_CONNECTIONS });
      opened.set(cloud, store);
      return store;
    },
    async drop() {
      for (const store of opened.values()) await (await store).close();
      for (const [, name] of names) await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.close();
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function ask<T>(child: ChildProcess, order: ClientOrder | ServerOrder): Promise<T> {
  const answered = nextFrom<T & { error?: string }>(child);
  child.send(order);
  const answer = await answered;
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}

async function nextFrom<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const onExit = () => ended.abort(new Error('A process of the measurement ended.'));
  child.once('exit', onExit);
  try {
    const [message] = await once(child, 'message', { signal: ended.signal });
    return message as T;
  } finally {
    child.off('exit', onExit);
  }
}

run().catch((error: unknown) => {
  console.error(String(error));
  process.exit(1);
});
