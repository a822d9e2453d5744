import type { ExecutionResult } from 'graphql';
import type { Principal } from './principal.ts';

/** How a fetch to a subgraph ended. The first is success; the others are why its nullable fields are null. */
export type FetchOutcome = 'LIVE' | 'TIMEOUT' | 'RATE_LIMITED' | 'DOWN';

/** One operation for a subgraph. */
export interface SubgraphRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly operationName?: string;
  readonly principal: Principal;
  /** Cancels the operation when the client has gone or the deadline has passed. */
  readonly signal?: AbortSignal;
  /** How the fetches of the same client operation have ended so far, by subgraph: identity names the reason in `completeness`. */
  readonly fetches?: Readonly<Record<string, FetchOutcome>>;
}

/**
 * A way to one subgraph, in process or over HTTP and WebSocket; the two answer alike.
 * `execute` rejects only when no GraphQL answer was had: CodedError SUBGRAPH_TIMEOUT, SUBGRAPH_RATE_LIMITED or SUBGRAPH_DOWN.
 */
export interface SubgraphTransport {
  execute(request: SubgraphRequest): Promise<ExecutionResult>;
  subscribe(request: SubgraphRequest): AsyncIterable<ExecutionResult>;
  close(): Promise<void>;
}
