import type { StoredIdentity } from '../resolution/assign.ts';
import type { Component, MatchLink } from '../resolution/component.ts';
import type { EngineCluster } from '../resolution/engine.ts';
import { recordOfKey } from '../store/decision.ts';
import {
  type CustomerIdentity,
  type IdentityRecord,
  type IdentityRepository,
  type LinkedRecord,
  type MergeInEffect,
  recordKey,
} from '../store/repository.ts';
import type { EngineState } from './engine-state.ts';

/** Records as they are now but not in the store yet. */
export interface PendingRecords {
  readonly changed: ReadonlyMap<string, IdentityRecord>;
  readonly removed: ReadonlySet<string>;
  /** Records that the store is known not to have: it need not be asked for them. */
  readonly fresh: ReadonlySet<string>;
}

/** People as the engine sees them, and what the store holds of the customers they concern. */
export interface Neighbourhood extends StoredIdentity {
  readonly components: readonly Component[];
}

const KEYS_PER_LOOKUP = 1_000;

/**
 * Everything a decision about some records depends on: their clusters, the customers that these are stored as, the clusters
 * of all records of those customers, and so on until nothing new comes.
 */
export async function readNeighbourhood(
  repository: IdentityRepository,
  state: EngineState,
  keys: Iterable<string>,
  pending: PendingRecords,
): Promise<Neighbourhood> {
  const reading = new Reading(repository, state, pending);
  await reading.close(keys);
  return reading.result();
}

class Reading {
  readonly #repository: IdentityRepository;
  readonly #state: EngineState;
  readonly #pending: PendingRecords;
  readonly #clusters = new Map<string, EngineCluster>();
  readonly #customers = new Map<string, CustomerIdentity>();
  readonly #stored = new Map<string, LinkedRecord>();
  readonly #merges = new Map<string, MergeInEffect>();
  readonly #asked = new Set<string>();

  constructor(repository: IdentityRepository, state: EngineState, pending: PendingRecords) {
    this.#repository = repository;
    this.#state = state;
    this.#pending = pending;
  }

  async close(keys: Iterable<string>): Promise<void> {
    let open = this.#clustersOf(keys);
    while (open.length > 0) {
      const found: CustomerIdentity[] = [];
      for (const chunk of chunksOf(open)) {
        found.push(...(await this.#repository.customersByRecords(chunk.map(recordOfKey))).values());
      }
      const pinned = this.#pinnedCustomers(open);
      if (pinned.length > 0) found.push(...(await this.#repository.customersByIds(pinned)).values());
      open = this.#clustersOf(found.flatMap((customer) => this.#addCustomer(customer)));
    }
  }

  result(): Neighbourhood {
    const deleted = new Set([...this.#pending.removed].filter((key) => this.#stored.has(key)));
    return { components: this.#components(), stored: this.#stored, merges: this.#merges, deleted };
  }

  /** Notes the clusters of the records, and gives the keys of all their records that the store was not asked for yet. */
  #clustersOf(keys: Iterable<string>): string[] {
    const open: string[] = [];
    const ask = (key: string): void => {
      if (this.#asked.has(key)) return;
      this.#asked.add(key);
      if (!this.#pending.fresh.has(key)) open.push(key);
    };
    for (const key of keys) {
      ask(key);
      const cluster = this.#state.engine.clusterOf(key);
      if (!cluster || this.#clusters.has(cluster.key)) continue;
      this.#clusters.set(cluster.key, cluster);
      for (const member of cluster.records) ask(member);
    }
    return open;
  }

  #pinnedCustomers(keys: readonly string[]): string[] {
    const ids = keys.flatMap((key) => this.#state.pins.get(key) ?? []);
    return [...new Set(ids)].filter((id) => !this.#customers.has(id));
  }

  #addCustomer(customer: CustomerIdentity): string[] {
    if (this.#customers.has(customer.customer360Id)) return [];
    this.#customers.set(customer.customer360Id, customer);
    for (const merge of customer.merges) this.#merges.set(merge.merged, merge);
    for (const record of customer.records) this.#stored.set(recordKey(record), record);
    return customer.records.map(recordKey);
  }

  #components(): Component[] {
    const pinned: string[] = [];
    const components: { key: string; records: IdentityRecord[]; links: MatchLink[] }[] = [];
    for (const cluster of this.#clusters.values()) {
      const free = cluster.records.filter((key) => !this.#state.pins.has(key));
      pinned.push(...cluster.records.filter((key) => this.#state.pins.has(key)));
      const records = free.flatMap((key) => this.#record(key) ?? []);
      const [first] = free;
      if (first !== undefined && records.length > 0)
        components.push({ key: first, records, links: [...cluster.links] });
    }
    for (const key of pinned.sort()) this.#place(key, components);
    return components;
  }

  /** A pinned record goes where most of the free records of its customer are; alone, it is the customer. */
  #place(key: string, components: { key: string; records: IdentityRecord[]; links: MatchLink[] }[]): void {
    const record = this.#record(key);
    if (!record) return;
    const customer360Id = this.#survivorOf(this.#state.pins.get(key) ?? '');
    const weight = (records: readonly IdentityRecord[]): number =>
      records.filter((own) => this.#stored.get(recordKey(own))?.customer360Id === customer360Id).length;
    const [best] = components
      .map((component) => ({ component, count: weight(component.records) }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count || (a.component.key < b.component.key ? -1 : 1));
    const anchor = best?.component.records.find(
      (own) => this.#stored.get(recordKey(own))?.customer360Id === customer360Id,
    );
    if (!best || !anchor) {
      components.push({ key, records: [record], links: [] });
      return;
    }
    best.component.records.push(record);
    best.component.links.push({ from: recordKey(anchor), to: key, rule: 'MANUAL' });
  }

  #survivorOf(customer360Id: string): string {
    for (const customer of this.#customers.values()) {
      if (customer.mergedCustomer360Ids.includes(customer360Id)) return customer.customer360Id;
    }
    return customer360Id;
  }

  #record(key: string): IdentityRecord | undefined {
    return this.#pending.changed.get(key) ?? this.#stored.get(key);
  }
}

function chunksOf<T>(items: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += KEYS_PER_LOOKUP) chunks.push(items.slice(at, at + KEYS_PER_LOOKUP));
  return chunks;
}
