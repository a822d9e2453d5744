import fc from 'fast-check';
import { assignIds, type IdSource } from '../../subgraphs/identity/resolution/assign.ts';
import { identityRecordOf as normalise } from '../../subgraphs/identity/resolution/normalise.ts';
import {
  type IdentityOperation,
  type IdentityRecord,
  type LinkedRecord,
  type MergeInEffect,
  recordKey,
} from '../../subgraphs/identity/store/repository.ts';
import { exactClusters } from '../support/exact-clusters.ts';
import { arbitraryProfiles, profileOf } from '../support/identity-records.ts';

const arbitraryRecords = arbitraryProfiles(14).map((profiles) => profiles.map(normalise));

/** Which records are together, without regard to order. */
function partition(groups: readonly (readonly IdentityRecord[])[]): string[] {
  return groups.map((group) => group.map(recordKey).sort().join(' ')).sort();
}

const partitionOf = (records: readonly IdentityRecord[]): string[] =>
  partition(exactClusters(records).map((component) => component.records));

/** A store that holds what it is told, for records and links alone. */
class Ledger {
  readonly records = new Map<string, LinkedRecord>();
  readonly given = new Set<string>();
  readonly merges = new Map<string, MergeInEffect>();
  readonly ids: IdSource = {
    newCustomer360Id: () => `c${String(this.given.size + this.#reserved++).padStart(6, '0')}`,
    newMergeEventId: () => `m${this.#reserved++}`,
  };
  #reserved = 0;
  #time = 0;

  /** Decides about all of `records` at once, those with keys in `deleted` being gone. */
  resolve(records: readonly IdentityRecord[], deleted: readonly string[] = []): IdentityOperation[] {
    const now = new Map([...this.records, ...records.map((record) => [recordKey(record), record] as const)]);
    for (const key of deleted) now.delete(key);
    const components = exactClusters([...now.values()]);
    const operations = assignIds(
      components,
      { stored: this.records, merges: this.merges, deleted: new Set(deleted) },
      this.ids,
    );
    this.#time += 1;
    for (const operation of operations) this.#apply(operation);
    return operations;
  }

  partition(): string[] {
    const groups = new Map<string, LinkedRecord[]>();
    for (const record of this.records.values()) {
      groups.set(record.customer360Id, [...(groups.get(record.customer360Id) ?? []), record]);
    }
    return partition([...groups.values()]);
  }

  #apply(operation: IdentityOperation): void {
    if (operation.kind === 'create') {
      expect(this.given).not.toContain(operation.customer360Id);
      this.given.add(operation.customer360Id);
    } else if (operation.kind === 'link') {
      this.#expectAlive(operation.customer360Id);
      const { record, customer360Id, rule } = operation;
      const before = this.records.get(recordKey(record));
      if (before?.customer360Id === customer360Id) {
        this.records.set(recordKey(record), { ...before, ...record });
        return;
      }
      const linkedAt = String(this.#time).padStart(6, '0');
      this.records.set(recordKey(record), {
        ...record,
        customer360Id,
        homeCustomer360Id: customer360Id,
        rule,
        linkedAt,
      });
    } else if (operation.kind === 'unlink') {
      expect(this.records.delete(recordKey(operation.record))).toBe(true);
    } else if (operation.kind === 'merge') {
      const { mergeEventId, survivor, merged } = operation;
      this.#expectAlive(survivor);
      this.#expectAlive(merged);
      expect(survivor < merged).toBe(true);
      this.merges.set(merged, { mergeEventId, survivor, merged });
      this.#carryRecords();
    } else if (operation.kind === 'unmerge') {
      const [merge] = [...this.merges.values()].filter(({ mergeEventId }) => mergeEventId === operation.mergeEventId);
      expect(merge && this.merges.delete(merge.merged)).toBe(true);
      this.#carryRecords();
    }
  }

  #carryRecords(): void {
    for (const [key, record] of this.records) {
      let customer360Id = record.homeCustomer360Id;
      for (let merge = this.merges.get(customer360Id); merge; merge = this.merges.get(customer360Id)) {
        customer360Id = merge.survivor;
      }
      this.records.set(key, { ...record, customer360Id });
    }
  }

  #expectAlive(id: string): void {
    expect(this.given).toContain(id);
    expect(this.merges.has(id)).toBe(false);
  }
}

describe('people keep their ids', () => {
  const shuffledBatches = arbitraryRecords.chain((records) =>
    fc.tuple(
      fc.constant(records),
      fc.shuffledSubarray(records, { minLength: records.length }),
      fc.integer({ min: 1, max: 4 }),
    ),
  );

  it('and are the same people one by one, in batches, or all at once', () => {
    fc.assert(
      fc.property(shuffledBatches, ([records, order, size]) => {
        const ledger = new Ledger();
        for (let at = 0; at < order.length; at += size) ledger.resolve(order.slice(at, at + size));
        expect(ledger.partition()).toEqual(partitionOf(records));
        expect(ledger.resolve(records)).toEqual([]);
      }),
    );
  });

  it('while records change, go and come back', () => {
    const changes = fc.tuple(arbitraryRecords, arbitraryRecords, fc.array(fc.nat(13), { maxLength: 6 }));
    fc.assert(
      fc.property(changes, ([before, after, gone]) => {
        const ledger = new Ledger();
        ledger.resolve(before);
        ledger.resolve(after);
        const all = [...new Map([...before, ...after].map((record) => [recordKey(record), record])).values()];
        expect(ledger.partition()).toEqual(partitionOf(all));
        const deleted = all.filter((_, index) => gone.includes(index));
        const remaining = all.filter((record) => !deleted.includes(record));
        ledger.resolve([], deleted.map(recordKey));
        expect(ledger.partition()).toEqual(partitionOf(remaining));
        ledger.resolve(deleted);
        expect(ledger.partition()).toEqual(partitionOf(all));
        expect(ledger.resolve(all)).toEqual([]);
      }),
    );
  });

  it('the oldest of those merged, with the others as its aliases', () => {
    const ledger = new Ledger();
    ledger.resolve([normalise(profileOf('1', { email: 'a@x.org' }))]);
    ledger.resolve([normalise(profileOf('2', { phone: '+16022584031' }))]);
    const [first, second] = [...ledger.given];
    const operations = ledger.resolve([normalise(profileOf('3', { email: 'a@x.org', phone: '+16022584031' }))]);
    expect(operations).toMatchObject([
      { kind: 'merge', survivor: first, merged: second, rule: 'EXACT_PHONE' },
      { kind: 'link', customer360Id: first, rule: 'EXACT_EMAIL' },
    ]);
  });

  it('on a split with the larger part, and with the part that stays by itself when both are of one size', () => {
    const ledger = new Ledger();
    const shared = ['1', '2', '3'].map((id) => normalise(profileOf(id, { email: 'a@x.org' })));
    ledger.resolve(shared);
    const [first] = [...ledger.given];
    const moved = normalise(profileOf('1', { email: 'b@x.org' }));
    expect(ledger.resolve([moved])).toMatchObject([
      { kind: 'create' },
      { kind: 'link', record: { sourceRecordId: '1' }, rule: 'NEW_CUSTOMER' },
    ]);
    expect(ledger.records.get('commerce|2')?.customer360Id).toBe(first);
    ledger.resolve([normalise(profileOf('2', { email: 'b@x.org' }))]);
    expect(ledger.records.get('commerce|3')?.customer360Id).toBe(first);
    expect(ledger.records.get('commerce|2')?.customer360Id).not.toBe(first);
  });
});
