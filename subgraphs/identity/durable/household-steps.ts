import type { ResolutionEngine } from '../resolution/engine.ts';
import { recordOfKey } from '../store/decision.ts';
import type { StoredHousehold } from '../store/household.ts';
import {
  type CustomerIdentity,
  type IdentityOperation,
  type IdentityRepository,
  recordKey,
} from '../store/repository.ts';
import { foundersId } from './household-id.ts';

const KEYS_AT_ONCE = 1_000;

/**
 * The steps from the households that the store has to those of the engine, for the people of some records and whoever lives
 * with them, then or now. A household that falls apart stays with those who founded it, so that a merge that is taken back gives
 * families back their ids, else with its larger part; of several that become one, the oldest stays.
 */
export async function householdSteps(
  repository: IdentityRepository,
  engine: ResolutionEngine,
  keys: readonly string[],
  newHouseholdId: () => string,
): Promise<IdentityOperation[]> {
  const reading = new Reading(repository, engine);
  await reading.close(keys);
  const people = reading.people();
  const homes = people.filter(({ length }) => length > 1);
  const ids = assign(homes, [...reading.stored.values()]);
  await foundHomes(repository, homes, ids);
  const operations: IdentityOperation[] = [];
  const kept = new Set<string>();
  for (const home of homes) {
    const householdId = ids.get(home) ?? newHouseholdId();
    kept.add(householdId);
    if (reading.stored.get(householdId)?.customer360Ids.join(' ') === home.join(' ')) continue;
    operations.push({ kind: 'household', householdId, customer360Ids: home });
  }
  const alone = new Set(people.filter(({ length }) => length === 1).flat());
  for (const { householdId, customer360Ids } of reading.stored.values()) {
    // Where others moved to a household of their own, nobody is left to be shown out.
    if (kept.has(householdId) || !customer360Ids.some((id) => alone.has(id))) continue;
    operations.unshift({ kind: 'household', householdId, customer360Ids: [] });
  }
  return operations;
}

/**
 * Gives new households the id that follows from who founds them: one that has vanished and comes back with the same people is
 * the same. Where that id is in use by others meanwhile, it stays theirs.
 */
async function foundHomes(
  repository: IdentityRepository,
  homes: readonly (readonly string[])[],
  ids: Map<readonly string[], string>,
): Promise<void> {
  const founded = new Map(homes.filter((home) => !ids.has(home)).map((home) => [foundersId(home), home]));
  const known = await inChunks([...founded.keys()], (chunk) => repository.households.byIds(chunk));
  for (const { householdId, customer360Ids } of known) if (customer360Ids.length > 0) founded.delete(householdId);
  for (const [householdId, home] of founded) ids.set(home, householdId);
}

/** Which household goes on as which: its founders' own, else where most of its people are, each group the oldest of those it gets. */
function assign(
  homes: readonly (readonly string[])[],
  stored: readonly StoredHousehold[],
): Map<readonly string[], string> {
  const ids = new Map<readonly string[], string>();
  const foundedBy = new Map(homes.map((home) => [foundersId(home), home]));
  const isOf = ({ householdId, customer360Ids }: StoredHousehold): boolean =>
    foundedBy.get(householdId)?.some((id) => customer360Ids.includes(id)) ?? false;
  for (const household of stored.toSorted((a, b) => Number(isOf(b)) - Number(isOf(a)) || byAge(a, b))) {
    const { householdId, customer360Ids } = household;
    const [heir] = homes
      .map((home) => ({ home, count: home.filter((id) => customer360Ids.includes(id)).length }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count || ((a.home[0] ?? '') < (b.home[0] ?? '') ? -1 : 1));
    const home = isOf(household) ? foundedBy.get(householdId) : heir?.home;
    if (home && !ids.has(home)) ids.set(home, householdId);
  }
  return ids;
}

/** Of two that were founded at once the one whose people came first is the older. */
function byAge(a: StoredHousehold, b: StoredHousehold): number {
  const [left, right] = [a, b].map(({ createdAt, customer360Ids }) => [createdAt, ...customer360Ids].join(' '));
  return (left ?? '') < (right ?? '') ? -1 : 1;
}

/** Everybody who is concerned: whoever lives with somebody concerned, as the engine says or as the store says. */
class Reading {
  readonly stored = new Map<string, StoredHousehold>();
  readonly #repository: IdentityRepository;
  readonly #engine: ResolutionEngine;
  readonly #asked = new Set<string>();
  readonly #customerOf = new Map<string, string>();
  readonly #customers = new Set<string>();
  readonly #groups = new Map<string, readonly string[]>();

  constructor(repository: IdentityRepository, engine: ResolutionEngine) {
    this.#repository = repository;
    this.#engine = engine;
  }

  async close(keys: readonly string[]): Promise<void> {
    for (let open = this.#open(keys); open.length > 0; ) {
      const found = await inChunks(open.map(recordOfKey), (chunk) => this.#repository.customersByRecords(chunk));
      const fresh = this.#take(found);
      const homes = await inChunks(fresh, (chunk) => this.#repository.households.ofCustomers(chunk));
      for (const home of homes) this.stored.set(home.householdId, home);
      const housemates = homes.flatMap(({ customer360Ids }) => customer360Ids).filter((id) => !this.#customers.has(id));
      const others = await inChunks([...new Set(housemates)], (chunk) => this.#repository.customersByIds(chunk));
      open = this.#open([...found, ...others].flatMap(({ records }) => records.map(recordKey)));
    }
  }

  /** Customers who live together, each of them once, by id; somebody alone is a group of one. */
  people(): string[][] {
    const groupOf = new Map<string, Set<string>>();
    for (const clusters of this.#groups.values()) {
      const group = new Set<string>();
      for (const key of clusters) {
        const id = this.#customerOf.get(key);
        if (id === undefined) continue;
        for (const member of groupOf.get(id) ?? [id]) group.add(member);
      }
      for (const id of group) groupOf.set(id, group);
    }
    return [...new Set(groupOf.values())].map((group) => [...group].sort());
  }

  /** Notes the households of the records, and gives the records of them that the store was not asked for yet. */
  #open(keys: readonly string[]): string[] {
    const open: string[] = [];
    for (const key of keys) {
      const cluster = this.#engine.clusterOf(key)?.key;
      if (cluster === undefined) continue;
      const clusters = this.#engine.householdOf(key)?.clusters ?? [cluster];
      this.#groups.set(clusters[0] ?? cluster, clusters);
      for (const each of clusters) {
        if (this.#asked.has(each)) continue;
        this.#asked.add(each);
        open.push(each);
      }
    }
    return open;
  }

  #take(found: readonly CustomerIdentity[]): string[] {
    const fresh: string[] = [];
    for (const { customer360Id, records } of found) {
      for (const record of records) this.#customerOf.set(recordKey(record), customer360Id);
      if (this.#customers.has(customer360Id)) continue;
      this.#customers.add(customer360Id);
      fresh.push(customer360Id);
    }
    return fresh;
  }
}

async function inChunks<Key, Found>(
  keys: readonly Key[],
  read: (chunk: readonly Key[]) => Promise<ReadonlyMap<string, Found>>,
): Promise<Found[]> {
  const found: Found[] = [];
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    found.push(...(await read(keys.slice(at, at + KEYS_AT_ONCE))).values());
  }
  return found;
}
