import type { GraphQLScalarType, GraphQLSchema } from 'graphql';
import type { Clock } from '../schema/clock.ts';
import type { SubgraphTransport } from '../schema/subgraph-transport.ts';
import { BoundedCache } from './bounded-cache.ts';
import { CallWatch } from './deadline.ts';
import { JsonWriter } from './execute/json-writer.ts';
import { TypeConditions } from './execute/type-conditions.ts';
import { createGuardRules, type GuardOptions, type GuardRules } from './guard-rules.ts';
import { choosePlanner } from './planner/choose.ts';
import type { ActiveLabels } from './planner/override-labels.ts';
import type { Planner, PlannerChoice } from './planner/planner.ts';
import type { RunSharing } from './share-in-flight.ts';
import type { Compiled, Planning } from './stages/plan.ts';
import { type LoadedSupergraph, loadSupergraph } from './supergraph/load.ts';
import { type BatchOptions, batchEntities } from './transport/batch.ts';

/** Everything that hangs on one supergraph. Never changed: a request begins and ends with the same one. */
export interface Generation {
  readonly rules: GuardRules;
  readonly planning: Planning;
  /** The supergraph with all that clients do not see. */
  readonly fullSchema: GraphQLSchema;
  /** True: messages and codes of subgraphs' errors pass to clients as they are. */
  readonly passesSubgraphErrors: boolean;
}

/** What a generation is made from. */
export interface GenerationOptions {
  readonly supergraphSdl: string;
  /** Checks what clients give for the scalars of our own schema. */
  readonly scalars?: Readonly<Record<string, GraphQLScalarType>>;
  /** Makes the way to a subgraph that the supergraph names. */
  readonly transportTo: (subgraph: { readonly name: string; readonly url: string }) => SubgraphTransport;
  /** How long one fetch may take. */
  readonly subgraphTimeoutMs: number;
  /** Root fields that may take as long as the operation, by name; none when not given. */
  readonly longFields?: ReadonlySet<string>;
  /** How long all fetches of one operation, or of one event, may take together; 30,000 when not given. */
  readonly operationTimeoutMs?: number;
  /** Milliseconds; transports tell the deadlines of requests by the same one. */
  readonly clock?: Clock;
  /** False hides the schema from clients. */
  readonly introspection: boolean;
  /** Limits, costs, policies and persisted operations. */
  readonly guard?: GuardOptions;
  /**
   * True: nullable fields of a failed fetch count as null, so that fields that `@require` them are asked for all the same, and
   * subgraphs are told how the fetches before ended. For graphs made for it, as our own.
   */
  readonly asksDespiteFailures?: boolean;
  /**
   * True: entity fetches of events that come in the same turn of the event loop are joined where they ask the same for the same
   * principal, whoever follows: many events a second then cost the subgraphs few requests. Queries are left as they are.
   */
  readonly joinsEventFetches?: boolean;
  /** True: what subgraphs say of their errors passes; otherwise only what our own table of codes has. */
  readonly passesSubgraphErrors?: boolean;
  /** Which planner plans; the default of `choosePlanner` when not given. */
  readonly planner?: PlannerChoice;
  /** Labels of `@override` that are on. */
  readonly overrideLabels?: ActiveLabels;
  /** Told when the planner that was chosen can't be had and another one plans. */
  readonly onPlannerWarning?: (message: string) => void;
  /** Lets equal queries share a run. */
  readonly shareRuns?: RunSharing;
  /** Told of each fetch that failed, for the operator. */
  readonly onFetchFailure: (subgraph: string, error: unknown) => void;
}

/** Operations kept that were planned and compiled. One takes some tens of kilobytes. */
const EXECUTABLES_CAPACITY = 500;
/** Of all their documents together, so that many large ones are kept fewer. */
const EXECUTABLES_CHARACTERS = 4 * 2 ** 20;

/** How long all fetches of an operation may take together when nothing else is said. */
export const OPERATION_TIMEOUT_MS = 30_000;

/** Makes a generation. Throws SupergraphInvalid. */
export function createGeneration(options: GenerationOptions): Generation {
  const { subgraphTimeoutMs, operationTimeoutMs = OPERATION_TIMEOUT_MS, onFetchFailure, introspection } = options;
  const { clock = () => performance.timeOrigin + performance.now() } = options;
  const supergraph = loadSupergraph(options.supergraphSdl, options.scalars);
  const transports = Object.fromEntries(
    supergraph.subgraphs.map((subgraph) => [subgraph.name, options.transportTo(subgraph)]),
  );
  return {
    rules: createGuardRules(supergraph, { ...options.guard, introspection }),
    planning: {
      planner: plannerFor(options, supergraph),
      executor: {
        out: new JsonWriter(),
        apiSchema: supergraph.apiSchema,
        types: new TypeConditions(supergraph.fullSchema),
        transports,
        ...(options.joinsEventFetches && {
          eventTransports: joining(transports, { timeoutMs: subgraphTimeoutMs, clock }),
        }),
        subgraphTimeoutMs,
        ...(options.longFields && { longFields: options.longFields }),
        operationTimeoutMs,
        clock,
        watch: new CallWatch(clock),
        onFetchFailure,
        asksDespiteFailures: options.asksDespiteFailures ?? false,
      },
      executables: new BoundedCache<Compiled>(EXECUTABLES_CAPACITY, EXECUTABLES_CHARACTERS),
      ...(options.shareRuns && { shareRuns: options.shareRuns }),
    },
    fullSchema: supergraph.fullSchema,
    passesSubgraphErrors: options.passesSubgraphErrors ?? false,
  };
}

/** The same ways, with the entity fetches of a turn joined. They are closed with the ways below. */
function joining(
  transports: Readonly<Record<string, SubgraphTransport>>,
  options: BatchOptions,
): Record<string, SubgraphTransport> {
  return Object.fromEntries(
    Object.entries(transports).map(([name, transport]) => [name, batchEntities(transport, options)]),
  );
}

function plannerFor(options: GenerationOptions, supergraph: LoadedSupergraph): Planner {
  const { supergraphSdl, planner: choice, overrideLabels: activeLabels, onPlannerWarning: onWarning } = options;
  return choosePlanner({
    supergraphSdl,
    document: supergraph.document,
    supergraph: () => supergraph.supergraph,
    ...(choice && { choice }),
    ...(activeLabels && { activeLabels }),
    ...(onWarning && { onWarning }),
  });
}
