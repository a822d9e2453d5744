import type { ExecutionResult } from 'graphql';
import { type Dispatcher, Pool } from 'undici';
import { CodedError } from '../../schema/errors.ts';
import type { SubgraphRequest, SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { withDeadline } from '../deadline.ts';
import { parseAnswer } from './answer.ts';
import { PRINCIPAL_HEADER, principalHeader } from './principal-header.ts';
import { createSocketSubscriber } from './socket.ts';

/** Where a remote subgraph is and how much it is allowed. */
export interface HttpTransportOptions {
  /** Name of the subgraph, for errors. */
  readonly subgraph: string;
  /** Its GraphQL endpoint; without a path, `/graphql` of that server. */
  readonly url: string;
  /** How long one request may take in all. */
  readonly timeoutMs: number;
}

/** Largest answer. */
const ANSWER_LIMIT_BYTES = 8 * 1024 * 1024;
const CONNECTIONS = 64;

/**
 * The way to a subgraph over HTTP: one pool of kept-alive connections, no redirect followed, answers bounded in time and size.
 * Subscriptions take a WebSocket each (graphql-transport-ws).
 */
export function createHttpTransport(options: HttpTransportOptions): SubgraphTransport {
  const { subgraph, timeoutMs } = options;
  const endpoint = new URL(options.url);
  if (endpoint.pathname === '/') endpoint.pathname = '/graphql';
  const pool = new Pool(endpoint.origin, { connections: CONNECTIONS, connect: { timeout: timeoutMs } });
  const path = `${endpoint.pathname}${endpoint.search}`;
  const sockets = createSocketSubscriber(subgraph, endpoint);
  return {
    execute: (request) =>
      withDeadline({ timeoutMs, subgraph, ...(request.signal && { outer: request.signal }) }, async (signal) => {
        try {
          return await post(pool, path, request, signal);
        } catch (error) {
          throw signal.aborted || error instanceof CodedError ? error : down(subgraph, error);
        }
      }),
    subscribe: (request) => sockets.subscribe(request),
    async close() {
      sockets.close();
      await pool.destroy();
    },
  };
}

async function post(pool: Pool, path: string, request: SubgraphRequest, signal: AbortSignal): Promise<ExecutionResult> {
  const { query, variables, operationName, principal, fetches } = request;
  const response = await pool.request({
    method: 'POST',
    path,
    signal,
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json;q=0.9',
      [PRINCIPAL_HEADER]: principalHeader(principal),
    },
    body: JSON.stringify({ query, variables, operationName, ...(fetches && { extensions: { fetches } }) }),
  });
  if (response.statusCode === 429) {
    await response.body.dump();
    throw new CodedError('SUBGRAPH_RATE_LIMITED', 'The subgraph refuses for now: it was asked too often.');
  }
  return parseAnswer({
    status: response.statusCode,
    contentType: String(response.headers['content-type'] ?? ''),
    text: await readText(response.body),
  });
}

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ANSWER_LIMIT_BYTES) throw new Error(`the answer is larger than ${ANSWER_LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The reason is for the log: it may name addresses. */
function down(subgraph: string, cause: unknown): CodedError {
  const error = new CodedError('SUBGRAPH_DOWN', `\`${subgraph}\` could not be reached or gave no valid answer.`);
  error.cause = cause;
  return error;
}
