import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse } from 'graphql';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.8", import: ["@key", "@external", "@requires",
  "@provides", "@shareable", "@override", "@inaccessible", "@interfaceObject", "@context", "@fromContext"])\n`;

/** A subgraph of a few lines. */
export interface SmallSubgraph {
  readonly sdl: string;
  readonly resolvers: Record<string, Record<string, unknown>>;
}

/** A gateway over a few subgraphs in this process, and what they were asked. */
export interface SmallFederation {
  readonly gateway: Gateway;
  /** Every fetch: the subgraph, its operation and the variables. */
  readonly fetches: { readonly subgraph: string; readonly query: string; readonly variables: unknown }[];
  readonly warnings: readonly string[];
  ask(query: string, variables?: Record<string, unknown>): Promise<{ data?: unknown; errors?: readonly unknown[] }>;
}

/** Composes subgraphs and makes a gateway over them. */
export async function federate(
  subgraphs: Readonly<Record<string, SmallSubgraph>>,
  options: Partial<GatewayOptions> = {},
): Promise<SmallFederation> {
  const services = Object.entries(subgraphs).map(([name, { sdl }]) => ({
    name,
    url: `http://${name}.invalid`,
    typeDefs: parse(LINK + sdl),
  }));
  const composed = composeServices(services);
  if (!composed.supergraphSdl) throw new Error(composed.errors?.map(({ message }) => message).join('\n'));
  const fetches: SmallFederation['fetches'] = [];
  const gateway = await createGateway({
    supergraphSdl: composed.supergraphSdl,
    passesSubgraphErrors: true,
    deduplication: 'OFF',
    transportTo: ({ name }) => {
      const typeDefs = parse(LINK + (subgraphs[name]?.sdl ?? ''));
      type Modules = Parameters<typeof buildSubgraphSchema>[0];
      const schema = buildSubgraphSchema([{ typeDefs, resolvers: subgraphs[name]?.resolvers ?? {} }] as Modules);
      return {
        async execute({ query, variables = {} }) {
          fetches.push({ subgraph: name, query, variables });
          return JSON.parse(
            JSON.stringify(await execute({ schema, document: parse(query), variableValues: variables })),
          );
        },
        subscribe() {
          throw new Error('Nothing is subscribed here.');
        },
        close: async () => {},
      };
    },
    ...options,
  });
  return {
    gateway,
    fetches,
    warnings: [],
    async ask(query, variables) {
      fetches.length = 0;
      const caller = { principal: { subject: 'test', roles: [], scopes: [] }, requestId: 'test' };
      const { data, errors } = await gateway.execute({ query, ...(variables && { variables }) }, caller);
      return JSON.parse(JSON.stringify({ data, ...(errors && { errors }) }));
    },
  };
}
