import type {
  Identifier,
  IdentityOperation,
  IdentityRecord,
  IdentityRepository,
} from '../../subgraphs/identity/store/repository.ts';
import { IdentityConflict, identifierKey, LeaseLost, recordKey } from '../../subgraphs/identity/store/repository.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const AT = '2026-03-01T10:00:00.000Z';
const LATER = '2026-03-02T10:00:00.000Z';

const email = (normalizedValue: string): Identifier => ({ identifierType: 'EMAIL', normalizedValue });
const phone = (normalizedValue: string): Identifier => ({ identifierType: 'PHONE', normalizedValue });
const customer = (number: number): string => `c360_${String(number).padStart(26, '0')}`;

function record(sourceRecordId: string, ...identifiers: Identifier[]): IdentityRecord {
  return { dataSourceId: 'commerce', sourceRecordId, dataSourceObjectId: 'account', identifiers, givenNameHash: null };
}

const create = (number: number): IdentityOperation => ({ kind: 'create', customer360Id: customer(number) });
const link = (linked: IdentityRecord, number: number, rule = 'EXACT_EMAIL'): IdentityOperation => ({
  kind: 'link',
  record: linked,
  customer360Id: customer(number),
  rule,
});
const merge = (mergeEventId: string, survivor: number, merged: number): IdentityOperation => ({
  kind: 'merge',
  mergeEventId,
  survivor: customer(survivor),
  merged: customer(merged),
  rule: 'EXACT_EMAIL',
});
const unmerge = (mergeEventId: string): IdentityOperation => ({ kind: 'unmerge', mergeEventId });
const unlink = (sourceRecordId: string): IdentityOperation => ({
  kind: 'unlink',
  record: { dataSourceId: 'commerce', sourceRecordId },
});

describe.each(IDENTITY_STORES)('identity repository on $name', (kind) => {
  let store: OpenIdentityStore;
  let repository: IdentityRepository;

  beforeAll(async () => {
    store = await kind.open();
    repository = store.repository;
    await store.demolish();
    await repository.prepare();
  });
  beforeEach(async () => {
    await store.empty();
    await repository.prepare();
    store.statements.length = 0;
  });
  afterAll(() => store?.close());

  const apply = (operations: readonly IdentityOperation[], at = AT) => repository.apply({ operations, at });
  const recordsOf = async (number: number): Promise<string[] | undefined> =>
    (await repository.customersByIds([customer(number)]))
      .get(customer(number))
      ?.records.map((linked) => linked.sourceRecordId);
  const eventTypes = async (): Promise<string[]> => (await repository.events(0, 100)).map((event) => event.type);

  it('creates customers and links records to them', async () => {
    const linked = { ...record('A-1', email('ada@example.org'), phone('+41440000000')), givenNameHash: 'c0ffee' };
    await apply([create(1), create(2), link(linked, 1, 'NEW_CUSTOMER')]);
    const found = await repository.customersByIds([customer(1), customer(2), customer(3)]);
    expect([...found.keys()].sort()).toEqual([customer(1), customer(2)]);
    expect(found.get(customer(1))).toEqual({
      customer360Id: customer(1),
      createdAt: AT,
      mergedCustomer360Ids: [],
      merges: [],
      records: [
        {
          ...linked,
          customer360Id: customer(1),
          homeCustomer360Id: customer(1),
          rule: 'NEW_CUSTOMER',
          linkedAt: AT,
        },
      ],
    });
    expect(found.get(customer(2))?.records).toEqual([]);
  });

  it('replaces what it holds of a record that is linked again, and keeps how and when the link came about', async () => {
    await apply([create(1), link(record('A-1', email('old@example.org'), phone('+41440000000')), 1, 'NEW_CUSTOMER')]);
    await apply([link({ ...record('A-1', email('new@example.org')), givenNameHash: 'ab' }, 1, 'EXACT_PHONE')], LATER);
    const [linked] = (await repository.customersByIds([customer(1)])).get(customer(1))?.records ?? [];
    expect(linked).toMatchObject({ rule: 'NEW_CUSTOMER', linkedAt: AT, givenNameHash: 'ab' });
    expect(linked?.identifiers).toEqual([email('new@example.org')]);
    const byIdentifier = await repository.recordsByIdentifiers(
      [email('old@example.org'), email('new@example.org')],
      10,
    );
    expect([...byIdentifier.keys()]).toEqual([identifierKey(email('new@example.org'))]);
    expect(await eventTypes()).toEqual(['CustomerCreated', 'RecordLinked']);
  });

  it('moves a record that is linked elsewhere', async () => {
    await apply([create(1), create(2), link(record('A-1'), 1), link(record('A-2'), 1)]);
    await apply([link(record('A-1'), 2, 'EXACT_PHONE')], LATER);
    expect(await recordsOf(1)).toEqual(['A-2']);
    expect(await recordsOf(2)).toEqual(['A-1']);
    const [event] = (await repository.events(0, 100)).slice(-1);
    expect(event).toMatchObject({ type: 'RecordLinked', key: customer(2), occurredAt: LATER });
    expect(event?.payload).toMatchObject({ previousCustomer360Id: customer(1), sourceRecordId: 'A-1' });
  });

  it('forgets a record that is unlinked with everything it was matched by, and keeps the customer', async () => {
    await apply([create(1), link(record('A-1', email('ada@example.org')), 1), unlink('A-9')]);
    await apply([unlink('A-1'), unlink('A-1')]);
    expect(await recordsOf(1)).toEqual([]);
    expect(await repository.customersByRecords([record('A-1')])).toEqual(new Map());
    expect(await repository.customersByIdentifiers([email('ada@example.org')], 10)).toEqual(new Map());
    expect(await store.containsText('ada@example.org')).toBe(false);
    expect(await eventTypes()).toEqual(['CustomerCreated', 'RecordLinked', 'RecordUnlinked']);
  });

  it('moves all records to the survivor of a merge; the merged id resolves to it', async () => {
    await apply([create(1), create(2), link(record('A-1'), 1), link(record('A-2'), 2), merge('m1', 1, 2)]);
    const found = await repository.customersByIds([customer(1), customer(2)]);
    expect(found.get(customer(2))).toEqual(found.get(customer(1)));
    expect(found.get(customer(2))).toMatchObject({
      customer360Id: customer(1),
      mergedCustomer360Ids: [customer(2)],
      records: [{ sourceRecordId: 'A-1' }, { sourceRecordId: 'A-2', customer360Id: customer(1) }],
    });
  });

  it('says by which merges a customer came about, and where each of its records was linked', async () => {
    const links = [1, 2, 3].map((number) => link(record(`A-${number}`), number));
    await apply([create(1), create(2), create(3), ...links, merge('m1', 2, 3), merge('m2', 1, 2)]);
    await apply([unmerge('m1'), merge('m3', 1, 3), unmerge('m2'), merge('m4', 1, 2)]);
    const found = (await repository.customersByIds([customer(3)])).get(customer(3));
    expect(found?.merges).toEqual([
      { mergeEventId: 'm4', survivor: customer(1), merged: customer(2) },
      { mergeEventId: 'm3', survivor: customer(1), merged: customer(3) },
    ]);
    expect(found?.records.map((linked) => linked.homeCustomer360Id)).toEqual([1, 2, 3].map(customer));
    await apply([unmerge('m4'), unmerge('m3'), merge('m5', 2, 3), merge('m6', 1, 2)]);
    const chain = (await repository.customersByIds([customer(1)])).get(customer(1));
    expect(chain?.merges.map(({ survivor }) => survivor)).toEqual([customer(1), customer(2)]);
  });

  it('links a record to the survivor when the id it is given was merged away', async () => {
    await apply([create(1), create(2), merge('m1', 1, 2)]);
    await apply([link(record('A-1'), 2)]);
    expect(await recordsOf(1)).toEqual(['A-1']);
  });

  it('takes a merge back: records return, except those that left or were linked afterwards', async () => {
    await apply([create(1), create(2), create(3)]);
    await apply(['A-1', 'A-2', 'A-3', 'A-4'].map((id) => link(record(id), 2)));
    await apply([merge('m1', 1, 2), link(record('A-2'), 3), unlink('A-3'), link(record('A-5'), 1)]);
    await apply([unmerge('m1')], LATER);
    expect(await recordsOf(1)).toEqual(['A-5']);
    expect(await recordsOf(2)).toEqual(['A-1', 'A-4']);
    expect(await recordsOf(3)).toEqual(['A-2']);
    expect((await repository.customersByIds([customer(1)])).get(customer(1))?.mergedCustomer360Ids).toEqual([]);
    expect((await repository.events(0, 100)).at(-1)).toMatchObject({
      type: 'CustomersUnmerged',
      key: customer(1),
      payload: { mergeEventId: 'm1', merged: customer(2), survivor: customer(1) },
    });
  });

  it('takes a merge back whose survivor was merged later, and leaves that later merge as it is', async () => {
    await apply([create(1), create(2), create(3)]);
    await apply([1, 2, 3].map((number) => link(record(`A-${number}`), number)));
    await apply([merge('m1', 2, 3), merge('m2', 1, 2)]);
    await apply([unmerge('m1')]);
    expect(await recordsOf(1)).toEqual(['A-1', 'A-2']);
    expect(await recordsOf(3)).toEqual(['A-3']);
    await apply([unmerge('m2')]);
    expect(await recordsOf(1)).toEqual(['A-1']);
    expect(await recordsOf(2)).toEqual(['A-2']);
  });

  it('brings a record home by an unmerge also when it was seen again under the survivor meanwhile', async () => {
    await apply([create(1), create(2), link(record('A-1', email('a@example.org')), 2), merge('m1', 1, 2)]);
    await apply([link(record('A-1', email('b@example.org')), 1)]);
    await apply([unmerge('m1')]);
    expect(await recordsOf(2)).toEqual(['A-1']);
  });

  it('follows a chain of 50 merges in one statement', async () => {
    const numbers = Array.from({ length: 51 }, (_, index) => index);
    await apply(numbers.map(create));
    await apply(numbers.map((number) => link(record(`A-${number}`), number)));
    for (const number of numbers.slice(1, 26)) await apply([merge(`m${number}`, number, number - 1)]);
    await apply(numbers.slice(26).map((number) => merge(`m${number}`, number, number - 1)));
    store.statements.length = 0;
    const found = await repository.customersByIds(numbers.map(customer));
    expect(store.statements).toHaveLength(1);
    expect(new Set([...found.values()].map((one) => one.customer360Id))).toEqual(new Set([customer(50)]));
    expect(found.get(customer(0))?.mergedCustomer360Ids).toEqual(numbers.slice(0, 50).map(customer));
    expect(found.get(customer(0))?.records).toHaveLength(51);
    await apply([unmerge('m30')]);
    expect(await recordsOf(0)).toHaveLength(30);
    expect(await recordsOf(50)).toHaveLength(21);
  });

  it('runs the operations of a change set one after the other', async () => {
    await apply([
      create(1),
      create(2),
      link(record('A-1', email('a@example.org')), 2),
      merge('m1', 1, 2),
      unmerge('m1'),
      link(record('A-1', email('b@example.org')), 1),
      unlink('A-1'),
      link(record('A-1', email('c@example.org')), 2),
      merge('m2', 1, 2),
    ]);
    expect(await recordsOf(2)).toEqual(['A-1']);
    expect((await repository.recordsByIdentifiers([email('c@example.org')], 1)).size).toBe(1);
    expect((await repository.recordsByIdentifiers([email('a@example.org'), email('b@example.org')], 1)).size).toBe(0);
    await apply([unmerge('m2')]);
    expect(await recordsOf(1)).toEqual([]);
  });

  it.each<[string, readonly IdentityOperation[]]>([
    ['an id given twice', [create(1)]],
    ['an id given twice after it was merged away', [create(3)]],
    ['a link to an unknown customer', [link(record('A-9'), 9)]],
    ['a merge into an unknown customer', [merge('m9', 9, 1)]],
    ['a merge of an unknown customer', [merge('m9', 1, 9)]],
    ['a merge into itself', [merge('m9', 1, 1)]],
    ['a merge of an alias', [merge('m9', 1, 3)]],
    ['a merge into an alias', [merge('m9', 3, 1)]],
    ['a merge whose event id was used before', [merge('m1', 1, 2)]],
    ['an unknown merge to take back', [unmerge('m9')]],
    ['a merge taken back twice', [unmerge('m1'), unmerge('m1')]],
  ])('refuses %s, and writes nothing of the change set', async (_, misfits) => {
    await apply([create(1), create(2), create(3), link(record('A-1'), 1), merge('m1', 2, 3)]);
    const before = await repository.events(0, 100);
    const operations = [create(8), link(record('A-8', email('eight@example.org')), 8), ...misfits];
    const progress = { dataSourceId: 'commerce', position: { phase: 'FOLLOWING', since: '8' } } as const;
    await expect(repository.apply({ operations, progress, at: LATER })).rejects.toThrow(IdentityConflict);
    expect(await recordsOf(8)).toBeUndefined();
    expect(await repository.customersByRecords([record('A-8')])).toEqual(new Map());
    expect(await store.containsText('eight@example.org')).toBe(false);
    expect(await repository.positionOf('commerce')).toBeNull();
    expect(await repository.events(0, 100)).toEqual(before);
  });

  it('gives customers and records for 1,000 keys in one statement each', async () => {
    const numbers = Array.from({ length: 1_000 }, (_, index) => index);
    const own = (number: number) => record(`A-${number}`, email(`person${number}@example.org`));
    await apply(numbers.flatMap((number) => [create(number), link(own(number), number)]));
    store.statements.length = 0;
    const byIds = await repository.customersByIds(numbers.map(customer));
    const byRecords = await repository.customersByRecords(numbers.map(own));
    const byIdentifiers = await repository.customersByIdentifiers(
      numbers.flatMap((number) => own(number).identifiers),
      2,
    );
    const records = await repository.recordsByIdentifiers(
      numbers.flatMap((number) => own(number).identifiers),
      2,
    );
    const listed = await repository.listCustomers({ first: 1_000 });
    expect(store.statements).toHaveLength(5);
    for (const number of numbers) {
      const expected = byIds.get(customer(number));
      expect(expected?.records).toMatchObject([own(number)]);
      expect(byRecords.get(recordKey(own(number)))).toEqual(expected);
      expect(byIdentifiers.get(`EMAIL|person${number}@example.org`)).toEqual([expected]);
      expect(records.get(`EMAIL|person${number}@example.org`)).toEqual(expected?.records);
    }
    expect(listed.map((one) => one.customer360Id)).toEqual(numbers.map(customer));
    await expect(repository.customersByIds(numbers.concat(1_000).map(customer))).rejects.toThrow(RangeError);
  });

  it('asks nothing of the server when nothing is asked of it', async () => {
    expect(await repository.customersByIds([])).toEqual(new Map());
    expect(await repository.customersByRecords([])).toEqual(new Map());
    expect(await repository.customersByIdentifiers([], 10)).toEqual(new Map());
    expect(await repository.recordsByIdentifiers([], 10)).toEqual(new Map());
    expect(store.statements).toEqual([]);
  });

  it('gives at most so many records and customers for an identifier, the oldest customers first', async () => {
    const shared = phone('+41448000000');
    await apply([9, 8, 7, 6, 5].flatMap((number) => [create(number), link(record(`A-${number}`, shared), number)]));
    await apply([link(record('B-5', shared), 5), link(record('C-5', shared), 5)]);
    const customers = await repository.customersByIdentifiers([shared, email('nobody@example.org')], 3);
    expect([...customers.keys()]).toEqual([identifierKey(shared)]);
    expect(customers.get(identifierKey(shared))?.map((one) => one.customer360Id)).toEqual([5, 6, 7].map(customer));
    expect((await repository.recordsByIdentifiers([shared], 4)).get(identifierKey(shared))).toHaveLength(4);
    expect((await repository.recordsByIdentifiers([shared], 100)).get(identifierKey(shared))).toHaveLength(7);
  });

  it('finds by an identifier in its exact form only', async () => {
    await apply([create(1), link(record('A-1', email('o\'hara\\ "x"|{y},é@example.org'), phone('+41440000000')), 1)]);
    const asked = [email('o\'hara\\ "x"|{y},é@example.org'), email('+41440000000'), phone('+4144000000')];
    expect([...(await repository.customersByIdentifiers(asked, 10)).keys()]).toEqual(
      asked.slice(0, 1).map(identifierKey),
    );
  });

  it('lists customers with records page by page, without aliases and without those left empty', async () => {
    await apply([1, 2, 3, 4, 5, 6].map(create));
    await apply([1, 2, 3, 5, 6].map((number) => link(record(`A-${number}`), number)));
    await apply([merge('m1', 1, 3), unlink('A-5')]);
    const first = await repository.listCustomers({ first: 2 });
    const second = await repository.listCustomers({ first: 2, after: customer(2) });
    expect([...first, ...second].map((one) => one.customer360Id)).toEqual([1, 2, 6].map(customer));
    expect(first[0]?.records.map((linked) => linked.sourceRecordId)).toEqual(['A-1', 'A-3']);
    expect(await repository.listCustomers({ first: 0 })).toEqual([]);
  });

  it("lists one cloud's record keys page by page, in order", async () => {
    const other = { ...record('A-2'), dataSourceId: 'commerce2' };
    await apply([create(1), ...['B', 'A', 'a', 'A-1', 'é'].map((id) => link(record(id), 1)), link(other, 1)]);
    expect(await repository.listRecordKeys('commerce', { first: 3 })).toEqual(['A', 'A-1', 'B']);
    expect(await repository.listRecordKeys('commerce', { first: 3, after: 'B' })).toEqual(['a', 'é']);
    expect(await repository.listRecordKeys('commerce2', { first: 3 })).toEqual(['A-2']);
    expect(await repository.listRecordKeys('nothing', { first: 3 })).toEqual([]);
  });

  it('keeps where the reading of each cloud stands', async () => {
    const reading = { phase: 'READING', after: 'A-7', changesSince: '12' } as const;
    const following = { phase: 'FOLLOWING', since: '13' } as const;
    expect(await repository.positionOf('commerce')).toBeNull();
    await repository.apply({ operations: [], progress: { dataSourceId: 'commerce', position: reading }, at: AT });
    await repository.apply({ operations: [], progress: { dataSourceId: 'service', position: following }, at: AT });
    expect(await repository.positionOf('commerce')).toEqual(reading);
    await repository.apply({ operations: [], progress: { dataSourceId: 'commerce', position: following }, at: AT });
    expect(await repository.positionOf('commerce')).toEqual(following);
    expect(await repository.positionOf('service')).toEqual(following);
  });

  it('numbers its events in order and gives them page by page', async () => {
    await apply([create(1), create(2), link(record('A-1'), 2)]);
    await apply([merge('m1', 1, 2), unlink('A-1')], LATER);
    const events = await repository.events(0, 100);
    expect(events.map(({ type, key, occurredAt }) => [type, key, occurredAt])).toEqual([
      ['CustomerCreated', customer(1), AT],
      ['CustomerCreated', customer(2), AT],
      ['RecordLinked', customer(2), AT],
      ['CustomersMerged', customer(1), LATER],
      ['RecordUnlinked', customer(1), LATER],
    ]);
    const sequences = events.map((event) => event.sequence);
    expect(sequences).toEqual([...sequences].sort((one, other) => one - other));
    expect(new Set(events.map((event) => event.id)).size).toBe(5);
    expect(await repository.events(sequences[1] ?? 0, 2)).toEqual(events.slice(2, 4));
    expect(await repository.events(sequences[4] ?? 0, 2)).toEqual([]);
  });

  it('gives the right to resolve to one holder at a time, with a token that grows whenever it is taken', async () => {
    const first = await repository.acquireLease('one', 1_000, 10_000);
    expect(first).toEqual({ holder: 'one', token: first?.token });
    expect(await repository.acquireLease('two', 1_000, 10_999)).toBeNull();
    expect(first && (await repository.renewLease(first, 1_000, 10_999))).toBe(true);
    expect(await repository.acquireLease('two', 1_000, 11_998)).toBeNull();
    const second = await repository.acquireLease('two', 1_000, 11_999);
    expect(second?.token).toBeGreaterThan(first?.token ?? Infinity);
    if (first) await repository.releaseLease(first);
    expect(first && (await repository.renewLease(first, 1_000, 12_000))).toBe(false);
    expect(await repository.acquireLease('one', 1_000, 12_000)).toBeNull();
    if (second) await repository.releaseLease(second);
    const third = await repository.acquireLease('one', 1_000, 12_000);
    expect(third?.token).toBeGreaterThan(second?.token ?? Infinity);
  });

  it('refuses a change that was decided under a lease that somebody else holds now', async () => {
    const lease = await repository.acquireLease('one', 1_000, 10_000);
    if (!lease) throw new Error('the lease is free');
    await repository.apply({ operations: [create(1)], lease, at: AT });
    const taken = await repository.acquireLease('two', 1_000, 20_000);
    await expect(repository.apply({ operations: [create(2)], lease, at: AT })).rejects.toThrow(LeaseLost);
    expect(await recordsOf(2)).toBeUndefined();
    if (taken) await repository.apply({ operations: [create(2)], lease: taken, at: AT });
    expect(await recordsOf(2)).toEqual([]);
  });

  it('makes its secret once, whoever prepares it, however many at once', async () => {
    await store.demolish();
    const others = await Promise.all([store.another(), store.another()]);
    await Promise.all([repository, ...others].map((one) => one.prepare()));
    const keys = await Promise.all([repository, ...others].map((one) => one.hashKey()));
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    await repository.prepare();
    expect(await repository.hashKey()).toBe(keys[0]);
    await repository.checkReadiness();
  });
});
