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
  CURSOR_TOO_OLD: {
    status: 200,
    cause: 'What came right after the cursor is kept no more: logs are kept for EVENT_RETENTION.',
    remedy:
      'Read again what you show, then subscribe without `since`; nothing that happens meanwhile is lost if you subscribe first.',
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
  OPERATION_TIMEOUT: {
    status: 200,
    cause:
      'The time of the whole operation was over before this part of the answer came. The rest of the answer stands.',
    remedy: 'Ask for less at once, or in several operations.',
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
  TOO_MANY_TOKENS: {
    status: 400,
    cause: 'The document is longer than allowed, counted in tokens.',
    remedy: 'Ask in several requests.',
  },
  TOO_MANY_ALIASES: {
    status: 400,
    cause: 'The operation renames more fields than are allowed; a fragment counts as often as it is spread.',
    remedy: 'Ask for several records by a field that takes a list, or in several requests.',
  },
  TOO_MANY_ROOT_FIELDS: {
    status: 400,
    cause: 'The operation has more fields at its top than are allowed.',
    remedy: 'Ask in several requests.',
  },
  TOO_MANY_DIRECTIVES: {
    status: 400,
    cause: 'The operation carries more directives than are allowed.',
    remedy: 'Put `@include` and `@skip` on whole fragments.',
  },
  TOO_MANY_FIELDS: {
    status: 400,
    cause: 'The document selects more fields than are allowed; a fragment counts as often as it is spread.',
    remedy: 'Ask for less, or in several requests.',
  },
  TOO_MANY_OVERLAPPING_FIELDS: {
    status: 400,
    cause: 'The document selects the same fields of the same object again and again.',
    remedy: 'Select each field once.',
  },
  CIRCULAR_FRAGMENTS: {
    status: 400,
    cause: 'A fragment contains itself, directly or through others.',
    remedy: 'Write out as many levels as are needed.',
  },
  OPERATION_TOO_COSTLY: {
    status: 400,
    cause: 'The cost that is estimated for the operation is above the budget of the caller. The error carries both.',
    remedy: 'Ask for fewer records at once: a smaller `first`, or fewer lists below lists.',
  },
  BATCHING_NOT_SUPPORTED: {
    status: 400,
    cause: 'The request body is a list of operations.',
    remedy: 'Send each operation in a request of its own.',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 200,
    cause: 'The server does not know, or no longer, the document with this hash.',
    remedy: 'Send the hash together with the document once.',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    status: 200,
    cause: 'Only registered operations run here, so that none is registered by a request.',
    remedy: 'Register the operation in the manifest.',
  },
  PERSISTED_QUERY_MISMATCH: {
    status: 400,
    cause: 'The hash that came with the document is not its SHA-256.',
    remedy: 'Hash the document exactly as it is sent, in UTF-8.',
  },
  OPERATION_NOT_REGISTERED: {
    status: 400,
    cause: 'Only registered operations run here, and this one is not among them.',
    remedy: 'Register the operation in the manifest.',
  },
  CROSS_SITE_REQUEST: {
    status: 403,
    cause: 'A page of another site made a browser send the request, as far as can be told.',
    remedy: 'Send the header `x-graphql-csrf: 1`, or use POST; a page of another origin has to be in CORS_ORIGINS.',
  },
  UNAUTHENTICATED: {
    status: 401,
    cause: 'The token is not valid, has expired or was revoked; or there is none where one is needed.',
    remedy: 'Get a new token and send `authorization: Bearer …`.',
  },
  FORBIDDEN: {
    status: 200,
    cause: 'The caller has no right to a field or a record. The rest of the answer stands.',
    remedy: 'Ask with a token that carries the role or scope, or without the field.',
  },
  AUTHENTICATION_UNAVAILABLE: {
    status: 503,
    cause: 'The keys by which tokens are checked could not be loaded, and none are known yet.',
    remedy: 'Ask again later; the operator finds the reason in the log.',
  },
  OPERATION_NOT_PLANNABLE: {
    status: 500,
    cause:
      'No subgraph can be asked for a field where it stands in the operation: the supergraph promises what it cannot keep.',
    remedy: 'Compose the supergraph with its checks on, or ask for the field elsewhere.',
  },
  OPERATION_NOT_SUPPORTED: {
    status: 400,
    cause:
      'The operation is of a kind that does not fit the way it came, such as a subscription where one answer can be carried.',
    remedy: 'Follow subscriptions over a WebSocket, or with `accept: text/event-stream`.',
  },
  REQUEST_UNSIGNED: {
    status: 401,
    cause: 'A subgraph that has a signing key was asked without a signature.',
    remedy: 'Ask the gateway; or give gateway and subgraph the same SUBGRAPH_SIGNING_KEY.',
  },
  SIGNATURE_REFUSED: {
    status: 401,
    cause:
      'The signature of a request to a subgraph is not by an accepted key, over 30 seconds old, used before, or of another request.',
    remedy: 'Give gateway and subgraph the same key, and let their clocks agree.',
  },
  SUBSCRIPTION_INTERRUPTED: {
    status: 200,
    cause: 'The subgraph of a subscription was lost, or a new schema changed it, and it could not go on where it was.',
    remedy:
      'Subscribe again, with the last `cursor` as `since` where the field takes it; else read what may have changed.',
  },
  SLOW_CONSUMER: {
    status: 200,
    cause:
      'The client took its events more slowly than they came, until its queue was full. None was left out before the end.',
    remedy: 'Subscribe again with the last `cursor` as `since`, select less, or read faster.',
  },
  TOO_MANY_OPERATIONS: {
    status: 429,
    cause: 'More operations run on the socket than are allowed at a time. The others go on.',
    remedy: 'Complete some, or open another socket.',
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

  /** `path` only for a part of an answer. */
  constructor(
    code: ErrorCode,
    message: string,
    extensions: Record<string, unknown> = {},
    path?: readonly (string | number)[],
  ) {
    super(message, { extensions: { ...extensions, code }, ...(path && { path }) });
    this.name = 'CodedError';
    this.code = code;
  }
}
