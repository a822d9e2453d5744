import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CodedError, ERRORS, type ErrorCode } from '../schema/errors.ts';
import { LOCAL_ADMINISTRATOR } from '../schema/principal.ts';
import { isLoopback } from './config.ts';
import { checkReadiness, type ReadinessCheck } from './health.ts';
import { negotiate } from './negotiate.ts';
import type { Pipeline } from './pipeline.ts';
import type { Playground } from './playground/playground.ts';
import { type MediaType, send } from './stages/respond.ts';

/** What the server serves. */
export interface ServerParts {
  readonly pipeline: Pipeline;
  /** Undefined: browsers get no page. */
  readonly playground: Playground | undefined;
  readonly readiness: () => readonly ReadinessCheck[];
  /** Everything counted so far, in Prometheus' text format. */
  readonly metrics: () => string;
  /** Gives a new request id at each call. */
  readonly newId: () => string;
}

/** Where to listen. Port 0 lets the system choose. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

/** A server that listens. */
export interface RunningServer {
  /** Such as `http://127.0.0.1:4000`. */
  readonly origin: string;
  /**
   * Takes no new requests and lets the accepted ones finish; after `limitMs` their connections are cut.
   * Resolves when no connection is left.
   */
  drain(limitMs: number): Promise<void>;
}

/** Listens for clients. Rejects with PortInUse, or with what the system says. */
export async function listen(parts: ServerParts, options: ListenOptions): Promise<RunningServer> {
  const state = { isDraining: false };
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    route(request, response, parts, { ...options, isDraining: state.isDraining }).catch(() => response.destroy());
  });
  await bind(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    origin: originOf(options.host, port),
    async drain(limitMs) {
      state.isDraining = true;
      // Without it, a connection would be kept open for a next request that is not taken.
      for (const response of open) if (!response.headersSent) response.setHeader('connection', 'close');
      await close(server, limitMs);
    },
  };
}

/** What a browser calls the server, such as `http://[::1]:4000`. */
export function originOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Says early that the port is in use, before anything that takes time. Rejects with PortInUse. */
export async function checkPort(options: ListenOptions): Promise<void> {
  const probe = createServer();
  await bind(probe, options);
  await new Promise((resolve) => probe.close(resolve));
}

type RouteState = ListenOptions & { readonly isDraining: boolean };

async function route(request: IncomingMessage, response: ServerResponse, parts: ServerParts, state: RouteState) {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (state.isDraining) response.setHeader('connection', 'close');
  response.setHeader('x-content-type-options', 'nosniff');
  if (isForeignHost(request, state)) {
    return refuse(response, 'BAD_REQUEST', 'This server is asked by the name of a loopback address only.', 403);
  }
  if (path === '/graphql') return serveGraphql(request, response, parts, state);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (isRead && path === '/health/live') return sendJson(response, 200, { status: 'live' });
  if (isRead && path === '/health/ready') {
    const readiness = await checkReadiness(parts.readiness(), state.isDraining);
    return sendJson(response, readiness.status === 'unready' ? 503 : 200, readiness);
  }
  if (isRead && path === '/metrics') {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(parts.metrics());
    return;
  }
  if (isRead && parts.playground?.serveAsset(path, request, response)) return;
  refuse(response, 'BAD_REQUEST', 'There is nothing here: the graph is at /graphql.', 404);
}

async function serveGraphql(
  request: IncomingMessage,
  response: ServerResponse,
  { pipeline, playground, newId }: ServerParts,
  state: RouteState,
): Promise<void> {
  const accepted = negotiate(request.headers.accept);
  if (accepted === 'text/html') {
    if (request.method === 'GET' && playground) return playground.servePage(response);
    return refuse(response, 'BAD_REQUEST', 'Answers are JSON: accept `application/json`.', 406);
  }
  if (accepted === undefined) {
    return refuse(response, 'BAD_REQUEST', 'Accept `application/graphql-response+json` or `application/json`.', 406);
  }
  if (state.isDraining) return refuse(response, 'SHUTTING_DOWN', 'The server is being stopped.', undefined, accepted);
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The client has gone.'));
  });
  const requestId = newId();
  response.setHeader('x-request-id', requestId);
  const caller = { principal: LOCAL_ADMINISTRATOR, requestId, signal: gone.signal };
  await pipeline.serve(request, response, accepted, caller);
}

/** A page of another site can make a browser resolve that site's name to loopback; it can't change the name asked by. */
function isForeignHost(request: IncomingMessage, { host }: ListenOptions): boolean {
  if (!isLoopback(host)) return false;
  const name = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return !isLoopback(name.toLowerCase());
}

function refuse(
  response: ServerResponse,
  code: ErrorCode,
  message: string,
  status: number = ERRORS[code].status,
  mediaType: MediaType = 'application/json',
): void {
  const error = new CodedError(code, message);
  send(response, { body: { errors: [{ message, extensions: error.extensions }] }, status, headers: {} }, mediaType);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortInUse(host, port) : error);
    });
    server.listen({ host, port }, resolve);
  });
}

async function close(server: Server, limitMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), limitMs);
  await closed;
  clearTimeout(timer);
}

/** Another program listens on the port. */
export class PortInUse extends Error {
  constructor(host: string, port: number) {
    super(`Port ${port} of ${host} is in use. Stop what listens there, or choose another one with --port or PORT.`);
    this.name = 'PortInUse';
  }
}
