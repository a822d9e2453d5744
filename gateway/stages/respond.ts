import type { ServerResponse } from 'node:http';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import { CodedError, ERRORS, type ErrorCode } from '../../schema/errors.ts';
import type { Executed } from '../execute/executor.ts';
import { Refused } from '../operation.ts';

/** What a client gets: GraphQL's own response, and for HTTP its status and headers. */
export interface Answer {
  readonly body: {
    readonly errors?: readonly GraphQLFormattedError[];
    readonly data?: Record<string, unknown> | null;
  };
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
}

type ResponsePath = readonly (string | number)[];

/** Stage 5: makes the answer from what was executed, or from what kept it from being executed. */
export function respond(outcome: Executed | Error, shaping: Shaping): Answer {
  if (outcome instanceof Refused) {
    const errors = outcome.errors.map(formatRefusal);
    return { body: { errors }, status: outcome.status ?? statusOf(errors[0]), headers: outcome.headers };
  }
  if (outcome instanceof Error) {
    return {
      body: { errors: [mask(outcome, undefined, shaping)] },
      status: ERRORS.INTERNAL_SERVER_ERROR.status,
      headers: {},
    };
  }
  const data = outcome.data ?? null;
  const errors = outcome.errors.map((error) => formatError(error, data, shaping));
  const body = { ...(errors.length > 0 && { errors }), data };
  return { body, status: 200, headers: {} };
}

/** Writes an answer. An `application/json` client is told by the body, not the status, what is wrong with an operation. */
export function send(response: ServerResponse, answer: Answer, mediaType: MediaType): void {
  const code = answer.body.errors?.[0]?.extensions?.['code'];
  const isAboutOperation = mediaType === 'application/json' && typeof code === 'string' && OPERATION_CODES.has(code);
  const status = isAboutOperation ? 200 : answer.status;
  response.writeHead(status, {
    'content-type': `${mediaType}; charset=utf-8`,
    'cache-control': 'no-store',
    ...answer.headers,
  });
  response.end(JSON.stringify(answer.body));
}

const OPERATION_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'OPERATION_NOT_SUPPORTED',
  'OPERATION_TOO_DEEP',
]);

function statusOf(error: GraphQLFormattedError | undefined): number {
  const code = error?.extensions?.['code'] as ErrorCode | undefined;
  const status = code === undefined ? undefined : ERRORS[code]?.status;
  return status === undefined || status === 200 ? 400 : status;
}

function formatRefusal(error: GraphQLError): GraphQLFormattedError {
  const { message, locations, extensions } = error;
  return { message, ...(locations && { locations }), extensions: { code: extensions['code'] } };
}

/** Errors of the table that leave the rest of the answer standing pass; whatever else a subgraph says is masked. */
function formatError(error: GraphQLError, data: unknown, shaping: Shaping): GraphQLFormattedError {
  const code = error.extensions['code'];
  const path = error.path && pathWithin(data, error.path);
  if (!isPassing(code)) return mask(error, path, shaping);
  const subgraph = error.extensions['subgraph'] ?? error.extensions['serviceName'];
  return {
    message: error.message,
    ...(path && { path }),
    extensions: {
      code,
      ...(typeof subgraph === 'string' && { subgraph }),
      ...(code === 'STORE_UNAVAILABLE' && { requestId: shaping.requestId }),
    },
  };
}

/** A fetch also reads fields that nobody selected, for another hop: a path ends where the client's own answer does. */
function pathWithin(data: unknown, path: ResponsePath): ResponsePath | undefined {
  let at: unknown = data;
  const known = path.findIndex((step) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return true;
    at = (at as Record<string | number, unknown>)[step];
    return false;
  });
  if (known < 0) return path;
  return known === 0 ? undefined : path.slice(0, known);
}

function isPassing(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].status === 200;
}

function mask(error: Error, path: ResponsePath | undefined, shaping: Shaping): GraphQLFormattedError {
  shaping.onMasked(error);
  const masked = new CodedError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side; the log has the reason.');
  const extensions = { code: masked.code, requestId: shaping.requestId };
  return { message: masked.message, ...(path && { path }), extensions };
}
