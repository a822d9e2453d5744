import type { GraphQLSchema } from 'graphql';
import type { Principal } from '../schema/principal.ts';
import type { FetchOutcome } from '../schema/subgraph-transport.ts';

/** What every subgraph is to the outside, so that the gateway, the HTTP server and the tests treat them alike. */
export interface Subgraph {
  /** Name in the supergraph, such as `commerce`. */
  readonly name: string;
  /** Executable schema with `_service` and `_entities`. */
  readonly schema: GraphQLSchema;
  /** Makes the context of one operation: loaders live exactly as long as it. */
  createContext(request: SubgraphContextRequest): object;
  /** Resolves when the store answers; throws StoreUnavailable when it does not. */
  checkReadiness(): Promise<void>;
  /** Stops background work and lets the store go. */
  close(): Promise<void>;
}

/** What a context is made from. */
export interface SubgraphContextRequest {
  readonly principal: Principal;
  readonly signal?: AbortSignal;
  readonly fetches?: Readonly<Record<string, FetchOutcome>>;
}
