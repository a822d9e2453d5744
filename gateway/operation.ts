import type { GraphQLError } from 'graphql';
import type { Principal } from '../schema/principal.ts';

/** What is asked, in GraphQL's own terms. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Who asks, and on which conditions. */
export interface Caller {
  readonly principal: Principal;
  /** Names the request in the log and in errors of ours. */
  readonly requestId: string;
  /** Fires when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
  /** True when the way the request came must not change anything, as with GET. */
  readonly readOnly?: boolean;
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
