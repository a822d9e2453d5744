import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createCustomer360IdGenerator } from '../../schema/customer360-id.ts';
import { createCloudClient } from '../../subgraphs/identity/cloud-client.ts';
import { createEngine } from '../../subgraphs/identity/durable/create-engine.ts';
import { createDurableResolver, type DurableResolver } from '../../subgraphs/identity/durable/durable-resolver.ts';
import { createHouseholdIdGenerator } from '../../subgraphs/identity/durable/household-id.ts';
import { createFollower, type Follower, type FollowerOptions } from '../../subgraphs/identity/follow.ts';
import type { IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import { profileOf } from '../support/identity-records.ts';
import { MemoryCloud } from '../support/memory-cloud.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const PATIENCE_MS = 5_000;

/** Time that stands still until it is moved; waits end when it has passed them. */
class HandClock {
  now = Date.parse('2026-03-01T10:00:00.000Z');
  readonly #waits = new Set<{ until: number; end: () => void }>();

  readonly read = (): number => this.now;

  readonly wait = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wait = {
        until: this.now + milliseconds,
        end: () => {
          this.#waits.delete(wait);
          signal.removeEventListener('abort', wait.end);
          resolve();
        },
      };
      this.#waits.add(wait);
      if (signal.aborted) wait.end();
      else signal.addEventListener('abort', wait.end);
    });

  pass(milliseconds: number): void {
    this.now += milliseconds;
    for (const wait of [...this.#waits]) if (wait.until <= this.now) wait.end();
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`Waited ${PATIENCE_MS} ms in vain for ${condition}`);
    await setImmediate();
  }
}

describe.each(IDENTITY_STORES)('following clouds, identity on $name', (kind) => {
  let store: OpenIdentityStore;
  let repository: IdentityRepository;
  let clock: HandClock;
  let commerce: MemoryCloud;
  let service: MemoryCloud;
  let followers: Follower[];
  let warnings: object[];

  beforeAll(async () => {
    store = await kind.open();
    repository = store.repository;
    await repository.prepare();
  });
  beforeEach(async () => {
    await store.empty();
    await repository.prepare();
    clock = new HandClock();
    commerce = new MemoryCloud('commerce');
    service = new MemoryCloud('service');
    followers = [];
    warnings = [];
  });
  afterEach(async () => {
    await Promise.all(followers.map((follower) => follower.stop()));
  });
  afterAll(() => store?.close());

  function resolverOver(over: IdentityRepository): DurableResolver {
    return createDurableResolver({
      repository: over,
      clock: clock.read,
      createEngine,
      newCustomer360Id: createCustomer360IdGenerator(clock.read),
      newMergeEventId: randomUUID,
      newHouseholdId: createHouseholdIdGenerator(clock.read),
    });
  }

  function follow(options: Partial<FollowerOptions> = {}): Follower {
    const over = options.repository ?? repository;
    const resolver = resolverOver(over);
    const follower = createFollower({
      repository: over,
      resolver,
      clouds: [commerce, service].map((cloud) => createCloudClient({ name: cloud.name, entities: [] }, cloud)),
      clock: clock.read,
      wait: clock.wait,
      random: () => 1,
      retry: { firstMs: 100, mostMs: 1_000 },
      holder: 'one',
      leaseMs: 9_000,
      pageSize: 2,
      log: { info: () => {}, warn: (fields) => warnings.push(fields) },
      ...options,
    });
    followers.push(follower);
    follower.start();
    return follower;
  }

  const people = async (): Promise<string[]> =>
    (await repository.listCustomers({ first: 1_000 }))
      .map((customer) =>
        customer.records
          .map((record) => record.sourceRecordId)
          .sort()
          .join(' '),
      )
      .sort();
  const arePeople = (...expected: string[]) => until(async () => `${await people()}` === `${expected}`);
  const phaseOf = (follower: Follower, index = 0): string | undefined => follower.status()[index]?.phase;

  it('reads every cloud whole, then resolves what is created, changed and deleted', async () => {
    commerce.put(profileOf('c1', { email: 'ada@x.org' }), profileOf('c2'), profileOf('c3', { email: 'bob@x.org' }));
    service.put(profileOf('s1', { email: 'ADA@x.org', dataSourceId: 'service' }));
    const follower = follow();
    await follower.caughtUp();
    expect(await people()).toEqual(['c1 s1', 'c2', 'c3']);
    expect(follower.status()).toMatchObject([
      { dataSourceId: 'commerce', phase: 'FOLLOWING', isDrained: true, recordsResolved: 3, failures: 0 },
      { dataSourceId: 'service', phase: 'FOLLOWING', isDrained: true, recordsResolved: 1 },
    ]);
    commerce.put(profileOf('c4', { email: 'bob@x.org' }));
    await arePeople('c1 s1', 'c2', 'c3 c4');
    commerce.put(profileOf('c4', { email: 'ada@x.org' }));
    await arePeople('c1 c4 s1', 'c2', 'c3');
    service.remove('s1');
    await arePeople('c1 c4', 'c2', 'c3');
    expect(warnings).toEqual([]);
  });

  it('asks a cloud for nothing but what matching needs', async () => {
    commerce.put(profileOf('c1'));
    const asked: string[] = [];
    const execute = commerce.execute.bind(commerce);
    commerce.execute = (request) => {
      asked.push(request.query);
      return execute(request);
    };
    await follow().caughtUp();
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.join()).not.toMatch(/salutation|createdDate|lastModifiedDate|isPrimary|sources/);
  });

  it('goes on where it was after a restart, and does nothing twice', async () => {
    commerce.put(profileOf('c1', { email: 'ada@x.org' }), profileOf('c2'), profileOf('c3'));
    const first = follow();
    await first.caughtUp();
    await first.stop();
    const before = (await repository.events(0, 100)).at(-1)?.sequence ?? 0;
    commerce.put(profileOf('c4', { email: 'ada@x.org' }));
    commerce.reads.length = 0;
    await follow().caughtUp();
    expect(await people()).toEqual(['c1 c4', 'c2', 'c3']);
    expect(commerce.reads).toEqual(['changes', 'ids 1']);
    expect((await repository.events(before, 100)).map((event) => event.type)).toEqual(['RecordLinked']);
  });

  it('goes on with a full read that was cut off, from its last page', async () => {
    commerce.put(...['c1', 'c2', 'c3', 'c4', 'c5'].map((id) => profileOf(id)));
    const rules = resolverOver(repository).fingerprint;
    const position = { phase: 'READING', after: 'c2', changesSince: '1:5', rules } as const;
    await repository.apply({
      operations: [],
      progress: { dataSourceId: 'commerce', position },
      at: new Date(clock.now).toISOString(),
    });
    commerce.put(profileOf('c1', { email: 'ada@x.org' }), profileOf('c2'));
    await follow().caughtUp();
    expect(commerce.reads).toEqual(['page', 'page', 'changes', 'ids 2']);
    expect(await people()).toEqual(['c1', 'c2', 'c3', 'c4', 'c5']);
  });

  it('reads all again when the cloud no longer knows the cursor, and forgets what is gone', async () => {
    commerce.put(profileOf('c1', { email: 'ada@x.org' }), profileOf('c2'), profileOf('c3'));
    const first = follow();
    await first.caughtUp();
    await first.stop();
    const ids = new Map(
      (await repository.listCustomers({ first: 9 })).map((each) => [
        each.records[0]?.sourceRecordId,
        each.customer360Id,
      ]),
    );
    commerce.remove('c2');
    commerce.put(profileOf('c4', { email: 'ada@x.org' }));
    commerce.loseLog();
    const second = follow();
    await until(() => phaseOf(second) === 'RETRYING');
    clock.pass(100);
    await until(() => second.status().every((status) => status.isDrained));
    expect(await people()).toEqual(['c1 c4', 'c3']);
    const [one] = await repository.listCustomers({ first: 1 });
    expect(one?.customer360Id).toBe(ids.get('c1'));
    expect(warnings).toEqual([{ dataSourceId: 'commerce', code: 'MALFORMED_ID', failures: 1 }]);
  });

  it('reads all again when records are read for other features than before', async () => {
    const email = 'ada@x.org';
    commerce.put(profileOf('c1', { email }), profileOf('c2', { email }), profileOf('c3'));
    const first = follow();
    await first.caughtUp();
    await first.stop();
    expect(await people()).toEqual(['c1 c2', 'c3']);
    commerce.reads.length = 0;
    const resolver = resolverOver(repository);
    const other = {
      fingerprint: 'other features',
      resolve: (batch: Parameters<typeof resolver.resolve>[0]) => resolver.resolve(batch),
    };
    await follow({ resolver: other }).caughtUp();
    expect(commerce.reads.filter((read) => read === 'page')).toHaveLength(2);
    expect((await repository.positionOf('commerce'))?.rules).toBe('other features');
    expect(await people()).toEqual(['c1 c2', 'c3']);
  });

  it('goes on with the other clouds while one is down, and comes back to it ever more slowly', async () => {
    commerce.setDown(true);
    service.put(profileOf('s1', { dataSourceId: 'service' }));
    const follower = follow();
    await follower.caughtUp();
    expect(await people()).toEqual(['s1']);
    for (const [index, waitMs] of [100, 200, 400, 800, 1_000].entries()) {
      await until(() => follower.status()[0]?.failures === index + 1);
      clock.pass(waitMs - 1);
      await setImmediate();
      expect(follower.status()[0]).toMatchObject({
        phase: 'RETRYING',
        failures: index + 1,
        lastFailure: 'SUBGRAPH_DOWN',
      });
      clock.pass(1);
    }
    commerce.put(profileOf('c1'));
    await until(() => follower.status()[0]?.failures === 6);
    commerce.setDown(false);
    clock.pass(1_000);
    await until(() => follower.status()[0]?.isDrained === true);
    expect(follower.status()[0]).toMatchObject({ phase: 'FOLLOWING', failures: 0, lastFailure: null });
    commerce.setDown(true);
    await until(() => phaseOf(follower) === 'RETRYING');
    commerce.setDown(false);
    commerce.put(profileOf('c2'));
    clock.pass(100);
    await arePeople('c1', 'c2', 's1');
  });

  it('writes only the position for a change that concerns no identifier', async () => {
    commerce.put(profileOf('c1', { email: 'ada@x.org' }));
    const follower = follow();
    await follower.caughtUp();
    const before = (await repository.events(0, 100)).length;
    const position = await repository.positionOf('commerce');
    commerce.put({ ...profileOf('c1', { email: 'ada@x.org' }), fullName: 'Ann Other' });
    await until(
      async () =>
        (await repository.positionOf('commerce')) !== position && (follower.status()[0]?.recordsResolved ?? 0) > 1,
    );
    expect(await repository.events(0, 100)).toHaveLength(before);
  });

  describe('two processes', () => {
    it('one resolves, the other stands by and takes over when the first stops', async () => {
      const first = follow();
      await first.caughtUp();
      const second = follow({ holder: 'two', repository: await store.another() });
      await second.caughtUp();
      expect(phaseOf(second)).toBe('STANDBY');
      await first.stop();
      expect(phaseOf(first)).toBe('STANDBY');
      clock.pass(3_000);
      await until(() => phaseOf(second) === 'FOLLOWING');
      commerce.put(profileOf('c1'));
      await arePeople('c1');
    });

    it('the other takes over when the first no longer renews, and the first writes nothing more', async () => {
      const stuck = new HandClock();
      const first = follow({ wait: stuck.wait });
      await first.caughtUp();
      clock.pass(9_001);
      const second = follow({ holder: 'two', repository: await store.another() });
      await until(() => phaseOf(second) === 'FOLLOWING');
      commerce.put(profileOf('c1', { email: 'ada@x.org' }));
      await arePeople('c1');
      await until(() => phaseOf(first) === 'STANDBY');
      expect((await repository.events(0, 100)).map((event) => event.type)).toEqual(['CustomerCreated', 'RecordLinked']);
    });

    it('a process that comes back under its name need not wait', async () => {
      await repository.acquireLease('one', 9_000, clock.now);
      const follower = follow();
      await follower.caughtUp();
      expect(phaseOf(follower)).toBe('FOLLOWING');
    });

    it('that share a name: the later one resolves, the earlier stands by', async () => {
      const first = follow();
      await first.caughtUp();
      const second = follow({ repository: await store.another() });
      await second.caughtUp();
      expect(phaseOf(second)).toBe('FOLLOWING');
      clock.pass(3_000);
      await until(() => phaseOf(first) === 'STANDBY');
      clock.pass(3_000);
      commerce.put(profileOf('c1', { email: 'ada@x.org' }));
      await arePeople('c1');
      expect([phaseOf(first), phaseOf(second)]).toEqual(['STANDBY', 'FOLLOWING']);
      await second.stop();
      clock.pass(3_000);
      await until(() => phaseOf(first) === 'FOLLOWING');
    });
  });
});
