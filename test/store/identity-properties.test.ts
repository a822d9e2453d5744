import fc from 'fast-check';
import {
  type ChangeSet,
  type Identifier,
  IdentityConflict,
  type IdentityOperation,
  type IdentityRepository,
  identifierKey,
  recordKey,
} from '../../subgraphs/identity/store/repository.ts';
import { describeRecord, IdentityModel } from './identity-model.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

/** A step before it is known what there is to do it with: the numbers choose among what exists by then. */
interface Step {
  readonly kind: IdentityOperation['kind'] | 'misfit';
  readonly one: number;
  readonly two: number;
  readonly identifiers: readonly number[];
}

const steps = fc.record<Step>({
  kind: fc.oneof(
    { weight: 3, arbitrary: fc.constant('create' as const) },
    { weight: 6, arbitrary: fc.constant('link' as const) },
    { weight: 1, arbitrary: fc.constant('unlink' as const) },
    { weight: 5, arbitrary: fc.constant('merge' as const) },
    { weight: 4, arbitrary: fc.constant('unmerge' as const) },
    { weight: 1, arbitrary: fc.constant('misfit' as const) },
  ),
  one: fc.nat(1_000),
  two: fc.nat(1_000),
  identifiers: fc.array(fc.nat(4), { maxLength: 3 }),
});
const history = fc.array(fc.array(steps, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 10 });

/** Gives 1, 2, 3 … */
function counter(): () => number {
  let last = 0;
  return () => {
    last += 1;
    return last;
  };
}

const nextWorld = counter();

/** Ids, keys and identifiers of one history: each has its own, so that thousands of them share a store. */
class World {
  readonly #name = `w${process.pid}-${nextWorld()}`;
  readonly #nextCustomer = counter();
  readonly #nextMerge = counter();

  /** Turns a step into an operation that mostly fits what the model holds. */
  operationFor(step: Step, model: IdentityModel): IdentityOperation {
    const all = [...model.createdAt.keys()];
    const live = model.live();
    const survivor = pick(live, step.one);
    const merged = pick(live, step.two);
    const inEffect = [...model.merges].filter(([, merge]) => !merge.isUndone).map(([id]) => id);
    const undoable = pick(inEffect, step.one);
    const target = pick(all, step.one);
    if (step.kind === 'misfit') return this.#misfit(step, all, [...model.merges.keys()]);
    if (step.kind === 'link' && target) {
      const linked = { ...this.record(step.two % 12), identifiers: step.identifiers.map((n) => this.identifier(n)) };
      return { kind: 'link', record: linked, customer360Id: target, rule: `RULE_${step.one % 3}` };
    }
    if (step.kind === 'unlink') return { kind: 'unlink', record: this.record(step.one % 12) };
    if (step.kind === 'merge' && survivor && merged && survivor !== merged) {
      return { kind: 'merge', mergeEventId: this.#newMerge(), survivor, merged, rule: 'EXACT_EMAIL' };
    }
    if (step.kind === 'unmerge' && undoable) return { kind: 'unmerge', mergeEventId: undoable };
    return { kind: 'create', customer360Id: `c360_${this.#name}-${String(this.#nextCustomer()).padStart(3, '0')}` };
  }

  record(number: number) {
    const hash = number % 2 ? `hash${number}` : null;
    const key = { dataSourceId: number % 3 ? 'commerce' : 'service', sourceRecordId: `${this.#name}-${number}` };
    return { ...key, dataSourceObjectId: 'account', givenNameHash: hash };
  }

  identifier(number: number): Identifier {
    return { identifierType: number % 2 ? 'EMAIL' : 'PHONE', normalizedValue: `${this.#name}-${number}` };
  }

  #newMerge(): string {
    return `${this.#name}-m${this.#nextMerge()}`;
  }

  #misfit(step: Step, customers: readonly string[], merges: readonly string[]): IdentityOperation {
    const mergeEventId = pick(merges, step.two) ?? `${this.#name}-none`;
    const some = pick(customers, step.one) ?? `${this.#name}-nobody`;
    const other = pick(customers, step.two) ?? `${this.#name}-nobody`;
    const misfits: readonly IdentityOperation[] = [
      { kind: 'create', customer360Id: some },
      { kind: 'unmerge', mergeEventId },
      { kind: 'merge', mergeEventId, survivor: some, merged: other, rule: 'X' },
      { kind: 'merge', mergeEventId: this.#newMerge(), survivor: some, merged: other, rule: 'X' },
      {
        kind: 'link',
        record: { ...this.record(1), identifiers: [] },
        customer360Id: `${this.#name}-nobody`,
        rule: 'X',
      },
    ];
    return misfits[(step.one + step.two) % misfits.length] ?? { kind: 'create', customer360Id: some };
  }
}

function pick<T>(list: readonly T[], number: number): T | undefined {
  return list[number % Math.max(1, list.length)];
}

describe.each(IDENTITY_STORES)('identity histories on $name', (kind) => {
  let store: OpenIdentityStore;
  let repository: IdentityRepository;
  const runs = kind.name === 'Neo4j' ? 12 : 40;

  beforeAll(async () => {
    store = await kind.open();
    repository = store.repository;
    await store.demolish();
    await repository.prepare();
  });
  afterAll(() => store?.close());

  it('are indistinguishable from the model, whatever is done in whatever order', async () => {
    const nextDay = counter();
    await fc.assert(
      fc.asyncProperty(history, async (changes) => {
        const world = new World();
        const model = new IdentityModel();
        let eventsBefore = await lastSequence(repository);
        for (const change of changes) {
          const planned = Object.assign(new IdentityModel(), structuredClone(model));
          const operations = change.map((step) => {
            const operation = world.operationFor(step, planned);
            attempt(planned, { operations: [operation], at: '' });
            return operation;
          });
          const changeSet = { operations, at: new Date(Date.UTC(2026, 0, nextDay())).toISOString() };
          const known = model.events.length;
          const fits = attempt(model, changeSet);
          if (fits) await repository.apply(changeSet);
          else await expect(repository.apply(changeSet)).rejects.toThrow(IdentityConflict);
          const events = await repository.events(eventsBefore, 1_000);
          eventsBefore = events.at(-1)?.sequence ?? eventsBefore;
          expect(events.map((event) => `${event.type} ${event.key}`)).toEqual(model.events.slice(known));
          await expectSame(repository, model, world);
        }
      }),
      { numRuns: runs, endOnFailure: true },
    );
  });

  it('come back exactly to where they were when a merge is taken back', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(), fc.nat(), async (changes, one, two) => {
        const world = new World();
        const model = new IdentityModel();
        for (const step of changes.flat()) {
          const changeSet = { operations: [world.operationFor(step, model)], at: '2026-01-01T00:00:00.000Z' };
          if (attempt(model, changeSet)) await repository.apply(changeSet);
        }
        const survivor = pick(model.live(), one);
        const merged = pick(model.live(), two);
        if (!survivor || !merged || survivor === merged) return;
        const ids = [...model.createdAt.keys()];
        const before = await repository.customersByIds(ids);
        const mergeEventId = `${survivor}-${merged}`;
        const merge: IdentityOperation = { kind: 'merge', mergeEventId, survivor, merged, rule: 'EXACT_EMAIL' };
        await repository.apply({ operations: [merge], at: '2026-01-02T00:00:00.000Z' });
        expect((await repository.customersByIds([merged])).get(merged)?.customer360Id).toBe(survivor);
        await repository.apply({ operations: [{ kind: 'unmerge', mergeEventId }], at: '2026-01-03T00:00:00.000Z' });
        expect(await repository.customersByIds(ids)).toEqual(before);
      }),
      { numRuns: runs / 4, endOnFailure: true },
    );
  });
});

/** True when the model took the change. */
function attempt(model: IdentityModel, changeSet: ChangeSet): boolean {
  try {
    model.apply(changeSet);
    return true;
  } catch (error) {
    if (error instanceof IdentityConflict) return false;
    throw error;
  }
}

async function lastSequence(repository: IdentityRepository): Promise<number> {
  let last = 0;
  for (let page = await repository.events(0, 10_000); page.length > 0; page = await repository.events(last, 10_000)) {
    last = page.at(-1)?.sequence ?? last;
  }
  return last;
}

async function expectSame(repository: IdentityRepository, model: IdentityModel, world: World): Promise<void> {
  const ids = [...model.createdAt.keys()];
  const found = await repository.customersByIds(ids);
  expect([...found.keys()].sort()).toEqual([...ids].sort());
  for (const id of ids) {
    const { customer360Id, createdAt, mergedCustomer360Ids: merged, records } = found.get(id) ?? fail(id);
    const picture = { customer360Id, createdAt, merged, records: records.map(describeRecord).sort() };
    expect(picture).toEqual(model.pictureOf(id));
  }
  const records = [...model.records.values()];
  const byRecords = await repository.customersByRecords(records);
  expect(byRecords.size).toBe(records.length);
  for (const record of records) {
    expect(byRecords.get(recordKey(record))).toEqual(found.get(model.survivorOf(record.home)));
  }
  const identifiers = [0, 1, 2, 3, 4].map((number) => world.identifier(number));
  const byIdentifiers = await repository.recordsByIdentifiers(identifiers, 100);
  const customers = await repository.customersByIdentifiers(identifiers, 100);
  for (const identifier of identifiers) {
    const carriers = model.recordsWith(identifier);
    expect((byIdentifiers.get(identifierKey(identifier)) ?? []).map(recordKey).sort()).toEqual(carriers);
    const owners = carriers.map((key) => model.survivorOf(model.records.get(key)?.home ?? ''));
    expect((customers.get(identifierKey(identifier)) ?? []).map((one) => one.customer360Id)).toEqual(
      [...new Set(owners)].sort(),
    );
  }
}

function fail(id: string): never {
  throw new Error(`No customer ${id} was found.`);
}
