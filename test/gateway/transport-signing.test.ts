import { request as httpRequest, type IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { WebSocket } from 'ws';
import { createHttpTransport } from '../../gateway/transport/http.ts';
import { requestHeaders, type Signing } from '../../gateway/transport/request-headers.ts';
import type { CodedError } from '../../schema/errors.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { signingKey } from '../../schema/request-signature.ts';
import { createNonceCache } from '../../subgraphs/nonce-cache.ts';
import { type SubgraphServer, startSubgraphServer } from '../../subgraphs/server.ts';
import { createSignatureCheck } from '../../subgraphs/server-signature.ts';
import type { Subgraph, SubgraphContextRequest } from '../../subgraphs/subgraph.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { until } from '../support/raw-server.ts';

const OLD = signingKey('old-'.repeat(8));
const NEW = signingKey('new-'.repeat(8));
const clock = createManualClock();
const SILENT = { info() {}, warn() {}, error() {} };
let nonces = 0;
const newNonce = (): string => {
  nonces += 1;
  return `nonce-${String(nonces).padStart(12, '0')}`;
};
const signing = (key = NEW): Signing => ({ key, clock: clock.now, newNonce });

/** A subgraph of one field that waits until its signal fires when it is asked to. */
class Shop implements Subgraph {
  readonly name = 'shop';
  readonly contexts: SubgraphContextRequest[] = [];
  readonly schema = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        a: { type: GraphQLString, resolve: () => 'b' },
        never: { type: GraphQLString, resolve: () => new Promise(() => {}) },
      },
    }),
  });
  createContext(request: SubgraphContextRequest): object {
    this.contexts.push(request);
    return {};
  }
  async checkReadiness(): Promise<void> {}
  async close(): Promise<void> {}
}

const shop = new Shop();
let server: SubgraphServer;

beforeAll(async () => {
  server = await startSubgraphServer(shop, {
    port: 0,
    log: SILENT,
    signatures: { keys: [NEW, OLD], clock: clock.now },
  });
});
afterAll(() => server.close());
beforeEach(() => {
  shop.contexts.length = 0;
});

const url = (): string => `http://127.0.0.1:${server.port}/graphql`;

async function askSigned(key?: Signing, query = '{ a }', timeoutMs = 2000): Promise<unknown> {
  const transport = createHttpTransport({ subgraph: 'shop', url: url(), timeoutMs, ...(key && { signing: key }) });
  try {
    return await transport.execute({ query, principal: LOCAL_ADMINISTRATOR });
  } finally {
    await transport.close();
  }
}

const BODY = JSON.stringify({ query: '{ a }' });
const headersFor = (key: Signing, body = BODY): Record<string, string> =>
  requestHeaders(
    { subgraph: 'shop', method: 'POST', target: '/graphql', body, principal: LOCAL_ADMINISTRATOR, remainingMs: 900 },
    key,
  );

async function post(headers: Record<string, string>, body = BODY): Promise<{ status: number; code: unknown }> {
  const response = await fetch(url(), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return { status: response.status, code: errors?.[0]?.extensions.code };
}

describe('a subgraph server with keys', () => {
  it('answers what the gateway signed, with the key of today or the one before', async () => {
    expect(await askSigned(signing(NEW))).toMatchObject({ data: { a: 'b' } });
    expect(await askSigned(signing(OLD))).toMatchObject({ data: { a: 'b' } });
    expect(shop.contexts.map(({ principal }) => principal)).toEqual([LOCAL_ADMINISTRATOR, LOCAL_ADMINISTRATOR]);
  });

  it('refuses the unsigned, the stale, the early, the replayed, and another key', async () => {
    expect(await post({})).toEqual({ status: 401, code: 'REQUEST_UNSIGNED' });
    const once = headersFor(signing());
    expect(await post(once)).toEqual({ status: 200, code: undefined });
    expect(await post(once)).toEqual({ status: 401, code: 'SIGNATURE_REFUSED' });
    const kept = headersFor(signing());
    clock.advance(30_001);
    expect(await post(kept)).toEqual({ status: 401, code: 'SIGNATURE_REFUSED' });
    const early: Signing = { ...signing(), clock: () => clock.now() + 30_001 };
    expect(await post(headersFor(early))).toEqual({ status: 401, code: 'SIGNATURE_REFUSED' });
    expect(await post(headersFor(signing(signingKey('x'.repeat(32)))))).toEqual({
      status: 401,
      code: 'SIGNATURE_REFUSED',
    });
    expect(await post({ 'c360-signature': 'v1 nonsense' })).toEqual({ status: 401, code: 'SIGNATURE_REFUSED' });
    expect(shop.contexts).toHaveLength(1);
  });

  it('refuses another body before anything runs', async () => {
    expect(await post(headersFor(signing()), '{"query":"{ b }"}')).toEqual({ status: 401, code: 'SIGNATURE_REFUSED' });
    expect(shop.contexts).toEqual([]);
  });

  it('refuses what has no signature before its body is read', async () => {
    const sent = httpRequest(url(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 8 * 1024 * 1024 },
    });
    sent.write('{');
    const response = await new Promise<IncomingMessage>((resolve) => sent.on('response', resolve));
    expect(response.statusCode).toBe(401);
    sent.destroy();
  });

  it('opens sockets for what is signed only', async () => {
    const open = (headers: Record<string, string>): Promise<unknown> =>
      new Promise((resolve) => {
        const socket = new WebSocket(url().replace('http', 'ws'), 'graphql-transport-ws', { headers });
        socket.on('open', () => {
          resolve('open');
          socket.close();
        });
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
        socket.on('error', () => {});
      });
    const opening = {
      subgraph: 'shop',
      method: 'GET',
      target: '/graphql',
      body: '',
      principal: LOCAL_ADMINISTRATOR,
    } as const;
    const signed = requestHeaders(opening, signing());
    expect(await open({})).toBe(401);
    expect(await open(requestHeaders({ ...opening, subgraph: 'desk' }, signing()))).toBe(401);
    expect(await open(signed)).toBe('open');
    expect(await open(signed)).toBe(401);
  });

  it('told of no key is SUBGRAPH_DOWN to the gateway', async () => {
    await expect(askSigned()).rejects.toMatchObject({ code: 'SUBGRAPH_DOWN' });
  });

  it('ends work at the deadline, and when the gateway lets go', async () => {
    const asked = askSigned(signing(), '{ never }', 500);
    await expect(asked).rejects.toMatchObject({ code: 'SUBGRAPH_TIMEOUT' });
    await until(() => shop.contexts[0]?.signal?.aborted === true);
    const body = '{"query":"{ never }"}';
    expect(await post(headersFor(signing(), body), body)).toEqual({ status: 200, code: 'SUBGRAPH_TIMEOUT' });
    expect(shop.contexts.at(-1)?.signal?.aborted).toBe(true);
  });
});

it('without a key a subgraph server listens on loopback only', async () => {
  await expect(startSubgraphServer(shop, { host: '0.0.0.0', port: 0, log: SILENT })).rejects.toThrow('loopback only');
  const signatures = { keys: [NEW], clock: clock.now };
  const open = await startSubgraphServer(shop, { host: '0.0.0.0', port: 0, log: SILENT, signatures });
  await open.close();
});

it('a key has at least 32 bytes', () => {
  expect(() => signingKey('x'.repeat(31))).toThrow(RangeError);
});

describe('a signature', () => {
  const PARTS = [
    'subgraph',
    'method',
    'target',
    'c360-principal',
    'c360-deadline-ms',
    'c360-signature',
    'body',
  ] as const;

  /** Checks a request as a server does, without a socket. */
  function isTaken(parts: Record<(typeof PARTS)[number], string>): boolean {
    const check = createSignatureCheck(parts.subgraph, { keys: [NEW, OLD], clock: clock.now });
    const { subgraph: _subgraph, method, target, body, ...headers } = parts;
    try {
      check.checkHead({ method, url: target, headers } as unknown as IncomingMessage)(Buffer.from(body, 'latin1'));
      return true;
    } catch (error) {
      expect((error as CodedError).code).toMatch(/^(SIGNATURE_REFUSED|REQUEST_UNSIGNED)$/);
      return false;
    }
  }

  it('holds for its request, and for none in which a single byte differs', () => {
    const text = fc.string({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        text,
        text,
        fc.constantFrom(...PARTS),
        fc.nat(),
        fc.integer({ min: 1, max: 127 }),
        (query, subject, part, at, flip) => {
          const body = JSON.stringify({ query });
          const target = '/graphql?x=1';
          const principal = { ...LOCAL_ADMINISTRATOR, subject };
          const subgraph = 'shop';
          const sent = requestHeaders(
            { subgraph, method: 'POST', target, body, principal, remainingMs: 1234 },
            signing(),
          );
          const parts = { subgraph, method: 'POST', target, body: Buffer.from(body).toString('latin1'), ...sent };
          const known = parts as Record<(typeof PARTS)[number], string>;
          expect(isTaken(known)).toBe(true);
          const bytes = Buffer.from(known[part], 'latin1');
          const index = at % bytes.length;
          bytes[index] = (bytes[index] ?? 0) ^ flip;
          expect(isTaken({ ...known, [part]: bytes.toString('latin1') })).toBe(false);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('does not hold when a covered header is taken away or added', () => {
    const { 'c360-deadline-ms': _deadline, ...without } = headersFor(signing());
    const base = { subgraph: 'shop', method: 'POST', target: '/graphql', body: BODY };
    expect(isTaken({ ...base, ...without } as never)).toBe(false);
    const { 'c360-principal': _principal, ...anonymous } = headersFor(signing());
    expect(isTaken({ ...base, ...anonymous } as never)).toBe(false);
  });
});

describe('the memory for nonces', () => {
  it('takes each once while it counts, and is bounded', () => {
    const cache = createNonceCache(3);
    expect(['a', 'b', 'a', 'c', 'd'].map((nonce) => cache.take(nonce, 5000, 1000))).toEqual([
      'NEW',
      'NEW',
      'KNOWN',
      'NEW',
      'FULL',
    ]);
    expect(cache.take('d', 9000, 6000)).toBe('NEW');
  });

  it('behaves like a set of what still counts', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(3000))), (steps) => {
        const cache = createNonceCache(1000);
        const model = new Map<string, number>();
        let now = 10_000;
        for (const [nonce, passed] of steps) {
          now += passed;
          const name = String(nonce);
          const isKnown = (model.get(name) ?? 0) >= now;
          const taken = cache.take(name, now + 5000, now);
          // Another end would be another signature, so a nonce that is taken again with a later end is not known by its name.
          if (!isKnown) expect(taken).toBe('NEW');
          model.set(name, now + 5000);
        }
      }),
    );
  });
});
