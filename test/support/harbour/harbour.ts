import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { buildSchema, execute, type GraphQLSchema, isAbstractType, isObjectType, parse } from 'graphql';
import type { SubgraphTransport } from '../../../schema/subgraph-transport.ts';
import type { HarbourData } from './data.ts';
import { type HarbourResolvers, monolithResolvers, subgraphResolvers } from './resolvers.ts';
import { HARBOUR_SDL, MONOLITH_SDL } from './schemas.ts';

/** The harbour office as a federation and as one schema, over data that can be exchanged. */
export interface Harbour {
  readonly supergraphSdl: string;
  readonly monolith: GraphQLSchema;
  readonly transports: Readonly<Record<string, SubgraphTransport>>;
  /** Every answer from now on is from this data, which mutations change. */
  use(data: HarbourData): void;
}

/** Composes it once. */
export function createHarbour(): Harbour {
  let data: HarbourData = { vessels: [], ports: [], sailors: [] };
  const parts = { data: () => data };
  const services = Object.entries(HARBOUR_SDL).map(([name, sdl]) => ({
    name,
    url: `http://${name}.invalid`,
    typeDefs: parse(sdl),
  }));
  const composed = composeServices(services);
  if (!composed.supergraphSdl) throw new Error(composed.errors?.map(({ message }) => message).join('\n'));
  const resolvers: Record<string, HarbourResolvers> = subgraphResolvers(parts);
  const monolith = buildSchema(MONOLITH_SDL);
  attach(monolith, monolithResolvers(parts));
  return {
    supergraphSdl: composed.supergraphSdl,
    monolith,
    transports: Object.fromEntries(
      services.map(({ name, typeDefs }) => {
        type Modules = Parameters<typeof buildSubgraphSchema>[0];
        const modules = [{ typeDefs, resolvers: resolvers[name] ?? {} }] as Modules;
        return [name, transportOver(buildSubgraphSchema(modules))];
      }),
    ),
    use(next) {
      data = next;
    },
  };
}

function transportOver(schema: GraphQLSchema): SubgraphTransport {
  return {
    async execute({ query, variables }) {
      const variableValues = variables && (JSON.parse(JSON.stringify(variables)) as Record<string, unknown>);
      const result = await execute({ schema, document: parse(query), ...(variableValues && { variableValues }) });
      return JSON.parse(JSON.stringify(result));
    },
    subscribe() {
      throw new Error('The harbour has no subscriptions.');
    },
    close: async () => {},
  };
}

function attach(schema: GraphQLSchema, resolvers: HarbourResolvers): void {
  for (const [name, fields] of Object.entries(resolvers)) {
    const type = schema.getType(name);
    if (isAbstractType(type)) type.resolveType = fields['__resolveType'] as NonNullable<typeof type.resolveType>;
    if (!isObjectType(type)) continue;
    for (const [field, resolve] of Object.entries(fields)) {
      const target = type.getFields()[field];
      if (target) target.resolve = resolve as NonNullable<typeof target.resolve>;
    }
  }
}
