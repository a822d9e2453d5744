import { randomUUID } from 'node:crypto';
import type { Clock } from '../../schema/clock.ts';
import { CLOUDS } from '../../schema/clouds.ts';
import { createCustomer360IdGenerator } from '../../schema/customer360-id.ts';
import { buildExecutableSchema } from '../executable-schema.ts';
import type { Subgraph } from '../subgraph.ts';
import type { IdentityContext } from './context.ts';
import { createEngine } from './durable/create-engine.ts';
import { createDurableResolver } from './durable/durable-resolver.ts';
import { createHouseholdIdGenerator } from './durable/household-id.ts';
import { type EventSource, LiveCustomers } from './live/live-customers.ts';
import { createLiveSurvivorship } from './live-survivorship.ts';
import { createLoaders } from './loaders.ts';
import type { NameSearcher } from './name-search.ts';
import type { IdentifierRules } from './resolution/rules/identifier-rules.ts';
import type { ResolutionService } from './resolution-service.ts';
import { createResolvers } from './resolvers.ts';
import type { IdentityRepository } from './store/repository.ts';
import type { OnWarning } from './store-guard.ts';
import type { Survivorship } from './survivorship-document.ts';
import { createBackoff, type Wait, waitByTimer } from './wait.ts';

const NAME_SEARCH_TIMEOUT_MS = 2_000;
const SETTLE_MS = 800;
/** Pauses before a cloud's events are read again, milliseconds. */
const RETRY = { firstMs: 200, mostMs: 10_000 };

/** What the identity subgraph is made from. */
export interface IdentitySubgraphOptions {
  /** The identity store, prepared here. The subgraph does not close it. */
  readonly repository: IdentityRepository;
  /** The clouds that are asked for names. */
  readonly clouds: readonly NameSearcher[];
  /** The clouds whose events are told to whoever follows a person; none when not given. */
  readonly eventSources?: readonly EventSource[];
  /** Which value is taken when the clouds disagree. */
  readonly survivorship: Survivorship;
  /** The rules by which records are linked: they tell which identifiers join nobody. */
  readonly ruleset: IdentifierRules;
  /** Country (ISO 3166) of telephone numbers that a caller gives without a country code. */
  readonly defaultCountry?: string;
  /** How long a cloud may take to search names, in milliseconds; 2,000 when not given. */
  readonly nameSearchTimeoutMs?: number;
  /**
   * How long a change by hand waits for what follows from it, in milliseconds: less than a fetch may take, as rules for many
   * records take minutes. It goes on by itself; 800 when not given.
   */
  readonly settleMs?: number;
  /** Told when the store fails, for the operator. */
  readonly onWarning?: OnWarning;
  /** The engine of the process; without it one is made from the store when it is first asked for an explanation. */
  readonly resolution?: ResolutionService;
  /** Time; the process's own when not given. */
  readonly clock?: Clock;
  /** How to wait; by the process's timers when not given. */
  readonly wait?: Wait;
  /** Ids of merges and decisions; random when not given. */
  readonly newId?: () => string;
}

/** Makes the identity subgraph. Rejects with StoreUnavailable when the store can't be prepared. */
export async function createIdentitySubgraph(options: IdentitySubgraphOptions): Promise<Subgraph> {
  const { repository, ruleset } = options;
  const onWarning = options.onWarning ?? (() => {});
  await repository.prepare();
  const clock = options.clock ?? Date.now;
  const newId = options.newId ?? randomUUID;
  const newCustomer360Id = createCustomer360IdGenerator(clock);
  const resolution = options.resolution ?? (await createReadingResolution(repository, clock, newId));
  const clouds = CLOUDS.map(({ name }) => name);
  const survivorship = createLiveSurvivorship(options.survivorship, clouds, {
    repository,
    wait: waitByTimer,
    onWarning,
  });
  await survivorship.refresh();
  const live = new LiveCustomers({
    repository,
    clouds: options.eventSources ?? [],
    wait: options.wait ?? waitByTimer,
    backoff: createBackoff({ ...RETRY, random: Math.random }),
    onWarning,
  });
  const resolvers = createResolvers({
    ...options,
    survivorship,
    live,
    clock,
    resolution,
    onWarning,
    wait: waitByTimer,
    steward: {
      repository,
      clock,
      newCustomer360Id,
      newMergeEventId: newId,
      newDecisionId: newId,
      settle: () => withinTime(resolution.settle(), options.settleMs ?? SETTLE_MS),
    },
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
    close: async () => {
      live.close();
      survivorship.stop();
    },
  };
}

/** Waits for work, but no longer than this: it goes on by itself. */
async function withinTime(work: Promise<void>, mostMs: number): Promise<void> {
  const isDone = new AbortController();
  await Promise.race([work.finally(() => isDone.abort()), waitByTimer(mostMs, isDone.signal)]);
}

/** An engine that explains and resolves nothing: for a process that serves identity while another one resolves. */
async function createReadingResolution(
  repository: IdentityRepository,
  clock: Clock,
  newId: () => string,
): Promise<ResolutionService> {
  const resolver = createDurableResolver({
    repository,
    clock,
    createEngine,
    newCustomer360Id: createCustomer360IdGenerator(clock),
    newMergeEventId: newId,
    newHouseholdId: createHouseholdIdGenerator(clock),
  });
  return {
    createEngine,
    explain: (left, right) => resolver.explain(left, right),
    warnings: () => resolver.warnings(),
    settle: async () => {},
  };
}
