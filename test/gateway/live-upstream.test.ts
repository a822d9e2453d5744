import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { isFinal } from '../../gateway/subscribe/loss.ts';
import { createSocketSubscriber } from '../../gateway/transport/socket.ts';
import { signingKey } from '../../schema/request-signature.ts';
import { startSubgraphServer } from '../../subgraphs/server.ts';
import { EventLog } from '../support/event-log.ts';
import { newsSubgraph } from '../support/live-graph.ts';
import { principalNamed } from '../support/live-server.ts';
import { createManualTimers, type ManualTimers } from '../support/manual-timers.ts';

/** A subgraph whose socket does what a test wants. */
class Scripted {
  readonly sockets: WebSocket[] = [];
  readonly said: Record<string, unknown>[] = [];
  /** Answers what the gateway says. */
  onMessage: (socket: WebSocket, message: Record<string, unknown>) => void = () => {};
  url = new URL('http://127.0.0.1');
  readonly #server = createServer();
  readonly #sockets = new WebSocketServer({ server: this.#server, autoPong: false });
  #wake: () => void = () => {};

  async start(): Promise<void> {
    this.#sockets.on('connection', (socket) => {
      this.sockets.push(socket);
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        this.said.push(message);
        this.onMessage(socket, message);
        this.#wake();
      });
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/graphql`);
  }

  /** Resolves when so many messages of a type have come. */
  async heard(type: string, count = 1): Promise<void> {
    while (this.said.filter((message) => message['type'] === type).length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    this.#sockets.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let subgraph: Scripted;
let timers: ManualTimers;
beforeEach(async () => {
  subgraph = new Scripted();
  await subgraph.start();
  timers = createManualTimers();
});
afterEach(() => subgraph.stop());

const acknowledging = (then: (socket: WebSocket, id: string) => void = () => {}): Scripted['onMessage'] => {
  return (socket, { type, id }) => {
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (type === 'subscribe') then(socket, String(id));
  };
};
const say = (socket: WebSocket, message: unknown) => socket.send(JSON.stringify(message));
const subscribe = (subscriber = createSocketSubscriber('news', subgraph.url, { after: timers.after })) =>
  subscriber.subscribe({ query: 'subscription { tick }', principal: principalNamed('alice') })[Symbol.asyncIterator]();
const DOWN = { code: 'SUBGRAPH_DOWN' };

describe('a socket to a subgraph', () => {
  it('brings events, an end, and a refusal as an answer', async () => {
    subgraph.onMessage = acknowledging((socket, id) => {
      say(socket, { id, type: 'next', payload: { data: { tick: 1 } } });
      say(socket, { id: 'other', type: 'next', payload: { data: { tick: 9 } } });
      say(socket, { id, type: id === '1' ? 'complete' : 'error', payload: [{ message: 'no' }] });
    });
    const subscriber = createSocketSubscriber('news', subgraph.url, { after: timers.after });
    const one = subscribe(subscriber);
    const two = subscribe(subscriber);
    expect(await Promise.all([one.next(), two.next()])).toEqual([
      { done: false, value: { data: { tick: 1 } } },
      { done: false, value: { data: { tick: 1 } } },
    ]);
    expect(await one.next()).toEqual({ done: true, value: undefined });
    expect(await two.next()).toEqual({ done: false, value: { errors: [{ message: 'no' }] } });
    expect(await two.next()).toEqual({ done: true, value: undefined });
    expect(subgraph.sockets).toHaveLength(1);
    await once(subgraph.sockets[0] as WebSocket, 'close');
    expect(timers.pending).toBe(0);
  });

  it('is lost, not connected again behind the back of who reads, even when it is closed as if all were well', async () => {
    subgraph.onMessage = acknowledging((socket) => socket.close(1000));
    await expect(subscribe().next()).rejects.toMatchObject(DOWN);
    expect(subgraph.said.filter(({ type }) => type === 'subscribe')).toHaveLength(1);
  });

  it.each([
    [4403, true],
    [4400, true],
    [4408, false],
    [4429, false],
    [4500, false],
    [1011, false],
  ])('closed with %i is asked again: not %s', async (code, isRefusal) => {
    subgraph.onMessage = acknowledging((socket) => socket.close(code));
    const reason = await subscribe()
      .next()
      .catch((error: unknown) => error);
    expect(reason).toMatchObject(DOWN);
    expect(isFinal(reason)).toBe(isRefusal);
  });

  it('breaks for all by a message that is too large, which then breaks the one it is for alone', async () => {
    const sentTo = (id: string) => (id === '1' ? 'x'.repeat(9 * 1024 * 1024) : 'small');
    const subscriber = createSocketSubscriber('news', subgraph.url, { after: timers.after });
    let isHeard = false;
    subgraph.onMessage = (socket, { type, id, payload }) => {
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
      if (type !== 'subscribe') return;
      const isLarge = JSON.stringify(payload).includes('large');
      if (isLarge && isHeard) say(socket, { id, type: 'next', payload: { data: { tick: sentTo('1') } } });
      else if (isHeard) say(socket, { id, type: 'next', payload: { data: { tick: sentTo('2') } } });
    };
    const follow = (name: string) =>
      subscriber
        .subscribe({ query: `subscription { ${name} }`, principal: principalNamed('alice') })
        [Symbol.asyncIterator]();
    const small = follow('small').next();
    await subgraph.heard('subscribe');
    isHeard = true;
    await expect(follow('large').next()).rejects.toMatchObject(DOWN);
    await expect(small).rejects.toMatchObject(DOWN);
    const again = follow('small');
    expect((await again.next()).value).toEqual({ data: { tick: 'small' } });
    const following = again.next();
    await expect(follow('large').next()).rejects.toMatchObject(DOWN);
    say(subgraph.sockets[1] as WebSocket, { id: '1', type: 'next', payload: { data: { tick: 2 } } });
    expect((await following).value).toEqual({ data: { tick: 2 } });
    subscriber.close();
  });

  it('is lost when no acknowledgement comes', async () => {
    const next = subscribe().next();
    await subgraph.heard('connection_init');
    timers.advance(10_000);
    await expect(next).rejects.toMatchObject(DOWN);
  });

  it('is lost when the subgraph says nothing any more, and kept while it answers pings', async () => {
    subgraph.onMessage = acknowledging();
    const next = subscribe().next();
    await subgraph.heard('subscribe');
    const [socket] = subgraph.sockets as [WebSocket];
    const pinged = once(socket, 'ping');
    timers.advance(15_000);
    await pinged;
    say(socket, { type: 'ping' });
    await subgraph.heard('pong');
    timers.advance(15_000);
    await once(socket, 'ping');
    timers.advance(15_000);
    await expect(next).rejects.toMatchObject(DOWN);
  });

  it.each([
    ['no JSON', '{'],
    ['of no known type', '{"id":"1","type":"data"}'],
    ['a refusal that is no list', '{"id":"1","type":"next"}'],
  ])('ends a subscription for a message that is %s', async (_name, message) => {
    subgraph.onMessage = acknowledging((socket) => socket.send(message));
    await expect(subscribe().next()).rejects.toMatchObject(DOWN);
  });

  it('does not keep more than a thousand events for who does not read, and says that it is lost', async () => {
    subgraph.onMessage = acknowledging((socket, id) => {
      for (let tick = 0; tick < 1002; tick += 1) say(socket, { id, type: 'next', payload: { data: { tick } } });
    });
    const events = subscribe();
    await events.next();
    await subgraph.heard('complete');
    for (let tick = 1; tick <= 1001; tick += 1) await events.next();
    await expect(events.next()).rejects.toMatchObject(DOWN);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('tells the subgraph at once when nobody reads any more', async () => {
    subgraph.onMessage = acknowledging();
    const ending = new AbortController();
    const subscriber = createSocketSubscriber('news', subgraph.url, { after: timers.after });
    const request = { query: 'subscription { tick }', principal: principalNamed('alice') };
    const kept = subscriber.subscribe(request)[Symbol.asyncIterator]();
    const next = kept.next();
    const aborted = subscriber
      .subscribe({ ...request, signal: ending.signal })
      [Symbol.asyncIterator]()
      .next();
    const returned = subscriber.subscribe(request)[Symbol.asyncIterator]();
    void returned.next();
    await subgraph.heard('subscribe', 3);
    ending.abort();
    await returned.return?.();
    expect(await aborted).toEqual({ done: true, value: undefined });
    await subgraph.heard('complete', 2);
    expect(subgraph.said.filter(({ type }) => type === 'complete').map(({ id }) => id)).toEqual(['2', '3']);
    subscriber.close();
    await expect(next).rejects.toMatchObject(DOWN);
  });

  it('is signed when there is a key, and refused by the subgraph when there is none', async () => {
    const log = new EventLog();
    const secret = 'a secret that is long enough to be one';
    const server = await startSubgraphServer(newsSubgraph(log), {
      port: 0,
      log: { info() {}, warn() {}, error() {} },
      signatures: { keys: [signingKey(secret)], clock: Date.now },
    });
    const url = new URL(`http://127.0.0.1:${server.port}/graphql`);
    let nonce = 0;
    const signing = { key: signingKey(secret), clock: Date.now, newNonce: () => `nonce-number-${1000 + ++nonce}` };
    const signed = createSocketSubscriber('news', url, { signing });
    const next = subscribe(signed).next();
    while (log.subscribers === 0) await new Promise(setImmediate);
    log.append('a');
    expect(await next).toEqual({ done: false, value: { data: { tick: 1 } } });
    await expect(subscribe(createSocketSubscriber('news', url)).next()).rejects.toMatchObject(DOWN);
    signed.close();
    await server.close();
  });
});
