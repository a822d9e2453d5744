import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLError } from 'graphql';
import { CodedError, ERRORS, type ErrorCode } from '../schema/errors.ts';
import { executeSubgraph } from './execute.ts';
import { type Fault, maskErrors } from './mask.ts';
import { readDeadline, readGraphqlRequest } from './server-request.ts';
import { createSignatureCheck, type SignatureCheck, type SignatureRules } from './server-signature.ts';
import { serveSubscriptions } from './server-sockets.ts';
import type { Subgraph } from './subgraph.ts';

/** Where the server tells what happens. Nobody's data is handed to it. A pino logger is one. */
export interface SubgraphServerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How a subgraph is served. */
export interface SubgraphServerOptions {
  /** Address to listen on. Without `signatures` everybody who reaches it is trusted to say who asks, so it has to be loopback. */
  readonly host?: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  readonly log: SubgraphServerLog;
  /** How long `close` waits for requests that are being answered, in milliseconds. Default 10,000. */
  readonly drainMs?: number;
  /** Whose requests are answered: those that are signed. Without it everybody's are. */
  readonly signatures?: SignatureRules;
  /** What GET /metrics answers with, in Prometheus' text format. Without it there is nothing there. */
  readonly metrics?: () => string;
  /** What works beside the answers, such as a consumer of events: each rejects while it stands still, which /health/ready tells by name. */
  readonly checks?: () => readonly { readonly name: string; check(): Promise<void> }[];
}

/** A subgraph that is being served. */
export interface SubgraphServer {
  readonly port: number;
  /** Takes no new requests, lets those under way end, ends subscriptions, and leaves the subgraph itself open. */
  close(): Promise<void>;
}

/**
 * Serves one subgraph alone: POST /graphql, subscriptions over WebSocket (graphql-transport-ws) at the same path,
 * GET /health/live, /health/ready and /metrics. Rejects when the port is in use, or when others could ask without a signature.
 */
export async function startSubgraphServer(subgraph: Subgraph, options: SubgraphServerOptions): Promise<SubgraphServer> {
  const { host = '127.0.0.1', port, log, drainMs = 10_000 } = options;
  if (!options.signatures && !isLoopback(host)) {
    throw new Error(`Without SUBGRAPH_SIGNING_KEY a subgraph listens on loopback only, not on ${host}.`);
  }
  const signatures = options.signatures && createSignatureCheck(subgraph.name, options.signatures);
  const onFault = (fault: Fault): void => log.error({ subgraph: subgraph.name, ...fault }, 'an operation failed');
  const state = { isDraining: false };
  const server = createServer((request, response) => {
    void answer(
      { subgraph, log, onFault, state, signatures, metrics: options.metrics, checks: options.checks },
      request,
      response,
    );
  });
  const sockets = serveSubscriptions(server, subgraph, onFault, signatures);
  await listen(server, host, port);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  log.info({ subgraph: subgraph.name, host, port: address.port }, 'the subgraph is being served');
  return {
    port: address.port,
    async close() {
      state.isDraining = true;
      await Promise.all([drain(server, drainMs), sockets.close()]);
    },
  };
}

interface Serving {
  readonly subgraph: Subgraph;
  readonly log: SubgraphServerLog;
  readonly onFault: (fault: Fault) => void;
  readonly state: { readonly isDraining: boolean };
  readonly signatures: SignatureCheck | undefined;
  readonly metrics: (() => string) | undefined;
  readonly checks: SubgraphServerOptions['checks'];
}

async function answer(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (serving.state.isDraining) response.setHeader('connection', 'close');
  const path = (request.url ?? '/').split('?')[0];
  if (path === '/graphql') return answerGraphql(serving, request, response);
  if (path === '/health/live' && request.method === 'GET') return send(response, 200, { status: 'live' });
  if (path === '/health/ready' && request.method === 'GET') return answerReadiness(serving, response);
  if (path === '/metrics' && request.method === 'GET' && serving.metrics) {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(serving.metrics());
    return;
  }
  send(response, 404, { status: 'not found' });
}

async function answerReadiness(serving: Serving, response: ServerResponse): Promise<void> {
  if (serving.state.isDraining) return send(response, 503, { status: 'shutting down' });
  try {
    await serving.subgraph.checkReadiness();
    const unready = await namesOfUnready(serving.checks?.() ?? []);
    // It answers all the same: who asks the graph need not be sent elsewhere.
    send(response, 200, unready.length > 0 ? { status: 'degraded', unready } : { status: 'ready' });
  } catch (error) {
    const reason = error instanceof Error ? error.name : 'unknown';
    serving.log.warn({ subgraph: serving.subgraph.name, reason }, 'the store does not answer');
    send(response, 503, { status: 'store unavailable' });
  }
}

async function namesOfUnready(checks: ReturnType<NonNullable<SubgraphServerOptions['checks']>>): Promise<string[]> {
  const results = await Promise.allSettled(checks.map(({ check }) => check()));
  return checks.flatMap(({ name }, index) => (results[index]?.status === 'rejected' ? [name] : []));
}

async function answerGraphql(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // By the convention for GraphQL over HTTP a refused operation is 200 in `application/json`, and an error status in its own type.
  const accepted = request.headers.accept ?? '';
  const ownType = 'application/graphql-response+json';
  const contentType = accepted.includes(ownType) ? ownType : 'application/json';
  try {
    if (serving.state.isDraining) throw new CodedError('SHUTTING_DOWN', 'The subgraph is being stopped.');
    if (request.method !== 'POST') throw new CodedError('BAD_REQUEST', 'Send POST.');
    const { errors, ...rest } = await untilDeadline(request, response, async (signal) =>
      executeSubgraph(serving.subgraph, await readGraphqlRequest(request, signal, serving.signatures)),
    );
    const result: ExecutionResult = errors ? { ...rest, errors: maskErrors(errors, serving.onFault) } : rest;
    const isRefused = result.data === undefined && contentType === ownType;
    send(response, isRefused ? statusOf(result.errors?.[0]) : 200, result, contentType);
  } catch (error) {
    if (!(error instanceof CodedError)) {
      // The client has gone in the middle of its request: nobody is left to be answered.
      if (request.destroyed || response.destroyed) return;
      serving.log.error({ subgraph: serving.subgraph.name }, 'a request could not be answered');
    }
    const refusal =
      error instanceof CodedError
        ? error
        : new CodedError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.');
    const result: ExecutionResult = { errors: [refusal] };
    // The rest of the request is not read.
    if (!request.complete) response.setHeader('connection', 'close');
    send(response, statusOf(refusal), result, contentType);
  }
}

/** Ends the work's signal when the caller has gone, or when the time is over that it said it waits; then nothing is waited for. */
async function untilDeadline<T>(
  request: IncomingMessage,
  response: ServerResponse,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const deadlineMs = readDeadline(request);
  const gone = new CodedError('SUBGRAPH_TIMEOUT', 'Nobody waits for the answer any more.');
  const ended = new Promise<never>((_resolve, reject) => {
    ending.signal.addEventListener('abort', () => reject(gone), { once: true });
  });
  const end = (): void => ending.abort(gone);
  response.once('close', end);
  const timer = deadlineMs === undefined ? undefined : setTimeout(end, deadlineMs);
  try {
    return await Promise.race([work(ending.signal), ended]);
  } finally {
    clearTimeout(timer);
    response.off('close', end);
  }
}

function statusOf(error: GraphQLError | undefined): number {
  const code = error?.extensions['code'];
  return typeof code === 'string' && Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].status : 200;
}

function send(response: ServerResponse, status: number, body: object, contentType = 'application/json'): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': `${contentType}; charset=utf-8`,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isInUse = error.code === 'EADDRINUSE';
      reject(isInUse ? new Error(`Port ${port} on ${host} is in use. Choose another with --port.`) : error);
    });
    server.listen(port, host, resolve);
  });
}

async function drain(server: Server, drainMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const impatience = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(impatience);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
