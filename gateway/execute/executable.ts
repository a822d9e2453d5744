import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Principal } from '../../schema/principal.ts';
import type { Cancellation, FetchOutcome } from '../../schema/subgraph-transport.ts';
import type { FetchWatch } from './fetch-watch.ts';

/** What one run of an operation is given. */
export interface ExecutionContext {
  /** As the client sent them, defaults of the operation applied. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly principal: Principal;
  /** Names the request in spans and logs. */
  readonly requestId: string;
  /** Cancels every fetch of the run. */
  readonly signal?: Cancellation;
  /** Told of each fetch as it is sent and as it ends. */
  readonly fetchWatch?: FetchWatch;
}

/** What came of a run. Errors are as they arose: `respond` shapes them. */
export interface Executed {
  /** The answer's data, complete: in the client's order, nulls propagated, nothing that was not selected. Made when first asked for. */
  data(): Record<string, unknown> | null;
  /** `{"data":…}` as JSON text in UTF-8, made once without building objects first. Nobody changes the bytes: several answers may share them. */
  bytes(): Buffer;
  readonly errors: readonly GraphQLError[];
  /** How the fetches ended, by subgraph. */
  readonly fetches: Readonly<Record<string, FetchOutcome>>;
}

/** An operation compiled once for its plan, run any number of times. */
export interface Executable {
  readonly operationKind: 'query' | 'mutation' | 'subscription';
  /** Runs a query or mutation. Never rejects for what a subgraph did. */
  execute(context: ExecutionContext): Promise<Executed>;
  /** Of a subscription: the subgraph that owns it and what it is subscribed with. */
  upstream(context: ExecutionContext): UpstreamOperation;
  /** Of a subscription: runs the rest of the plan for one event of the subgraph. */
  executeEvent(event: ExecutionResult, context: ExecutionContext): Promise<Executed>;
}

/** What a subgraph is subscribed with. */
export interface UpstreamOperation {
  readonly subgraph: string;
  readonly query: string;
  readonly operationName?: string;
  readonly variables: Readonly<Record<string, unknown>>;
}
