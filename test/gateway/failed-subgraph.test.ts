import { createHttpTransport } from '../../gateway/transport/http.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { CodedError } from '../../schema/errors.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { startTinyGateway, type TinyAnswer, type TinyGateway } from '../support/tiny-gateway.ts';
import { localTiny, type Misbehaviour, type ServedTiny, serveTiny, TinyWorld } from '../support/tiny-supergraph.ts';

const TIMEOUT_MS = 250;
const world = new TinyWorld();
let shop: ServedTiny;
let desk: ServedTiny;
let hub: ServedTiny;
let tiny: TinyGateway;

const overHttp = (subgraph: string, served: ServedTiny, timeoutMs = TIMEOUT_MS): SubgraphTransport =>
  createHttpTransport({ subgraph, url: served.url, timeoutMs });

beforeAll(async () => {
  hub = await serveTiny('hub', world);
  shop = await serveTiny('shop', world);
  desk = await serveTiny('desk', world);
  const transports = { hub: overHttp('hub', hub, 5000), shop: overHttp('shop', shop), desk: overHttp('desk', desk) };
  tiny = await startTinyGateway({ transports, subgraphTimeoutMs: TIMEOUT_MS });
  // The first query pays for connections and plans; the deadlines below are about the subgraphs.
  await tiny.post(CUSTOMER);
});

afterAll(async () => {
  await tiny.close();
  await Promise.all([hub.stop(), shop.stop(), desk.stop()]);
});

afterEach(() => {
  shop.misbehave(undefined);
  desk.misbehave(undefined);
});

const CUSTOMER = '{ person(id: "1") { id name fetches orders { id } tickets } }';
const withoutShop = { id: '1', name: 'Desk 1', orders: null, tickets: ['T-1'] };

const fetchesOf = (answer: TinyAnswer): unknown =>
  (answer.data?.['person'] as { fetches?: unknown } | undefined)?.fetches;

describe('one subgraph that fails', () => {
  it('changes nothing while all answer', async () => {
    const answer = await tiny.post(CUSTOMER);
    expect(answer).toEqual({
      data: {
        person: {
          id: '1',
          name: 'Shop 1',
          fetches: expect.arrayContaining(['hub LIVE', 'shop LIVE', 'desk LIVE']),
          orders: [{ id: '10' }],
          tickets: ['T-1'],
        },
      },
    });
  });

  const failures: [string, Misbehaviour, string, string][] = [
    ['never answers', 'silence', 'TIMEOUT', 'SUBGRAPH_TIMEOUT'],
    ['is asked too often', { status: 429, body: '{}' }, 'RATE_LIMITED', 'SUBGRAPH_RATE_LIMITED'],
    ['answers 500', { status: 500, body: '{"data":{"_entities":[{"shopName":"x"}]}}' }, 'DOWN', 'SUBGRAPH_DOWN'],
    ['answers HTML', { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' }, 'DOWN', 'SUBGRAPH_DOWN'],
    ['answers no JSON', { status: 200, body: '{"data":' }, 'DOWN', 'SUBGRAPH_DOWN'],
    [
      'is being stopped',
      {
        status: 503,
        headers: { 'content-type': 'application/graphql-response+json' },
        body: '{"errors":[{"message":"Stopping.","extensions":{"code":"SHUTTING_DOWN"}}]}',
      },
      'DOWN',
      'SUBGRAPH_DOWN',
    ],
    ['answers null without an error', { status: 200, body: '{"data":null}' }, 'DOWN', 'SUBGRAPH_DOWN'],
    ['sends elsewhere', { status: 302, headers: { location: 'http://10.0.0.7/' }, body: '' }, 'DOWN', 'SUBGRAPH_DOWN'],
    ['answers more than is taken', { status: 200, body: `"${'x'.repeat(9_000_000)}"` }, 'DOWN', 'SUBGRAPH_DOWN'],
  ];
  it.each(failures)(
    'and %s leaves the others standing, and the last hop is told',
    async (_what, how, outcome, code) => {
      shop.misbehave(how);
      const answer = await tiny.post(CUSTOMER);
      const fetches = expect.arrayContaining(['hub LIVE', `shop ${outcome}`, 'desk LIVE']);
      expect(answer.data).toEqual({ person: { ...withoutShop, fetches } });
      expect(answer.errors).toEqual([
        { message: expect.stringMatching(/^`shop` /), path: ['person'], extensions: { code, subgraph: 'shop' } },
      ]);
      expect(JSON.stringify(answer)).not.toMatch(/127\.0\.0\.1|10\.0\.0\.7|<p>/);
    },
  );

  it('in a list of entities is one error for all of them', async () => {
    shop.misbehave({ status: 500, body: '' });
    const answer = await tiny.post('{ people { id name orders { id } } }');
    expect(answer.data).toEqual({
      people: [
        { id: '1', name: 'Desk 1', orders: null },
        { id: '2', name: 'Desk 2', orders: null },
        // Not known at the desk, which says so without an error: nobody is asked for a name.
        { id: '3', name: null, orders: null },
      ],
    });
    expect(answer.errors?.map(({ path, extensions }) => [path, extensions['code']])).toEqual([
      [['people'], 'SUBGRAPH_DOWN'],
    ]);
  });

  it('with data for some entities and errors for others gives both', async () => {
    const errors = [{ message: 'No store.', path: ['_entities', 1], extensions: { code: 'STORE_UNAVAILABLE' } }];
    const entity = { __typename: 'Person', shopName: 'Shop', orders: [] };
    shop.misbehave({ status: 200, body: JSON.stringify({ data: { _entities: [entity, null, entity] }, errors }) });
    const answer = await tiny.post('{ people { name fetches orders { id } } }');
    const people = (answer.data?.['people'] ?? []) as Record<string, unknown>[];
    expect(people.map(({ name }) => name)).toEqual(['Shop', 'Desk 2', null]);
    expect(people.map(({ orders }) => orders)).toEqual([[], null, []]);
    expect(people[1]?.['fetches']).toContain('shop DOWN');
    expect(answer.errors?.[0]).toMatchObject({
      path: ['people', 1],
      extensions: { code: 'STORE_UNAVAILABLE', subgraph: 'shop' },
    });
  });

  it('and a field that may not be null: only what has to be null is', async () => {
    shop.misbehave({ status: 500, body: '' });
    const answer = await tiny.post('{ a: person(id: "1") { firstOrder { id } } b: person(id: "2") { tickets name } }');
    expect(answer.data).toEqual({ a: null, b: { tickets: ['T-1'], name: 'Desk 2' } });
  });

  it('at the root gives null and an error with the field', async () => {
    shop.misbehave({ status: 500, body: '' });
    const answer = await tiny.post('{ mine: order(id: "2") { total } person(id: "1") { tickets } }');
    expect(answer.data).toEqual({ mine: null, person: { tickets: ['T-1'] } });
    expect(answer.errors?.[0]).toMatchObject({
      path: ['mine'],
      extensions: { code: 'SUBGRAPH_DOWN', subgraph: 'shop' },
    });
  });

  it('and does not answer a mutation: nothing is sent twice', async () => {
    const before = world.asked.filter(({ name }) => name === 'shop').length;
    shop.misbehave('silence');
    const answer = await tiny.post('mutation { placeOrder(total: 1) { id } }');
    expect(answer.errors?.[0]?.extensions['code']).toBe('SUBGRAPH_TIMEOUT');
    expect(world.asked.filter(({ name }) => name === 'shop')).toHaveLength(before + 1);
  });

  it('is in the log with the reason, by name', async () => {
    shop.misbehave({ status: 500, body: '' });
    await tiny.post(CUSTOMER);
    expect(tiny.logged('a fetch failed')).toMatchObject({
      subgraph: 'shop',
      error: { kind: 'InvalidAnswer', code: 'SUBGRAPH_DOWN', message: 'the answer has status 500' },
    });
    expect(tiny.logged('request')).toMatchObject({ codes: ['SUBGRAPH_DOWN'], fetches: { shop: 'DOWN', desk: 'LIVE' } });
  });

  it('that was stopped and started again is asked again', async () => {
    await desk.stop();
    const without = await tiny.post(CUSTOMER);
    expect(without.data?.['person']).toMatchObject({ name: 'Shop 1', tickets: null, orders: [{ id: '10' }] });
    expect(fetchesOf(without)).toContain('desk DOWN');
    const port = Number(new URL(desk.url).port);
    desk = await serveTiny('desk', world, port);
    const again = await tiny.post(CUSTOMER);
    expect(again.errors).toBeUndefined();
    expect(again.data?.['person']).toMatchObject({ tickets: ['T-1'] });
  });
});

describe('a subgraph in the same process', () => {
  it('is abandoned at the deadline, and its signal fires', async () => {
    let signal: AbortSignal | undefined;
    const slow = localTiny('shop', world, (request) => {
      signal = request.signal;
      return new Promise(() => {});
    });
    const nearby = await startTinyGateway({
      transports: {
        hub: createInProcessTransport(localTiny('hub', world)),
        shop: createInProcessTransport(slow),
        desk: createInProcessTransport(localTiny('desk', world)),
      },
      subgraphTimeoutMs: 50,
    });
    const answer = await nearby.post(CUSTOMER);
    expect(answer.data).toMatchObject({ person: withoutShop });
    expect(fetchesOf(answer)).toContain('shop TIMEOUT');
    expect(signal?.aborted).toBe(true);
    await nearby.close();
  });

  it('whose store is down is told as DOWN', async () => {
    const down = localTiny('shop', world, async () => ({
      data: { _entities: [{ __typename: 'Person', shopName: null, orders: null }] },
      errors: [new CodedError('STORE_UNAVAILABLE', 'The store of shop can’t answer at the moment.')],
    }));
    const nearby = await startTinyGateway({
      transports: {
        hub: createInProcessTransport(localTiny('hub', world)),
        shop: createInProcessTransport(down),
        desk: createInProcessTransport(localTiny('desk', world)),
      },
    });
    const answer = await nearby.post(CUSTOMER);
    expect(answer.data).toMatchObject({ person: withoutShop });
    expect(fetchesOf(answer)).toContain('shop DOWN');
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'STORE_UNAVAILABLE', requestId: expect.any(String) });
    await nearby.close();
  });
});

describe('the HTTP transport', () => {
  it('says who asks and how the fetches so far have ended', async () => {
    const transport = overHttp('desk', desk);
    const principal = { ...LOCAL_ADMINISTRATOR, purpose: 'Zweck: Rückfrage' };
    const answer = await transport.execute({ query: '{ ticket(id: "7") }', principal, fetches: { shop: 'TIMEOUT' } });
    expect(answer).toEqual({ data: { ticket: '7' } });
    expect(world.asked.at(-1)?.request).toMatchObject({ principal, fetches: { shop: 'TIMEOUT' } });
    await transport.close();
  });

  it.each([
    ['SUBGRAPH_TIMEOUT', 'silence' as const],
    ['SUBGRAPH_RATE_LIMITED', { status: 429, body: '' }],
    ['SUBGRAPH_DOWN', { status: 503, body: 'Service Unavailable' }],
  ])('rejects with %s when there is no answer', async (code, how) => {
    const transport = overHttp('desk', desk);
    desk.misbehave(how);
    const failure = await transport
      .execute({ query: '{ ticket(id: "7") }', principal: LOCAL_ADMINISTRATOR })
      .catch((error) => error);
    expect(failure).toBeInstanceOf(CodedError);
    expect(failure.code).toBe(code);
    await transport.close();
  });
});
