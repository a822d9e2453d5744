import type { GraphQLError } from 'graphql';
import type { Principal } from '../schema/principal.ts';
import type { Cancellation } from '../schema/subgraph-transport.ts';

/** What is asked, in GraphQL's own terms. */
export interface OperationRequest {
  /** Empty when `documentId` stands for it. */
  readonly query: string;
  /** Names a registered document, or is the SHA-256 of one that was brought along earlier. */
  readonly documentId?: string;
  readonly operationName?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Who asks, and on which conditions. */
export interface Caller {
  readonly principal: Principal;
  /** Names the request in the log and in errors of ours. */
  readonly requestId: string;
  /** Fires when nobody waits for the answer any more. */
  readonly signal?: Cancellation;
  /** True when the way the request came must not change anything, as with GET. */
  readonly readOnly?: boolean;
  /** W3C trace context that the request came with. */
  readonly traceparent?: string;
  /** True: the plan and the time of its parts are wanted beside the answer. Only administrators are given it. */
  readonly wantsPlan?: boolean;
  /** True for an operation that this program itself wrote: it runs also where only registered ones do. */
  readonly isOwnOperation?: boolean;
  /** True when the way the request came can carry more than one answer, as a subscription needs. */
  readonly takesEvents?: boolean;
}

/** A caller of whom the request itself will tell who it is. */
export type HttpCaller = Omit<Caller, 'principal'>;

/** A request and who asks it. */
export interface Asked {
  readonly request: OperationRequest;
  readonly caller: Caller;
}

/**
 * The request goes no further. Any stage may throw it; `respond` turns it into the answer.
 * `status` and `headers` are for HTTP; without a status the code's own one holds.
 */
export class Refused extends Error {
  readonly errors: readonly GraphQLError[];
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    errors: readonly GraphQLError[],
    http: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(errors[0]?.message ?? 'The request is refused.');
    this.name = 'Refused';
    this.errors = errors;
    this.status = http.status;
    this.headers = http.headers ?? {};
  }
}
