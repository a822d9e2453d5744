import type { ExecutionResult } from 'graphql';
import type { Principal } from './principal.ts';

/** How a fetch to a subgraph ended. The first is success; the others are why its nullable fields are null. */
export type FetchOutcome = 'LIVE' | 'TIMEOUT' | 'RATE_LIMITED' | 'DOWN';

/** Where an entity fetch has its representations and its entities. */
export interface EntitySlot {
  /** Variable that carries the representations, without `$`. */
  readonly variable: string;
  /** Response name of the one field of the operation, `_entities` or an alias of it. */
  readonly responseName: string;
}

/** Whether work is still wanted, to be looked at now and then. An AbortSignal is one. */
export interface Cancellation {
  readonly aborted: boolean;
  /** Why not, once `aborted`. */
  readonly reason: unknown;
}

/** One operation for a subgraph. */
export interface SubgraphRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** The variables as JSON text instead, for a transport that takes it: text that is there need not be parsed to be written again. */
  readonly variablesJson?: string;
  readonly operationName?: string;
  readonly principal: Principal;
  /** Cancels the operation when the client has gone or the deadline has passed. */
  readonly signal?: AbortSignal;
  /** The same for a transport that keeps deadlines: it looks by itself, so that no signal has to be made. */
  readonly cancellation?: Cancellation;
  /**
   * When the whole client operation must be answered, by the gateway's clock: a transport ends the request then, or after its own
   * time when that is over before. A remote subgraph is told what is left of it.
   */
  readonly deadline?: number;
  /** True for what is known to take long: only the deadline ends it, not a transport's own time. */
  readonly takesLong?: boolean;
  /** How the fetches of the same client operation have ended so far, by subgraph: identity names the reason in `completeness`. */
  readonly fetches?: Readonly<Record<string, FetchOutcome>>;
  /** Of an operation that asks for entities and nothing else: lets a transport join several into one. */
  readonly entities?: EntitySlot;
  /** W3C trace context that a remote subgraph is sent as a header. It says nothing about the answer, so that it is no part of any key. */
  readonly traceparent?: string;
}

/**
 * A way to one subgraph, in process or over HTTP and WebSocket; the two answer alike.
 * `execute` rejects only when no GraphQL answer was had: CodedError SUBGRAPH_TIMEOUT, SUBGRAPH_RATE_LIMITED or SUBGRAPH_DOWN.
 */
export interface SubgraphTransport {
  execute(request: SubgraphRequest): Promise<ExecutionResult>;
  subscribe(request: SubgraphRequest): AsyncIterable<ExecutionResult>;
  close(): Promise<void>;
  /** True: `execute` takes `variablesJson`. */
  readonly takesJson?: boolean;
  /** True: `execute` rejects in time by itself, whatever the subgraph does, and soon after the request's `cancellation` or signal has fired. */
  readonly keepsDeadlines?: boolean;
}
