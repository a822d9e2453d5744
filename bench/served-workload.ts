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

/** A gateway in a process of its own over the subgraphs of the workload, with a supergraph in a file. */
export interface ServedWorkload {
  readonly gateway: ChildProcess;
  readonly pool: Pool;
  /** Puts another SDL, which differs by a comment, in the place of the file and waits until the gateway has taken it. */
  reload(number: number): Promise<void>;
  stop(): Promise<void>;
}

const CONNECTIONS = 20;

/** Starts subgraphs and gateway. */
export async function serveWorkload(): Promise<ServedWorkload> {
  const folder = mkdtempSync(join(tmpdir(), 'c360-workload-'));
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
  return {
    gateway,
    pool,
    reload: (number) => reload(pool, file, `# ${number}\n${sdl}`),
    async stop() {
      await pool.close();
      gateway.disconnect();
      subgraphs.disconnect();
      rmSync(folder, { recursive: true });
    },
  };
}

function compose(addresses: SubgraphAddresses): string {
  return composeSupergraph(SUBGRAPHS.map(({ name, typeDefs }) => ({ name, sdl: typeDefs, url: addresses[name] ?? '' })))
    .supergraphSdl;
}

/** Asks the gateway. Rejects when the answer carries an error. */
export async function ask(pool: Pool, request: Request): Promise<void> {
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

async function originOf(gateway: ChildProcess): Promise<string> {
  let output = '';
  for (;;) {
    const [bytes] = await once(gateway.stdout ?? gateway, 'data');
    output += bytes;
    const origin = /(http:\S+)\/graphql/.exec(output)?.[1];
    if (origin) return origin;
  }
}
