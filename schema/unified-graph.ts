import type { ExecutionResult } from 'graphql';

/** One operation for the unified graph. */
export interface UnifiedGraphRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Ends the work when nobody waits for it any more. */
  readonly signal?: AbortSignal;
}

/**
 * The unified graph as internal callers see it (journeys, erasure, write-back): they ask it with the role *service*, in
 * process or by URL, and never import the gateway. Refusals and faults are errors of the answer; nothing rejects but a
 * broken way to a remote graph.
 */
export interface UnifiedGraph {
  /** Answers a query or a mutation. Every call reads anew: no answer is older than the call. */
  execute(request: UnifiedGraphRequest): Promise<ExecutionResult>;
  /** The events of a subscription as they come; ending the iteration ends it. */
  subscribe(request: UnifiedGraphRequest): AsyncIterable<ExecutionResult>;
}
