import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { createGateway } from '../../gateway/gateway.ts';
import { createSocketSubscriber } from '../../gateway/transport/socket.ts';
import { EventLog } from '../support/event-log.ts';
import { archiveSubgraph, composeLive, localTransport, newsSubgraph } from '../support/live-graph.ts';
import { type LiveServer, principalNamed, startLiveServer } from '../support/live-server.ts';
import { RawSocket } from '../support/raw-socket.ts';

const log = new EventLog();
let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer(log);
});
afterAll(() => server.close());

/** JSON that JSON.parse reads and JSON.stringify has not the stack for. */
const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

it('a ping that carries what is nested too deeply ends its socket, not the process', async () => {
  const other = await RawSocket.ready(server.socketUrl);
  const raw = await RawSocket.open(server.socketUrl);
  raw.send(`{"type":"ping","payload":{"a":${nested(100_000)}}}`);
  expect(await raw.untilClosed()).toEqual({ code: 4400, reason: '`payload` is nested too deeply' });
  await other.settled();
  other.close();
});

it('variables that are nested too deeply end their operation, and nothing is kept for it', async () => {
  const raw = await RawSocket.ready(server.socketUrl);
  const query = 'subscription ($topic: String, $since: Cursor) { changed(topic: $topic, since: $since) { value } }';
  const payload = `{"query":${JSON.stringify(query)},"variables":{"topic":${nested(100_000)}}}`;
  raw.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
  await raw.until(() => raw.of('1').length === 1);
  expect(raw.of('1')[0]).toMatchObject({ type: 'error' });
  expect(server.stages.held).toBe(0);
  raw.close();
});

it.each([
  ['a text', 'boom'],
  ['nothing', [null]],
  ['something that is no error', [7]],
])('an event whose errors are %s is answered, and the process goes on', async (_name, errors) => {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket) =>
    socket.on('message', (data) => {
      const { type, id } = JSON.parse(String(data));
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
      if (type === 'subscribe') socket.send(JSON.stringify({ id, type: 'next', payload: { errors } }));
    }),
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`);
  const subscriber = createSocketSubscriber('news', url);
  const news = { ...localTransport(newsSubgraph(log)), subscribe: subscriber.subscribe };
  const transports: Record<string, typeof news> = { news, archive: localTransport(archiveSubgraph([])) };
  const gateway = await createGateway({
    supergraphSdl: composeLive(),
    transportTo: ({ name }) => transports[name] ?? news,
  });
  const answers = gateway.subscribe(
    { query: 'subscription { tick }' },
    { principal: principalNamed('a'), requestId: 'r' },
  );
  const answer = (await answers.next()).value;
  await answers.return?.();
  await gateway.close();
  subscriber.close();
  sockets.close();
  await new Promise((resolve) => http.close(resolve));
  expect([answer?.data, answer?.errors?.length]).toEqual([null, 1]);
});

it('a request that can not be written keeps no socket to the subgraph', async () => {
  let opened = 0;
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', () => {
    opened += 1;
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`);
  const subscriber = createSocketSubscriber('news', url);
  const request = { query: 'subscription { tick }', principal: principalNamed('a') };
  const tooDeep = subscriber.subscribe({ ...request, variables: { a: JSON.parse(nested(100_000)) } });
  expect(() => tooDeep[Symbol.asyncIterator]().next()).toThrow('call stack');
  // Its socket is given up: another subscription opens its own.
  const ending = new AbortController();
  const good = subscriber
    .subscribe({ ...request, signal: ending.signal })
    [Symbol.asyncIterator]()
    .next();
  while (opened < 1) await new Promise(setImmediate);
  ending.abort();
  expect((await good).done).toBe(true);
  while (sockets.clients.size > 0) await new Promise(setImmediate);
  sockets.close();
  await new Promise((resolve) => http.close(resolve));
});
