import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createGateway } from '../../gateway/gateway.ts';
import { PersistedOperations } from '../../gateway/persisted/persisted-operations.ts';
import { graphInProcess } from '../../gateway/start/unified-graph.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { composeTiny, localTiny, TinyWorld } from '../support/tiny-supergraph.ts';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const QUERY = '{ order(id: "1") { total } }';
const caller = { principal: LOCAL_ADMINISTRATOR, requestId: 'library' };

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('createGateway', () => {
  it('needs a supergraph only, serves on a server of somebody else, and hands the trace on', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const shop = createServer((request, response) => {
      seen.push(request.headers);
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"order":{"total":7}}}');
    });
    const url = await listening(shop);
    const gateway = await createGateway({ supergraphSdl: composeTiny({ hub: url, shop: url, desk: url }) });
    const server = createServer(gateway.handler).on('upgrade', gateway.handler.upgrade);
    const origin = await listening(server);
    const answer = await fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: PARENT },
      body: JSON.stringify({ query: QUERY }),
    });
    expect(await answer.json()).toEqual({ data: { order: { total: 7 } } });
    expect(await gateway.execute({ query: QUERY }, caller)).toEqual({ data: { order: { total: 7 } } });
    expect(seen.map(({ traceparent }) => traceparent)).toEqual([PARENT, undefined]);
    const { port } = new URL(origin);
    const socket = connect(Number(port), '127.0.0.1');
    const wish = 'connection: upgrade, close\r\nupgrade: h2c\r\n';
    socket.write(`GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\n${wish}\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK/);
    const long = await gateway.execute({ query: `{ order(id: {key: "${'x'.repeat(9_000)}"}) { total } }` }, caller);
    expect(long.errors?.[0]?.message.length).toBeLessThan(600);
    const hidden = await gateway.execute({ query: '{ __schema { queryType { name } } }' }, caller);
    expect(hidden.errors?.[0]?.message).toContain('introspection has been disabled');
    expect((await fetch(`${origin}/graphql`, { headers: { accept: 'text/html' } })).status).toBe(406);
    for (const each of [server, shop]) {
      each.close();
      each.closeAllConnections();
    }
    await gateway.close();
  });

  it('runs what programs of this process ask, also where clients may run registered operations only', async () => {
    const persisted = new PersistedOperations({ onlyRegistered: true });
    const gateway = await createGateway({
      supergraphSdl: composeTiny({
        hub: 'http://hub.invalid',
        shop: 'http://shop.invalid',
        desk: 'http://desk.invalid',
      }),
      guard: { persisted },
    });
    const refused = await gateway.execute({ query: QUERY }, caller);
    expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'OPERATION_NOT_REGISTERED' });
    const graph = graphInProcess(gateway, () => 'own');
    expect(await graph.execute({ query: '{ __typename }' })).toEqual({ data: { __typename: 'Query' } });
    for await (const answer of graph.subscribe({ query: '{ __typename }' })) {
      expect(answer).toEqual({ data: { __typename: 'Query' } });
    }
    await gateway.close();
  });

  it('ends a request with the supergraph that it began with, and closes what only that one needed afterwards', async () => {
    const world = new TinyWorld();
    const closed: string[] = [];
    let release = () => {};
    const held = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    const sdlAt = (shop: string) =>
      composeTiny({ hub: 'http://hub.invalid', shop: `http://${shop}.invalid`, desk: 'http://desk.invalid' });
    const gateway = await createGateway({
      supergraphSdl: sdlAt('before'),
      transportTo: ({ name, url }) => ({
        ...createInProcessTransport(
          localTiny(name as 'shop', world, async () => (url.includes('before') ? held : undefined)),
        ),
        close: async () => void closed.push(url),
      }),
    });
    const slow = gateway.execute({ query: QUERY }, caller);
    while (world.asked.length === 0) await new Promise(setImmediate);
    await gateway.reload(sdlAt('after'));
    expect(await gateway.execute({ query: QUERY }, caller)).toEqual({ data: { order: { total: 10 } } });
    expect(closed).toEqual([]);
    release();
    expect(await slow).toEqual({ data: { order: { total: 10 } } });
    expect(closed).toEqual(['http://before.invalid']);
    await gateway.close();
  });
});
