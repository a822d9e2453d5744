import type { ExecutionResult } from 'graphql';
import type { SubgraphRequest, SubgraphTransport } from '../../schema/subgraph-transport.ts';

/** A subgraph of this process, as whoever wires hands it over. */
export interface LocalSubgraph {
  /** Runs a query or mutation. */
  execute(request: SubgraphRequest): Promise<ExecutionResult>;
  /** Runs a subscription until the request's signal fires. */
  subscribe(request: SubgraphRequest): AsyncIterable<ExecutionResult>;
}

/** The way to a subgraph in this process: no HTTP, no JSON. Whoever made the subgraph closes it. */
export function createInProcessTransport(subgraph: LocalSubgraph): SubgraphTransport {
  return {
    execute: (request) => subgraph.execute(request),
    subscribe: (request) => subgraph.subscribe(request),
    close: async () => {},
  };
}
