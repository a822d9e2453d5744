import { buildExecutableSchema } from '../executable-schema.ts';
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
  const resolvers = createResolvers({
    ...options,
    defaultCountry: options.defaultCountry,
    nameSearchTimeoutMs: options.nameSearchTimeoutMs ?? NAME_SEARCH_TIMEOUT_MS,
  });
  return {
    name: 'identity',
    schema: buildExecutableSchema('identity', resolvers),
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
