import { once } from 'node:events';
import { EventLog } from '../support/event-log.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { RawSocket } from '../support/raw-socket.ts';

const log = new EventLog();
let server: LiveServer;
const timers = createManualTimers();
const open: RawSocket[] = [];

beforeAll(async () => {
  server = await startLiveServer(log, { after: timers.after, limits: { messageBytes: 64 * 1024 } });
});
afterEach(() => {
  for (const raw of open.splice(0)) raw.close();
});
afterAll(() => server.close());

async function connect(...given: Parameters<typeof RawSocket.open> extends [string, ...infer Rest] ? Rest : never) {
  const raw = await RawSocket.open(server.socketUrl, ...given);
  open.push(raw);
  return raw;
}

async function ready(payload?: unknown): Promise<RawSocket> {
  const raw = await RawSocket.ready(server.socketUrl, payload);
  open.push(raw);
  return raw;
}

const CHANGED = 'subscription { changed { value } }';
const next = (data: unknown) => ({ type: 'next', payload: { data } });
const changed = (value: string) => next({ changed: { value } });
const subscribersAre = async (raw: RawSocket, count: number): Promise<void> => {
  while (log.subscribers !== count) await raw.settled();
};

describe('the connection', () => {
  it('is acknowledged', async () => {
    const raw = await ready({ token: 'alice' });
    expect(raw.socket.protocol).toBe('graphql-transport-ws');
    expect(raw.received).toEqual([{ type: 'connection_ack' }]);
  });

  it.each([
    ['none', undefined],
    ['another', 'graphql-ws'],
    ['several others', ['soap', 'graphql-ws']],
  ])('is closed with 4406 when the subprotocol offered is %s', async (_name, offered) => {
    const raw = new RawSocket(server.socketUrl, offered ?? []);
    expect((await raw.untilClosed()).code).toBe(4406);
  });

  it('chooses its subprotocol among others', async () => {
    const raw = await connect(['graphql-ws', 'graphql-transport-ws']);
    expect(raw.socket.protocol).toBe('graphql-transport-ws');
  });

  it('is closed with 4408 when it is not initialised in time', async () => {
    const raw = await connect();
    while (server.metrics.text().includes('c360_client_sockets 0')) await new Promise(setImmediate);
    timers.advance(10_000);
    expect(await raw.untilClosed()).toEqual({ code: 4408, reason: 'Connection initialisation timeout' });
  });

  it('is not closed for that once it is initialised', async () => {
    const raw = await ready();
    timers.advance(9_000);
    await raw.settled();
    timers.advance(1_500);
    await raw.settled();
  });

  it('is closed with 4429 by a second initialisation, also before the acknowledgement', async () => {
    const raw = await ready();
    raw.send({ type: 'connection_init' });
    expect(await raw.untilClosed()).toEqual({ code: 4429, reason: 'Too many initialisation requests' });
    let openGate = () => {};
    server.desk.gate = new Promise((resolve) => {
      openGate = resolve;
    });
    const hasty = await connect();
    hasty.send({ type: 'connection_init' });
    hasty.send({ type: 'connection_init' });
    expect((await hasty.untilClosed()).code).toBe(4429);
    openGate();
  });

  it('is closed with 4403 when the credentials are refused, in the payload or in a header', async () => {
    const raw = await connect();
    raw.send({ type: 'connection_init', payload: { token: 'wrong' } });
    expect(await raw.untilClosed()).toEqual({ code: 4403, reason: 'Forbidden' });
    const other = await connect('graphql-transport-ws', { authorization: 'wrong' });
    other.send({ type: 'connection_init' });
    expect((await other.untilClosed()).code).toBe(4403);
  });

  it('is closed with 1012, after which clients come again, while credentials can not be checked', async () => {
    const raw = await connect();
    raw.send({ type: 'connection_init', payload: { token: 'unknowable' } });
    expect((await raw.untilClosed()).code).toBe(1012);
  });

  it('is closed with 4401 by an operation before the acknowledgement', async () => {
    const raw = await connect();
    raw.subscribe('1', CHANGED);
    expect(await raw.untilClosed()).toEqual({ code: 4401, reason: 'Unauthorized' });
  });

  it('is closed with 4401 as soon as the credentials end, and nothing is sent after that', async () => {
    const raw = await ready({ token: 'bob' });
    const other = await ready({ token: 'bob/other' });
    raw.subscribe('1', CHANGED);
    other.subscribe('1', CHANGED);
    await subscribersAre(raw, 1);
    await other.settled();
    server.desk.end('bob');
    log.append('secret');
    expect((await raw.untilClosed()).code).toBe(4401);
    expect(raw.of('1')).toEqual([]);
    await other.until(() => other.of('1').length === 1);
    expect(other.of('1')).toEqual([changed('secret')]);
  });

  it('lets go of credentials when the client is gone', async () => {
    const raw = await ready({ token: 'carol' });
    const { held } = server.desk;
    raw.socket.close();
    await raw.untilClosed();
    while (server.desk.held !== held - 1) await new Promise(setImmediate);
  });
});

describe('messages', () => {
  it.each([
    ['no JSON', '{"type":'],
    ['no object', '[]'],
    ['null', 'null'],
    ['without a type', '{}'],
    ['of an unknown type', '{"type":"start"}'],
    ['of a type that only servers send', '{"type":"connection_ack"}'],
    ['with a payload that is no object', '{"type":"ping","payload":"x"}'],
    ['with a list for a payload', '{"type":"pong","payload":[]}'],
    ['subscribe without id', '{"type":"subscribe","payload":{"query":"{ size }"}}'],
    ['subscribe with an empty id', '{"type":"subscribe","id":"","payload":{"query":"{ size }"}}'],
    ['subscribe with a number as id', '{"type":"subscribe","id":1,"payload":{"query":"{ size }"}}'],
    ['subscribe with a huge id', `{"type":"subscribe","id":"${'x'.repeat(300)}","payload":{"query":"{ size }"}}`],
    ['subscribe without payload', '{"type":"subscribe","id":"1"}'],
    ['subscribe without query', '{"type":"subscribe","id":"1","payload":{}}'],
    ['subscribe with a query that is no text', '{"type":"subscribe","id":"1","payload":{"query":1}}'],
    ['subscribe with wrong variables', '{"type":"subscribe","id":"1","payload":{"query":"{ size }","variables":[]}}'],
    ['complete without id', '{"type":"complete"}'],
  ])('close the socket with 4400 when they are not of the protocol: %s', async (_name, message) => {
    const raw = await ready();
    raw.send(message);
    const { code, reason } = await raw.untilClosed();
    expect(code).toBe(4400);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });

  it('close the socket with 4400 when they are binary', async () => {
    const raw = await ready();
    raw.send(Buffer.from('{"type":"ping"}'));
    expect((await raw.untilClosed()).code).toBe(4400);
  });

  it('close the socket with 1009 when they are too large', async () => {
    const raw = await ready();
    raw.send({ type: 'ping', payload: { filler: 'x'.repeat(64 * 1024) } });
    expect((await raw.untilClosed()).code).toBe(1009);
  });

  it('close the socket with 1007 when they are not UTF-8', async () => {
    const raw = await ready();
    raw.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await raw.untilClosed()).code).toBe(1007);
  });
});

describe('ping and pong', () => {
  it('a ping is answered with its payload, before the initialisation too', async () => {
    const raw = await connect();
    raw.send({ type: 'ping' });
    raw.send({ type: 'ping', payload: { at: [1, null] } });
    await raw.until(() => raw.received.length === 2);
    expect(raw.received).toEqual([{ type: 'pong' }, { type: 'pong', payload: { at: [1, null] } }]);
  });

  it('a pong that nobody asked for is no matter', async () => {
    const raw = await ready();
    raw.send({ type: 'pong' });
    raw.send({ type: 'pong', payload: { a: 1 } });
    await raw.settled();
  });

  it('a client that answers no ping of WebSockets is cut, one that does stays', async () => {
    const dead = await ready();
    const alive = await ready();
    Object.assign(dead.socket, { _autoPong: false });
    const pinged = once(alive.socket, 'ping');
    timers.advance(12_000);
    await pinged;
    await alive.settled();
    timers.advance(12_000);
    expect((await dead.untilClosed()).code).toBe(1006);
    await alive.settled();
  });
});

describe('operations', () => {
  it('a query and a mutation have one answer', async () => {
    const raw = await ready();
    const { length } = log.events;
    raw.subscribe('q', '{ size }');
    await raw.until(() => raw.of('q').length === 2);
    raw.subscribe('m', 'mutation ($v: String!) { append(value: $v) }', { v: 'x' });
    await raw.until(() => raw.of('m').length === 2);
    expect(raw.of('q')).toEqual([next({ size: length }), { type: 'complete' }]);
    expect(raw.of('m')).toEqual([next({ append: length + 1 }), { type: 'complete' }]);
  });

  it('a subscription has its events in order until the client completes it', async () => {
    const raw = await ready();
    raw.subscribe('1', CHANGED);
    await subscribersAre(raw, 1);
    for (const value of ['a', 'b', 'c']) log.append(value);
    await raw.until(() => raw.of('1').length === 3);
    expect(raw.of('1')).toEqual(['a', 'b', 'c'].map(changed));
    raw.send({ id: '1', type: 'complete' });
    await subscribersAre(raw, 0);
    log.append('d');
    await raw.settled();
    expect(raw.of('1')).toHaveLength(3);
  });

  it('a subscription that its subgraph ends is completed', async () => {
    const raw = await ready();
    raw.subscribe('1', CHANGED);
    await subscribersAre(raw, 1);
    log.append('last');
    await raw.until(() => raw.of('1').length === 1);
    log.finish();
    await raw.until(() => raw.of('1').length === 2);
    expect(raw.of('1')).toEqual([changed('last'), { type: 'complete' }]);
  });

  it('a fault in one leaves the socket and the others alone', async () => {
    const raw = await ready();
    raw.subscribe('good', CHANGED);
    await subscribersAre(raw, 1);
    raw.subscribe('syntax', 'subscription {');
    raw.subscribe('unknown', 'subscription { nothing }');
    raw.subscribe('blank', '   ');
    raw.subscribe('which', 'query A { size } query B { size }');
    const faulty = ['syntax', 'unknown', 'blank', 'which'];
    await raw.until(() => faulty.every((id) => raw.of(id).length === 1));
    const codes = faulty.flatMap((id) =>
      raw
        .of(id)
        .map(({ type, payload }) => [type, (payload as { extensions: { code: string } }[])[0]?.extensions.code]),
    );
    expect(codes).toEqual([
      ['error', 'GRAPHQL_PARSE_FAILED'],
      ['error', 'GRAPHQL_VALIDATION_FAILED'],
      ['error', 'BAD_REQUEST'],
      ['error', 'OPERATION_RESOLUTION_FAILURE'],
    ]);
    log.append('still there');
    await raw.until(() => raw.of('good').length === 1);
    expect(raw.of('good')).toEqual([changed('still there')]);
  });

  it('an id that is in use closes the socket with 4409', async () => {
    const raw = await ready();
    const id = 'é'.repeat(200);
    raw.subscribe(id, CHANGED);
    await subscribersAre(raw, 1);
    raw.subscribe(id, CHANGED);
    const { code, reason } = await raw.untilClosed();
    expect(code).toBe(4409);
    expect(reason.startsWith('Subscriber for é')).toBe(true);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    while (log.subscribers > 0) await new Promise(setImmediate);
  });

  it('an id can be used again as soon as its operation is over, whoever ended it', async () => {
    const raw = await ready();
    for (let round = 0; round < 20; round += 1) {
      raw.subscribe('again', CHANGED);
      raw.send({ id: 'again', type: 'complete' });
    }
    raw.subscribe('again', '{ size }');
    await raw.until(() => raw.of('again').length === 2);
    raw.subscribe('again', 'oh {');
    await raw.until(() => raw.of('again').length === 3);
    raw.subscribe('again', '{ size }');
    await raw.until(() => raw.of('again').length === 5);
    expect(raw.of('again').map(({ type }) => type)).toEqual(['next', 'complete', 'error', 'next', 'complete']);
    await subscribersAre(raw, 0);
  });

  it('completing what is not there, or is over, is no matter', async () => {
    const raw = await ready();
    raw.send({ id: 'nobody', type: 'complete' });
    raw.subscribe('q', '{ size }');
    await raw.until(() => raw.of('q').length === 2);
    raw.send({ id: 'q', type: 'complete' });
    await raw.settled();
    expect(raw.of('q')).toHaveLength(2);
  });

  it('the 101st at a time is refused, the hundred others run on', async () => {
    const raw = await ready();
    for (let index = 0; index < 101; index += 1) raw.subscribe(`n${index}`, CHANGED);
    await raw.until(() => raw.of('n100').length === 1);
    expect(raw.of('n100')).toMatchObject([
      { type: 'error', payload: [{ extensions: { code: 'TOO_MANY_OPERATIONS' } }] },
    ]);
    await subscribersAre(raw, 1);
    log.append('to all');
    await raw.until(() => raw.received.filter(({ type }) => type === 'next').length === 100);
    raw.send({ id: 'n0', type: 'complete' });
    raw.subscribe('n100', '{ size }');
    await raw.until(() => raw.of('n100').length === 3);
  });

  it('end with the socket', async () => {
    const raw = await ready();
    raw.subscribe('1', CHANGED);
    raw.subscribe('2', 'subscription { tick }');
    await subscribersAre(raw, 2);
    raw.close();
    while (log.subscribers > 0) await new Promise(setImmediate);
    expect(server.stages.held).toBe(0);
  });
});
