import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { OPERATIONS } from './gateways/workload.ts';
import type { Request } from './load.ts';
import type { MemorySample } from './memory-gateway.ts';
import { ask, serveWorkload } from './served-workload.ts';

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
  const served = await serveWorkload();
  const { gateway, pool } = served;
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
  await series('Reloads', plan.reloads, (index) => served.reload(index), 1);
  await served.stop();
}

/** An operation that no other is like. */
function differing(index: number): Request {
  return {
    query: `query Op${index} { users { id name${index}: name reviews { id product { upc at${index}: price } } } }`,
  };
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

const [requests = 100_000, operations = 10_000, reloadCount = 200] = process.argv.slice(2).map(Number);
measureMemory({ requests, operations, reloads: reloadCount }).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
