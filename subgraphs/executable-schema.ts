import { type GraphQLField, type GraphQLSchema, isObjectType } from 'graphql';
import { buildSubgraphSdl } from '../schema/sdl.ts';
import { buildFederatedSchema, type ResolveReference } from './federated-schema.ts';

/** Resolvers by type and field. What they take is checked where they are written, not here. */
export type ResolversByType = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Makes the executable schema of a subgraph, with `_service` and `_entities`, from its SDL and its resolvers; of parts that
 * name the same field the last one counts. Fails when the SDL does not have a field that a resolver is for.
 */
export function buildExecutableSchema(subgraph: string, parts: readonly ResolversByType[]): GraphQLSchema {
  const references = new Map<string, ResolveReference>();
  const schema = buildFederatedSchema(buildSubgraphSdl(subgraph), references);
  for (const [typeName, resolvers] of parts.flatMap((part) => Object.entries(part))) {
    const type = schema.getType(typeName);
    const fields = isObjectType(type) ? type.getFields() : {};
    for (const [name, resolver] of Object.entries(resolvers)) {
      const field = fields[name];
      if (name === '__resolveReference') references.set(typeName, resolver as ResolveReference);
      else if (field) setResolver(field, resolver);
      else throw new Error(`There is a resolver for ${typeName}.${name}, which the schema does not have.`);
    }
  }
  return schema;
}

function setResolver(field: GraphQLField<unknown, unknown>, resolver: unknown): void {
  if (typeof resolver === 'function') field.resolve = resolver as NonNullable<typeof field.resolve>;
  else Object.assign(field, resolver);
}
