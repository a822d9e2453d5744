import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type ExecutionResult, graphql, parse } from 'graphql';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { SubgraphRequest } from '../../schema/subgraph-transport.ts';

/** One subgraph of a small graph. */
export interface SmallSubgraph {
  readonly sdl: string;
  readonly resolvers?: Record<string, unknown>;
  /** What a subscription to it brings. */
  readonly events?: (request: SubgraphRequest) => readonly ExecutionResult[];
  /** Answers instead of the resolvers when it gives something; a rejection is a subgraph that gives no answer. */
  readonly answer?: (request: SubgraphRequest) => Promise<ExecutionResult | undefined> | ExecutionResult | undefined;
}

/** A gateway over small subgraphs in this process. */
export interface SmallGraph {
  readonly gateway: Gateway;
  /** Every request that reached a subgraph, in order. */
  readonly asked: { readonly name: string; readonly request: SubgraphRequest }[];
  ask(query: string, variables?: Record<string, unknown>): Promise<SmallAnswer>;
  close(): Promise<void>;
}

/** An answer as tests read it. */
export interface SmallAnswer {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions?: Record<string, unknown>;
  }[];
}

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@external", "@requires", "@provides", "@shareable", "@override", "@inaccessible", "@interfaceObject", "@context",
  "@fromContext"
])\n`;

/** Composes the subgraphs. Throws what composition says. */
export function composeSmall(subgraphs: Readonly<Record<string, SmallSubgraph>>): string {
  const services = Object.entries(subgraphs).map(([name, { sdl }]) => ({
    name,
    url: `http://${name}.invalid`,
    typeDefs: parse(LINK + sdl),
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(errors?.join('\n'));
  return supergraphSdl;
}

/** Makes a gateway over them, of the kind that `c360 gateway` is: subgraphs' errors pass. */
export async function smallGraph(
  subgraphs: Readonly<Record<string, SmallSubgraph>>,
  options: Partial<GatewayOptions> = {},
): Promise<SmallGraph> {
  const asked: { name: string; request: SubgraphRequest }[] = [];
  const gateway = await createGateway({
    supergraphSdl: composeSmall(subgraphs),
    introspection: true,
    passesSubgraphErrors: true,
    transportTo: ({ name }) => {
      const { sdl, resolvers = {}, answer, events } = subgraphs[name] ?? { sdl: '' };
      const schema = buildSubgraphSchema([{ typeDefs: parse(LINK + sdl), resolvers: resolvers as never }]);
      return {
        async execute(request) {
          asked.push({ name, request });
          const { query: source, variables: variableValues, operationName } = request;
          return (await answer?.(request)) ?? graphql({ schema, source, variableValues, operationName });
        },
        async *subscribe(request) {
          asked.push({ name, request });
          yield* events?.(request) ?? [];
        },
        close: async () => {},
      };
    },
    ...options,
  });
  const caller = { principal: LOCAL_ADMINISTRATOR, requestId: 'r1' };
  return {
    gateway,
    asked,
    ask: (query, variables) => gateway.execute({ query, ...(variables && { variables }) }, caller),
    close: () => gateway.close(),
  };
}
