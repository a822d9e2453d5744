import { request as httpRequest } from 'node:http';
import type { Page } from '../../gateway/routes.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { startTinyGateway, type TinyGateway } from '../support/tiny-gateway.ts';
import { localTiny, TinyWorld } from '../support/tiny-supergraph.ts';

const pages: Page[] = [];
const served: string[] = [];
let tiny: TinyGateway;

beforeAll(async () => {
  const world = new TinyWorld();
  tiny = await startTinyGateway({
    transports: {
      hub: createInProcessTransport(localTiny('hub', world)),
      shop: createInProcessTransport(localTiny('shop', world)),
      desk: createInProcessTransport(localTiny('desk', world)),
    },
    gateway: { pages },
  });
});
afterAll(() => tiny.close());

it('serves pages that are put beside the graph, also after it has begun to listen', async () => {
  const at = (path: string, init?: RequestInit): Promise<Response> => fetch(`${tiny.server.origin}${path}`, init);
  expect((await at('/page/x')).status).toBe(404);
  pages.push({
    prefix: '/page/',
    async serve(request, response) {
      served.push(`${request.method} ${request.url}`);
      response.end('page');
    },
  });
  // As a form of another site would send it: the page itself knows what it lets through.
  const foreign = { origin: 'https://mail.example.com', 'content-type': 'text/plain' };
  for (const init of [{}, { method: 'POST', headers: foreign, body: 'x' }]) {
    const response = await at('/page/x?y=1', init);
    expect([response.status, await response.text()]).toEqual([200, 'page']);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  }
  expect(served).toEqual(['GET /page/x?y=1', 'POST /page/x?y=1']);
  expect((await at('/page')).status).toBe(404);
  expect((await tiny.post('{ people { id } }')).data).toBeDefined();
});

it('asks of pages as of everything else that a server on loopback is asked by its own name', async () => {
  const { port } = new URL(tiny.server.origin);
  const status = await new Promise((resolve, reject) => {
    const headers = { host: 'shop.example.com' };
    httpRequest({ host: '127.0.0.1', port, path: '/page/x', headers }, ({ statusCode }) => resolve(statusCode))
      .on('error', reject)
      .end();
  });
  expect(status).toBe(403);
  expect(served).toHaveLength(2);
});
