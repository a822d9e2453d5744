import { readConfig } from '../../gateway/config.ts';
import { createLog } from '../../gateway/log.ts';
import { type Running, startSubgraph } from '../../gateway/main.ts';
import { PROTAGONISTS } from '../../subgraphs/sample-data/protagonists.ts';
import { availableEngines } from '../support/databases.ts';
import { createStallingProxy, type StallingProxy } from '../support/stalling-proxy.ts';
import { startWhole, until, type Whole } from '../support/whole.ts';

const { alice } = PROTAGONISTS;
const TIMEOUT_MS = 400;
let commerce: Running;
let proxy: StallingProxy;
let whole: Whole;

beforeAll(async () => {
  commerce = await startSubgraph('commerce', readConfig({ PORT: '0' }, { data: 'memory' }), {
    log: createLog('silent'),
    samplePeople: 10,
  });
  proxy = await createStallingProxy(Number(new URL(commerce.origin).port));
  const environment = { COMMERCE_URL: proxy.url, SUBGRAPH_TIMEOUT_MS: String(TIMEOUT_MS) };
  whole = await startWhole({ people: 10, environment, embedded: true });
  // Connections and plans are made by the first questions; what is measured below is the cloud.
  await until(async () => (await whole.ask(QUERY)).errors === undefined);
}, 120_000);

afterAll(async () => {
  await whole.close();
  await proxy.close();
  await commerce.close();
});

const QUERY = `{ customerBy(by: { emailAddress: "${alice.email}" }) {
  firstName lastName contactPointPhones { formattedE164PhoneNumber }
  salesOrders(first: 1) { edges { node { orderNumber } } } cases(first: 1) { edges { node { caseNumber } } }
  completeness { dataSourceId state linkedRecordCount }
} }`;

describe('one cloud elsewhere', () => {
  it('is read over HTTP like the others in process', async () => {
    const { data, errors } = await whole.ask(QUERY);
    expect(errors).toBeUndefined();
    expect(data.customerBy.salesOrders.edges).toHaveLength(1);
    expect(data.customerBy.completeness).toContainEqual({
      dataSourceId: 'commerce',
      state: 'LIVE',
      linkedRecordCount: 2,
    });
  });

  it.each([
    ['refuse', 'DOWN', 'SUBGRAPH_DOWN'],
    ['stall', 'TIMEOUT', 'SUBGRAPH_TIMEOUT'],
  ] as const)(
    'that answers by %s leaves the rest standing, in time, and completeness says why',
    async (mode, state, code) => {
      proxy.set(mode);
      const began = performance.now();
      const { data, errors } = await whole.ask(QUERY);
      const took = performance.now() - began;
      proxy.set('pass');
      expect(data.customerBy).toMatchObject({
        firstName: 'Alice',
        lastName: 'Martin',
        salesOrders: null,
        cases: { edges: [expect.anything()] },
        completeness: [
          { dataSourceId: 'commerce', state, linkedRecordCount: 2 },
          { dataSourceId: 'marketing', state: 'LIVE', linkedRecordCount: 1 },
          { dataSourceId: 'service', state: 'LIVE', linkedRecordCount: 1 },
        ],
      });
      expect(errors).toEqual([
        { message: expect.any(String), path: ['customerBy'], extensions: { code, subgraph: 'commerce' } },
      ]);
      expect(took).toBeLessThan(TIMEOUT_MS * 5);
    },
  );

  it.each(['refuse', 'stall'] as const)('and its names are missing from a search, which says so: %s', async (mode) => {
    proxy.set(mode);
    const query =
      '{ customers(search: { name: "martin" }) { edges { node { customer360Id } } unansweredDataSourceIds } }';
    const { data } = await whole.ask(query);
    proxy.set('pass');
    expect(data.customers.unansweredDataSourceIds).toEqual(['commerce']);
    expect(data.customers.edges.length).toBeGreaterThan(0);
  });

  it('is whole again when it is back, and followed from where it was', async () => {
    proxy.set('refuse');
    await whole.ask(QUERY);
    proxy.set('pass');
    const { data, errors } = await whole.ask(QUERY);
    expect(errors).toBeUndefined();
    expect(data.customerBy.completeness[0]).toEqual({ dataSourceId: 'commerce', state: 'LIVE', linkedRecordCount: 2 });
    await until(async () => whole.running.follower?.status()[0]?.phase === 'FOLLOWING');
  });

  it('that is gone for good is told by the log and the metrics, not by health: the gateway still answers', async () => {
    const ready = await fetch(`${whole.running.origin}/health/ready`);
    expect(ready.status).toBe(200);
    const metrics = await (await fetch(`${whole.running.origin}/metrics`)).text();
    expect(metrics).toMatch(/c360_fetches_total\{subgraph="commerce",outcome="DOWN"\} \d/);
    expect(whole.log.join('')).not.toMatch(/127\.0\.0\.1|alice/i);
  });
});

const onServers = availableEngines().includes('postgresql') ? describe : describe.skip;
onServers('a cloud’s database that is lost while the process runs', () => {
  it('only degrades: the rest answers, health names it, and it is back by itself', async () => {
    const onOwnServers = await startWhole({ people: 10 });
    const service = await onOwnServers.storeOf('service');
    const [row] = await service.query<{ name: string }>('SELECT current_database() AS name');
    const administrator = await onOwnServers.storeOf('marketing');
    await administrator.query(`ALTER DATABASE ${row?.name} ALLOW_CONNECTIONS false`);
    await administrator.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [row?.name]);
    const { data, errors } = await onOwnServers.ask(QUERY);
    expect(data.customerBy).toMatchObject({
      firstName: 'Alice',
      cases: null,
      salesOrders: { edges: [expect.anything()] },
    });
    expect(data.customerBy.completeness[2]).toEqual({ dataSourceId: 'service', state: 'DOWN', linkedRecordCount: 1 });
    expect(errors?.map(({ extensions }: { extensions: { code: string } }) => extensions.code)).toContain(
      'STORE_UNAVAILABLE',
    );
    const health = await fetch(`${onOwnServers.running.origin}/health/ready`);
    expect([health.status, await health.json()]).toMatchObject([
      200,
      { status: 'degraded', subgraphs: { service: 'unready' } },
    ]);
    await administrator.query(`ALTER DATABASE ${row?.name} ALLOW_CONNECTIONS true`);
    await until(async () => (await onOwnServers.ask(QUERY)).errors === undefined);
    await onOwnServers.close();
  });
});
