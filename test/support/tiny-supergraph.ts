import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type ExecutionResult, type GraphQLSchema, graphql, parse } from 'graphql';
import type { LocalSubgraph } from '../../gateway/transport/in-process.ts';
import { CodedError } from '../../schema/errors.ts';
import type { SubgraphRequest } from '../../schema/subgraph-transport.ts';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires"])`;

/** Three subgraphs in the shape of the real ones: what `hub` reconciles, `shop` and `desk` are asked for first. */
export const TINY_SDL = {
  hub: `${LINK}
    type Query { person(id: ID!): Person  people: [Person!]!  moment(at: DateTime!): String }
    scalar DateTime
    type Person @key(fields: "id") {
      id: ID!
      shopName: String @external
      deskName: String @external
      name: String @requires(fields: "shopName deskName")
      fetches: [String!] @requires(fields: "shopName deskName")
    }`,
  shop: `${LINK}
    type Query { order(id: ID!): Order  leak: String  strict: Order! }
    type Mutation { placeOrder(total: Int!): Order }
    type Order { id: ID!  total: Int! }
    type Person @key(fields: "id") { id: ID!  shopName: String  orders: [Order!]  firstOrder: Order! }`,
  desk: `${LINK}
    type Query { ticket(id: ID!): String }
    type Person @key(fields: "id") { id: ID!  deskName: String  tickets(first: Int): [String!] }`,
} as const;

/** Name of a tiny subgraph. */
export type TinyName = keyof typeof TINY_SDL;

type Resolvers = Record<string, Record<string, unknown>>;

const PEOPLE = [{ id: '1' }, { id: '2' }, { id: '3' }];

/** What the tiny subgraphs remember, so that a test can see what reached them. */
export class TinyWorld {
  placed = 0;
  /** Requests that reached each subgraph. */
  readonly asked: { name: TinyName; request: SubgraphRequest }[] = [];

  resolversOf(name: TinyName): Resolvers {
    return { hub: this.hub(), shop: this.shop(), desk: DESK }[name];
  }

  private hub(): Resolvers {
    return {
      Query: {
        person: (_: unknown, { id }: { id: string }) => PEOPLE.find((person) => person.id === id),
        people: () => PEOPLE,
      },
      Person: {
        __resolveReference: (reference: object) => reference,
        name: ({ shopName, deskName }: { shopName: string | null; deskName: string | null }) => shopName ?? deskName,
        fetches: (_person: unknown, _args: unknown, { fetches }: SubgraphRequest) =>
          Object.entries(fetches ?? {}).map(([subgraph, outcome]) => `${subgraph} ${outcome}`),
      },
    };
  }

  private shop(): Resolvers {
    return {
      Query: {
        order: (_: unknown, { id }: { id: string }) => {
          if (id === 'odd') throw new CodedError('BAD_USER_INPUT', 'Order numbers are even.');
          return { id, total: 10 };
        },
        leak: () => {
          throw new Error('SELECT failed at postgres://shop:secret@10.0.0.7 for jane@example.org');
        },
        strict: () => ({ id: null, total: 1 }),
      },
      Mutation: {
        placeOrder: (_: unknown, { total }: { total: number }) => {
          this.placed += 1;
          return { id: String(this.placed), total };
        },
      },
      Person: {
        __resolveReference: (reference: object) => reference,
        shopName: ({ id }: { id: string }) => `Shop ${id}`,
        orders: () => [{ id: '10', total: 10 }],
        firstOrder: () => ({ id: '10', total: 10 }),
      },
    };
  }
}

const DESK: Resolvers = {
  Query: { ticket: (_: unknown, { id }: { id: string }) => id },
  Person: {
    __resolveReference: ({ id }: { id: string }) => (id === '3' ? null : { id }),
    deskName: ({ id }: { id: string }) => `Desk ${id}`,
    tickets: (_: unknown, { first }: { first?: number }) => {
      if (first !== undefined && first > 100) throw new CodedError('BAD_USER_INPUT', '`first` is 1 to 100.');
      return ['T-1'];
    },
  },
};

/** The supergraph SDL of the tiny subgraphs at the URLs given. */
export function composeTiny(urls: Readonly<Record<TinyName, string>>): string {
  const names = Object.keys(TINY_SDL) as TinyName[];
  const services = names.map((name) => ({ name, url: urls[name], typeDefs: parse(TINY_SDL[name]) }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(errors?.join('\n'));
  return supergraphSdl;
}

/** Executable schema of a tiny subgraph. */
export function tinySchema(name: TinyName, world: TinyWorld): GraphQLSchema {
  return buildSubgraphSchema([{ typeDefs: parse(TINY_SDL[name]), resolvers: world.resolversOf(name) as never }]);
}

/** A tiny subgraph in this process. `beforeAnswer` may wait, or answer instead. */
export function localTiny(
  name: TinyName,
  world: TinyWorld,
  beforeAnswer: (request: SubgraphRequest) => Promise<ExecutionResult | undefined> = async () => undefined,
): LocalSubgraph {
  const schema = tinySchema(name, world);
  return {
    async execute(request) {
      world.asked.push({ name, request });
      return (await beforeAnswer(request)) ?? run(schema, request);
    },
    async *subscribe() {},
  };
}

function run(schema: GraphQLSchema, request: SubgraphRequest): Promise<ExecutionResult> {
  const { query, variables, operationName } = request;
  return graphql({ schema, source: query, variableValues: variables, operationName, contextValue: request });
}

/** What a tiny subgraph on a socket answers: GraphQL, or what a test wants it to say instead. */
export type Misbehaviour = { status: number; headers?: Record<string, string>; body: string } | 'silence';

/** A tiny subgraph on a real socket. */
export interface ServedTiny {
  readonly url: string;
  /** Answers so from now on; undefined heals it. */
  misbehave(how: Misbehaviour | undefined): void;
  stop(): Promise<void>;
}

/** Serves a tiny subgraph over HTTP on loopback, on a free port unless one is given. */
export async function serveTiny(name: TinyName, world: TinyWorld, port = 0): Promise<ServedTiny> {
  const schema = tinySchema(name, world);
  let misbehaviour: Misbehaviour | undefined;
  const server = createServer(async (message, response) => {
    const request = await readRequest(message);
    world.asked.push({ name, request });
    if (misbehaviour === 'silence') return;
    if (misbehaviour) {
      response.writeHead(misbehaviour.status, { 'content-type': 'application/json', ...misbehaviour.headers });
      response.end(misbehaviour.body);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(await run(schema, request)));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    misbehave(how) {
      misbehaviour = how;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readRequest(message: IncomingMessage): Promise<SubgraphRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const { extensions, ...request } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const principal = JSON.parse(Buffer.from(String(message.headers['c360-principal']), 'base64url').toString('utf8'));
  return { ...request, principal, fetches: extensions?.fetches };
}
