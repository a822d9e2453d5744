import type { EngineCluster, ResolutionEngine } from '../resolution/engine.ts';
import type { MatchExplanation } from '../resolution/explanation.ts';
import type { MatchRecord } from '../resolution/match-record.ts';
import type { MatchRuleset } from '../resolution/rules/match-ruleset.ts';
import { type CustomerIdentity, type IdentityRepository, recordKey } from '../store/repository.ts';
import { type CreateEngine, documentsInEffect, takeDecisions } from './engine-state.ts';
import { inSlices } from './in-slices.ts';

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
 * Works out what a draft would make of the records, or of a sample of whole customers, with engines of its own. Nothing is
 * written, and the engine in service is not touched. The draft is held against the rules in effect on the very same records:
 * how frequent values are depends on the records, so that customers as they are stored would differ from any sample by more
 * than the rules. Pinned records stay where they are.
 */
export async function simulateRuleset(
  repository: IdentityRepository,
  createEngine: CreateEngine,
  ruleset: MatchRuleset,
  options: SimulationOptions,
): Promise<Simulation> {
  const inEffect = await documentsInEffect(repository);
  const before = createEngine(inEffect);
  const after = createEngine({ ruleset, model: inEffect.model });
  const pins = new Map<string, string>();
  for (const engine of [before, after]) await takeDecisions(repository, { engine, pins, isComplete: false, head: 0 });
  const loadings = [before.loading(), after.loading()];
  const customerOf = new Map<string, string>();
  for await (const customers of pagesOf(repository, options.sampleSize)) {
    for (const { customer360Id, records: own } of customers) {
      for (const record of own) customerOf.set(recordKey(record), customer360Id);
    }
    const keys = customers.flatMap((customer) => customer.records);
    for (let at = 0; at < keys.length; at += RECORDS_AT_ONCE) {
      const features = await repository.featuresOf(keys.slice(at, at + RECORDS_AT_ONCE));
      const records = [...features.values()].map((text) => JSON.parse(text) as MatchRecord);
      for (const loading of loadings) loading.add(records);
    }
  }
  for (const loading of loadings) await inSlices(loading.finish());
  const isFree = (key: string): boolean => !pins.has(key);
  return { recordCount: after.size, ...compare(before, after, { customerOf, isFree }, options) };
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

/** Whose the records are, and which of them the rules may move. */
interface Ownership {
  readonly customerOf: ReadonlyMap<string, string>;
  isFree(key: string): boolean;
}

function compare(
  before: ResolutionEngine,
  after: ResolutionEngine,
  ownership: Ownership,
  options: SimulationOptions,
): Omit<Simulation, 'recordCount'> {
  const clusters = [...after.clusters()];
  const [left, right] = [groupsOf(before.groups(), ownership), groupsOf(after.groups(), ownership)];
  const merges = apart(right, left, ownership).filter(({ ids }) => ids.size > 1);
  const splits = apart(left, right, ownership).filter(({ ids }) => ids.size === 1);
  const customers = new Set(ownership.customerOf.values()).size;
  const ids = (changes: readonly Change[]) => new Set(changes.flatMap((change) => [...change.ids]));
  const largest = clusters.toSorted((a, b) => b.records.length - a.records.length || (a.key < b.key ? -1 : 1));
  return {
    customersBefore: customers,
    // Counted from the changes that are told, so that the numbers add up in a sample too.
    customersAfter: customers - joined(merges) + splits.reduce((sum, { parts }) => sum + parts - 1, 0),
    merges: ids(merges).size,
    splits: splits.length,
    affected: [...ids([...merges, ...splits])].sort(),
    largest: largest.slice(0, options.largest),
    examples: [...merges, ...splits]
      .slice(0, options.examples)
      .flatMap(({ one, other }) => after.explain(one, other) ?? []),
  };
}

/** How many customers fewer there are when those of each change become one. */
function joined(changes: readonly Change[]): number {
  const sameAs = new Map<string, string>();
  const rootOf = (id: string): string => {
    let root = id;
    for (let next = sameAs.get(root); next !== undefined; next = sameAs.get(root)) root = next;
    return root;
  };
  for (const { ids } of changes) {
    const [first = '', ...others] = ids;
    for (const other of others) {
      const [one, another] = [rootOf(first), rootOf(other)];
      if (one !== another) sameAs.set(another, one);
    }
  }
  return sameAs.size;
}

/** The free records of each cluster; clusters of pinned ones alone are left out. */
function groupsOf(groups: Iterable<readonly string[]>, { isFree }: Ownership): string[][] {
  const found: string[][] = [];
  for (const group of groups) {
    const free = group.filter(isFree);
    if (free.length > 0) found.push(free);
  }
  return found;
}

/** People of one kind of cluster whom the other kind has apart. */
interface Change {
  /** The customers that these records are. */
  readonly ids: ReadonlySet<string>;
  /** How many clusters they are there. */
  readonly parts: number;
  /** Two records of them that are together here and apart there. */
  readonly one: string;
  readonly other: string;
}

/** The groups whose records are in several of the other groups. */
function apart(
  groups: readonly (readonly string[])[],
  others: readonly (readonly string[])[],
  { customerOf }: Ownership,
): Change[] {
  const groupOf = new Map(others.flatMap((group, index) => group.map((key) => [key, index] as const)));
  const changes: Change[] = [];
  for (const group of groups) {
    const [one = ''] = group;
    const other = group.find((key) => groupOf.get(key) !== groupOf.get(one));
    if (other === undefined) continue;
    const ids = new Set(group.flatMap((key) => customerOf.get(key) ?? []));
    changes.push({ ids, parts: new Set(group.map((key) => groupOf.get(key))).size, one, other });
  }
  return changes;
}
