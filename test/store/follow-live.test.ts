import { createOutboxKeeper } from '../../database/outbox-keeper.ts';
import { createHttpTransport } from '../../gateway/transport/http.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { executeSubgraph, subscribeSubgraph } from '../../subgraphs/execute.ts';
import { createCloudClient } from '../../subgraphs/identity/cloud-client.ts';
import { createFollower, type Follower } from '../../subgraphs/identity/follow.ts';
import type { IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import { type SubgraphServer, startSubgraphServer } from '../../subgraphs/server.ts';
import { type CloudFixture, openCloud } from '../subgraph/cloud-fixture.ts';
import { fillCommerce, NOW } from '../subgraph/commerce-rows.ts';
import { openResolver } from '../support/durable-resolver.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

/** What the project promises from the commit in a cloud to the link in identity. */
const RESOLVED_WITHIN_MS = 1_000;
const PATIENCE_MS = 10_000;

const log = { info: () => {}, warn: () => {}, error: () => {} };

describe.each(IDENTITY_STORES)('following a real cloud, identity on $name', (kind) => {
  let store: OpenIdentityStore;
  let repository: IdentityRepository;
  let cloud: CloudFixture;
  let follower: Follower | undefined;
  let stir = (): void => {};

  beforeAll(async () => {
    cloud = await openCloud('commerce', fillCommerce, NOW);
    store = await kind.open();
    repository = store.repository;
    await repository.prepare();
  });
  beforeEach(async () => {
    await cloud.reset();
    await cloud.database.query(
      "UPDATE commerce.account SET given_name = 'Greta', family_name = 'Falk' WHERE customer_no = 'G1'",
    );
    await store.empty();
    await repository.prepare();
  });
  afterEach(async () => {
    await follower?.stop();
    follower = undefined;
  });
  afterAll(async () => {
    await cloud?.close();
    await store?.close();
  });

  async function follow(transport: SubgraphTransport): Promise<Follower> {
    const resolver = await openResolver(repository, Date.now);
    follower = createFollower({
      repository,
      resolver,
      clouds: [createCloudClient({ name: 'commerce', entities: [] }, transport)],
      clock: Date.now,
      retry: { firstMs: 10, mostMs: 50 },
      holder: 'test',
      onStatus: () => stir(),
      log,
    });
    follower.start();
    await follower.caughtUp();
    return follower;
  }

  const inProcess = (): SubgraphTransport =>
    createInProcessTransport({
      execute: (request) => executeSubgraph(cloud.subgraph, request),
      subscribe: (request) => subscribeSubgraph(cloud.subgraph, request),
    });

  const people = async (): Promise<string> =>
    (await repository.listCustomers({ first: 1_000 }))
      .map((customer) =>
        customer.records
          .map((record) => record.sourceRecordId)
          .sort()
          .join(' '),
      )
      .sort()
      .join(', ');

  /** Looks again whenever the follower has done something. */
  async function milliseconds(condition: () => boolean | Promise<boolean>): Promise<number> {
    const begun = performance.now();
    for (;;) {
      const stirred = new Promise<boolean>((resolve) => {
        stir = () => resolve(true);
        setTimeout(resolve, PATIENCE_MS, false).unref();
      });
      if (await condition()) return performance.now() - begun;
      if (!(await stirred)) throw new Error(`In vain: ${condition}`);
    }
  }

  /** Creates, changes and deletes a record in the cloud; gives how long each took to be resolved, milliseconds, ascending. */
  async function story(): Promise<number[]> {
    const durations: number[] = [];
    const expectPeopleAfter = async (statement: string, expected: string): Promise<void> => {
      await cloud.database.query(statement);
      durations.push(await milliseconds(async () => (await people()) === expected));
    };
    await expectPeopleAfter(
      `INSERT INTO commerce.account (customer_no, account_kind, given_name, family_name, email, created_at, updated_at)
       VALUES ('N1', 'guest', 'Ada', 'Berg', 'Ada@Example.com', now(), now())`,
      'A1 N1, A2, G1',
    );
    await expectPeopleAfter(
      `UPDATE commerce.account SET given_name = 'Greta', family_name = 'Falk', email = 'ada.b@example.org'
       WHERE customer_no = 'N1'`,
      'A1, A2, G1 N1',
    );
    await expectPeopleAfter("DELETE FROM commerce.account WHERE customer_no = 'N1'", 'A1, A2, G1');
    return durations.sort((a, b) => a - b);
  }

  /** The first round is left out: a server plans its statements then. */
  async function expectResolvedInTime(): Promise<void> {
    expect(await people()).toBe('A1, A2, G1');
    await story();
    const [, median] = await story();
    expect(median).toBeLessThan(RESOLVED_WITHIN_MS);
  }

  it('in this process, a change is resolved within a second', async () => {
    await follow(inProcess());
    await expectResolvedInTime();
  });

  it('reads everything again when it was away for longer than events are kept', async () => {
    const first = await follow(inProcess());
    await first.stop();
    await cloud.database.query(`UPDATE commerce.account SET given_name = 'Ada', family_name = 'Berg', email = 'Ada@Example.com'
      WHERE customer_no = 'G1'`);
    await cloud.database.query("DELETE FROM commerce.account WHERE customer_no = 'A2'");
    await cloud.database.query(`INSERT INTO commerce.outbox (type, key) VALUES ('Other', 'x')`);
    const later = () => Date.now() + 90 * 86_400_000;
    const keeper = createOutboxKeeper({ database: cloud.database, schema: 'commerce', retentionMs: 1, clock: later });
    expect(await keeper.prune()).toBeGreaterThanOrEqual(2);
    const again = await follow(inProcess());
    await milliseconds(async () => again.status()[0]?.isDrained === true && (await people()) === 'A1 G1');
  });

  it('over HTTP and WebSocket, and goes on when its server comes back', async () => {
    let server: SubgraphServer = await startSubgraphServer(cloud.subgraph, { port: 0, log });
    const { port } = server;
    const transport = createHttpTransport({ subgraph: 'commerce', url: `http://127.0.0.1:${port}`, timeoutMs: 5_000 });
    try {
      const followed = await follow(transport);
      await expectResolvedInTime();
      await server.close();
      await milliseconds(() => followed.status()[0]?.phase === 'RETRYING');
      await cloud.database.query(
        `UPDATE commerce.account SET given_name = 'Ada', family_name = 'Berg', email = 'ada@example.com'
         WHERE customer_no = 'G1'`,
      );
      server = await startSubgraphServer(cloud.subgraph, { port, log });
      await milliseconds(async () => (await people()) === 'A1 G1, A2');
    } finally {
      await follower?.stop();
      await transport.close();
      await server.close();
    }
  });

  it('does not write when what changed is not matched by', async () => {
    await follow(inProcess());
    const last = (await repository.events(0, 1_000)).at(-1)?.sequence ?? 0;
    const before = await repository.positionOf('commerce');
    await cloud.database.query("UPDATE commerce.account SET title = 'Canary' WHERE customer_no = 'A1'");
    const hasMoved = async () => JSON.stringify(await repository.positionOf('commerce')) !== JSON.stringify(before);
    await milliseconds(hasMoved);
    expect(await repository.events(last, 1_000)).toEqual([]);
    for (const text of ['Canary', 'canary']) expect(await store.containsText(text)).toBe(false);
  });
});
