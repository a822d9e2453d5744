import fc from 'fast-check';
import type {
  IdentityEvent,
  IdentityOperation,
  IdentityRepository,
} from '../../subgraphs/identity/store/repository.ts';
import { IdentityConflict } from '../../subgraphs/identity/store/repository.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const PEOPLE = 5;
const RECORDS = 8;
const START = Date.UTC(2026, 0, 1);
const day = (number: number): string => new Date(START + number * 86_400_000).toISOString();

interface Step {
  readonly kind: 'link' | 'unlink' | 'merge' | 'unmerge';
  readonly one: number;
  readonly two: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('link', 'link', 'unlink', 'merge', 'merge', 'unmerge'),
    one: fc.nat(1_000),
    two: fc.nat(1_000),
  }),
  { minLength: 3, maxLength: 16 },
);

describe.each(IDENTITY_STORES)('the past of identity on $name', (kind) => {
  let store: OpenIdentityStore;
  let repository: IdentityRepository;
  let world = 0;

  beforeAll(async () => {
    store = await kind.open();
    repository = store.repository;
    await store.demolish();
    await repository.prepare();
  });
  afterAll(() => store?.close());

  /** Runs a history, one step a day; gives what each day looked like when it ended, and the ids of its people. */
  async function live(history: readonly Step[]) {
    world += 1;
    const name = `${process.pid}-${world}`;
    const people = Array.from({ length: PEOPLE }, (_, index) => `c360_${name}-${index}`);
    const before = await repository.history.head();
    await repository.apply({
      operations: people.map((customer360Id) => ({ kind: 'create', customer360Id })),
      at: day(0),
    });
    const merges: string[] = [];
    const operationOf = ({ kind: what, one, two }: Step): IdentityOperation => {
      const record = { dataSourceId: 'commerce', sourceRecordId: `${name}-${two % RECORDS}` };
      const customer360Id = people[one % PEOPLE] ?? '';
      if (what === 'unlink') return { kind: 'unlink', record };
      if (what === 'unmerge')
        return { kind: 'unmerge', mergeEventId: merges[one % Math.max(1, merges.length)] ?? 'none' };
      if (what === 'link') {
        const whole = { ...record, dataSourceObjectId: 'account', identifiers: [], givenNameHash: null };
        return { kind: 'link', record: whole, customer360Id, rule: `RULE_${one % 3}`, bits: two };
      }
      const mergeEventId = `${name}-m${merges.length}`;
      merges.push(mergeEventId);
      return {
        kind: 'merge',
        mergeEventId,
        survivor: customer360Id,
        merged: people[two % PEOPLE] ?? '',
        rule: 'MODEL',
      };
    };
    const days = [await look(people)];
    for (const [index, step] of history.entries()) {
      try {
        await repository.apply({ operations: [operationOf(step)], at: day(index + 1) });
      } catch (error) {
        if (!(error instanceof IdentityConflict)) throw error;
      }
      days.push(await look(people));
    }
    return { people, days, events: await repository.events(before, 10_000) };
  }

  async function look(people: readonly string[]) {
    const found = await repository.customersByIds(people);
    return people.map((id) => found.get(id));
  }

  it('is told for every time as it was then', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const { people, days } = await live(history);
        for (const [index, pictures] of days.entries()) {
          const told = await Promise.all(people.map((id) => repository.history.customerAt(id, day(index))));
          expect(told).toEqual(pictures);
        }
        expect(await repository.history.customerAt(people[0] ?? '', day(-1))).toBeNull();
      }),
      { numRuns: kind.name === 'Neo4j' ? 5 : 15, endOnFailure: true },
    );
  });

  it('is the log: whoever folds its events has what the store has', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const { people, days, events } = await live(history);
        const folded = foldLog(events);
        const last = days.at(-1) ?? [];
        for (const [index, id] of people.entries()) {
          const survivor = folded.survivorOf(id);
          expect(last[index]?.customer360Id).toBe(survivor);
          expect(last[index]?.records.map(({ sourceRecordId }) => sourceRecordId)).toEqual(folded.recordsOf(survivor));
        }
      }),
      { numRuns: kind.name === 'Neo4j' ? 5 : 15, endOnFailure: true },
    );
  });

  it('lists the events and merges of a customer, the latest first', async () => {
    const { people } = await live([
      { kind: 'link', one: 1, two: 1 },
      { kind: 'merge', one: 0, two: 1 },
      { kind: 'unmerge', one: 0, two: 0 },
    ]);
    const [survivor = '', merged = ''] = people;
    const events = await repository.history.eventsOf([survivor, merged], { first: 10 });
    expect(events.map(({ type }) => type)).toEqual([
      'CustomersUnmerged',
      'CustomersMerged',
      'RecordLinked',
      'CustomerCreated',
      'CustomerCreated',
    ]);
    const [, second] = events;
    expect(await repository.history.eventsOf([survivor, merged], { first: 10, before: second?.sequence ?? 0 })).toEqual(
      events.slice(2),
    );
    const [merge] = await repository.history.mergesOf([merged]);
    expect(merge).toMatchObject({ survivor, merged, at: day(2), undoneAt: day(3) });
    expect(await repository.history.merge(merge?.mergeEventId ?? '')).toEqual(merge);
  });
});

/** The plainest fold of the log: who stands for whom, and where each record is at home. */
function foldLog(events: readonly IdentityEvent[]) {
  const mergedInto = new Map<string, { survivor: string; mergeEventId: unknown }>();
  const homes = new Map<string, string>();
  for (const { type, key, payload } of events) {
    const record = String(payload['sourceRecordId']);
    if (type === 'RecordLinked') homes.set(record, key);
    if (type === 'RecordUnlinked') homes.delete(record);
    const merged = String(payload['merged']);
    if (type === 'CustomersMerged') mergedInto.set(merged, { survivor: key, mergeEventId: payload['mergeEventId'] });
    if (type === 'CustomersUnmerged') mergedInto.delete(merged);
  }
  const survivorOf = (id: string): string => {
    const into = mergedInto.get(id);
    return into ? survivorOf(into.survivor) : id;
  };
  return {
    survivorOf,
    recordsOf: (id: string) => [...homes].flatMap(([record, home]) => (survivorOf(home) === id ? [record] : [])).sort(),
  };
}
