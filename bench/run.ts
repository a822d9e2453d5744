import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ask, type Measured, measure, type Request } from './load.ts';
import { type MeasuredProcess, startMeasuredProcess } from './measured-process.ts';
import { CUSTOMER_IDS, NOTHING, PAGE_OF_CUSTOMERS, UNIFIED_CUSTOMER } from './queries.ts';

/**
 * Measures the unified customer query.
 *   npm run bench -- --people 10000 [--people 100000] [--requests 1000] [--folder .data/bench]
 * On the embedded store by default; on real servers when the variables of `npm run postgres` and `npm run neo4j` are set.
 * Prints a table; each figure beside the floor (HTTP and pipeline without any fetch) of the same process.
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      people: { type: 'string', multiple: true, default: ['10000'] },
      requests: { type: 'string', default: '1000' },
      folder: { type: 'string', default: '.data/bench' },
    },
  });
  for (const people of values.people)
    await measurePopulation(people, Number(values.requests), join(values.folder, people));
}

async function measurePopulation(people: string, requestCount: number, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const stores = process.env['NEO4J_URI']
    ? 'Neo4j and PostgreSQL'
    : process.env['COMMERCE_DATABASE_URL']
      ? 'PostgreSQL'
      : 'embedded';
  console.log(`\n## ${Number(people).toLocaleString('en')} people, ${stores}, Node ${process.version}\n`);
  const variables = { BENCH_PEOPLE: people, BENCH_DATA: folder };
  const first = await startMeasuredProcess(variables);
  console.log(
    `first start (or a later one, if the folder was filled before): ${Math.round(first.startMs)} ms, peak ${await peak(first)} MiB`,
  );
  await first.stop();
  const process_ = await startMeasuredProcess(variables);
  console.log(`later start: ${Math.round(process_.startMs)} ms, peak ${await peak(process_)} MiB\n`);
  const ids = await someCustomers(process_.origin);
  const unified = ids.slice(0, requestCount).map((id): Request => ({ query: UNIFIED_CUSTOMER, variables: { id } }));
  const pages = Array.from({ length: Math.ceil(requestCount / 20) }, (): Request => ({ query: PAGE_OF_CUSTOMERS }));
  const nothing = unified.map((): Request => ({ query: NOTHING }));
  report('floor: { __typename }', await measure(process_, nothing, 200));
  report('unified customer', await measure(process_, unified, 200));
  report('page of 100', await measure(process_, pages, 5));
  await process_.stop();
}

async function peak(measured: MeasuredProcess): Promise<number> {
  return Math.round((await measured.sample()).peakBytes / 2 ** 20);
}

async function someCustomers(origin: string): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  while (ids.length < 1_000) {
    const data = await ask(origin, { query: CUSTOMER_IDS, variables: { after } });
    const page = data['customers'] as {
      pageInfo: { endCursor: string; hasNextPage: boolean };
      edges: { node: { customer360Id: string } }[];
    };
    ids.push(...page.edges.map(({ node }) => node.customer360Id));
    if (!page.pageInfo.hasNextPage) break;
    after = page.pageInfo.endCursor;
  }
  return ids;
}

function report(
  what: string,
  { requests, cpuMsPerRequest, p50Ms, p99Ms, statementsPerRequest, peakMebibytes }: Measured,
): void {
  console.log(
    `${what.padEnd(24)} ${String(requests).padStart(5)} requests  CPU ${cpuMsPerRequest.toFixed(2)} ms  p50 ${p50Ms.toFixed(1)} ms  ` +
      `p99 ${p99Ms.toFixed(1)} ms  statements ${statementsPerRequest.toFixed(2)}  peak ${peakMebibytes} MiB`,
  );
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
