import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createResolutionEngine } from '../../subgraphs/identity/resolution/create-engine.ts';
import type { ResolutionEngine } from '../../subgraphs/identity/resolution/engine.ts';
import type { CanonicalRecord, MatchRecord } from '../../subgraphs/identity/resolution/match-record.ts';
import { normaliseRecord } from '../../subgraphs/identity/resolution/normalise/record.ts';
import { loadDefaultMatchRuleset } from '../../subgraphs/identity/resolution/rules/match-ruleset.ts';
import { createDefaultModel } from '../../subgraphs/identity/resolution/score/default-model.ts';
import type { MatchModel } from '../../subgraphs/identity/resolution/score/model.ts';

const FOLDER = join(__dirname, '../data/identity');

/** The records of a set, in normal form. */
export function readSet(name: string): MatchRecord[] {
  const text = readFileSync(join(FOLDER, name, 'records.ndjson'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => normaliseRecord(JSON.parse(line) as CanonicalRecord));
}

/** Who each record of a set is, by `sourceRecordId`. */
export function readTruth(name: string): Map<string, string> {
  const lines = readFileSync(join(FOLDER, name, 'truth.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(',')), line.slice(line.lastIndexOf(',') + 1)]));
}

/** An engine with the project's rules. */
export function newEngine(model: MatchModel = createDefaultModel()): ResolutionEngine {
  return createResolutionEngine({ ruleset: loadDefaultMatchRuleset(), model });
}

/** Which records are together, as one text: equal when two engines say the same. */
export function partition(engine: ResolutionEngine): string {
  return [...engine.clusters()]
    .map(({ records }) => records.join(' '))
    .sort()
    .join('\n');
}

/** How well clusters and truth agree: pairs of records, and clusters that hold two people. */
export function measure(engine: ResolutionEngine, truth: ReadonlyMap<string, string>) {
  const pairs = (count: number): number => (count * (count - 1)) / 2;
  const sizes = new Map<string, number>();
  let together = 0;
  let predicted = 0;
  let overMerged = 0;
  for (const { records } of engine.clusters()) {
    const people = new Map<string, number>();
    for (const key of records) {
      const person = truth.get(key.slice(key.indexOf('|') + 1)) ?? key;
      people.set(person, (people.get(person) ?? 0) + 1);
      sizes.set(person, (sizes.get(person) ?? 0) + 1);
    }
    predicted += pairs(records.length);
    for (const count of people.values()) together += pairs(count);
    if (people.size > 1) overMerged += 1;
  }
  const actual = [...sizes.values()].reduce((sum, count) => sum + pairs(count), 0);
  const [precision, recall] = [together / predicted, together / actual];
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall), overMerged };
}
