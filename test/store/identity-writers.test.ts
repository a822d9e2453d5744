import {
  type CustomerIdentity,
  IdentityConflict,
  type IdentityOperation,
  type IdentityRepository,
  LeaseLost,
  recordKey,
} from '../../subgraphs/identity/store/repository.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const AT = '2026-03-01T10:00:00.000Z';
const CUSTOMERS = 12;
const RECORDS = 40;

const customer = (number: number): string => `c360_${String(number).padStart(26, '0')}`;
const record = (number: number) => ({
  dataSourceId: 'commerce',
  sourceRecordId: `A-${number}`,
  dataSourceObjectId: 'account',
  givenNameHash: null,
  identifiers: [{ identifierType: 'EMAIL', normalizedValue: `person${number % 7}@example.org` }] as const,
});

/** Numbers that look random and are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

describe.each(IDENTITY_STORES)('writers at once on $name', (kind) => {
  let store: OpenIdentityStore;
  let repository: IdentityRepository;

  beforeAll(async () => {
    store = await kind.open();
    repository = store.repository;
    await store.demolish();
    await repository.prepare();
  });
  afterAll(() => store?.close());
  beforeEach(async () => {
    await store.empty();
    await repository.prepare();
  });

  it('take turns: every record has one live customer, every alias ends in one, and the log tells how it came about', async () => {
    const ids = Array.from({ length: CUSTOMERS }, (_, index) => customer(index));
    const records = Array.from({ length: RECORDS }, (_, index) => record(index));
    await repository.apply({
      operations: [
        ...ids.map((customer360Id): IdentityOperation => ({ kind: 'create', customer360Id })),
        ...records.map((each, index): IdentityOperation => {
          return { kind: 'link', record: each, customer360Id: customer(index % CUSTOMERS), rule: 'NEW_CUSTOMER' };
        }),
      ],
      at: AT,
    });
    const writers = [repository, await store.another(), await store.another()];
    const outcomes = await Promise.all(writers.map((writer, index) => hammer(writer, index, 30)));
    expect(outcomes.every((outcome) => outcome.written > 0)).toBe(true);

    const found = await repository.customersByIds(ids);
    expect([...found.keys()].sort()).toEqual(ids);
    const live = new Map([...found.values()].map((one): [string, CustomerIdentity] => [one.customer360Id, one]));
    for (const id of ids) {
      const survivor = found.get(id);
      expect(survivor?.customer360Id === id || survivor?.mergedCustomer360Ids.includes(id)).toBe(true);
    }
    const aliases = [...live.values()].flatMap((one) => one.mergedCustomer360Ids);
    expect([...live.keys(), ...aliases].sort()).toEqual(ids);
    const owned = [...live.values()].flatMap((one) => one.records.map(recordKey));
    expect(owned.sort()).toEqual(records.map(recordKey).sort());

    const events = await repository.events(0, 10_000);
    const written = outcomes.reduce((sum, outcome) => sum + outcome.merges, 0);
    expect(events.filter((event) => /^Customers/.test(event.type))).toHaveLength(written);
    expect(new Set(events.map((event) => event.sequence)).size).toBe(events.length);
  });

  /** Merges, takes back and moves at random, with what it has just read, as a resolver would; others change the same meanwhile. */
  async function hammer(writer: IdentityRepository, seed: number, rounds: number) {
    const random = numbers(seed * 7_919 + 1);
    const own: string[] = [];
    const outcome = { written: 0, merges: 0, conflicts: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const pair = await writer.customersByIds([customer(random(CUSTOMERS)), customer(random(CUSTOMERS))]);
      const [survivor, merged] = [...pair.values()].map((one) => one.customer360Id);
      const undone = random(3) === 0 ? own.pop() : undefined;
      const mergeEventId = `${seed}-${round}`;
      const operations: IdentityOperation[] = [
        {
          kind: 'link',
          record: record(random(RECORDS)),
          customer360Id: customer(random(CUSTOMERS)),
          rule: 'EXACT_EMAIL',
        },
      ];
      if (undone) operations.push({ kind: 'unmerge', mergeEventId: undone });
      else if (survivor && merged)
        operations.push({ kind: 'merge', mergeEventId, survivor, merged, rule: 'EXACT_EMAIL' });
      try {
        await writer.apply({ operations, at: AT });
        outcome.written += 1;
        outcome.merges += operations.length - 1;
        if (!undone && operations.length > 1) own.push(mergeEventId);
      } catch (error) {
        if (!(error instanceof IdentityConflict)) throw error;
        outcome.conflicts += 1;
      }
    }
    return outcome;
  }

  it('give one id to one of those who want it', async () => {
    const writers = [repository, await store.another(), await store.another()];
    const operations: IdentityOperation[] = [{ kind: 'create', customer360Id: customer(1) }];
    const results = await Promise.allSettled(writers.map((writer) => writer.apply({ operations, at: AT })));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(IdentityConflict);
    }
    expect(await repository.events(0, 10)).toHaveLength(1);
  });

  it('give the right to resolve to one of those who want it, and nothing is written under a lease that was lost', async () => {
    const writers = [repository, await store.another(), await store.another()];
    const leases = await Promise.all(writers.map((writer, index) => writer.acquireLease(`holder ${index}`, 1_000, 0)));
    expect(leases.filter((lease) => lease !== null)).toHaveLength(1);
    let last = leases.find((lease) => lease !== null);
    let created = 0;
    for (let round = 1; round <= 5; round += 1) {
      const old = last;
      if (!old) throw new Error('nobody has the lease');
      const create: IdentityOperation = { kind: 'create', customer360Id: customer(round) };
      const [taken, write] = await Promise.allSettled([
        writers[round % 3]?.acquireLease(`round ${round}`, 1_000, round * 10_000),
        writers[(round + 1) % 3]?.apply({ operations: [create], lease: old, at: AT }),
      ]);
      if (write.status === 'fulfilled') created += 1;
      else expect(write.reason).toBeInstanceOf(LeaseLost);
      last = taken.status === 'fulfilled' ? (taken.value ?? undefined) : undefined;
      expect(last?.token).toBeGreaterThan(old.token);
    }
    expect(await repository.events(0, 100)).toHaveLength(created);
  });
});
