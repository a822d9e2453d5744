import {
  type CustomerIdentity,
  type Identifier,
  type IdentityRecord,
  type IdentityRepository,
  identifierKey,
  type LinkedRecord,
  type MergeInEffect,
  recordKey,
  type SourceRecordKey,
} from '../store/repository.ts';
import { isSameRecord, type StoredIdentity } from './assign.ts';
import type { Ruleset } from './ruleset.ts';

const KEYS_PER_LOOKUP = 1_000;

/** All that a decision about some records depends on. */
export interface Neighbourhood extends StoredIdentity {
  /** The records as they are now: those that changed, and every record of every customer that the change may touch. */
  readonly records: readonly IdentityRecord[];
  /** True when more records carry the identifier than its rule allows, counting those outside the neighbourhood. */
  isOverLimit(identifier: Identifier): boolean;
}

/** What changed: records as they are now, at most one for a key, and keys of records that are gone. */
export interface RecordChanges {
  readonly changed: readonly IdentityRecord[];
  readonly deleted: readonly SourceRecordKey[];
  /** Also look again at records that are stored as they are, as after a change of the rules. */
  readonly reconsider: boolean;
}

/**
 * Reads the neighbourhood of some changed records: their customers, and the customers of records that share or shared an
 * identifier with them. Lookups are in batches; an identifier far over its limit costs no more than one at its limit.
 * Null when nothing that matters has changed.
 */
export async function readNeighbourhood(
  repository: IdentityRepository,
  ruleset: Ruleset,
  changes: RecordChanges,
): Promise<Neighbourhood | null> {
  const reading = new NeighbourhoodReading(repository, ruleset);
  await reading.begin(changes);
  if (reading.batch.size === 0) return null;
  await reading.addSharers();
  await reading.checkLimits();
  return reading.finish();
}

class NeighbourhoodReading {
  /** Records of the batch as they are now by key, null for those that are gone. */
  readonly batch = new Map<string, IdentityRecord | null>();
  private readonly stored = new Map<string, LinkedRecord>();
  private readonly merges = new Map<string, MergeInEffect>();
  private readonly customers = new Set<string>();
  private readonly asked = new Set<string>();
  private readonly overLimit = new Set<string>();
  private readonly repository: IdentityRepository;
  private readonly ruleset: Ruleset;

  constructor(repository: IdentityRepository, ruleset: Ruleset) {
    this.repository = repository;
    this.ruleset = ruleset;
  }

  async begin(changes: RecordChanges): Promise<void> {
    const keys = new Map([...changes.deleted, ...changes.changed].map((key) => [recordKey(key), key]));
    for (const chunk of chunksOf([...keys.values()])) {
      for (const customer of (await this.repository.customersByRecords(chunk)).values()) this.addCustomer(customer);
    }
    for (const key of changes.deleted) if (this.stored.has(recordKey(key))) this.batch.set(recordKey(key), null);
    for (const record of changes.changed) {
      const before = this.stored.get(recordKey(record));
      const matters = changes.reconsider || !before || !isSameRecord(before, record);
      if (matters) this.batch.set(recordKey(record), record);
    }
  }

  /** Brings in the customers of records that share an identifier with the batch, or shared one, where it joins anybody or did. */
  async addSharers(): Promise<void> {
    const before = [...this.batch.keys()].flatMap((key) => this.stored.get(key) ?? []);
    const now = [...this.batch.values()].flatMap((record) => record ?? []);
    const identifiers = this.unasked([...before, ...now].flatMap((record) => record.identifiers));
    const carriersNow = this.countLinking(now);
    const carriersBefore = this.countLinking(before);
    // So many that, whoever of the batch is among them, one more than the limit is left when there are so many.
    const enough = this.ruleset.largestLimit + 1 + Math.max(0, ...carriersBefore.values());
    const needed = new Set<string>();
    await this.eachGroup(identifiers, enough, (identifier, limit, group) => {
      const key = identifierKey(identifier);
      const others = group.filter((record) => !this.batch.has(recordKey(record)));
      const isOver = others.length + (carriersNow.get(key) ?? 0) > limit;
      if (isOver) this.overLimit.add(key);
      if (isOver && group.length > limit) return;
      for (const { customer360Id } of others) if (!this.customers.has(customer360Id)) needed.add(customer360Id);
    });
    for (const chunk of chunksOf([...needed])) {
      for (const customer of (await this.repository.customersByIds(chunk)).values()) this.addCustomer(customer);
    }
  }

  /**
   * Finds out about the other identifiers that two records of the neighbourhood share: whether they are over their limit
   * cannot be told from these records alone. Whom else they join is not asked, because nothing about them has changed.
   */
  async checkLimits(): Promise<void> {
    const seen = new Set<string>();
    const shared = this.recordsNow()
      .flatMap(({ identifiers }) => identifiers)
      .filter((identifier) => seen.size === seen.add(identifierKey(identifier)).size);
    await this.eachGroup(this.unasked(shared), this.ruleset.largestLimit + 1, (identifier, limit, group) => {
      if (group.length > limit) this.overLimit.add(identifierKey(identifier));
    });
  }

  finish(): Neighbourhood {
    const deleted = [...this.batch].flatMap(([key, record]) => (record === null ? [key] : []));
    return {
      records: this.recordsNow(),
      stored: this.stored,
      merges: this.merges,
      deleted: new Set(deleted),
      isOverLimit: (identifier) => this.overLimit.has(identifierKey(identifier)),
    };
  }

  private async eachGroup(
    identifiers: readonly Identifier[],
    enough: number,
    visit: (identifier: Identifier, limit: number, group: readonly LinkedRecord[]) => void,
  ): Promise<void> {
    for (const chunk of chunksOf(identifiers)) {
      const groups = await this.repository.recordsByIdentifiers(chunk, enough);
      for (const identifier of chunk) {
        const limit = this.ruleset.ruleFor(identifier)?.limit ?? 0;
        visit(identifier, limit, groups.get(identifierKey(identifier)) ?? []);
      }
    }
  }

  private addCustomer(customer: CustomerIdentity): void {
    if (this.customers.has(customer.customer360Id)) return;
    this.customers.add(customer.customer360Id);
    for (const record of customer.records) this.stored.set(recordKey(record), record);
    for (const merge of customer.merges) this.merges.set(merge.merged, merge);
  }

  private recordsNow(): IdentityRecord[] {
    const untouched = [...this.stored].flatMap(([key, record]) => (this.batch.has(key) ? [] : [record]));
    return [...untouched, ...[...this.batch.values()].flatMap((record) => record ?? [])];
  }

  /** How many of the records carry each identifier that can join. */
  private countLinking(records: readonly IdentityRecord[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const identifier of records.flatMap(({ identifiers }) => identifiers)) {
      if (this.ruleset.ruleFor(identifier) === null) continue;
      counts.set(identifierKey(identifier), (counts.get(identifierKey(identifier)) ?? 0) + 1);
    }
    return counts;
  }

  private unasked(identifiers: readonly Identifier[]): Identifier[] {
    return identifiers.filter((identifier) => {
      const key = identifierKey(identifier);
      if (this.asked.has(key)) return false;
      this.asked.add(key);
      return this.ruleset.ruleFor(identifier) !== null;
    });
  }
}

function chunksOf<T>(items: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += KEYS_PER_LOOKUP) chunks.push(items.slice(at, at + KEYS_PER_LOOKUP));
  return chunks;
}
