import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import type { LoadOrder, LoadResult } from './load.ts';
import { FLOOR_GATEWAY, GATEWAYS, type Gateway, installPeers, type Place } from './peers.ts';
import type { SubgraphAddresses } from './subgraphs.ts';
import { OPERATIONS, SUBGRAPHS } from './workload.ts';

/** One gateway under one operation. */
interface Row extends LoadResult {
  readonly gateway: string;
  readonly operation: string;
  /** User and system time of the gateway's processes, seconds for a thousand requests. */
  readonly cpuSeconds: number;
  readonly peakMebibytes: number;
  /** From the start of the process to its first right answer. */
  readonly coldStartMs: number;
}

const CONNECTIONS = 50;
const CLOCK_TICKS_PER_SECOND = 100;

/**
 * Measures gateways over the same subgraphs in the same run.
 *   npm run bench:gateways -- [--requests 2000] [--only NAME] [--node PATH] [--folder .servers/bench]
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '2000' },
      only: { type: 'string', multiple: true },
      node: { type: 'string', default: process.execPath },
      folder: { type: 'string', default: '.servers/bench' },
    },
  });
  const folder = resolve(values.folder);
  mkdirSync(folder, { recursive: true });
  installPeers(join(folder, 'peers'));
  const subgraphs = fork(join(__dirname, 'subgraphs.js'));
  const [addresses] = (await once(subgraphs, 'message')) as [SubgraphAddresses];
  const supergraphPath = join(folder, 'supergraph.graphql');
  writeFileSync(supergraphPath, compose(addresses));
  const load = fork(join(__dirname, 'load.js'));
  const gateways = [...GATEWAYS, FLOOR_GATEWAY].filter(({ name }) => !values.only || values.only.includes(name));
  const rows: Row[] = [];
  for (const gateway of gateways) {
    const place: Omit<Place, 'port'> = {
      supergraphPath,
      node: values.node,
      peers: join(folder, 'peers'),
      cli: resolve(__dirname, '..', '..', 'cli.js'),
      accountsUrl: addresses['accounts'] ?? '',
    };
    rows.push(...(await measureGateway(gateway, place, load, Number(values.requests), folder)));
  }
  subgraphs.disconnect();
  load.disconnect();
  print(rows);
}

function compose(addresses: SubgraphAddresses): string {
  const services = SUBGRAPHS.map(({ name, typeDefs }) => ({
    name,
    typeDefs: parse(typeDefs),
    url: addresses[name] ?? '',
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(`The workload does not compose: ${errors?.map(String).join(' ')}`);
  return supergraphSdl;
}

async function measureGateway(
  gateway: Gateway,
  where: Omit<Place, 'port'>,
  load: ChildProcess,
  requests: number,
  folder: string,
): Promise<Row[]> {
  const port = await freePort();
  const [command = '', ...flags] = gateway.command({ ...where, port });
  const log = openSync(join(folder, `${gateway.name.replace(/\W+/g, '-')}.log`), 'w');
  const began = performance.now();
  const child = spawn(command, flags, { env: { ...process.env, ...gateway.environment }, stdio: ['ignore', log, log] });
  const ended = once(child, 'exit');
  const origin = `http://127.0.0.1:${port}`;
  try {
    await firstAnswer(origin, child, gateway.name);
    const coldStartMs = performance.now() - began;
    const rows: Row[] = [];
    for (const [operation, request] of Object.entries(OPERATIONS)) {
      if (gateway === FLOOR_GATEWAY && operation !== 'one-fetch') continue;
      const count = operation === 'one-fetch' ? requests * 5 : requests;
      const order: LoadOrder = {
        origin,
        request,
        connections: CONNECTIONS,
        requests: Math.max(1500, Math.ceil(count / 2)),
      };
      await ask(load, order);
      const before = cpuSecondsOf(child.pid);
      const result = await ask(load, { ...order, requests: count });
      const cpuSeconds = ((cpuSecondsOf(child.pid) - before) / count) * 1000;
      rows.push({
        gateway: gateway.name,
        operation,
        ...result,
        cpuSeconds,
        peakMebibytes: peakOf(child.pid),
        coldStartMs,
      });
      console.error(`${gateway.name}, ${operation}: ${cpuSeconds.toFixed(2)} CPU-s per 1,000`);
    }
    return rows;
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

async function firstAnswer(origin: string, child: ChildProcess, name: string): Promise<void> {
  const body = JSON.stringify({ query: '{ users { id } }' });
  for (let attempt = 0; attempt < 3000; attempt += 1) {
    if (child.exitCode !== null) break;
    const answer = await fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
      .then((response) => response.text())
      .catch(() => '');
    if (answer.startsWith('{"data":{"users":[{')) return;
    await new Promise((next) => setTimeout(next, 10));
  }
  throw new Error(`${name} does not start: see its log beside the supergraph.`);
}

async function ask(load: ChildProcess, order: LoadOrder): Promise<LoadResult> {
  load.send(order);
  const [result] = (await once(load, 'message')) as [LoadResult | { readonly error: string }];
  if ('error' in result) throw new Error(result.error);
  return result;
}

/** Of a process and its children, because a peer may serve from a worker. */
function cpuSecondsOf(pid: number | undefined): number {
  let ticks = 0;
  for (const id of familyOf(pid)) {
    const fields = readFileSync(`/proc/${id}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / CLOCK_TICKS_PER_SECOND;
}

function peakOf(pid: number | undefined): number {
  const kibibytes = familyOf(pid).map((id) =>
    Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]),
  );
  return Math.round(kibibytes.reduce((sum, value) => sum + value, 0) / 1024);
}

function familyOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

function print(rows: readonly Row[]): void {
  console.log(
    '\n| gateway | operation | CPU-s per 1,000 | ratio | requests/s | p50 | p95 | p99 ms | peak MiB | cold start ms |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|');
  for (const row of rows) {
    const first = rows.find(({ operation }) => operation === row.operation);
    const cells = [
      row.gateway,
      `${row.operation} (${(row.answerBytes / 1024).toFixed(1)} KiB)`,
      row.cpuSeconds.toFixed(2),
      `${((first?.cpuSeconds ?? Number.NaN) / row.cpuSeconds).toFixed(1)}x`,
      row.requestsPerSecond.toFixed(0),
      row.p50Ms.toFixed(1),
      row.p95Ms.toFixed(1),
      row.p99Ms.toFixed(1),
      String(row.peakMebibytes),
      row.coldStartMs.toFixed(0),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

run().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
