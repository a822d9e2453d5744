import type { CanonicalProfile } from '../../subgraphs/identity/resolution/canonical-profile.ts';
import type { IdentityResolver } from '../../subgraphs/identity/resolution/resolve.ts';
import { type IdentityRepository, recordKey } from '../../subgraphs/identity/store/repository.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from '../store/identity-stores.ts';
import { openResolver } from '../support/durable-resolver.ts';
import { profileOf } from '../support/identity-records.ts';

describe.each(IDENTITY_STORES)('people who were merged and come apart, on $name', (kind) => {
  let store: OpenIdentityStore;
  let repository: IdentityRepository;
  let resolver: IdentityResolver;
  const known = new Map<string, CanonicalProfile>();

  beforeAll(async () => {
    store = await kind.open();
    repository = store.repository;
    await repository.prepare();
  });
  beforeEach(async () => {
    known.clear();
    await store.empty();
    await repository.prepare();
    let now = Date.parse('2026-03-01T10:00:00.000Z');
    const clock = (): number => (now += 1);
    resolver = await openResolver(repository, clock);
  });
  afterAll(() => store?.close());

  const resolve = async (...changed: CanonicalProfile[]): Promise<void> => {
    for (const profile of changed) known.set(recordKey(profile), profile);
    await resolver.resolve({ changed, deleted: [] });
  };
  afterEach(async () => {
    const again = await resolver.resolve({ changed: [...known.values()], deleted: [], reconsider: true });
    expect(again.operations).toBe(0);
  });
  const person = (id: string, email: string): CanonicalProfile => profileOf(id, { email: `${email}@x.org` });
  /** Makes a person of one record and gives the id. */
  const newPerson = async (id: string, email = id): Promise<string> => {
    await resolve(person(id, email));
    return idOf(id);
  };
  const idOf = async (id: string): Promise<string> => {
    const key = profileOf(id);
    const customer = (await repository.customersByRecords([key])).get(recordKey(key));
    if (!customer) throw new Error(`no record ${id}`);
    return customer.customer360Id;
  };
  /** The records of whoever an id stands for now. */
  const recordsOf = async (id: string): Promise<string> => {
    const records = (await repository.customersByIds([id])).get(id)?.records ?? [];
    return records.map(({ sourceRecordId }) => sourceRecordId).join(' ');
  };
  const customersEverMade = async (): Promise<number> =>
    (await repository.events(0, 1_000)).filter(({ type }) => type === 'CustomerCreated').length;

  it.each(['older', 'younger'])('have the ids they had before, when the %s changed and changes back', async (which) => {
    const [first, second] = [await newPerson('1'), await newPerson('2')];
    const [changing, other] = which === 'older' ? ['1', '2'] : ['2', '1'];
    await resolve(person(changing, other));
    expect(await idOf('2')).toBe(first);
    await resolve(person(changing, changing));
    expect(await recordsOf(first)).toBe('1');
    expect(await recordsOf(second)).toBe('2');
    expect((await repository.customersByIds([first])).get(first)?.mergedCustomer360Ids).toEqual([]);
    expect(await customersEverMade()).toBe(2);
  });

  it('also when the one with fewer records had the id that stood for both', async () => {
    const [first, second] = [await newPerson('1'), await newPerson('2')];
    await resolve(person('3', '2'));
    await resolve(person('1', '2'));
    expect(await recordsOf(second)).toBe('1 2 3');
    await resolve(person('1', '1'));
    expect(await recordsOf(first)).toBe('1');
    expect(await recordsOf(second)).toBe('2 3');
    expect(await customersEverMade()).toBe(2);
  });

  /** A person with a record 1, merged away into that of record 2, which was merged away into that of record 3. */
  async function chain(): Promise<[one: string, two: string, three: string]> {
    const [three, two, one] = [await newPerson('3'), await newPerson('2'), await newPerson('1')];
    await resolve(person('1', '2'));
    await resolve(person('2', '3'), person('1', '3'));
    expect(await recordsOf(one)).toBe('1 2 3');
    const merges = (await repository.customersByIds([one])).get(one)?.merges;
    expect(merges).toMatchObject([
      { merged: two, survivor: three },
      { merged: one, survivor: two },
    ]);
    return [one, two, three];
  }

  it.each([
    ['the end', ['1'], ['1', '2 3', '2 3']],
    ['the middle', ['2'], ['1 3', '2', '1 3']],
    ['the survivor', ['3'], ['1 2', '1 2', '3']],
    ['all, one after the other', ['1', '2', '3'], ['1', '2', '3']],
  ])('out of a chain of merges: %s leaves', async (_name, leaving, expected) => {
    const ids = await chain();
    for (const id of leaving) await resolve(person(id, `${id}.new`));
    expect(await Promise.all(ids.map(recordsOf))).toEqual(expected);
    expect(await customersEverMade()).toBe(3);
  });

  it('together, when two that were merged before leave a third', async () => {
    const ids = await chain();
    await resolve(person('1', 'new'), person('2', 'new'));
    expect(await Promise.all(ids.map(recordsOf))).toEqual(['1 2', '1 2', '3']);
  });

  it('take their id along when they join somebody else', async () => {
    const [first, second, third] = [await newPerson('1'), await newPerson('2'), await newPerson('3')];
    await resolve(person('2', '1'));
    await resolve(person('2', '3'));
    expect(await Promise.all([first, second, third].map(recordsOf))).toEqual(['1', '2 3', '2 3']);
    await resolve(person('2', '2'));
    expect(await Promise.all([first, second, third].map(recordsOf))).toEqual(['1', '2', '3']);
  });

  it('leave the id with most of those who had it: the others stay where they are, or become somebody new', async () => {
    const [first, second] = [await newPerson('1'), await newPerson('2')];
    await resolve(person('3', '2'), person('4', '2'));
    await resolve(person('1', '2'));
    await resolve(person('1', '1'), person('2', '1'));
    expect(await recordsOf(first)).toBe('1 2');
    expect(await recordsOf(second)).toBe('3 4');
    await resolve(person('1', '2'), person('2', '2'));
    await resolve(person('4', '4'));
    expect(await recordsOf(first)).toBe('1 2 3');
    expect(await recordsOf(await idOf('4'))).toBe('4');
  });
});
