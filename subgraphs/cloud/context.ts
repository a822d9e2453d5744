import type { GraphQLResolveInfo } from 'graphql';
import type { Principal } from '../../schema/principal.ts';
import type { CloudReads } from './reads.ts';

/** What the resolvers of a cloud are given. It lives exactly as long as one operation. */
export interface CloudContext {
  /** Name of the cloud, which is the `dataSourceId` of its records. */
  readonly cloud: string;
  readonly principal: Principal;
  readonly reads: CloudReads;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined;
}

/** A field's resolver. Its source and arguments are typed by whoever writes it; the schema guarantees them. */
export type FieldResolver = (source: never, args: never, context: CloudContext, info: GraphQLResolveInfo) => unknown;

/** Resolves a reference to an entity. */
export type ReferenceResolver = (reference: never, context: CloudContext, info: GraphQLResolveInfo) => unknown;

/** A subscription field's resolver. */
export interface SubscriptionResolver {
  readonly subscribe: FieldResolver;
}

/** Resolvers of one type, by field, and of references to it. Fields without one are read from their row by name. */
export interface TypeResolvers {
  readonly __resolveReference?: ReferenceResolver;
  readonly [field: string]: FieldResolver | ReferenceResolver | SubscriptionResolver | undefined;
}

/** Resolvers of a cloud, by type. */
export type CloudResolvers = Readonly<Record<string, TypeResolvers>>;
