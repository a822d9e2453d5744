import fc from 'fast-check';
import { assignIds, type IdSource } from '../../subgraphs/identity/resolution/assign.ts';
import { clusterRecords } from '../../subgraphs/identity/resolution/cluster.ts';
import { createNormaliser } from '../../subgraphs/identity/resolution/normalise.ts';
import { createRuleset, loadRuleset } from '../../subgraphs/identity/resolution/ruleset.ts';
import {
  type IdentityOperation,
  type IdentityRecord,
  type LinkedRecord,
  type MergeInEffect,
  recordKey,
} from '../../subgraphs/identity/store/repository.ts';
import { arbitraryProfiles, profileOf } from '../support/identity-records.ts';

const normalise = createNormaliser('00'.repeat(32));
const { document } = loadRuleset();
/** Low limits, so that few records cross them. */
const ruleset = createRuleset({ ...document, matchRules: document.matchRules.map((rule) => ({ ...rule, limit: 3 })) });
const arbitraryRecords = arbitraryProfiles(14).map((profiles) => profiles.map(normalise));

/** Which records are together, without regard to order. */
function partition(groups: readonly (readonly IdentityRecord[])[]): string[] {
  return groups.map((group) => group.map(recordKey).sort().join(' ')).sort();
}

const partitionOf = (records: readonly IdentityRecord[]): string[] =>
  partition(clusterRecords(records, ruleset).map((component) => component.records));

describe('records become people', () => {
  const together = (...records: IdentityRecord[]): boolean => clusterRecords(records, ruleset).length === 1;
  const record = (...values: Parameters<typeof profileOf>): IdentityRecord => normalise(profileOf(...values));

  it('by an e-mail address in any spelling, a telephone number, an official number', () => {
    expect(together(record('1', { email: 'Ana@x.org' }), record('2', { email: 'ana+shop@X.org' }))).toBe(true);
    expect(together(record('1', { phone: '+16022584031' }), record('2', { phone: '+16022584031' }))).toBe(true);
    expect(together(record('1', { membership: 'm-1' }), record('2', { membership: 'M1' }))).toBe(true);
    expect(together(record('1', { email: 'a@x.org' }), record('2', { phone: '+16022584031' }))).toBe(false);
  });

  it('not by a placeholder', () => {
    expect(together(record('1', { email: 'none@none.com' }), record('2', { email: 'none@none.com' }))).toBe(false);
  });

  it('not by the telephone of a household, though a record without a name may be either', () => {
    const phone = '+493023900005';
    const [erika, frank] = [record('1', { phone, firstName: 'Erika' }), record('2', { phone, firstName: 'Frank' })];
    expect(together(erika, frank)).toBe(false);
    expect(together(erika, record('3', { phone }))).toBe(true);
    expect(together(record('1', { phone, firstName: 'Bob' }), record('2', { phone, firstName: 'Robert' }))).toBe(true);
  });

  it('by a chain of different rules, each named', () => {
    const records = [
      record('1', { email: 'a@x.org' }),
      record('2', { email: 'a@x.org', phone: '+16022584031' }),
      record('3', { phone: '+16022584031', membership: 'm1' }),
      record('4', { membership: 'm1' }),
    ];
    const [component, ...others] = clusterRecords(records, ruleset);
    expect(others).toEqual([]);
    expect(component?.links.map(({ from, to, rule }) => `${from} ${rule} ${to}`)).toEqual([
      'commerce|3 EXACT_PARTY_IDENTIFICATION commerce|4',
      'commerce|1 EXACT_EMAIL commerce|2',
      'commerce|2 EXACT_PHONE commerce|3',
    ]);
  });

  it('by an identifier only while no more records share it than its limit', () => {
    const sharers = ['1', '2', '3', '4'].map((id) => record(id, { email: 'family@x.org' }));
    expect(clusterRecords(sharers.slice(0, 3), ruleset)).toHaveLength(1);
    expect(clusterRecords(sharers, ruleset)).toHaveLength(4);
    expect(clusterRecords(sharers.slice(0, 2), ruleset, () => true)).toHaveLength(2);
  });

  it('in whatever order they stand', () => {
    const shuffled = arbitraryRecords.chain((records) =>
      fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
    );
    fc.assert(
      fc.property(shuffled, ([records, others]) => {
        expect(partitionOf(others)).toEqual(partitionOf(records));
      }),
    );
  });
});

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
    const components = clusterRecords([...now.values()], ruleset);
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
