import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readMatchRecords } from '../cli/canonical-records.ts';
import { createResolutionEngine } from '../subgraphs/identity/resolution/create-engine.ts';
import type { ResolutionEngine } from '../subgraphs/identity/resolution/engine.ts';
import type { MatchRecord } from '../subgraphs/identity/resolution/match-record.ts';
import { loadDefaultMatchRuleset } from '../subgraphs/identity/resolution/rules/match-ruleset.ts';
import { createDefaultModel } from '../subgraphs/identity/resolution/score/default-model.ts';

const NEW_RECORDS = 10_000;
const SEED = 7;

/**
 * Measures identity resolution over files of canonical records.
 *   npm run build && node dist/bench/resolution.js --input records.ndjson
 * In bulk as `c360 resolve` does it, in a process of its own (time, CPU, peak memory); then in process the last 10,000 records one by
 * one upon all others; with --shuffle all of them in another order, against bulk. With --only bulk or --only arrival just that.
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      input: { type: 'string', multiple: true },
      shuffle: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  });
  const inputs = values.input ?? [];
  if (inputs.length === 0) throw new Error('--input FILE is needed.');
  if (values.only !== 'arrival') measureBulk(inputs);
  if (values.only !== 'bulk') measureArrival(inputs);
  if (values.shuffle) measureShuffled([...recordsOf(inputs)]);
}

function recordsOf(inputs: readonly string[]): Generator<MatchRecord> {
  return readMatchRecords(inputs, { onBadLine: () => undefined, onProgress: () => undefined });
}

function measureBulk(inputs: readonly string[]): void {
  const script = `
    const started = process.hrtime.bigint();
    require(${JSON.stringify(join(__dirname, '../cli/resolve.js'))}).runResolve(process.argv.slice(1)).then(() => {
      const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
      console.log(JSON.stringify({ s: Number(process.hrtime.bigint() - started) / 1e9, cpu: (userCPUTime + systemCPUTime) / 1e6, mib: maxRSS / 1024 }));
    });`;
  const files = inputs.flatMap((file) => ['--input', file]);
  const { stdout, status } = spawnSync(process.execPath, ['-e', script, '--', ...files, '--output', '/dev/null'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error('c360 resolve has failed.');
  const { s, cpu, mib } = JSON.parse(stdout) as { s: number; cpu: number; mib: number };
  console.log(`bulk, parsing included: ${s.toFixed(1)} s, CPU ${cpu.toFixed(1)} s, peak ${Math.round(mib)} MiB`);
}

function measureArrival(inputs: readonly string[]): void {
  const last: MatchRecord[] = [];
  function* allButLast(): Generator<MatchRecord> {
    for (const record of recordsOf(inputs)) {
      last.push(record);
      if (last.length > 2 * NEW_RECORDS) yield* last.splice(0, NEW_RECORDS);
    }
    yield* last.splice(0, last.length - NEW_RECORDS);
  }
  const engine = newEngine();
  engine.load(allButLast(), { fit: true });
  const before = engine.size;
  const { user, system } = process.cpuUsage();
  const times = timeUpserts(engine, last);
  const cpu = process.cpuUsage({ user, system });
  const each = (cpu.user + cpu.system) / 1_000 / last.length;
  console.log(`one new record upon ${before.toLocaleString('en')}: ${quantiles(times)}, CPU ${each.toFixed(3)} ms`);
}

function measureShuffled(records: readonly MatchRecord[]): void {
  const bulk = newEngine();
  bulk.load(records, { fit: true });
  const engine = newEngine(bulk);
  console.log(`all one by one, shuffled: ${quantiles(timeUpserts(engine, shuffled(records)))}`);
  const clusters = new Map([...bulk.groups()].map((group) => [group[0], group.join(' ')]));
  const total = clusters.size;
  for (const group of engine.groups()) if (clusters.get(group[0]) === group.join(' ')) clusters.delete(group[0]);
  console.log(`clusters that differ from bulk: ${clusters.size} of ${total}`);
}

function newEngine(fitted?: ResolutionEngine): ResolutionEngine {
  return createResolutionEngine({ ruleset: loadDefaultMatchRuleset(), model: fitted?.model ?? createDefaultModel() });
}

function timeUpserts(engine: ResolutionEngine, records: readonly MatchRecord[]): Float64Array {
  const times = new Float64Array(records.length);
  records.forEach((record, index) => {
    const started = process.hrtime.bigint();
    engine.upsert(record);
    times[index] = Number(process.hrtime.bigint() - started) / 1e6;
  });
  return times.sort();
}

function quantiles(sorted: Float64Array): string {
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(3);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
}

function shuffled<T>(items: readonly T[]): T[] {
  const copy = [...items];
  let state = SEED;
  for (let i = copy.length - 1; i > 0; i -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = Math.floor((state / 4_294_967_296) * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

run();
