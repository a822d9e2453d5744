import { createServer } from 'node:net';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { StoreUnavailable } from '../../database/database.ts';
import { PostgresqlListener } from '../../database/postgresql-listener.ts';
import { graphByUrl } from '../../gateway/start/unified-graph.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { executeSubgraph } from '../../subgraphs/execute.ts';

it('a resolver whose store is away answers STORE_UNAVAILABLE, not that something is wrong on our side', async () => {
  const Query = new GraphQLObjectType({
    name: 'Query',
    fields: {
      planned: {
        type: GraphQLString,
        resolve: () => {
          throw new StoreUnavailable("PostgreSQL at 127.0.0.1:1, database marketing, can't be reached.");
        },
      },
    },
  });
  const subgraph = {
    name: 'marketing',
    schema: new GraphQLSchema({ query: Query }),
    createContext: () => ({}),
    checkReadiness: async () => {},
    close: async () => {},
  };
  const { errors } = await executeSubgraph(subgraph, { query: '{ planned }', principal: LOCAL_ADMINISTRATOR });
  expect(errors?.[0]?.extensions['code']).toBe('STORE_UNAVAILABLE');
  expect(errors?.[0]?.path).toEqual(['planned']);
  expect(errors?.[0]?.message).not.toMatch('127.0.0.1');
});

it('a server that takes a connection and says nothing is a store that is away, also to who listens', async () => {
  const silent = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  const listener = new PostgresqlListener('PostgreSQL', {
    host: '127.0.0.1',
    port: address.port,
    connectionTimeoutMillis: 50,
  });
  await expect(listener.listen('channel', () => {})).rejects.toThrow(StoreUnavailable);
  await listener.close();
  await new Promise((resolve) => silent.close(resolve));
});

it('a unified graph that nobody serves is told by its code, not as a TypeError', async () => {
  const graph = graphByUrl('http://127.0.0.1:1/graphql', 'token');
  await expect(graph.execute({ query: '{ __typename }' })).rejects.toMatchObject({
    extensions: { code: 'SUBGRAPH_DOWN' },
    message: 'The unified graph could not be reached.',
  });
});
