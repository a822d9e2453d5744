import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { PortInUse } from '../../gateway/server.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { startTinyGateway, type TinyGateway } from '../support/tiny-gateway.ts';
import { localTiny, TinyWorld } from '../support/tiny-supergraph.ts';

const world = new TinyWorld();
let tiny: TinyGateway;
/** Holds back answers of `desk` while a test wants it. */
let gate: { promise: Promise<undefined>; open: () => void } | undefined;
let deskIsReady = true;

beforeAll(async () => {
  tiny = await startTinyGateway({
    transports: {
      hub: createInProcessTransport(localTiny('hub', world)),
      shop: createInProcessTransport(localTiny('shop', world)),
      desk: createInProcessTransport(localTiny('desk', world, async () => gate?.promise)),
    },
    readiness: [
      { name: 'hub', isEssential: true, check: async () => {} },
      {
        name: 'desk',
        isEssential: false,
        check: async () => {
          if (!deskIsReady) throw new Error('postgres://secret');
        },
      },
    ],
  });
});

afterAll(() => tiny.close());

const ask = (init: RequestInit, search = '') => fetch(`${tiny.server.origin}/graphql${search}`, init);
const post = (body: unknown, headers: Record<string, string> = {}) =>
  ask({ method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
const codesOf = async (response: Response): Promise<unknown[]> =>
  ((await response.json()) as { errors: { extensions: { code: string } }[] }).errors.map(
    ({ extensions }) => extensions.code,
  );

describe('an operation over HTTP', () => {
  it('is answered in the media type that the client accepts', async () => {
    const query = '{ people { id } }';
    const plain = await post({ query });
    expect(plain.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(plain.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    const data = { people: [{ id: '1' }, { id: '2' }, { id: '3' }] };
    expect(await plain.json()).toEqual({ data });
    const own = await post({ query }, { accept: 'application/graphql-response+json' });
    expect(own.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
    expect(await own.json()).toEqual({ data });
    expect((await post({ query }, { accept: 'image/png' })).status).toBe(406);
  });

  it('may be a query by GET, with operationName and variables', async () => {
    const search = new URLSearchParams({
      query: 'query A($id: ID!) { person(id: $id) { id } } query B { people { id } }',
      operationName: 'A',
      variables: '{"id":"2"}',
    });
    const response = await ask({}, `?${search}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ data: { person: { id: '2' } } });
  });

  it('is not a mutation by GET', async () => {
    const before = world.placed;
    const response = await ask({}, `?query=${encodeURIComponent('mutation { placeOrder(total: 1) { id } }')}`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await codesOf(response)).toEqual(['BAD_REQUEST']);
    expect(world.placed).toBe(before);
  });

  it('runs mutations by POST', async () => {
    const before = world.placed;
    const response = await post({
      query: 'mutation { a: placeOrder(total: 5) { total } b: placeOrder(total: 6) { total } }',
    });
    expect(await response.json()).toEqual({ data: { a: { total: 5 }, b: { total: 6 } } });
    expect(world.placed).toBe(before + 2);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
  ])('is refused as a POST of %s, which a foreign page could make a browser send', async (type) => {
    const before = world.placed;
    const body = JSON.stringify({ query: 'mutation { placeOrder(total: 1) { id } }' });
    const response = await ask({ method: 'POST', headers: { 'content-type': type }, body });
    expect([response.status, await codesOf(response)]).toEqual([415, ['BAD_REQUEST']]);
    expect(world.placed).toBe(before);
  });

  it.each([
    ['no JSON', '{', 'BAD_REQUEST'],
    ['no object', '7', 'BAD_REQUEST'],
    ['a list of operations', '[]', 'BATCHING_NOT_SUPPORTED'],
    ['no query', '{"variables":{}}', 'BAD_REQUEST'],
    ['variables that are no object', '{"query":"{ people { id } }","variables":[1]}', 'BAD_REQUEST'],
  ])('with %s is refused with 400', async (_what, body, code) => {
    const response = await ask({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect([response.status, await codesOf(response)]).toEqual([400, [code]]);
  });

  it.each([
    ['of no GraphQL', { query: '{ people {' }, 'GRAPHQL_PARSE_FAILED'],
    ['with an unknown field', { query: '{ people { shoeSize } }' }, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'with a variable of a wrong type',
      { query: 'query ($id: ID!) { person(id: $id) { id } }', variables: { id: {} } },
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'with several operations and none chosen',
      { query: 'query A { people { id } } query B { people { id } }' },
      'OPERATION_RESOLUTION_FAILURE',
    ],
  ])('%s is told by the body, and by the status to who accepts it', async (_what, body, code) => {
    const plain = await post(body);
    expect([plain.status, await codesOf(plain)]).toEqual([200, [code]]);
    const own = await post(body, { accept: 'application/graphql-response+json' });
    expect([own.status, await codesOf(own)]).toEqual([400, [code]]);
  });

  it('has scalars of ours checked before any subgraph is asked', async () => {
    const asked = world.asked.length;
    const literal = await post({ query: '{ moment(at: "yesterday") }' });
    expect(await codesOf(literal)).toEqual(['BAD_USER_INPUT']);
    const variable = await post({
      query: 'query ($at: DateTime!) { moment(at: $at) }',
      variables: { at: 'yesterday' },
    });
    expect(await codesOf(variable)).toEqual(['BAD_USER_INPUT']);
    expect(world.asked.length).toBe(asked);
  });

  it('has at most 256 KiB', async () => {
    const body = JSON.stringify({ query: '{ people { id } }', variables: { filler: 'x'.repeat(300_000) } });
    const response = await ask({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect([response.status, await codesOf(response)]).toEqual([413, ['PAYLOAD_TOO_LARGE']]);
  });

  it('that breaks off in the middle is nobody’s fault', async () => {
    const before = tiny.log.length;
    const socket = connect(Number(new URL(tiny.server.origin).port), '127.0.0.1');
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    );
    await once(socket, 'connect');
    await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
    while (tiny.log.length === before) await new Promise((resolve) => setImmediate(resolve));
    expect(tiny.log.slice(before)).toEqual([expect.objectContaining({ msg: 'request', codes: ['BAD_REQUEST'] })]);
  });

  it('is refused when the server is asked by a name that is not its own', async () => {
    const { port } = new URL(tiny.server.origin);
    const rebound = httpRequest({
      host: '127.0.0.1',
      port,
      path: '/graphql?query={people{id}}',
      headers: { host: `evil.example:${port}` },
    });
    rebound.end();
    const [response] = await once(rebound, 'response');
    expect(response.statusCode).toBe(403);
    response.resume();
  });

  it('leaves a line in the log with its stages, and nothing of what was asked', async () => {
    await tiny.post('query Named($id: ID!) { person(id: $id) { name } }', { id: 'canary-4711' });
    const line = tiny.logged('request');
    expect(line).toMatchObject({ operationType: 'query', operationName: 'Named', codes: [], fetches: { hub: 'LIVE' } });
    expect(Object.keys(line?.['stageMs'] as object)).toEqual(['receive', 'guard', 'plan', 'execute', 'respond']);
    expect(JSON.stringify(tiny.log)).not.toContain('canary-4711');
    const metrics = await (await fetch(`${tiny.server.origin}/metrics`)).text();
    expect(metrics).toContain('c360_stage_duration_seconds_count{stage="execute"}');
    expect(metrics).toMatch(/c360_requests_total\{code="OK"\} \d+/);
  });

  it('answers callers in the same process as it answers clients', async () => {
    const caller = { principal: { ...LOCAL_ADMINISTRATOR, subject: 'journeys' }, requestId: 'request-1' };
    const answer = await tiny.gateway.execute({ query: '{ person(id: "1") { name } }' }, caller);
    expect(answer).toEqual({ data: { person: { name: 'Shop 1' } } });
    expect(world.asked.at(-1)?.request.principal.subject).toBe('journeys');
  });
});

describe('errors', () => {
  it('of subgraphs pass with code and path when the table of codes knows them', async () => {
    const answer = await tiny.post('{ order(id: "odd") { id } person(id: "1") { tickets(first: 101) name } }');
    expect(answer.data).toEqual({ order: null, person: { tickets: null, name: 'Shop 1' } });
    expect(answer.errors).toEqual([
      { message: 'Order numbers are even.', path: ['order'], extensions: { code: 'BAD_USER_INPUT', subgraph: 'shop' } },
      {
        message: '`first` is 1 to 100.',
        path: ['person', 'tickets'],
        extensions: { code: 'BAD_USER_INPUT', subgraph: 'desk' },
      },
    ]);
  });

  it('that nobody foresaw are masked, with an id that leads to the log, and the log is free of personal data', async () => {
    const answer = await tiny.post('{ leak }');
    expect(answer.data).toEqual({ leak: null });
    const [error] = answer.errors ?? [];
    expect(error).toMatchObject({ path: ['leak'], extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(JSON.stringify(answer)).not.toMatch(/SELECT|postgres|jane/);
    expect(tiny.logged('masked error')).toMatchObject({
      requestId: error?.extensions['requestId'],
      error: { kind: 'Error' },
    });
    expect(JSON.stringify(tiny.log)).not.toMatch(/secret|jane@example/);
  });

  it('of a null where none may be are errors, not extensions', async () => {
    const answer = await tiny.post('{ strict { id } }');
    expect(answer.data).toBeNull();
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    expect(answer).not.toHaveProperty('extensions');
  });
});

describe('health', () => {
  it('tells that the process lives, and by name what is ready', async () => {
    const live = await fetch(`${tiny.server.origin}/health/live`);
    expect(await live.json()).toEqual({ status: 'live' });
    const ready = await fetch(`${tiny.server.origin}/health/ready`);
    expect(await ready.json()).toEqual({
      status: 'ready',
      supergraph: 'loaded',
      subgraphs: { hub: 'ready', desk: 'ready' },
    });
  });

  it('is degraded, and still ready, without a part that is not essential', async () => {
    deskIsReady = false;
    const ready = await fetch(`${tiny.server.origin}/health/ready`);
    deskIsReady = true;
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      status: 'degraded',
      supergraph: 'loaded',
      subgraphs: { hub: 'ready', desk: 'unready' },
    });
  });
});

describe('the playground', () => {
  const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

  it('is served to browsers with everything it needs, and nothing from elsewhere', async () => {
    const page = await ask({ headers: browser });
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self';");
    const html = await page.text();
    expect(html).not.toMatch(/https?:\/\//);
    const paths = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]);
    expect(paths).toHaveLength(6);
    for (const path of [...paths, '/playground/stories.json']) {
      const asset = await fetch(`${tiny.server.origin}${path}`);
      expect([path, asset.status]).toEqual([path, 200]);
      const tag = asset.headers.get('etag') ?? '';
      await asset.arrayBuffer();
      expect((await fetch(`${tiny.server.origin}${path}`, { headers: { 'if-none-match': tag } })).status).toBe(304);
    }
  });

  it.each(['/playground/../package.json', '/playground/%2e%2e/package.json', '/playground/index.html', '/playground/'])(
    'serves no other file: %s',
    async (path) => {
      const { port } = new URL(tiny.server.origin);
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      let text = '';
      for await (const chunk of socket) text += chunk;
      expect(text).toMatch(/^HTTP\/1.1 404 /);
    },
  );
});

describe('in production', () => {
  it('the schema is hidden and there is no playground', async () => {
    const transport = createInProcessTransport(localTiny('hub', world));
    const hidden = await startTinyGateway({
      transports: { hub: transport, shop: transport, desk: transport },
      introspection: false,
    });
    const answer = await hidden.post('{ __schema { types { name } } }');
    expect(answer.errors?.[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    const page = await fetch(`${hidden.server.origin}/graphql`, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(406);
    await hidden.close();
  });
});

describe('listening and stopping', () => {
  it('answers in HTTP/1.1 who would also speak HTTP/2, on a connection that stays', async () => {
    const { hostname, port } = new URL(tiny.server.origin);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    const body = JSON.stringify({ query: '{ people { id } }' });
    const wish = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n';
    const type = `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.write(`POST /graphql HTTP/1.1\r\nHost: ${hostname}\r\n${wish}${type}${body.slice(0, 5)}`);
    socket.write(body.slice(5));
    while (!text.includes('"3"')) await new Promise(setImmediate);
    socket.write(
      `GET /health/live HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: h2c\r\nConnection: upgrade, close\r\n\r\n`,
    );
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*"data":\{"people":[\s\S]*HTTP\/1\.1 200 OK[\s\S]*"live"/);
  });

  it('says so when the port is in use', async () => {
    const port = Number(new URL(tiny.server.origin).port);
    await expect(tiny.gateway.listen({ host: '127.0.0.1', port })).rejects.toThrow(PortInUse);
  });

  it('finishes what it accepted and takes nothing new', async () => {
    const second = await tiny.gateway.listen({ host: '127.0.0.1', port: 0 });
    gate = opening();
    const asked = world.asked.length;
    const slow = fetch(`${second.origin}/graphql?query={person(id:"1"){tickets}}`);
    while (world.asked.slice(asked).every(({ name }) => name !== 'desk')) await new Promise(setImmediate);
    const drained = second.drain(10_000);
    await expect(fetch(`${second.origin}/health/live`)).rejects.toThrow();
    gate.open();
    gate = undefined;
    expect(await (await slow).json()).toEqual({ data: { person: { tickets: ['T-1'] } } });
    await drained;
  });

  it('cuts off what takes longer than the limit', async () => {
    const third = await tiny.gateway.listen({ host: '127.0.0.1', port: 0 });
    gate = opening();
    const asked = world.asked.length;
    const stuck = fetch(`${third.origin}/graphql?query={person(id:"1"){tickets}}`);
    while (world.asked.slice(asked).every(({ name }) => name !== 'desk')) await new Promise(setImmediate);
    const failure = expect(stuck).rejects.toThrow();
    await third.drain(20);
    await failure;
    gate.open();
    gate = undefined;
  });
});

function opening(): { promise: Promise<undefined>; open: () => void } {
  let open = () => {};
  const promise = new Promise<undefined>((resolve) => {
    open = () => resolve(undefined);
  });
  return { promise, open };
}
