import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { composeSupergraph } from '../schema/compose.ts';
import type { SubgraphAddresses } from './gateways/subgraphs.ts';
import { OPERATIONS, SUBGRAPHS } from './gateways/workload.ts';
import type { Request } from './load.ts';
import type { MemorySample } from './memory-gateway.ts';

/** How much of each kind of work; `node dist/bench/memory.js REQUESTS OPERATIONS RELOADS`. */
interface Plan {
  readonly requests: number;
  readonly operations: number;
  readonly reloads: number;
}

const SAMPLES = 10;
const CONNECTIONS = 20;

/** Measures whether the gateway's memory stays flat: over different operations, over the same request, over reloads. */
async function measureMemory(plan: Plan): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'c360-memory-'));
  const file = join(folder, 'supergraph.graphql');
  const subgraphs = fork(join(__dirname, 'gateways', 'subgraphs.js'));
  const [addresses] = (await once(subgraphs, 'message')) as [SubgraphAddresses];
  const sdl = compose(addresses);
  writeFileSync(file, sdl);
  const gateway = fork(join(__dirname, 'memory-gateway.js'), ['--supergraph', file, '--port', '0'], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const pool = new Pool(await originOf(gateway), { connections: CONNECTIONS });
  const series = async (title: string, total: number, step: (index: number) => Promise<void>, parallel: number) => {
    console.log(`\n${title}\n     done   heap MiB   buffers MiB   resident MiB`);
    await report(gateway, 0);
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      const end = Math.floor((total * (sample + 1)) / SAMPLES);
      let next = Math.floor((total * sample) / SAMPLES);
      const worker = async (): Promise<void> => {
        while (next < end) {
          next += 1;
          await step(next);
        }
      };
      await Promise.all(Array.from({ length: parallel }, worker));
      await report(gateway, end);
    }
  };
  await series('Different operations', plan.operations, (index) => ask(pool, differing(index)), CONNECTIONS);
  await series('Requests', plan.requests, () => ask(pool, OPERATIONS['one-fetch']), CONNECTIONS);
  await series('Reloads', plan.reloads, (index) => reload(pool, file, `# ${index}\n${sdl}`), 1);
  await pool.close();
  gateway.disconnect();
  subgraphs.disconnect();
  rmSync(folder, { recursive: true });
}

function compose(addresses: SubgraphAddresses): string {
  return composeSupergraph(SUBGRAPHS.map(({ name, typeDefs }) => ({ name, sdl: typeDefs, url: addresses[name] ?? '' })))
    .supergraphSdl;
}

/** An operation that no other is like. */
function differing(index: number): Request {
  return {
    query: `query Op${index} { users { id name${index}: name reviews { id product { upc at${index}: price } } } }`,
  };
}

async function ask(pool: Pool, request: Request): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await pool.request({ method: 'POST', path: '/graphql', headers, body: JSON.stringify(request) });
  const text = await answer.body.text();
  if (text.includes('"errors"')) throw new Error(`a wrong answer: ${text.slice(0, 300)}`);
}

/** Puts another SDL in the place of the file and waits until the gateway has taken it. */
async function reload(pool: Pool, file: string, sdl: string): Promise<void> {
  const before = await reloads(pool);
  writeFileSync(`${file}.new`, sdl);
  renameSync(`${file}.new`, file);
  while ((await reloads(pool)) === before) await ask(pool, OPERATIONS['one-fetch']);
}

async function reloads(pool: Pool): Promise<number> {
  const { body } = await pool.request({ method: 'GET', path: '/metrics' });
  return Number(/c360_reloads_total\{outcome="swapped"\} (\d+)/.exec(await body.text())?.[1] ?? 0);
}

async function report(gateway: ChildProcess, done: number): Promise<void> {
  gateway.send('sample');
  const [sample] = (await once(gateway, 'message')) as [MemorySample];
  const columns = [sample.heapBytes, sample.externalBytes, sample.residentBytes].map((bytes) =>
    (bytes / 2 ** 20).toFixed(1),
  );
  console.log(
    `${String(done).padStart(9)}${columns.map((column, index) => column.padStart([11, 14, 15][index] ?? 0)).join('')}`,
  );
}

async function originOf(gateway: ChildProcess): Promise<string> {
  let output = '';
  for (;;) {
    const [bytes] = await once(gateway.stdout ?? gateway, 'data');
    output += bytes;
    const origin = /(http:\S+)\/graphql/.exec(output)?.[1];
    if (origin) return origin;
  }
}

const [requests = 100_000, operations = 10_000, reloadCount = 200] = process.argv.slice(2).map(Number);
measureMemory({ requests, operations, reloads: reloadCount }).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
