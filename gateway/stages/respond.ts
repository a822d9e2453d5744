import type { ServerResponse } from 'node:http';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { CodedError, ERRORS, type ErrorCode } from '../../schema/errors.ts';
import type { Executed } from '../execute/executable.ts';
import { InvalidValue } from '../execute/invalid-value.ts';
import { Refused } from '../operation.ts';
import type { PlanView } from '../plan-view.ts';

/** What a client gets: GraphQL's own response, and for HTTP its status and headers. */
export interface Answer {
  /** As objects. `data` is made when it is first looked at. */
  readonly body: {
    readonly errors?: readonly GraphQLFormattedError[];
    readonly data?: Record<string, unknown> | null;
    readonly extensions?: { readonly c360: PlanView };
  };
  /** The body as JSON text in UTF-8, where it can be had without making the objects: `textOf` gives it always. */
  readonly bytes?: () => Buffer;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Media types of answers. */
export type MediaType = 'application/graphql-response+json' | 'application/json';

/** What an answer is shaped with. */
export interface Shaping {
  /** Carried by errors of ours, so that the operator finds the reason in the log. */
  readonly requestId: string;
  /** Told of each error whose reason is kept from the client. */
  readonly onMasked: (error: unknown) => void;
  /** True: messages and codes of subgraphs' errors pass as they are; never anything else that they carry. */
  readonly passesSubgraphErrors?: boolean;
  /** Makes what is shown beside the answer of how it came about. */
  readonly view?: (() => PlanView) | undefined;
}

/** Stage 5: makes the answer from what was executed, or from what kept it from being executed. */
export function respond(outcome: Executed | Error, shaping: Shaping): Answer {
  if (outcome instanceof Refused) {
    const errors = outcome.errors.map(formatRefusal);
    return refusal(errors, outcome.status ?? statusOf(errors[0]), outcome.headers);
  }
  if (outcome instanceof Error) return refusal([mask(outcome, shaping)], ERRORS.INTERNAL_SERVER_ERROR.status);
  const errors = outcome.errors.map((error) => formatError(error, shaping));
  const extensions = shaping.view && { c360: shaping.view() };
  const body = {
    ...(errors.length > 0 && { errors }),
    get data() {
      return outcome.data();
    },
    ...(extensions && { extensions }),
  };
  const bytes = (): Buffer => {
    const whole = outcome.bytes();
    if (errors.length === 0 && !extensions) return whole;
    const before = errors.length > 0 ? `{"errors":${JSON.stringify(errors)},` : '{';
    const after = extensions ? `,"extensions":${JSON.stringify(extensions)}}` : '}';
    return Buffer.concat([Buffer.from(before), whole.subarray(1, -1), Buffer.from(after)]);
  };
  return { body, bytes, status: 200, headers: {} };
}

/** An answer that has errors only. */
export function refusal(
  errors: readonly GraphQLFormattedError[],
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { body: { errors }, status, headers };
}

/** The body of an answer as JSON text. */
export function textOf({ body, bytes }: Answer): string {
  return bytes ? bytes().toString() : JSON.stringify(body);
}

/** Writes an answer. An `application/json` client is told by the body, not the status, what is wrong with an operation. */
export function send(response: ServerResponse, answer: Answer, mediaType: MediaType): void {
  const code = answer.body.errors?.[0]?.extensions?.['code'];
  const isAboutOperation = mediaType === 'application/json' && typeof code === 'string' && OPERATION_CODES.has(code);
  const status = isAboutOperation ? 200 : answer.status;
  const content = answer.bytes?.() ?? Buffer.from(textOf(answer));
  response.writeHead(status, {
    'content-type': `${mediaType}; charset=utf-8`,
    'content-length': content.length,
    'cache-control': 'no-store',
    ...answer.headers,
  });
  // A short body goes out in one piece with its head: as text of as many characters as it has bytes.
  if (content.length <= ONE_PIECE_BYTES) response.end(content.toString('latin1'), 'latin1');
  else response.end(content);
}

const ONE_PIECE_BYTES = 8 * 1024;

const OPERATION_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'OPERATION_NOT_SUPPORTED',
  'OPERATION_TOO_DEEP',
  'OPERATION_TOO_COSTLY',
  'TOO_MANY_TOKENS',
  'TOO_MANY_ALIASES',
  'TOO_MANY_ROOT_FIELDS',
  'TOO_MANY_DIRECTIVES',
  'TOO_MANY_FIELDS',
  'TOO_MANY_OVERLAPPING_FIELDS',
  'CIRCULAR_FRAGMENTS',
]);

function statusOf(error: GraphQLFormattedError | undefined): number {
  const code = error?.extensions?.['code'] as ErrorCode | undefined;
  const status = code === undefined ? undefined : ERRORS[code]?.status;
  return status === undefined || status === 200 ? 400 : status;
}

/** Characters of what is said of a faulty document or value: it may repeat a literal of any length. */
const LONGEST_MESSAGE = 500;

function formatRefusal(error: GraphQLError): GraphQLFormattedError {
  const { message, locations, path, extensions } = error;
  const { code, cost, budget } = extensions;
  return {
    message: message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: { code, ...(cost !== undefined && { cost, budget }) },
  };
}

/**
 * Errors of the table that leave the rest of the answer standing pass, and so do values that may not stand where they are;
 * whatever else a subgraph says is masked, unless the graph is somebody else's.
 */
function formatError(error: GraphQLError, shaping: Shaping): GraphQLFormattedError {
  const { path, message } = error;
  const { code, subgraph } = error.extensions;
  const isOurs = error instanceof InvalidValue;
  if (isOurs) shaping.onMasked(error);
  else if (!isPassing(code) && !shaping.passesSubgraphErrors) return mask(error, shaping);
  return {
    message,
    ...(path && { path }),
    extensions: {
      ...(code !== undefined && { code }),
      ...(typeof subgraph === 'string' && { subgraph }),
      ...((isOurs || code === 'STORE_UNAVAILABLE') && { requestId: shaping.requestId }),
    },
  };
}

function isPassing(code: unknown): code is ErrorCode {
  if (code === 'UNAUTHENTICATED') return true;
  return typeof code === 'string' && Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].status === 200;
}

function mask(error: Error, shaping: Shaping): GraphQLFormattedError {
  shaping.onMasked(error);
  const masked = new CodedError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side; the log has the reason.');
  const extensions = { code: masked.code, requestId: shaping.requestId };
  const path = error instanceof GraphQLError ? error.path : undefined;
  return { message: masked.message, ...(path && { path }), extensions };
}
