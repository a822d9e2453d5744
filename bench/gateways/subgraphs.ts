import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse } from 'graphql';
import { SUBGRAPHS, type WorkloadSubgraph } from './workload.ts';

/** What this process tells its parent: where each subgraph is. */
export type SubgraphAddresses = Readonly<Record<string, string>>;

/**
 * A process that serves all subgraphs of the workload. Each different request is computed once; from then on its answer is
 * only looked up, so that what is measured is the gateways, whatever they ask and however often.
 */
async function serve(): Promise<void> {
  const addresses: Record<string, string> = {};
  for (const subgraph of SUBGRAPHS) addresses[subgraph.name] = await listen(subgraph);
  process.send?.(addresses satisfies SubgraphAddresses);
  process.on('disconnect', () => process.exit(0));
}

async function listen(subgraph: WorkloadSubgraph): Promise<string> {
  const schema = buildSubgraphSchema([{ typeDefs: parse(subgraph.typeDefs), resolvers: subgraph.resolvers as never }]);
  const answers = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString('latin1');
      let answer = answers.get(body);
      if (!answer) {
        const { query, variables } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        answer = Buffer.from(
          JSON.stringify(await execute({ schema, document: parse(query), variableValues: variables })),
        );
        answers.set(body, answer);
      }
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      response.end(answer);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

void serve();
