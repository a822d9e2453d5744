import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLSchemaModule } from '@apollo/subgraph/dist/buildSubgraphSchema';
import { type GraphQLSchema, isInterfaceType, isObjectType, parse } from 'graphql';
import type { Database } from '../../database/database.ts';
import type { ChangeLog } from '../../mapping/changes.ts';
import type { CloudReader } from '../../mapping/reader.ts';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import { SCALARS } from '../../schema/scalars.ts';
import { buildSubgraphSdl } from '../../schema/sdl.ts';
import type { Subgraph } from '../subgraph.ts';
import type { CloudContext, CloudResolvers } from './context.ts';
import { createContractResolvers } from './contract-resolvers.ts';
import { createIdempotentWrite, type IdempotentWrite } from './idempotent-writes.ts';
import { CloudReads } from './reads.ts';
import type { OnWarning } from './store-failure.ts';

/** What every cloud is made from; `main.ts` and the tests hand it to a cloud's own factory. */
export interface CloudOptions {
  /** The cloud's own store. The subgraph does not close it. */
  readonly database: Database;
  /** The cloud's mapping, compiled and checked against the store. */
  readonly reader: CloudReader;
  /** Tells which of the cloud's records changed. */
  readonly changes: ChangeLog;
  readonly clock: Clock;
  /** Gives a new key for a record at each call. */
  readonly newId: () => string;
  /** True with the built-in mapping, which names our own tables; false when another system is read: mutations are refused. */
  readonly writable: boolean;
  /** Told when the store fails, for the operator. */
  readonly onWarning?: OnWarning;
}

/**
 * Makes a cloud's subgraph: its schema from the SDL, what every cloud has in common, and the cloud's own resolvers.
 * Fails when the SDL and the resolvers do not fit.
 */
export function createCloudSubgraph(options: CloudOptions, resolvers: CloudResolvers): Subgraph {
  const { database, reader, changes } = options;
  const cloud = reader.cloud;
  const onWarning = options.onWarning ?? (() => {});
  const contract = createContractResolvers({ cloud, changes, onWarning });
  return {
    name: cloud,
    schema: buildSchema(cloud, [contract, resolvers]),
    createContext: ({ principal, signal }): CloudContext => ({
      cloud,
      principal,
      signal,
      reads: new CloudReads({ cloud, openReader: () => reader.forOperation(), onWarning, signal }),
    }),
    checkReadiness: async () => {
      await database.query('SELECT 1');
    },
    close: async () => {},
  };
}

/** Makes the function through which the mutations of a cloud run. */
export function createCloudWrite(options: CloudOptions): IdempotentWrite {
  const { database, clock, writable } = options;
  return createIdempotentWrite({
    cloud: options.reader.cloud,
    database,
    clock,
    writable,
    onWarning: options.onWarning ?? (() => {}),
  });
}

function buildSchema(cloud: string, parts: readonly CloudResolvers[]): GraphQLSchema {
  const merged: Record<string, Record<string, unknown>> = {};
  for (const part of parts) {
    for (const [type, fields] of Object.entries(part)) merged[type] = { ...merged[type], ...fields };
  }
  // Its type has no place for resolvers of references, which it does take.
  const resolvers = { ...merged, ...SCALARS } as NonNullable<GraphQLSchemaModule['resolvers']>;
  const schema = buildSubgraphSchema([{ typeDefs: parse(buildSubgraphSdl(cloud)), resolvers }]);
  checkResolvers(schema, merged);
  return refuseForeignRepresentations(schema);
}

/** Apollo leaves out silently what the schema does not have; a misspelt name shall be found at the start. */
function checkResolvers(schema: GraphQLSchema, resolvers: Readonly<Record<string, Record<string, unknown>>>): void {
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
    for (const representation of args['representations'] as readonly { __typename?: unknown }[]) {
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
