import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { EventLog } from '../support/event-log.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';

/** The client that most browsers use. */
describe('the client of graphql-ws', () => {
  let log: EventLog;
  let server: LiveServer;
  beforeEach(async () => {
    log = new EventLog();
    server = await startLiveServer(log, { limits: { queue: { messages: 20, bytes: 1024 * 1024 } } });
  });
  afterEach(() => server.close());
  const turn = () => new Promise(setImmediate);

  it('asks, follows and ends operations', async () => {
    const client = createClient({
      url: server.socketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { token: 'alice' },
    });
    const answers = [];
    for await (const answer of client.iterate({ query: 'mutation { append(value: "x") }' })) answers.push(answer);
    expect(answers).toEqual([{ data: { append: 1 } }]);
    const events = client.iterate({ query: 'subscription { changed(since: "0") { cursor value } }' });
    expect(await events.next()).toEqual({ done: false, value: { data: { changed: { cursor: '1', value: 'x' } } } });
    await expect(client.iterate({ query: 'oh {' }).next()).rejects.toMatchObject([
      { extensions: { code: 'GRAPHQL_PARSE_FAILED' } },
    ]);
    log.append('y');
    expect(await events.next()).toMatchObject({ value: { data: { changed: { value: 'y' } } } });
    await events.return?.();
    while (log.subscribers > 0) await turn();
    await client.dispose();
  });

  it('takes a restart of the server for a reason to connect again, and refused credentials for an end', async () => {
    const retried: unknown[] = [];
    const client = createClient({
      url: server.socketUrl,
      webSocketImpl: WebSocket,
      retryAttempts: 3,
      retryWait: async () => {},
      shouldRetry: (event) => {
        retried.push((event as { code: number }).code);
        return retried.length < 2;
      },
    });
    const follow = () =>
      new Promise((resolve) => {
        client.subscribe(
          { query: 'subscription { changed { value } }' },
          { next() {}, complete: () => resolve('complete'), error: resolve },
        );
      });
    const over = follow();
    while (log.subscribers === 0) await turn();
    await server.live.drain(1000);
    await over;
    expect(retried[0]).toBe(1012);
    await client.dispose();

    const refused = createClient({
      url: server.socketUrl,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { token: 'wrong' },
    });
    await expect(refused.iterate({ query: '{ size }' }).next()).rejects.toBeDefined();
    await refused.dispose();
  });
});
