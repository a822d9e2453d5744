import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createJwtAuthenticator } from '../../gateway/auth/jwt.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';
import { createLog } from '../../gateway/log.ts';
import { Metrics } from '../../gateway/metrics.ts';
import type { RunningServer } from '../../gateway/server.ts';
import { createHttpTransport } from '../../gateway/transport/http.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { type SubgraphServer, startSubgraphServer } from '../../subgraphs/server.ts';
import { EventLog } from '../support/event-log.ts';
import { EventStreamClient } from '../support/event-stream.ts';
import { archiveSubgraph, composeLive, type LiveName, localTransport, newsSubgraph } from '../support/live-graph.ts';
import { TokenDesk } from '../support/live-server.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { createStallingProxy, type StallingProxy } from '../support/stalling-proxy.ts';

const QUIET = { info() {}, warn() {}, error() {} };
const STORIES = 'subscription ($since: Cursor) { storyChanged(since: $since) { story { id title readers } } }';
const SUPERGRAPH = composeLive();

interface Started {
  readonly gateway: Gateway;
  readonly server: RunningServer;
  readonly socketUrl: string;
  readonly url: string;
  readonly metrics: Metrics;
  readonly lines: Record<string, unknown>[];
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (let close = closers.pop(); close; close = closers.pop()) await close();
});

async function start(
  transports: Readonly<Record<LiveName, SubgraphTransport>>,
  options: Partial<GatewayOptions> = {},
): Promise<Started> {
  const metrics = new Metrics();
  const lines: Record<string, unknown>[] = [];
  const gateway = await createGateway({
    supergraphSdl: SUPERGRAPH,
    transportTo: ({ name }) => transports[name as LiveName],
    metrics,
    log: createLog('debug', { write: (line) => lines.push(JSON.parse(line)) }),
    ...options,
  });
  const server = await gateway.listen({ host: '127.0.0.1', port: 0 });
  closers.push(async () => {
    await server.drain(200);
    await gateway.close();
  });
  return {
    gateway,
    server,
    metrics,
    lines,
    url: `${server.origin}/graphql`,
    socketUrl: `${server.origin.replace('http', 'ws')}/graphql`,
  };
}

async function ready(url: string, payload?: unknown): Promise<RawSocket> {
  const raw = await RawSocket.ready(url, payload);
  closers.push(async () => raw.close());
  return raw;
}

const turn = () => new Promise(setImmediate);
const subscribersOf = async (log: EventLog, count: number): Promise<void> => {
  while (log.subscribers !== count) await turn();
};
const storyOf = (message: unknown): unknown =>
  (message as { payload: { data: { storyChanged: { story: { id: string } } } } }).payload.data.storyChanged.story.id;
const told = (raw: RawSocket, id: string): unknown[] =>
  raw
    .of(id)
    .filter(({ type }) => type === 'next')
    .map(storyOf);

describe('subscriptions across subgraphs in this process', () => {
  const log = new EventLog();
  const asked: string[] = [];
  const transports = { news: localTransport(newsSubgraph(log)), archive: localTransport(archiveSubgraph(asked)) };
  beforeEach(() => {
    log.events.length = 0;
    asked.length = 0;
  });

  it('each event is completed once for all clients, over sockets, event streams and in process', async () => {
    const { gateway, socketUrl, url } = await start(transports);
    const one = await ready(socketUrl);
    const two = await ready(socketUrl);
    one.subscribe('1', STORIES);
    two.subscribe('2', STORIES);
    const stream = await EventStreamClient.follow(url, STORIES);
    const inProcess = gateway.subscribe({ query: STORIES }, { principal: LOCAL_ADMINISTRATOR, requestId: 'r' });
    const next = inProcess.next();
    await subscribersOf(log, 1);
    for (const raw of [one, two]) await raw.settled();
    log.append('a');
    const expected = { data: { storyChanged: { story: { id: 'a', title: 'Story a', readers: 7 } } } };
    expect((await next).value).toEqual(expected);
    await one.until(() => one.of('1').length === 1);
    await two.until(() => two.of('2').length === 1);
    await stream.until(() => stream.events.length === 1);
    expect([one.of('1')[0]?.['payload'], two.of('2')[0]?.['payload'], stream.answers[0]]).toEqual([
      expected,
      expected,
      expected,
    ]);
    expect(stream.events[0]?.id).toBe('1');
    expect(asked).toEqual(['a']);
    await inProcess.return?.();
    stream.close();
    one.close();
    two.send({ id: '2', type: 'complete' });
    await subscribersOf(log, 0);
  });

  it('what fails behind an event is an error of its answer; the subscription goes on', async () => {
    const { socketUrl, lines } = await start(transports);
    const raw = await ready(socketUrl);
    raw.subscribe('1', STORIES);
    await subscribersOf(log, 1);
    log.append('lost');
    log.append('b');
    await raw.until(() => raw.of('1').length === 2);
    expect(raw.of('1')[0]).toMatchObject({
      type: 'next',
      payload: {
        data: { storyChanged: { story: { id: 'lost', title: null, readers: 7 } } },
        errors: [{ path: ['storyChanged', 'story', 'title'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
      },
    });
    expect(JSON.stringify(raw.received)).not.toContain('torn');
    expect(told(raw, '1')).toEqual(['lost', 'b']);
    expect(lines.some(({ operationType }) => operationType === 'subscription')).toBe(true);
  });

  it('cursors pass through, renamed too, and a client goes on with one', async () => {
    const { socketUrl } = await start(transports);
    for (const id of ['a', 'b', 'c']) log.append(id);
    const raw = await ready(socketUrl);
    raw.subscribe('1', 'subscription { s: storyChanged(since: "1") { at: cursor story { i: id } } }');
    await raw.until(() => raw.of('1').length === 2);
    expect(raw.of('1').map(({ payload }) => payload)).toEqual([
      { data: { s: { at: '2', story: { i: 'b' } } } },
      { data: { s: { at: '3', story: { i: 'c' } } } },
    ]);
  });

  it('subscriptions are refused where only one answer can be carried, and what is not there everywhere', async () => {
    const { url, socketUrl } = await start(transports);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: STORIES }),
    });
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'OPERATION_NOT_SUPPORTED' } }] });
    const raw = await ready(socketUrl);
    raw.subscribe('hidden', 'subscription { storyChanged { secret } }');
    raw.subscribe('two', 'subscription { tick storyChanged { cursor } }');
    raw.subscribe('query', '{ latest stories }');
    await raw.until(() => raw.of('query').length === 2 && raw.of('two').length === 1);
    const codes = ['hidden', 'two'].map((id) => raw.of(id)[0]);
    expect(codes).toMatchObject([
      { type: 'error', payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] },
      { type: 'error', payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] },
    ]);
    expect(raw.of('query')[0]).toEqual({ type: 'next', payload: { data: { latest: null, stories: 0 } } });
  });

  it('a new supergraph keeps those that are still valid, without another subscription to the subgraph', async () => {
    const { gateway, socketUrl, metrics } = await start(transports);
    const raw = await ready(socketUrl);
    raw.subscribe('1', STORIES);
    raw.subscribe('2', 'subscription { tick }');
    await subscribersOf(log, 2);
    log.append('a');
    await raw.until(() => raw.of('1').length === 1 && raw.of('2').length === 1);
    const wider = composeLive({}, (sdl, name) =>
      name === 'news' ? sdl.replace('latest: String', 'latest: String  more: Int') : sdl,
    );
    expect(await gateway.reload(wider)).toBe(true);
    log.append('b');
    await raw.until(() => raw.of('1').length === 2 && raw.of('2').length === 2);
    expect(told(raw, '1')).toEqual(['a', 'b']);
    expect(log.subscribers).toBe(2);
    expect(metrics.text()).toContain('c360_generations 1');
    const narrower = composeLive({}, (sdl, name) => (name === 'news' ? sdl.replace('tick: Int!', 'tock: Int!') : sdl));
    expect(await gateway.reload(narrower)).toBe(true);
    await raw.until(() => raw.of('2').length === 3);
    expect(raw.of('2')[2]).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    log.append('c');
    await raw.until(() => raw.of('1').length === 3);
    expect(told(raw, '1')).toEqual(['a', 'b', 'c']);
    await subscribersOf(log, 1);
  });

  it('a new supergraph whose plan asks the subgraph something else goes on from the last cursor', async () => {
    const { gateway, socketUrl } = await start(transports);
    const raw = await ready(socketUrl);
    raw.subscribe('1', 'subscription { storyChanged { story { id } } }');
    await subscribersOf(log, 1);
    log.append('a');
    await raw.until(() => raw.of('1').length === 1);
    const renamed = composeLive({ news: 'http://elsewhere.invalid' });
    const reloading = gateway.reload(renamed);
    log.append('b');
    expect(await reloading).toBe(true);
    log.append('c');
    await raw.until(() => raw.of('1').length === 3);
    expect(told(raw, '1')).toEqual(['a', 'b', 'c']);
    await subscribersOf(log, 1);
  });

  it('each identity has a stream of its own, and one whose token ends gets nothing more', async () => {
    const desk = new TokenDesk();
    const { socketUrl } = await start(transports, { authenticator: desk });
    const alice = await ready(socketUrl, { token: 'alice' });
    const bob = await ready(socketUrl, { token: 'bob' });
    alice.subscribe('1', STORIES);
    bob.subscribe('1', STORIES);
    await subscribersOf(log, 2);
    desk.end('alice');
    log.append('a');
    expect((await alice.untilClosed()).code).toBe(4401);
    await bob.until(() => bob.of('1').length === 1);
    expect(alice.of('1')).toEqual([]);
    await subscribersOf(log, 1);
  });

  it('a socket ends within a second of its token, and an event stream too', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const folder = await mkdtemp(join(tmpdir(), 'live-'));
    const keys = join(folder, 'keys.json');
    await writeFile(keys, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] }));
    let now = Date.now();
    const revoked = new Set<string>();
    const authenticator = await createJwtAuthenticator({
      keys,
      issuer: 'https://issuer.example',
      audience: 'graph',
      isRequired: true,
      revocations: ({ tokenId }) => tokenId !== undefined && revoked.has(tokenId),
      clock: () => now,
      onFailure: () => {},
    });
    closers.push(async () => {
      authenticator.close();
      await rm(folder, { recursive: true });
    });
    const token = (id: string): Promise<string> =>
      new SignJWT({ roles: ['agent'] })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setSubject('alice')
        .setIssuer('https://issuer.example')
        .setAudience('graph')
        .setJti(id)
        .setExpirationTime(new Date(now + 3_600_000))
        .sign(privateKey);
    const { socketUrl, url } = await start(transports, { authenticator });
    const refused = await RawSocket.open(socketUrl);
    refused.send({ type: 'connection_init' });
    expect((await refused.untilClosed()).code).toBe(4403);
    const expiring = await ready(socketUrl, { authorization: `Bearer ${await token('1')}` });
    const revocable = await ready(socketUrl, { authorization: `Bearer ${await token('2')}` });
    const stream = await EventStreamClient.follow(url, STORIES, undefined, {
      authorization: `Bearer ${await token('3')}`,
    });
    for (const raw of [expiring, revocable]) {
      raw.subscribe('1', STORIES);
      await raw.settled();
    }
    await subscribersOf(log, 1);
    const began = performance.now();
    revoked.add('2');
    expect((await revocable.untilClosed()).code).toBe(4401);
    log.append('a');
    await expiring.until(() => expiring.of('1').length === 1);
    now += 3_600_000;
    expect((await expiring.untilClosed()).code).toBe(4401);
    await stream.untilEnded();
    expect(performance.now() - began).toBeLessThan(2000);
    log.append('b');
    expect([told(expiring, '1'), told(revocable, '1')]).toEqual([['a'], []]);
    expect(stream.answers).toMatchObject([{ data: {} }, { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }]);
    await subscribersOf(log, 0);
  });

  it('a page of another site can not open a socket, one of an allowed origin can', async () => {
    const { socketUrl, server } = await start(transports, { allowedOrigins: ['https://shop.example'] });
    const foreign = new RawSocket(socketUrl, 'graphql-transport-ws', { origin: 'https://evil.example' });
    expect((await foreign.untilClosed()).code).toBe(1006);
    for (const origin of ['https://shop.example', server.origin]) {
      const raw = await RawSocket.open(socketUrl, 'graphql-transport-ws', { origin });
      raw.close();
    }
    const elsewhere = new RawSocket(socketUrl.replace('/graphql', '/other'));
    expect((await elsewhere.untilClosed()).code).toBe(1006);
  });

  it('stopping closes sockets with 1012 and ends event streams; everything reaches the subgraph', async () => {
    const { server, socketUrl, url } = await start(transports);
    const raw = await ready(socketUrl);
    raw.subscribe('1', STORIES);
    const stream = await EventStreamClient.follow(url, STORIES);
    await subscribersOf(log, 1);
    await raw.settled();
    const drained = server.drain(5000);
    expect((await raw.untilClosed()).code).toBe(1012);
    await stream.untilEnded();
    await drained;
    await subscribersOf(log, 0);
  });

  it('closing a gateway that somebody else serves closes its sockets', async () => {
    const { gateway } = await start(transports);
    const server = createServer(gateway.handler).on('upgrade', gateway.handler.upgrade);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const raw = await ready(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`);
    raw.subscribe('1', STORIES);
    await subscribersOf(log, 1);
    await gateway.close();
    expect((await raw.untilClosed()).code).toBe(1012);
    await subscribersOf(log, 0);
    await new Promise((resolve) => server.close(resolve));
  });

  it('a connection that asks for nonsense instead of a handshake is no matter', async () => {
    const { server, socketUrl } = await start(transports);
    const { port } = new URL(server.origin);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: soap\r\n\r\n');
    const text = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    socket.destroy();
    (await ready(socketUrl)).close();
  });
});

describe('subscriptions to a subgraph elsewhere', () => {
  let log: EventLog;
  let newsServer: SubgraphServer;
  let proxy: StallingProxy;
  let transports: Record<LiveName, SubgraphTransport>;

  beforeEach(async () => {
    log = new EventLog();
    newsServer = await startSubgraphServer(newsSubgraph(log), { port: 0, log: QUIET });
    proxy = await createStallingProxy(newsServer.port);
    closers.push(
      () => newsServer.close(),
      () => proxy.close(),
    );
    transports = {
      news: createHttpTransport({ subgraph: 'news', url: proxy.url, timeoutMs: 2000, clock: () => performance.now() }),
      archive: localTransport(archiveSubgraph([])),
    };
  });

  it('go on from the last cursor when the socket is lost: no gap, no repeat', async () => {
    const { socketUrl, lines } = await start(transports);
    const raw = await ready(socketUrl);
    raw.subscribe('1', STORIES);
    raw.subscribe('tick', 'subscription { tick }');
    await subscribersOf(log, 2);
    log.append('a');
    await raw.until(() => raw.of('1').length === 1 && raw.of('tick').length === 1);
    proxy.set('refuse');
    await subscribersOf(log, 0);
    log.append('b');
    log.append('c');
    await raw.until(() => raw.of('tick').length === 2);
    expect(raw.of('tick')[1]).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'SUBSCRIPTION_INTERRUPTED' } }],
    });
    proxy.set('pass');
    await raw.until(() => raw.of('1').length === 3);
    log.append('d');
    await raw.until(() => raw.of('1').length === 4);
    expect(told(raw, '1')).toEqual(['a', 'b', 'c', 'd']);
    expect(lines.some(({ msg }) => msg === 'a subscription broke off')).toBe(true);
    expect(JSON.stringify(raw.received)).not.toContain('127.0.0.1');
  });

  it('all subscriptions of one identity share a socket, which is closed with the last of them', async () => {
    const desk = new TokenDesk();
    const { socketUrl } = await start(transports, { authenticator: desk });
    const alice = await ready(socketUrl, { token: 'alice' });
    const bob = await ready(socketUrl, { token: 'bob' });
    for (const topic of ['a', 'b', 'c'])
      alice.subscribe(topic, `subscription { storyChanged(topic: "${topic}") { cursor } }`);
    bob.subscribe('1', STORIES);
    await subscribersOf(log, 4);
    expect(proxy.connections()).toBe(2);
    for (const topic of ['a', 'b']) alice.send({ id: topic, type: 'complete' });
    await subscribersOf(log, 2);
    expect(proxy.connections()).toBe(2);
    alice.close();
    bob.close();
    await subscribersOf(log, 0);
    while (proxy.connections() > 0) await turn();
  });

  it('what the subgraph refuses is told, and ends the subscription', async () => {
    const { socketUrl } = await start(transports, {
      supergraphSdl: composeLive({}, (sdl, name) =>
        name === 'news' ? sdl.replace('tick: Int!', 'tick: Int!  gone: Int') : sdl,
      ),
    });
    const raw = await ready(socketUrl);
    raw.subscribe('1', 'subscription { gone }');
    await raw.until(() => raw.of('1').length === 2);
    expect(raw.of('1')).toMatchObject([{ type: 'next', payload: { data: { gone: null } } }, { type: 'complete' }]);
  });

  it('a subgraph that is not there is told at once to who has no cursor', async () => {
    proxy.set('refuse');
    const { socketUrl } = await start(transports);
    const raw = await ready(socketUrl);
    raw.subscribe('1', STORIES);
    await raw.until(() => raw.of('1').length === 1);
    expect(raw.of('1')).toMatchObject([
      { type: 'error', payload: [{ extensions: { code: 'SUBSCRIPTION_INTERRUPTED', subgraph: 'news' } }] },
    ]);
  });
});
