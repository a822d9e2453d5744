import { EventLog } from '../support/event-log.ts';
import { EventStreamClient } from '../support/event-stream.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { RawSocket } from '../support/raw-socket.ts';

const timers = createManualTimers();
let log: EventLog;
let server: LiveServer;

beforeEach(async () => {
  log = new EventLog();
  server = await startLiveServer(log, {
    after: timers.after,
    limits: { queue: { messages: 50, bytes: 4 * 1024 * 1024 } },
  });
});
afterEach(() => server.close());

const CHANGED = 'subscription { changed { value } }';
const follow = (query: string, variables?: Record<string, unknown>, headers?: Record<string, string>) =>
  EventStreamClient.follow(server.url, query, variables, headers);
const turn = () => new Promise(setImmediate);
const subscribersAre = async (count: number): Promise<void> => {
  while (log.subscribers !== count) await turn();
};
const codeOf = (answer: unknown): string | undefined =>
  (answer as { errors?: { extensions: { code: string } }[] }).errors?.[0]?.extensions.code;

describe('server-sent events', () => {
  it('carry the events of a subscription, and its end', async () => {
    const stream = await follow(CHANGED);
    expect([
      stream.response.statusCode,
      stream.response.headers['content-type'],
      stream.response.headers['cache-control'],
    ]).toEqual([200, 'text/event-stream; charset=utf-8', 'no-store']);
    await subscribersAre(1);
    log.append('a');
    log.append('b');
    await stream.until(() => stream.events.length === 2);
    log.finish();
    await stream.untilEnded();
    expect(stream.events).toEqual([
      { event: 'next', id: '1', data: '{"data":{"changed":{"value":"a"}}}' },
      { event: 'next', id: '2', data: '{"data":{"changed":{"value":"b"}}}' },
      { event: 'complete', data: '' },
    ]);
  });

  it('carry the one answer of a query and of a mutation', async () => {
    const mutation = await follow('mutation { append(value: "x") }');
    await mutation.untilEnded();
    expect(mutation.events).toEqual([
      { event: 'next', data: '{"data":{"append":1}}' },
      { event: 'complete', data: '' },
    ]);
    const query = await EventStreamClient.open(`${server.url}?query=${encodeURIComponent('{ size }')}`, {
      method: 'GET',
    });
    await query.untilEnded();
    expect(query.answers).toEqual([{ data: { size: 1 } }]);
  });

  it('carry what is wrong with an operation, since an EventSource can not read anything else', async () => {
    for (const [query, code] of [
      ['subscription {', 'GRAPHQL_PARSE_FAILED'],
      ['subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ] as const) {
      const stream = await follow(query);
      await stream.untilEnded();
      expect([stream.response.statusCode, codeOf(stream.answers[0]), stream.events.at(-1)?.event]).toEqual([
        200,
        code,
        'complete',
      ]);
    }
  });

  it('are refused with a status when there is no operation', async () => {
    const broken = await EventStreamClient.open(server.url, { body: '{' });
    expect([broken.response.statusCode, broken.response.headers['content-type']]).toEqual([
      400,
      'application/json; charset=utf-8',
    ]);
    const put = await EventStreamClient.open(server.url, { method: 'PUT', body: '{}' });
    expect([put.response.statusCode, put.response.headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
    const form = await EventStreamClient.open(server.url, { body: 'x', headers: { 'content-type': 'text/plain' } });
    expect(form.response.statusCode).toBe(415);
    const stranger = await follow(CHANGED, undefined, { authorization: 'wrong' });
    expect(stranger.response.statusCode).toBe(401);
  });

  it('go on after the id that a browser says it has seen', async () => {
    for (const value of ['a', 'b', 'c']) log.append(value);
    const search = `?query=${encodeURIComponent(CHANGED)}`;
    const stream = await EventStreamClient.open(`${server.url}${search}`, {
      method: 'GET',
      headers: { 'last-event-id': '1' },
    });
    await stream.until(() => stream.events.length === 2);
    expect(stream.events.map(({ id }) => id)).toEqual(['2', '3']);
    stream.close();
    await subscribersAre(0);
  });

  it('begin with a comment when nothing happens, every twelve seconds', async () => {
    const stream = await follow(CHANGED);
    await subscribersAre(1);
    timers.advance(12_000);
    await stream.until(() => stream.comments === 1);
    timers.advance(12_000);
    await stream.until(() => stream.comments === 2);
    expect(stream.events).toEqual([]);
  });

  it('a client that goes away ends the subscription to the subgraph', async () => {
    const stream = await follow(CHANGED);
    await subscribersAre(1);
    stream.close();
    await subscribersAre(0);
    while (server.desk.held > 0) await turn();
    expect(server.stages.held).toBe(0);
  });

  it('end when the credentials do, with no event after', async () => {
    const stream = await follow(CHANGED, undefined, { authorization: 'bob' });
    await subscribersAre(1);
    server.desk.end('bob');
    log.append('secret');
    await stream.untilEnded();
    expect(stream.answers.map(codeOf)).toEqual(['UNAUTHENTICATED']);
    expect(server.desk.held).toBe(0);
  });

  it('end when the server is stopped, and no new ones begin', async () => {
    const stream = await follow(CHANGED);
    await subscribersAre(1);
    await server.live.drain(1000);
    await stream.untilEnded();
    expect(stream.answers.map(codeOf)).toEqual(['SHUTTING_DOWN']);
    const late = await follow(CHANGED);
    expect(late.response.statusCode).toBe(503);
  });
});

describe('a client that reads too slowly', () => {
  const filler = 'x'.repeat(64 * 1024);

  /** Appends until the condition holds. */
  async function flood(until: () => boolean): Promise<void> {
    for (let index = 0; !until(); index += 1) {
      if (index > 20_000) throw new Error('Nothing came of it.');
      log.append(`${log.events.length + 1}:${filler}`);
      await turn();
    }
  }
  const numbersOf = (values: readonly string[]): number[] => values.map((value) => Number(value.split(':')[0]));
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
  const valuesOf = (raw: RawSocket, id: string): string[] =>
    raw
      .of(id)
      .filter(({ type }) => type === 'next')
      .map(({ payload }) => (payload as { data: { changed: { value: string } } }).data.changed.value);

  it('on a socket is closed with 4290, has no gap before it, and costs the others nothing', async () => {
    const slow = await RawSocket.ready(server.socketUrl);
    const quick = await RawSocket.ready(server.socketUrl);
    slow.subscribe('s', CHANGED);
    quick.subscribe('q', CHANGED);
    while (!server.metrics.text().includes('c360_subscriptions 2')) await turn();
    slow.socket.pause();
    await flood(() => server.metrics.text().includes('c360_slow_consumers_total 1'));
    expect(server.metrics.text()).toContain('c360_client_sockets_closed_total{code="4290"} 1');
    const sent = log.events.length;
    log.append('after');
    await quick.until(() => valuesOf(quick, 'q').at(-1) === 'after');
    expect(numbersOf(valuesOf(quick, 'q')).slice(0, -1)).toEqual(upTo(sent));
    slow.socket.resume();
    const { code } = await slow.untilClosed();
    expect(code).toBe(4290);
    const got = numbersOf(valuesOf(slow, 's'));
    expect(got).toEqual(upTo(got.length));
    expect(got.length).toBeLessThan(sent);
    const again = await RawSocket.ready(server.socketUrl);
    again.subscribe('s', `subscription { changed(since: "${got.length}") { value } }`);
    await again.until(() => valuesOf(again, 's').at(-1) === 'after');
    expect(numbersOf(valuesOf(again, 's')).slice(0, -1)).toEqual(upTo(sent).slice(got.length));
    for (const raw of [quick, again]) raw.close();
  });

  it('on an event stream gets an error as its last event', async () => {
    const slow = await follow(CHANGED);
    await subscribersAre(1);
    slow.response.pause();
    await flood(() => server.metrics.text().includes('c360_slow_consumers_total 1'));
    slow.response.resume();
    await slow.untilEnded();
    const values = slow.answers
      .slice(0, -1)
      .map((answer) => (answer as { data: { changed: { value: string } } }).data.changed.value);
    expect(numbersOf(values)).toEqual(upTo(values.length));
    expect([codeOf(slow.answers.at(-1)), slow.events.at(-1)?.event]).toEqual(['SLOW_CONSUMER', 'complete']);
  });

  it('is told the past at its own pace, and closed when it takes nothing for two rounds of questions', async () => {
    for (let index = 1; index <= 2000; index += 1) log.append(`${index}:${filler}`);
    const past = 'subscription { changed(since: "0") { value } }';
    const slow = await RawSocket.ready(server.socketUrl);
    slow.socket.pause();
    // Both are at the same place before the first event is worked on: they share a stream from the beginning.
    let begin = (): void => {};
    const gate = new Promise<void>((resolve) => {
      begin = resolve;
    });
    server.stages.beforeEvent = () => gate;
    slow.subscribe('s', past);
    const stream = await follow(past);
    stream.response.pause();
    await subscribersAre(1);
    begin();
    const worked = (): number => server.stages.answered;
    for (let before = -1; before !== worked(); ) {
      before = worked();
      for (let turns = 0; turns < 200; turns += 1) await turn();
    }
    expect(worked()).toBeLessThan(500);
    expect(server.metrics.text()).toContain('c360_slow_consumers_total 0');
    timers.advance(12_000);
    timers.advance(12_000);
    timers.advance(12_000);
    expect(server.metrics.text()).toContain('c360_slow_consumers_total 2');
    await subscribersAre(0);
    slow.socket.resume();
    stream.response.resume();
    expect((await slow.untilClosed()).code).toBe(4290);
    const got = numbersOf(valuesOf(slow, 's'));
    expect(got).toEqual(upTo(got.length));
    await stream.untilEnded();
    expect(codeOf(stream.answers.at(-1))).toBe('SLOW_CONSUMER');
  });

  it('in this process gets what waits, then an error', async () => {
    const answers = server.live.subscribe(
      { query: CHANGED },
      { principal: { subject: 'me', roles: ['service'], scopes: [] }, requestId: 'r' },
    );
    const first = answers.next();
    await subscribersAre(1);
    for (const value of upTo(60)) log.append(String(value));
    await subscribersAre(0);
    const rest: unknown[] = [(await first).value];
    for await (const answer of answers) rest.push(answer);
    expect(rest).toHaveLength(52);
    expect(rest.slice(0, 51)).toEqual(upTo(51).map((value) => ({ data: { changed: { value: String(value) } } })));
    expect(codeOf(rest[51])).toBe('SLOW_CONSUMER');
  });
});

describe('a caller in this process', () => {
  const me = { principal: { subject: 'me', roles: ['service'], scopes: [] }, requestId: 'r' } as const;

  it('follows operations of every kind', async () => {
    const gather = async (query: string): Promise<unknown[]> => {
      const all: unknown[] = [];
      for await (const answer of server.live.subscribe({ query }, me)) all.push(answer);
      return all;
    };
    expect(await gather('mutation { append(value: "x") }')).toEqual([{ data: { append: 1 } }]);
    expect((await gather('{ nothing }')).map(codeOf)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    const events = server.live.subscribe({ query: CHANGED }, me);
    const next = events.next();
    await subscribersAre(1);
    log.append('a');
    expect(await next).toEqual({ done: false, value: { data: { changed: { value: 'a' } } } });
    const waiting = events.next();
    await events.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await subscribersAre(0);
  });

  it('ends them by its signal', async () => {
    const ending = new AbortController();
    const events = server.live.subscribe({ query: CHANGED }, { ...me, signal: ending.signal });
    const next = events.next();
    await subscribersAre(1);
    ending.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    await subscribersAre(0);
  });

  it('is told when the gateway is closed', async () => {
    const next = server.live.subscribe({ query: CHANGED }, me).next();
    await subscribersAre(1);
    server.live.close();
    expect(codeOf((await next).value)).toBe('SHUTTING_DOWN');
  });
});

describe('stopping', () => {
  it('closes sockets with 1012, takes no new ones, and cuts those that do not answer', async () => {
    const raw = await RawSocket.ready(server.socketUrl);
    const stuck = await RawSocket.ready(server.socketUrl);
    stuck.socket.pause();
    raw.subscribe('1', CHANGED);
    await subscribersAre(1);
    const drained = server.live.drain(5000);
    expect((await raw.untilClosed()).code).toBe(1012);
    await subscribersAre(0);
    const late = new RawSocket(server.socketUrl);
    expect((await late.untilClosed()).code).toBe(1006);
    timers.advance(5000);
    await drained;
    stuck.close();
  });
});
