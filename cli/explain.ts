import { parseArgs } from 'node:util';
import { createResolutionEngine } from '../subgraphs/identity/resolution/create-engine.ts';
import type { ResolutionEngine } from '../subgraphs/identity/resolution/engine.ts';
import { createDefaultModel } from '../subgraphs/identity/resolution/score/default-model.ts';
import { type EngineOptions, readModel, readRuleset } from './engine-documents.ts';
import { WrongUsage } from './failure.ts';
import { loadRecords } from './load-records.ts';
import { waterfall } from './waterfall.ts';

/** `c360 explain A B`: says why two records of a file are, or are not, one person. Exits 1 when one of them is not there. */
export async function runExplain(argv: readonly string[]): Promise<number> {
  const { names, inputs, ruleset, model } = readOptions(argv);
  const engine = createResolutionEngine({ ruleset, model: model ?? createDefaultModel() });
  const observer = { onBadLine: () => undefined, onProgress: () => undefined };
  await loadRecords(engine, inputs, { ...observer, fit: model === undefined });
  const keys = names.map((name) => findKey(engine, name));
  const [left, right] = keys;
  const missing = names.filter((_, index) => keys[index] === undefined);
  if (left === undefined || right === undefined) {
    process.stderr.write(
      `c360 explain: not among the ${engine.size.toLocaleString('en')} records: ${missing.join(', ')}\n`,
    );
    return 1;
  }
  const explanation = engine.explain(left, right);
  if (explanation) process.stdout.write(`${waterfall(explanation)}\n`);
  return 0;
}

interface ExplainOptions extends EngineOptions {
  readonly names: readonly string[];
  readonly inputs: readonly string[];
}

function readOptions(argv: readonly string[]): ExplainOptions {
  try {
    const one = { type: 'string' as const };
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { input: { type: 'string', multiple: true }, ruleset: one, model: one },
      allowPositionals: true,
    });
    const { input = [] } = values;
    if (positionals.length !== 2 || input.length === 0) throw new Error('Two records and --input FILE are needed.');
    return { names: positionals, inputs: input, ruleset: readRuleset(values.ruleset), model: readModel(values.model) };
  } catch (error) {
    if (error instanceof Error && error.name === 'RulesetInvalid') throw error;
    throw new WrongUsage(`${error instanceof Error ? error.message : error} See --help.`);
  }
}

/** A record by `dataSourceId|sourceRecordId`, or by its `sourceRecordId` alone: the first that has it. */
function findKey(engine: ResolutionEngine, name: string): string | undefined {
  if (engine.has(name)) return name;
  for (const records of engine.groups()) {
    const found = records.find((key) => key.slice(key.indexOf('|') + 1) === name);
    if (found !== undefined) return found;
  }
  return undefined;
}
