import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLSchemaModule } from '@apollo/subgraph/dist/buildSubgraphSchema';
import { type GraphQLSchema, isInterfaceType, isObjectType, parse } from 'graphql';
import { CodedError } from '../schema/errors.ts';
import { SCALARS } from '../schema/scalars.ts';
import { buildSubgraphSdl } from '../schema/sdl.ts';

/** Resolvers by type and field. What they take is checked where they are written, not here. */
export type ResolversByType = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Makes the executable schema of a subgraph, with `_service` and `_entities`, from its SDL and its resolvers; parts that
 * name the same type are put together. Fails when the SDL does not have a field that a resolver is for.
 */
export function buildExecutableSchema(subgraph: string, parts: readonly ResolversByType[]): GraphQLSchema {
  const merged: Record<string, Record<string, unknown>> = {};
  for (const part of parts) {
    for (const [type, fields] of Object.entries(part)) merged[type] = { ...merged[type], ...fields };
  }
  // Its type has no place for resolvers of references, which it does take.
  const resolvers = { ...merged, ...SCALARS } as NonNullable<GraphQLSchemaModule['resolvers']>;
  const schema = buildSubgraphSchema([{ typeDefs: parse(buildSubgraphSdl(subgraph)), resolvers }]);
  checkResolvers(schema, merged);
  return refuseForeignRepresentations(schema);
}

/** Apollo leaves out silently what the schema does not have; a misspelt name shall be found at the start. */
function checkResolvers(schema: GraphQLSchema, resolvers: ResolversByType): void {
  for (const [typeName, fields] of Object.entries(resolvers)) {
    const type = schema.getType(typeName);
    for (const field of Object.keys(fields)) {
      if (field.startsWith('__') || (isObjectType(type) && field in type.getFields())) continue;
      throw new Error(`There is a resolver for ${typeName}.${field}, which the schema does not have.`);
    }
  }
}

/** A representation of a type that this subgraph does not have is the caller's mistake, not a fault of ours. */
function refuseForeignRepresentations(schema: GraphQLSchema): GraphQLSchema {
  const field = schema.getQueryType()?.getFields()['_entities'];
  const resolve = field?.resolve;
  if (!field || !resolve) return schema;
  field.resolve = (source, args, context, info) => {
    for (const representation of args['representations'] as readonly ({ __typename?: unknown } | null)[]) {
      const name = representation?.__typename;
      const type = typeof name === 'string' ? schema.getType(name) : undefined;
      if (!isObjectType(type) && !isInterfaceType(type)) {
        throw new CodedError(
          'BAD_USER_INPUT',
          'Every representation has the `__typename` of an entity of this subgraph.',
        );
      }
    }
    return resolve(source, args, context, info);
  };
  return schema;
}
