import type { EngineCluster, ResolutionEngine } from '../resolution/engine.ts';
import type { MatchExplanation } from '../resolution/explanation.ts';
import type { MatchRecord } from '../resolution/match-record.ts';
import type { MatchRuleset } from '../resolution/rules/match-ruleset.ts';
import { type CustomerIdentity, type IdentityRepository, recordKey } from '../store/repository.ts';
import { type CreateEngine, documentsInEffect, takeDecisions } from './engine-state.ts';

/** What a draft of the rules would change among some records. */
export interface Simulation {
  readonly recordCount: number;
  readonly customersBefore: number;
  readonly customersAfter: number;
  /** Customers that would become one with others. */
  readonly merges: number;
  /** Customers that would fall apart. */
  readonly splits: number;
  /** Ids whose records would change. */
  readonly affected: readonly string[];
  /** The largest first. */
  readonly largest: readonly EngineCluster[];
  readonly examples: readonly MatchExplanation[];
}

/** How much to look at, and how much to show. */
export interface SimulationOptions {
  /** Records to look at, those of the oldest customers. */
  readonly sampleSize: number;
  readonly examples: number;
  readonly largest: number;
}

const CUSTOMERS_AT_ONCE = 250;
const RECORDS_AT_ONCE = 1_000;

/**
 * Works out what a draft would make of the records, or of a sample of whole customers, with an engine of its own. Nothing
 * is written, and the engine in service is not touched.
 */
export async function simulateRuleset(
  repository: IdentityRepository,
  createEngine: CreateEngine,
  ruleset: MatchRuleset,
  options: SimulationOptions,
): Promise<Simulation> {
  const { model } = await documentsInEffect(repository);
  const engine = createEngine({ ruleset, model });
  await takeDecisions(repository, { engine, pins: new Map(), head: 0 });
  const customerOf = new Map<string, string>();
  const records: MatchRecord[] = [];
  for await (const customers of pagesOf(repository, options.sampleSize)) {
    for (const { customer360Id, records: own } of customers) {
      for (const record of own) customerOf.set(recordKey(record), customer360Id);
    }
    const keys = customers.flatMap((customer) => customer.records);
    for (let at = 0; at < keys.length; at += RECORDS_AT_ONCE) {
      const features = await repository.featuresOf(keys.slice(at, at + RECORDS_AT_ONCE));
      for (const text of features.values()) records.push(JSON.parse(text) as MatchRecord);
    }
  }
  engine.load(records);
  return { recordCount: records.length, ...compare(engine, customerOf, options) };
}

async function* pagesOf(repository: IdentityRepository, sampleSize: number): AsyncGenerator<CustomerIdentity[]> {
  let count = 0;
  for (let after: string | undefined; count < sampleSize; ) {
    const page: CustomerIdentity[] = await repository.listCustomers({
      ...(after === undefined ? {} : { after }),
      first: CUSTOMERS_AT_ONCE,
    });
    const sampled: CustomerIdentity[] = [];
    for (const customer of page) {
      if (count >= sampleSize) break;
      count += customer.records.length;
      sampled.push(customer);
    }
    yield sampled;
    after = page.at(-1)?.customer360Id;
    if (page.length < CUSTOMERS_AT_ONCE) return;
  }
}

function compare(
  engine: ResolutionEngine,
  customerOf: ReadonlyMap<string, string>,
  options: SimulationOptions,
): Omit<Simulation, 'recordCount'> {
  const clustersOf = new Map<string, EngineCluster[]>();
  const merged = new Set<string>();
  const clusters: EngineCluster[] = [];
  const differing: (readonly [string, string])[] = [];
  for (const cluster of engine.clusters()) {
    clusters.push(cluster);
    const customers = new Map<string, string>();
    for (const key of cluster.records) customers.set(customerOf.get(key) ?? '', key);
    for (const id of customers.keys()) clustersOf.set(id, [...(clustersOf.get(id) ?? []), cluster]);
    if (customers.size < 2) continue;
    for (const id of customers.keys()) merged.add(id);
    const link = cluster.links.find(({ from, to }) => customerOf.get(from) !== customerOf.get(to));
    if (link) differing.push([link.from, link.to]);
  }
  const split = [...clustersOf].filter(([, parts]) => parts.length > 1);
  for (const [id, [one, other]] of split) {
    const own = (cluster: EngineCluster | undefined) => cluster?.records.find((key) => customerOf.get(key) === id);
    const [left, right] = [own(one), own(other)];
    if (left !== undefined && right !== undefined) differing.push([left, right]);
  }
  const largest = clusters.toSorted((a, b) => b.records.length - a.records.length || (a.key < b.key ? -1 : 1));
  return {
    customersBefore: clustersOf.size,
    customersAfter: clusters.length,
    merges: merged.size,
    splits: split.length,
    affected: [...new Set([...merged, ...split.map(([id]) => id)])].sort(),
    largest: largest.slice(0, options.largest),
    examples: differing.slice(0, options.examples).flatMap(([left, right]) => engine.explain(left, right) ?? []),
  };
}
