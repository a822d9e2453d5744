import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { LOCAL_ADMINISTRATOR, type Principal } from '../../schema/principal.ts';
import { type SubgraphServer, startSubgraphServer } from '../../subgraphs/server.ts';
import type { Subgraph, SubgraphContextRequest } from '../../subgraphs/subgraph.ts';
import { type CloudFixture, codeOf, openCloud, valueAt } from './cloud-fixture.ts';
import { fillService, NOW } from './service-rows.ts';

let cloud: CloudFixture;
let server: SubgraphServer;
const logged: { level: string; fields: object; message: string }[] = [];
const log = Object.fromEntries(
  ['info', 'warn', 'error'].map((level) => [
    level,
    (fields: object, message: string) => logged.push({ level, fields, message }),
  ]),
) as unknown as Parameters<typeof startSubgraphServer>[1]['log'];

beforeAll(async () => {
  cloud = await openCloud('service', fillService, NOW);
});
beforeEach(async () => {
  await cloud.reset();
  logged.length = 0;
  server = await startSubgraphServer(cloud.subgraph, { port: 0, log });
});
afterEach(() => server.close());
afterAll(() => cloud.close());

const url = (path: string): string => `http://127.0.0.1:${server.port}${path}`;

function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url('/graphql'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const asPrincipal = (principal: unknown): Record<string, string> => ({
  'c360-principal': Buffer.from(JSON.stringify(principal)).toString('base64url'),
});

describe('POST /graphql', () => {
  it('answers an operation with variables', async () => {
    const response = await post({
      query: 'query Q($id: ID!) { case(id: $id) { caseNumber } }',
      variables: { id: 'T3' },
      operationName: 'Q',
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual({ data: { case: { caseNumber: 'CS-000003' } } });
  });

  it('takes who asks from the header, and how the fetches went from the extensions', async () => {
    const asked: SubgraphContextRequest[] = [];
    const listening: Subgraph = {
      ...cloud.subgraph,
      createContext: (request) => {
        asked.push(request);
        return cloud.subgraph.createContext(request);
      },
    };
    const own = await startSubgraphServer(listening, { port: 0, log });
    const agent: Principal = { subject: 'agent-7', roles: ['agent'], scopes: ['case:write'], purpose: 'service' };
    const send = (headers: Record<string, string>, extensions?: object): Promise<Response> =>
      fetch(`http://127.0.0.1:${own.port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: '{ __typename }', extensions }),
      });
    await send(asPrincipal(agent), { fetches: { commerce: 'DOWN', service: 'LIVE' } });
    await send({});
    await own.close();
    expect(asked).toEqual([
      expect.objectContaining({ principal: agent, fetches: { commerce: 'DOWN', service: 'LIVE' } }),
      expect.objectContaining({ principal: LOCAL_ADMINISTRATOR }),
    ]);
  });

  it('writes as whoever asks', async () => {
    const response = await post(
      {
        query: `mutation { commentOnCase(input: {idempotencyKey: "k", caseId: "T3", commentBody: "Hello"}) {
          case { caseUpdates { authorName } } } }`,
      },
      asPrincipal({ subject: 'agent-7', roles: ['agent'], scopes: [] }),
    );
    expect(valueAt(await response.json(), 'data.commentOnCase.case.caseUpdates.2.authorName')).toBe('agent-7');
  });

  it.each([
    ['no JSON', 'nonsense', {}, 400, 'BAD_REQUEST'],
    ['no query', {}, {}, 400, 'BAD_REQUEST'],
    ['an array', [], {}, 400, 'BAD_REQUEST'],
    ['variables that are no object', { query: '{ __typename }', variables: 'x' }, {}, 400, 'BAD_REQUEST'],
    [
      'an unknown outcome',
      { query: '{ __typename }', extensions: { fetches: { commerce: 'MAYBE' } } },
      {},
      400,
      'BAD_REQUEST',
    ],
    ['another content type', { query: '{ __typename }' }, { 'content-type': 'text/plain' }, 400, 'BAD_REQUEST'],
    ['a principal that is none', { query: '{ __typename }' }, asPrincipal({ subject: '' }), 400, 'BAD_REQUEST'],
    ['a principal that is no JSON', { query: '{ __typename }' }, { 'c360-principal': '***' }, 400, 'BAD_REQUEST'],
    ['a body over the limit', `"${'x'.repeat(8 * 1024 * 1024)}"`, {}, 413, 'PAYLOAD_TOO_LARGE'],
  ])('refuses %s', async (_what, body, headers, status, code) => {
    const response = await post(body, headers as Record<string, string>);
    expect(response.status).toBe(status);
    expect(codeOf(await response.json())).toBe(code);
  });

  it.each([
    ['{', 'GRAPHQL_PARSE_FAILED'],
    ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['query A { __typename } query B { __typename }', 'OPERATION_RESOLUTION_FAILURE'],
    ['subscription { serviceSourceRecordChanged { cursor } }', 'OPERATION_NOT_SUPPORTED'],
  ])('%s is an error in the answer, and a status in the type that has one', async (query, code) => {
    const legacy = await post({ query });
    expect([legacy.status, codeOf(await legacy.json())]).toEqual([200, code]);
    const own = await post({ query }, { accept: 'application/graphql-response+json, application/json;q=0.9' });
    expect([own.status, codeOf(await own.json())]).toEqual([400, code]);
    expect(own.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
  });

  it('refuses a variable of the wrong type', async () => {
    const response = await post({ query: 'query ($id: ID!) { case(id: $id) { id } }', variables: { id: {} } });
    expect(codeOf(await response.json())).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('masks a fault of ours, and logs it under the id that the error carries', async () => {
    const faulty: Subgraph = {
      ...cloud.subgraph,
      createContext: () => ({ cloud: 'service' }),
    };
    const own = await startSubgraphServer(faulty, { port: 0, log });
    const response = await fetch(`http://127.0.0.1:${own.port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ case(id: "T1") { id } }' }),
    });
    const result: unknown = await response.json();
    await own.close();
    expect(result).toEqual({
      data: { case: null },
      errors: [
        {
          message: 'Something went wrong on our side.',
          locations: [{ line: 1, column: 3 }],
          path: ['case'],
          extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) },
        },
      ],
    });
    const errorId = valueAt(result, 'errors.0.extensions.errorId');
    expect(logged.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({ fields: expect.objectContaining({ errorId, path: 'case', name: 'TypeError' }) }),
    ]);
  });

  it('is the only method and path', async () => {
    expect((await fetch(url('/graphql'))).status).toBe(400);
    expect((await fetch(url('/elsewhere'))).status).toBe(404);
  });
});

describe('health', () => {
  it('is live and ready', async () => {
    expect((await fetch(url('/health/live'))).status).toBe(200);
    expect((await fetch(url('/health/ready'))).status).toBe(200);
  });

  it('is live but not ready while the store does not answer', async () => {
    const broken: Subgraph = { ...cloud.subgraph, checkReadiness: () => Promise.reject(new Error('secret host')) };
    const own = await startSubgraphServer(broken, { port: 0, log });
    const ready = await fetch(`http://127.0.0.1:${own.port}/health/ready`);
    const live = await fetch(`http://127.0.0.1:${own.port}/health/live`);
    await own.close();
    expect([ready.status, live.status]).toEqual([503, 200]);
    expect(await ready.text()).not.toContain('secret');
  });
});

describe('what works beside the answers', () => {
  it('is told by name when it stands still, without its reason, and answers go on', async () => {
    let isStanding = false;
    const check = async (): Promise<void> => {
      if (isStanding) throw new Error('secret host');
    };
    const checks = () => [{ name: 'journeys:commerce', check }];
    const own = await startSubgraphServer(cloud.subgraph, { port: 0, log, checks });
    const ready = async () => {
      const response = await fetch(`http://127.0.0.1:${own.port}/health/ready`);
      return [response.status, await response.json()];
    };
    const before = await ready();
    isStanding = true;
    const meanwhile = await ready();
    await own.close();
    expect(before).toEqual([200, { status: 'ready' }]);
    expect(meanwhile).toEqual([200, { status: 'degraded', unready: ['journeys:commerce'] }]);
  });
});

describe('subscriptions over WebSocket', () => {
  const FIELD = 'serviceSourceRecordChanged';

  it('ring the doorbell', async () => {
    const client = createClient({ url: `ws://127.0.0.1:${server.port}/graphql`, webSocketImpl: WebSocket });
    const rings = client.iterate({ query: `subscription { ${FIELD} { cursor sourceRecordIds } }` });
    expect(valueAt((await rings.next()).value, `data.${FIELD}.sourceRecordIds`)).toEqual([]);
    const next = rings.next();
    await cloud.database.query("UPDATE service.contact SET email = 'new@example.com' WHERE contact_id = '1002'");
    expect(valueAt((await next).value, `data.${FIELD}`)).toEqual({
      cursor: expect.any(String),
      sourceRecordIds: ['1002'],
    });
    await rings.return?.();
    await client.dispose();
  });

  it('a wrong document or cursor is an error of that subscription, and the socket lives on', async () => {
    const client = createClient({
      url: `ws://127.0.0.1:${server.port}/graphql`,
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
    });
    const codesOf = async (query: string): Promise<unknown> => {
      try {
        const { value } = await client.iterate({ query }).next();
        return codeOf(value);
      } catch (errors) {
        return codeOf({ errors });
      }
    };
    expect(await codesOf('{')).toBe('GRAPHQL_PARSE_FAILED');
    expect(await codesOf('subscription { nothing }')).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(await codesOf(`subscription { ${FIELD}(since: "nonsense") { cursor } }`)).toBe('MALFORMED_ID');
    expect(await codesOf('{ case(id: "T1") { id } }')).toBeUndefined();
    await client.dispose();
  });

  it('end when the server is closed', async () => {
    const own = await startSubgraphServer(cloud.subgraph, { port: 0, log });
    const socket = new WebSocket(`ws://127.0.0.1:${own.port}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await own.close();
    expect((await closed)[0]).toBe(1001);
  });
});

it('keeps pages of browsers out, by HTTP and by sockets, where everybody else is believed', async () => {
  const page = { origin: 'https://evil.example' };
  const refused = await post({ query: '{ __typename }' }, page);
  expect(refused.status).toBe(403);
  expect(codeOf(await refused.json())).toBe('CROSS_SITE_REQUEST');
  const socket = new WebSocket(url('/graphql').replace('http', 'ws'), 'graphql-transport-ws', { headers: page });
  const [error] = await once(socket, 'error');
  expect(String(error)).toContain('403');
});

it('lives on when a client resets the connection on which an upgrade is refused', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('uncaughtException', note);
  for (let number = 0; number < 50; number += 1) {
    const client = createConnection(server.port, '127.0.0.1');
    client.on('error', () => {});
    await once(client, 'connect');
    client.write('GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    setImmediate(() => client.resetAndDestroy());
    await once(client, 'close');
  }
  expect((await fetch(url('/health/live'))).status).toBe(200);
  process.off('uncaughtException', note);
  expect(unhandled).toEqual([]);
});

it('rejects when the port is in use', async () => {
  await expect(startSubgraphServer(cloud.subgraph, { port: server.port, log })).rejects.toThrow(
    `Port ${server.port} on 127.0.0.1 is in use.`,
  );
});

it('lets a request under way end when it is closed, and takes no other', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let begun = (): void => {};
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const slow: Subgraph = {
    ...cloud.subgraph,
    checkReadiness: () => {
      begun();
      return released;
    },
  };
  const own = await startSubgraphServer(slow, { port: 0, log });
  const underWay = fetch(`http://127.0.0.1:${own.port}/health/ready`);
  await hasBegun;
  const closing = own.close();
  const another = createConnection(own.port, '127.0.0.1');
  const [error] = await once(another, 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  release();
  expect((await underWay).status).toBe(200);
  await closing;
});

it('refuses to listen where others can reach it', async () => {
  await expect(startSubgraphServer(cloud.subgraph, { host: '0.0.0.0', port: 0, log })).rejects.toThrow(
    'Without SUBGRAPH_SIGNING_KEY a subgraph listens on loopback only',
  );
});
