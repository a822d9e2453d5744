import { hash } from 'node:crypto';
import { closeSync, existsSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createResolutionEngine } from '../subgraphs/identity/resolution/create-engine.ts';
import type { ResolutionEngine } from '../subgraphs/identity/resolution/engine.ts';
import { createDefaultModel } from '../subgraphs/identity/resolution/score/default-model.ts';
import { type EngineOptions, readModel, readRuleset } from './engine-documents.ts';
import { WrongUsage } from './failure.ts';
import { loadRecords } from './load-records.ts';
import type { BadLine } from './ndjson.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_LENGTH = 26;
/** Bad lines named one by one; of more only the number is told. */
const NAMED_BAD_LINES = 100;
const FLUSH_CHARACTERS = 1 << 20;

/** `c360 resolve`: puts records of files together into people. Bad lines don't change the exit code, they are told. */
export async function runResolve(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  const badLines: BadLine[] = [];
  let badCount = 0;
  const engine = createResolutionEngine({ ruleset: options.ruleset, model: options.model ?? createDefaultModel() });
  const read = await loadRecords(engine, options.inputs, {
    fit: options.model === undefined,
    onBadLine(bad) {
      badCount += 1;
      if (badLines.length >= NAMED_BAD_LINES) return;
      badLines.push(bad);
      tell(`${bad.file}:${bad.line}: ${bad.reason}; skipped`);
    },
    onProgress: (count) => tell(`${count.toLocaleString('en')} records read, ${seconds()}`),
  });
  tell(`${engine.size.toLocaleString('en')} records linked, ${seconds()}`);
  const clusters = writeClusters(engine, options.output);
  if (options.report !== undefined)
    writeFileSync(
      options.report,
      `${JSON.stringify(reportOf(engine, { read, clusters, badCount, badLines }, options), null, 2)}\n`,
    );
  for (const { message, count } of warningsOf(engine, { read, clusters })) tell(`warning: ${message} (${count})`);
  if (badCount > 0) tell(`${badCount.toLocaleString('en')} bad lines skipped`);
  tell(`${clusters.count.toLocaleString('en')} people, ${seconds()}`);
  return 0;
}

interface ResolveOptions extends EngineOptions {
  readonly inputs: readonly string[];
  readonly output: string;
  readonly report: string | undefined;
}

function readOptions(argv: readonly string[]): ResolveOptions {
  let values: { input?: string[]; output?: string; report?: string; ruleset?: string; model?: string };
  try {
    const one = { type: 'string' as const };
    const options = {
      input: { type: 'string' as const, multiple: true as const },
      output: one,
      report: one,
      ruleset: one,
      model: one,
    };
    values = parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new WrongUsage(`${error instanceof Error ? error.message : error} See --help.`);
  }
  const { input = [], output } = values;
  if (input.length === 0 || output === undefined)
    throw new WrongUsage('--input FILE and --output FILE are needed. See --help.');
  for (const file of input) {
    if (file !== '-' && !existsSync(file)) throw new WrongUsage(`There is no file ${file}.`);
    if (file !== '-' && statSync(file).isDirectory()) throw new WrongUsage(`${file} is a folder: name its files.`);
  }
  // Told before the work, not after it.
  for (const file of [output, ...(values.report === undefined ? [] : [values.report])]) {
    if (!existsSync(dirname(resolve(file)))) throw new WrongUsage(`There is no folder for ${file}.`);
    if (existsSync(file) && statSync(file).isDirectory()) throw new WrongUsage(`${file} is a folder: name a file.`);
    if (input.some((one) => one !== '-' && resolve(one) === resolve(file)))
      throw new WrongUsage(`${file} is an input: it would be written over.`);
  }
  if (values.report !== undefined && resolve(values.report) === resolve(output))
    throw new WrongUsage('--output and --report are one file.');
  return {
    inputs: input,
    output,
    report: values.report,
    ruleset: readRuleset(values.ruleset),
    model: readModel(values.model),
  };
}

interface WrittenClusters {
  readonly count: number;
  /** How many clusters there are of each size. */
  readonly sizes: ReadonlyMap<number, number>;
  /** Records whose `sourceRecordId` another data source uses too. */
  readonly ambiguous: number;
}

function writeClusters(engine: ResolutionEngine, output: string): WrittenClusters {
  const file = openSync(output, 'w');
  const sizes = new Map<number, number>();
  const seen = new Set<string>();
  let count = 0;
  let ambiguous = 0;
  let text = 'sourceRecordId,customer360Id\n';
  for (const records of engine.groups()) {
    const id = customer360IdOf(records[0] ?? '');
    count += 1;
    sizes.set(records.length, (sizes.get(records.length) ?? 0) + 1);
    for (const record of records) {
      const sourceRecordId = record.slice(record.indexOf('|') + 1);
      if (seen.has(sourceRecordId)) ambiguous += 1;
      seen.add(sourceRecordId);
      text += `${quoted(sourceRecordId)},${id}\n`;
    }
    if (text.length < FLUSH_CHARACTERS) continue;
    writeSync(file, text);
    text = '';
  }
  writeSync(file, text);
  closeSync(file);
  return { count, sizes, ambiguous };
}

/** An id made of the cluster's first record: the same input gives the same file. */
function customer360IdOf(key: string): string {
  const bytes = hash('sha256', key, 'buffer');
  let id = ALPHABET[(bytes[0] as number) & 7] as string;
  for (let i = 1; i < ID_LENGTH; i += 1) id += ALPHABET[(bytes[i] as number) & 31];
  return `c360_${id}`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What was read and written. */
interface Run {
  /** Records read, also those that a later one replaced. */
  readonly read: number;
  readonly clusters: WrittenClusters;
  readonly badCount: number;
  readonly badLines: readonly BadLine[];
}

function warningsOf(
  engine: ResolutionEngine,
  { read, clusters }: Pick<Run, 'read' | 'clusters'>,
): { readonly code: string; readonly message: string; readonly count: number }[] {
  const duplicates = {
    code: 'DUPLICATE_RECORD',
    message: 'Records that came more than once: the last of each counts.',
    count: read - engine.size,
  };
  const ambiguous = {
    code: 'AMBIGUOUS_SOURCE_RECORD_ID',
    message: 'Source record ids that several data sources use: the output names records by that id alone.',
    count: clusters.ambiguous,
  };
  return [...engine.warnings(), ...[duplicates, ambiguous].filter(({ count }) => count > 0)];
}

function reportOf(engine: ResolutionEngine, run: Run, options: ResolveOptions): object {
  const { model } = engine;
  const { clusters, badCount, badLines } = run;
  let households = 0;
  for (const _ of engine.households()) households += 1;
  return {
    records: engine.size,
    clusters: clusters.count,
    households,
    clusterSizes: Object.fromEntries([...clusters.sizes].sort(([a], [b]) => a - b)),
    largestCluster: Math.max(0, ...clusters.sizes.keys()),
    threshold: options.ruleset.document.threshold ?? model.threshold,
    ruleset: {
      name: options.ruleset.document.name,
      version: options.ruleset.document.version,
      fingerprint: options.ruleset.fingerprint,
    },
    model,
    badLines: { count: badCount, named: badLines },
    uncertainPairs: engine.uncertainPairs(100),
    warnings: warningsOf(engine, run),
  };
}
