import { GraphQLError } from 'graphql';

/**
 * The one table of error codes. `docs/errors.md` is generated from it.
 * `status` is the HTTP status when the whole request is refused; `cause` and `remedy` are for the documentation.
 */
export const ERRORS = {
  BAD_USER_INPUT: {
    status: 200,
    cause: 'An argument is well formed but not acceptable, such as `first` out of range.',
    remedy: 'Correct the argument that the message names.',
  },
  MALFORMED_ID: {
    status: 200,
    cause: 'A Customer 360 ID, a cursor or another id does not have its form.',
    remedy: 'Hand ids and cursors back exactly as they were given.',
  },
  NOT_FOUND: {
    status: 200,
    cause: 'A mutation names a record that does not exist.',
    remedy: 'Read the record again; it may have been deleted.',
  },
  CONFLICT: {
    status: 200,
    cause: 'A mutation does not fit the state of its record, such as checking out a cart twice.',
    remedy: 'Read the record again and decide anew.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 200,
    cause: 'An idempotency key was used before for another input.',
    remedy: 'Use a new key for every intention, and the same key only to repeat a call.',
  },
  IDENTIFIER_AMBIGUOUS: {
    status: 200,
    cause: 'More than one customer has the identifier, such as a telephone number of a household.',
    remedy: 'Ask `customers` with the same identifier and choose.',
  },
  NOT_SUPPORTED_BY_CLOUD: {
    status: 200,
    cause: 'The system behind the cloud is read through a mapping that has no place for this.',
    remedy: 'Make the change in the system itself.',
  },
  SUBGRAPH_TIMEOUT: {
    status: 200,
    cause: 'A subgraph did not answer before its deadline. The rest of the answer stands.',
    remedy: 'Ask again; `completeness` names the cloud.',
  },
  SUBGRAPH_RATE_LIMITED: {
    status: 200,
    cause: 'A subgraph refused for now because it was asked too often. The rest of the answer stands.',
    remedy: 'Ask again later; `completeness` names the cloud.',
  },
  SUBGRAPH_DOWN: {
    status: 200,
    cause: 'A subgraph could not be reached or gave no valid answer. The rest of the answer stands.',
    remedy: 'Ask again later; `completeness` names the cloud.',
  },
  STORE_UNAVAILABLE: {
    status: 200,
    cause: 'A store (a cloud database or the identity store) could not be reached or failed.',
    remedy: 'Ask again later; the operator finds the reason in the log by `requestId`.',
  },
  GRAPHQL_PARSE_FAILED: {
    status: 400,
    cause: 'The document is not GraphQL.',
    remedy: 'Correct the syntax at the location given.',
  },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    cause: 'The document does not fit the schema, or a variable has the wrong type.',
    remedy: 'Correct the field, argument or variable that the message names.',
  },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    cause: 'The document has several operations, or none, and none was chosen.',
    remedy: 'Send `operationName`.',
  },
  BAD_REQUEST: {
    status: 400,
    cause: 'The HTTP request is not a GraphQL request: no JSON, no `query`, or a mutation by GET.',
    remedy: 'Send POST with `content-type: application/json` and `{"query": …}`.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    cause: 'The request body is larger than allowed.',
    remedy: 'Send less at once.',
  },
  OPERATION_TOO_DEEP: {
    status: 400,
    cause: 'The operation nests more levels of fields than are allowed.',
    remedy: 'Ask in two steps: first for the ids, then for what is below them.',
  },
  OPERATION_NOT_SUPPORTED: {
    status: 400,
    cause: 'The operation is of a kind that this endpoint does not run yet, such as a subscription.',
    remedy: 'Use a query or a mutation.',
  },
  SHUTTING_DOWN: {
    status: 503,
    cause: 'The server is being stopped and takes no new requests.',
    remedy: 'Ask another instance, or again after the restart.',
  },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    cause: 'A fault of ours. The log has the reason under the id that the error carries.',
    remedy: 'Report the id.',
  },
} as const satisfies Record<string, { status: number; cause: string; remedy: string }>;

/** A code of the table. */
export type ErrorCode = keyof typeof ERRORS;

/**
 * An error a caller may see: a message for people and a code for programs.
 * Whatever is thrown otherwise is masked as INTERNAL_SERVER_ERROR before it leaves the process.
 */
export class CodedError extends GraphQLError {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, extensions: Record<string, unknown> = {}) {
    super(message, { extensions: { ...extensions, code } });
    this.name = 'CodedError';
    this.code = code;
  }
}
