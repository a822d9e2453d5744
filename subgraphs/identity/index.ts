import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, isObjectType, parse } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import { SCALARS } from '../../schema/scalars.ts';
import { buildSubgraphSdl } from '../../schema/sdl.ts';
import type { Subgraph } from '../subgraph.ts';
import type { IdentityContext } from './context.ts';
import { createLoaders, type OnWarning } from './loaders.ts';
import type { NameSearcher } from './name-search.ts';
import type { Ruleset } from './resolution/ruleset.ts';
import { createResolvers } from './resolvers.ts';
import type { IdentityRepository } from './store/repository.ts';
import type { Survivorship } from './survivorship-document.ts';

const NAME_SEARCH_TIMEOUT_MS = 2_000;

/** What the identity subgraph is made from. */
export interface IdentitySubgraphOptions {
  /** The identity store, prepared here. The subgraph does not close it. */
  readonly repository: IdentityRepository;
  /** The clouds that are asked for names. */
  readonly clouds: readonly NameSearcher[];
  /** Which value is taken when the clouds disagree. */
  readonly survivorship: Survivorship;
  /** The rules by which records are linked: they tell which identifiers join nobody. */
  readonly ruleset: Ruleset;
  /** Country (ISO 3166) of telephone numbers that a caller gives without a country code. */
  readonly defaultCountry?: string;
  /** How long a cloud may take to search names, in milliseconds; 2,000 when not given. */
  readonly nameSearchTimeoutMs?: number;
  /** Told when the store fails, for the operator. */
  readonly onWarning?: OnWarning;
}

/** Makes the identity subgraph. Rejects with StoreUnavailable when the store can't be prepared. */
export async function createIdentitySubgraph(options: IdentitySubgraphOptions): Promise<Subgraph> {
  const { repository, ruleset } = options;
  const onWarning = options.onWarning ?? (() => {});
  await repository.prepare();
  const schema = buildSchema(options);
  return {
    name: 'identity',
    schema,
    createContext: ({ principal, signal, fetches = {} }): IdentityContext => ({
      principal,
      signal,
      fetches,
      loaders: createLoaders(repository, ruleset.largestLimit, onWarning),
    }),
    checkReadiness: () => repository.checkReadiness(),
    close: async () => {},
  };
}

function buildSchema(options: IdentitySubgraphOptions): GraphQLSchema {
  const resolvers = createResolvers({
    ...options,
    defaultCountry: options.defaultCountry,
    nameSearchTimeoutMs: options.nameSearchTimeoutMs ?? NAME_SEARCH_TIMEOUT_MS,
  });
  const module = { typeDefs: parse(buildSubgraphSdl('identity')), resolvers: { ...resolvers, ...SCALARS } };
  return refuseForeignRepresentations(buildSubgraphSchema([module as SubgraphModule]));
}

type SubgraphModule = Extract<Parameters<typeof buildSubgraphSchema>[0], readonly unknown[]>[number];

/** A representation of a type that identity does not have is the caller's mistake, not a fault of ours. */
function refuseForeignRepresentations(schema: GraphQLSchema): GraphQLSchema {
  const field = schema.getQueryType()?.getFields()['_entities'];
  const resolve = field?.resolve;
  if (!field || !resolve) return schema;
  field.resolve = (source, args: { representations: readonly ({ __typename?: unknown } | null)[] }, context, info) => {
    for (const representation of args.representations) {
      const name = representation?.__typename;
      if (typeof name !== 'string' || !isObjectType(schema.getType(name))) {
        throw new CodedError('BAD_USER_INPUT', 'Every representation has the `__typename` of an entity of identity.');
      }
    }
    return resolve(source, args, context, info);
  };
  return schema;
}
