import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createGateway, type Gateway } from '../../gateway/gateway.ts';
import { createLog } from '../../gateway/log.ts';
import { createHttpTransport } from '../../gateway/transport/http.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { executeSubgraph } from '../../subgraphs/execute.ts';
import { EventLog } from '../support/event-log.ts';
import { archiveSubgraph, composeLive, localTransport, newsSubgraph } from '../support/live-graph.ts';

const STORIES = 'subscription ($since: Cursor) { storyChanged(since: $since) { cursor story { id title readers } } }';
const SUPERGRAPH = composeLive();
const clock = () => performance.timeOrigin + performance.now();

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (let close = closers.pop(); close; close = closers.pop()) await close();
});

/** The archive over HTTP. `isStalled` says which requests are never answered. */
async function startArchive(isStalled: (request: number) => boolean): Promise<SubgraphTransport> {
  const archive = archiveSubgraph([]);
  let requests = 0;
  const answer = async (message: IncomingMessage): Promise<string | undefined> => {
    requests += 1;
    if (isStalled(requests)) return undefined;
    const { query, variables } = JSON.parse(await text(message));
    return JSON.stringify(await executeSubgraph(archive, { query, variables, principal: LOCAL_ADMINISTRATOR }));
  };
  const server = createServer((message, response) => {
    void answer(message).then((body) => {
      if (body !== undefined) response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  return createHttpTransport({ subgraph: 'archive', url, timeoutMs: 400, clock, deduplication: 'OFF' });
}

async function start(log: EventLog, archive: SubgraphTransport, operationTimeoutMs: number): Promise<Gateway> {
  const gateway = await createGateway({
    supergraphSdl: SUPERGRAPH,
    transportTo: ({ name }) => (name === 'news' ? localTransport(newsSubgraph(log)) : archive),
    subgraphTimeoutMs: 400,
    operationTimeoutMs,
    log: createLog('silent'),
  });
  closers.push(() => gateway.close());
  return gateway;
}

describe('an event whose plan asks a subgraph that does not answer', () => {
  it('waits for it: a flood of past events is told whole and in order', async () => {
    const log = new EventLog();
    const ids = Array.from({ length: 300 }, (_, index) => `s${index}`);
    for (const id of ids) log.append(id);
    // Many in a row, and single ones later.
    const archive = await startArchive((request) => (request > 20 && request < 45) || request % 101 === 0);
    const gateway = await start(log, archive, 20_000);
    const told: unknown[] = [];
    const request = { query: STORIES, variables: { since: '0' } };
    for await (const answer of gateway.subscribe(request, { principal: LOCAL_ADMINISTRATOR, requestId: 'r' })) {
      told.push(answer);
      if (told.length === ids.length) break;
    }
    expect(told.length).toBe(ids.length);
    expect(told).toEqual(
      ids.map((id, index) => ({
        data: { storyChanged: { cursor: String(index + 1), story: { id, title: `Story ${id}`, readers: 7 } } },
      })),
    );
  });

  it('ends the subscription in a way that can be gone on from, when that takes too long', async () => {
    const log = new EventLog();
    for (const id of ['a', 'b', 'c', 'd']) log.append(id);
    let isAway = false;
    const archive = await startArchive(() => isAway);
    const gateway = await start(log, archive, 900);
    const answers = gateway.subscribe(
      { query: STORIES, variables: { since: '0' } },
      { principal: LOCAL_ADMINISTRATOR, requestId: 'r' },
    );
    const seen: unknown[] = [];
    for await (const answer of answers) {
      seen.push(answer.errors?.[0]?.extensions?.['code'] ?? answer.data?.['storyChanged']);
      if (seen.length === 4) {
        isAway = true;
        log.append('e');
      }
    }
    expect(seen).toEqual([
      ...['a', 'b', 'c', 'd'].map((id, index) => ({
        cursor: String(index + 1),
        story: { id, title: `Story ${id}`, readers: 7 },
      })),
      'SUBSCRIPTION_INTERRUPTED',
    ]);
  });

  it('tells what there is where there is no position to go on from', async () => {
    const log = new EventLog();
    const gateway = await start(log, await startArchive(() => true), 500);
    const answers = gateway.subscribe({ query: STORIES }, { principal: LOCAL_ADMINISTRATOR, requestId: 'r' });
    const first = answers.next();
    while (log.subscribers === 0) await new Promise(setImmediate);
    log.append('a');
    expect((await first).value).toMatchObject({ errors: [{ extensions: { code: 'SUBGRAPH_TIMEOUT' } }] });
    await answers.return?.();
  });
});
