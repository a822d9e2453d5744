import type { DocumentNode, GraphQLScalarType } from 'graphql';
import type { SubgraphTransport } from '../schema/subgraph-transport.ts';
import { BoundedCache } from './bounded-cache.ts';
import { createApolloExecutor } from './execute/apollo.ts';
import type { Executor } from './execute/executor.ts';
import { createApolloPlanner } from './planner/apollo.ts';
import type { Planner } from './planner/planner.ts';
import type { GuardRules } from './stages/guard.ts';
import { loadSupergraph } from './supergraph/load.ts';

/** Everything that hangs on one supergraph. Never changed: a request begins and ends with the same one. */
export interface Generation {
  readonly rules: GuardRules;
  readonly planner: Planner;
  readonly executor: Executor;
}

/** What a generation is made from. */
export interface GenerationOptions {
  readonly supergraphSdl: string;
  /** Checks what clients give for the scalars of our own schema. */
  readonly scalars?: Readonly<Record<string, GraphQLScalarType>>;
  /** Makes the way to a subgraph that the supergraph names. */
  readonly transportTo: (subgraph: { readonly name: string; readonly url: string }) => SubgraphTransport;
  readonly subgraphTimeoutMs: number;
  /** False hides the schema from clients. */
  readonly introspection: boolean;
  /** Told of each fetch that failed, for the operator. */
  readonly onFetchFailure: (subgraph: string, error: unknown) => void;
}

/** Documents kept that were found good. */
const DOCUMENTS_CAPACITY = 1000;

/** Makes a generation. Throws SupergraphInvalid. */
export function createGeneration(options: GenerationOptions): Generation {
  const { subgraphTimeoutMs, onFetchFailure, introspection } = options;
  const supergraph = loadSupergraph(options.supergraphSdl, options.scalars);
  const transports = Object.fromEntries(
    supergraph.subgraphs.map((subgraph) => [subgraph.name, options.transportTo(subgraph)]),
  );
  return {
    rules: {
      apiSchema: supergraph.apiSchema,
      introspection,
      documents: new BoundedCache<DocumentNode>(DOCUMENTS_CAPACITY),
    },
    planner: createApolloPlanner(supergraph.supergraph),
    executor: createApolloExecutor({ supergraph, transports, subgraphTimeoutMs, onFetchFailure }),
  };
}
