import type { ExecutionResult, GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { Principal } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import type { UpstreamOperation } from '../execute/executable.ts';
import type { Caller, OperationRequest } from '../operation.ts';
import type { Guarded } from '../stages/guard.ts';

/** Whoever follows an operation: a client's socket, an event stream, a caller in this process. Nothing is told after an end. */
export interface Subscriber {
  /** JSON text of an answer, on one line; `cursor` is where the subscription stands after it. */
  next(text: string, cursor?: Cursor): void;
  /** Undefined when it can take more; else resolves when what waits for it is taken. Who reads the past is read to at their own pace. */
  ready(): Promise<void> | undefined;
  /** No answer follows: the operation is over. */
  complete(): void;
  /** No answer follows: the operation was not let through, or broke off. */
  fail(errors: readonly GraphQLFormattedError[]): void;
}

/** A position in a stream of events, opaque. */
export type Cursor = string | number;

/** What came of guard and plan. */
export type PreparedOperation = PreparedRequest | PreparedSubscription | RefusedOperation;

/** An operation that was not let through. */
export interface RefusedOperation {
  readonly kind: 'refused';
  readonly errors: readonly GraphQLFormattedError[];
}

/** A query or mutation. */
export interface PreparedRequest {
  readonly kind: 'request';
  /** Passes it through execute and respond, and gives the answer's JSON text. Never rejects. */
  run(): Promise<string>;
}

/** A subscription, with all that hangs on the generation that it was planned for. */
export interface PreparedSubscription {
  readonly kind: 'subscription';
  readonly guarded: Pick<Guarded, 'planKey' | 'document' | 'operation' | 'variables'>;
  readonly principal: Principal;
  /** What the owning subgraph is subscribed with. */
  readonly upstream: UpstreamOperation;
  /** The way to the owning subgraph. */
  readonly transport: SubgraphTransport;
  /** The supergraph with all that clients do not see. */
  readonly fullSchema: GraphQLSchema;
  /** Identity of the generation. */
  readonly generation: object;
  /** Passes one event through execute and respond, and gives the answer's JSON text. Rejects with EventIncomplete only. */
  answerEvent(event: ExecutionResult, signal: AbortSignal): Promise<string>;
  /** Whether the principal would still be completed in the same way; not there for one that nothing was added to. */
  readonly stillHolds?: () => Promise<boolean>;
  /** Lets the generation go. */
  release(): void;
}

/** The stages of a request, as live operations pass through them. */
export interface LiveStages {
  /** guard and plan, in the generation of today. */
  prepare(request: OperationRequest, caller: Caller): Promise<PreparedOperation>;
  /** Identity of the generation of today. */
  generation(): object;
  /** respond, for what kept a request from being one. */
  refuse(error: unknown, requestId: string): readonly GraphQLFormattedError[];
}

/** A caller whose signal ends the operation: nothing is told after it has fired. */
export interface LiveCaller extends Caller {
  readonly signal: AbortSignal;
}
