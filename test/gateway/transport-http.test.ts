import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpTransport, type HttpTransportOptions } from '../../gateway/transport/http.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { SubgraphRequest, SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { answerText, type RawRequest, type RawServer, startRawServer, until } from '../support/raw-server.ts';

const GOOD = answerText('{"data":{"a":1}}');
const answer = ({ socket }: RawRequest): void => void socket.write(GOOD);

let server: RawServer;
const opened: SubgraphTransport[] = [];

beforeEach(async () => {
  server = await startRawServer(answer);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
  await server.close();
});

function open(options: Partial<HttpTransportOptions> = {}): SubgraphTransport {
  const transport = createHttpTransport({ subgraph: 'shop', url: server.url, timeoutMs: 5000, ...options });
  opened.push(transport);
  return transport;
}

const ask = (transport: SubgraphTransport, more: Partial<SubgraphRequest> = {}) =>
  transport.execute({ query: '{ a }', principal: LOCAL_ADMINISTRATOR, ...more });

/** The code of the error, and that its message tells nothing of address, body or stack. */
async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as { code?: string; message: string },
  );
  expect(String(error?.message)).not.toMatch(/127\.0\.0\.1|http|secret|\bat /i);
  return error?.code;
}

const timesOf = (text: string): number => server.requests.filter(({ body }) => body.includes(text)).length;

describe('a request', () => {
  it('is JSON, with who asks and how long it is waited for', async () => {
    const transport = open();
    const request = { query: 'query Q($a: Int) { a }', operationName: 'Q', variables: { a: 1, name: 'Zoë 🦉' } };
    expect(await ask(transport, { ...request, fetches: { desk: 'DOWN' } })).toEqual({ data: { a: 1 } });
    const [sent] = server.requests;
    expect(JSON.parse(Buffer.from(sent?.body ?? '', 'latin1').toString('utf8'))).toEqual({
      ...request,
      extensions: { fetches: { desk: 'DOWN' } },
    });
    expect(sent?.head).toMatch(/^POST \/graphql HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/);
    const deadline = Number(/c360-deadline-ms: (\d+)/.exec(sent?.head ?? '')?.[1]);
    expect(deadline).toBeGreaterThan(4000);
    expect(deadline).toBeLessThanOrEqual(5000);
  });

  it('is told what is left of the whole operation when that is less', async () => {
    const clock = createManualClock();
    await ask(open({ clock: clock.now }), { deadline: clock.now() + 700 });
    expect(server.requests[0]?.head).toContain('\r\nc360-deadline-ms: 700\r\n');
  });

  it('carries a trace context only when it is one', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await ask(open(), { traceparent });
    await ask(open(), { traceparent: 'x\r\nc360-principal: x' });
    expect(server.requests.map(({ head }) => /traceparent: .*/.exec(head)?.[0])).toEqual([
      `traceparent: ${traceparent}`,
      undefined,
    ]);
  });

  it('keeps its connection for the next one, and has it for itself', async () => {
    const transport = open();
    await ask(transport);
    await ask(transport);
    expect(server.connections()).toBe(1);
    await Promise.all([1, 2, 3].map((n) => ask(transport, { variables: { n } })));
    expect(server.connections()).toBe(3);
  });

  it('waits when there are as many connections as may be', async () => {
    const held: RawRequest[] = [];
    server.onRequest = (request) => held.push(request);
    const transport = open({ connections: 2 });
    const answers = [1, 2, 3, 4].map((n) => ask(transport, { variables: { n } }));
    await until(() => held.length === 2);
    server.onRequest = answer;
    for (const request of held) answer(request);
    await Promise.all(answers);
    expect(server.connections()).toBe(2);
  });
});

describe('an answer that is none', () => {
  it.each([
    ['a redirect', 'HTTP/1.1 302 Found\r\nlocation: http://secret/\r\ncontent-length: 0\r\n\r\n'],
    [
      'a redirect that is JSON',
      'HTTP/1.1 307 Moved\r\nlocation: http://secret/\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
    ],
    ['HTML', 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\nsecret'],
    ['no media type', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'],
    ['no JSON', answerText('{"data": secret')],
    ['a list', answerText('[{"data":{"a":1}}]')],
    ['`data: null` alone', answerText('{"data":null}')],
    ['an empty object', answerText('{}')],
    ['errors that are none', answerText('{"errors":[]}')],
    ['errors that are no errors', answerText('{"errors":["secret"]}')],
    ['data with errors that are no errors', answerText('{"data":{"a":1},"errors":"secret"}')],
    ['500', 'HTTP/1.1 500 Oh\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}'],
    ['another protocol', 'SSH-2.0-secret\r\n\r\n'],
    [
      'more than it says is taken',
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${8 * 1024 * 1024 + 1}\r\n\r\n`,
    ],
  ])('%s is SUBGRAPH_DOWN', async (_what, bytes) => {
    server.onRequest = ({ socket }) => void socket.write(bytes);
    expect(await codeOf(ask(open()))).toBe('SUBGRAPH_DOWN');
    expect(server.requests).toHaveLength(1);
  });

  it('that never stops is cut at 8 MiB', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    server.onRequest = ({ socket }) => {
      const more = (): void => {
        if (!socket.destroyed) socket.write(chunk, more);
      };
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n', more);
    };
    expect(await codeOf(ask(open()))).toBe('SUBGRAPH_DOWN');
    await until(() => server.open() === 0);
  });

  it('that is cut off is SUBGRAPH_DOWN, and is not asked for again', async () => {
    server.onRequest = ({ socket }) => void socket.end(GOOD.slice(0, -3));
    expect(await codeOf(ask(open()))).toBe('SUBGRAPH_DOWN');
    expect(server.requests).toHaveLength(1);
  });

  it('429 is SUBGRAPH_RATE_LIMITED', async () => {
    server.onRequest = ({ socket }) => void socket.write('HTTP/1.1 429 Later\r\ncontent-length: 0\r\n\r\n');
    expect(await codeOf(ask(open()))).toBe('SUBGRAPH_RATE_LIMITED');
    expect(server.requests).toHaveLength(1);
  });

  it('changes the prototype of no object, and may not nest without end', async () => {
    server.onRequest = ({ socket }) => void socket.write(answerText('{"data":{"__proto__":{"a":1}}}'));
    expect(Object.getPrototypeOf((await ask(open())).data)).toBe(Object.prototype);
    server.onRequest = ({ socket }) => void socket.write(answerText(`{"data":${'['.repeat(200_000)}`));
    expect(await codeOf(ask(open()))).toBe('SUBGRAPH_DOWN');
  });
});

describe('nobody waits any more', () => {
  it('at the deadline: the connection is cut', async () => {
    server.onRequest = () => {};
    const begun = performance.now();
    expect(await codeOf(ask(open({ timeoutMs: 80 })))).toBe('SUBGRAPH_TIMEOUT');
    expect(performance.now() - begun).toBeLessThan(330);
    await until(() => server.open() === 0);
  });

  it('also while the answer comes drop by drop', async () => {
    server.onRequest = ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n');
      const drop = setInterval(() => socket.write(' '), 5);
      socket.on('close', () => clearInterval(drop));
    };
    expect(await codeOf(ask(open({ timeoutMs: 80 })))).toBe('SUBGRAPH_TIMEOUT');
    await until(() => server.open() === 0);
  });

  it('because the client has gone: the connection is cut within 250 ms', async () => {
    server.onRequest = () => {};
    const client = new AbortController();
    const asked = ask(open(), { signal: client.signal });
    await until(() => server.requests.length === 1);
    const gone = performance.now();
    client.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
    await until(() => server.open() === 0);
    expect(performance.now() - gone).toBeLessThan(250);
  });

  it('before it was sent: it is not', async () => {
    const client = new AbortController();
    client.abort(new Error('gone'));
    await expect(ask(open(), { signal: client.signal })).rejects.toThrow('gone');
    expect(server.connections()).toBe(0);
  });

  it('while it waits for a connection', async () => {
    server.onRequest = () => {};
    const transport = open({ connections: 1, timeoutMs: 100 });
    const asked = [1, 2].map((n) => codeOf(ask(transport, { variables: { n } })));
    expect(await Promise.all(asked)).toEqual(['SUBGRAPH_TIMEOUT', 'SUBGRAPH_TIMEOUT']);
  });
});

describe('a connection that was kept', () => {
  it('and is closed as the next read is sent: the read is sent again', async () => {
    server.onRequest = (request) => (request.index === 0 ? answer(request) : request.socket.destroy());
    const transport = open();
    await ask(transport);
    expect(await ask(transport)).toEqual({ data: { a: 1 } });
    expect(server.connections()).toBe(2);
  });

  it('and carries bytes nobody asked for is not used again', async () => {
    server.onRequest = (request) => {
      answer(request);
      setImmediate(() => request.socket.write(answerText('{"data":{"a":"stolen"}}')));
    };
    const transport = open();
    await ask(transport);
    await until(() => server.open() === 0);
    server.onRequest = answer;
    expect(await ask(transport)).toEqual({ data: { a: 1 } });
  });

  it('is let go before the server does', async () => {
    const clock = createManualClock();
    server.onRequest = ({ socket }) => void socket.write(answerText('{"data":{"a":1}}', 'keep-alive: timeout=3\r\n'));
    const transport = open({ clock: clock.now });
    await ask(transport, { deadline: Number.POSITIVE_INFINITY });
    clock.advance(2000);
    await ask(transport, { deadline: Number.POSITIVE_INFINITY });
    expect(server.connections()).toBe(2);
    clock.advance(2000);
    await until(() => server.open() === 0);
  });

  it('is not used for a mutation once it was idle', async () => {
    const clock = createManualClock();
    const transport = open({ clock: clock.now });
    await ask(transport);
    clock.advance(251);
    await ask(transport, { query: 'mutation { a }' });
    expect(server.connections()).toBe(2);
    await ask(transport, { query: 'mutation { b }' });
    expect(server.connections()).toBe(2);
  });
});

describe('a failure', () => {
  const UNAVAILABLE = 'HTTP/1.1 503 Later\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';

  it.each([502, 503, 504])('%d of a read is asked for again, once', async (status) => {
    const retried: number[] = [];
    const unavailable = UNAVAILABLE.replace('503', String(status));
    server.onRequest = (request) =>
      server.requests.length === 1 ? request.socket.write(unavailable) : answer(request);
    expect(await ask(open({ onRetry: () => retried.push(1) }))).toEqual({ data: { a: 1 } });
    server.onRequest = ({ socket }) => void socket.write(unavailable);
    expect(await codeOf(ask(open()))).toBe('SUBGRAPH_DOWN');
    expect(server.requests).toHaveLength(4);
    expect(retried).toHaveLength(1);
  });

  it('of a mutation is never asked for again', async () => {
    server.onRequest = ({ socket }) => void socket.write(UNAVAILABLE);
    expect(await codeOf(ask(open(), { query: '# a comment\nmutation { pay }' }))).toBe('SUBGRAPH_DOWN');
    server.onRequest = ({ socket }) => socket.destroy();
    expect(await codeOf(ask(open(), { query: 'query A { a } mutation B { pay }', operationName: 'B' }))).toBe(
      'SUBGRAPH_DOWN',
    );
    expect(timesOf('mutation')).toBe(2);
  });

  it('is asked for again within a tenth of the requests', async () => {
    server.onRequest = ({ socket }) => void socket.write(UNAVAILABLE);
    const transport = open({ breaker: 'OFF' });
    for (let n = 0; n < 100; n += 1) await codeOf(ask(transport, { variables: { n } }));
    expect(server.requests.length).toBeGreaterThan(100);
    expect(server.requests.length).toBeLessThanOrEqual(110);
  });

  it('of most requests opens the breaker; one request finds out whether it can close', async () => {
    const clock = createManualClock();
    const states: string[] = [];
    const transport = open({
      clock: clock.now,
      retryPercent: 0,
      breaker: { minimumRequests: 4, openMs: 1000 },
      onBreaker: (state) => states.push(state),
    });
    server.onRequest = ({ socket }) => void socket.write(UNAVAILABLE);
    for (let n = 0; n < 6; n += 1) expect(await codeOf(ask(transport))).toBe('SUBGRAPH_DOWN');
    expect(server.requests).toHaveLength(4);
    clock.advance(1000);
    expect(await codeOf(ask(transport))).toBe('SUBGRAPH_DOWN');
    expect(await codeOf(ask(transport))).toBe('SUBGRAPH_DOWN');
    expect(server.requests).toHaveLength(5);
    clock.advance(1000);
    server.onRequest = answer;
    const [first, second] = await Promise.allSettled([ask(transport), ask(transport, { variables: { n: 2 } })]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected']);
    expect(await ask(transport)).toEqual({ data: { a: 1 } });
    expect(states).toEqual(['OPEN', 'HALF_OPEN', 'OPEN', 'HALF_OPEN', 'CLOSED']);
  });

  it('that is the request’s own, or the client’s, does not open the breaker', async () => {
    const transport = open({ breaker: { minimumRequests: 1 } });
    server.onRequest = ({ socket }) => void socket.write(UNAVAILABLE.replace('503', '400'));
    for (let n = 0; n < 5; n += 1) await codeOf(ask(transport));
    server.onRequest = () => {};
    const client = new AbortController();
    const asked = ask(transport, { signal: client.signal });
    client.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
    await codeOf(ask(transport, { deadline: performance.timeOrigin + performance.now() + 30 }));
    server.onRequest = answer;
    expect(await ask(transport)).toEqual({ data: { a: 1 } });
  });

  it('to connect is SUBGRAPH_DOWN', async () => {
    const transport = open();
    await server.close();
    expect(await codeOf(ask(transport))).toBe('SUBGRAPH_DOWN');
    server = await startRawServer(answer);
  });
});

it('goes on when the server restarts under load', async () => {
  const http = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{"data":{"a":1}}'));
  });
  http.keepAliveTimeout = 5;
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const transport = open({ url, deduplication: 'OFF', breaker: 'OFF' });
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, async (_unused, worker) => {
      for (let n = 0; n < 50; n += 1) {
        await ask(transport, { variables: { worker, n } });
        if (n % 10 === worker % 10) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }),
  );
  expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
  http.close();
  http.closeAllConnections();
});
