import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../gateway/config.ts';
import { graphByUrl, tokenIn } from '../../gateway/start/unified-graph.ts';

const folder = mkdtempSync(join(tmpdir(), 'c360-token-'));
const file = join(folder, 'token');
const seen: (string | undefined)[] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.setHeader('content-type', 'application/graphql-response+json');
    response.end('{"data":{}}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  rmSync(folder, { recursive: true });
});

it('a marketing subgraph alone asks the graph with the token that stands in its file now', async () => {
  const graph = graphByUrl(url, tokenIn(file));
  writeFileSync(file, 'first\n');
  await graph.execute({ query: '{ __typename }' });
  writeFileSync(file, 'second\n');
  await graph.execute({ query: '{ __typename }' });
  expect(seen).toEqual(['Bearer first', 'Bearer second']);
  for (const nothing of ['', '  \n', 'two words']) {
    writeFileSync(file, nothing);
    const refused = graph.execute({ query: '{ __typename }' });
    await expect(refused).rejects.toThrow(/^The token for the unified graph could not be read\.$/);
  }
  expect(seen).toHaveLength(2);
});

it('the token stands in one place, which is there', () => {
  writeFileSync(file, 'first');
  const read = (variables: Record<string, string>) => () => readConfig(variables, {});
  const graph = { UNIFIED_GRAPH_URL: url };
  expect(read({ ...graph, UNIFIED_GRAPH_TOKEN_FILE: file })().journeys).toMatchObject({ graphTokenFile: file });
  expect(read({ UNIFIED_GRAPH_TOKEN_FILE: file })).toThrow(/UNIFIED_GRAPH_TOKEN_FILE goes with UNIFIED_GRAPH_URL/);
  expect(read({ ...graph, UNIFIED_GRAPH_TOKEN_FILE: `${file}-not-there` })).toThrow(/must be the path of a file/);
  expect(read({ ...graph, UNIFIED_GRAPH_TOKEN: 'x', UNIFIED_GRAPH_TOKEN_FILE: file })).toThrow(/give one of them/);
});
