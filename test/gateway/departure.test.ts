import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpTransport } from '../../gateway/transport/http.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { startTinyGateway, type TinyGateway } from '../support/tiny-gateway.ts';
import { localTiny, TinyWorld } from '../support/tiny-supergraph.ts';

const world = new TinyWorld();
const local = (name: 'hub' | 'shop' | 'desk') => createInProcessTransport(localTiny(name, world));

const open = (shop: SubgraphTransport, deduplication: 'OFF' | 'BEFORE_SENDING' | 'IN_FLIGHT'): Promise<TinyGateway> =>
  startTinyGateway({ transports: { hub: local('hub'), shop, desk: local('desk') }, gateway: { deduplication } });

/** A client that has asked, and goes when it is told to. */
function client({ server }: TinyGateway): { go(): void } {
  const { port } = new URL(server.origin);
  const headers = { 'content-type': 'application/json' };
  const asking = httpRequest({ host: '127.0.0.1', port, path: '/graphql', method: 'POST', headers });
  asking.on('error', () => {});
  asking.end('{"query":"{ person(id: \\"1\\") { orders { id } } }"}');
  return { go: () => asking.destroy() };
}

describe.each(['OFF', 'BEFORE_SENDING', 'IN_FLIGHT'] as const)(
  'a client that goes, with sharing %s',
  (deduplication) => {
    it('ends the work of a subgraph in this process', async () => {
      let begun: (signal: AbortSignal) => void = () => {};
      const working = new Promise<AbortSignal>((resolve) => {
        begun = resolve;
      });
      const slow = localTiny('shop', world, ({ signal }) => {
        if (signal) begun(signal);
        return new Promise(() => {});
      });
      const gateway = await open(createInProcessTransport(slow), deduplication);
      const leaving = client(gateway);
      const signal = await working;
      leaving.go();
      if (!signal.aborted) await once(signal, 'abort');
      expect(signal.reason).toEqual(new Error('The client has gone.'));
      await gateway.close();
    });

    it('cuts the connection to a subgraph elsewhere', async () => {
      const silent: Server = createServer();
      await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
      const { port } = silent.address() as AddressInfo;
      const far = createHttpTransport({ subgraph: 'shop', url: `http://127.0.0.1:${port}`, timeoutMs: 60_000 });
      const gateway = await open(far, deduplication);
      const leaving = client(gateway);
      const [request] = await once(silent, 'request');
      leaving.go();
      await once(request.socket, 'close');
      await gateway.close();
      await new Promise((done) => silent.close(done));
    });
  },
);
