import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { CodedError, ERRORS, type ErrorCode } from '../schema/errors.ts';
import type { Cancellation } from '../schema/subgraph-transport.ts';
import { isLoopback } from './config.ts';
import { type AllowedOrigins, serveCors } from './cross-site.ts';
import type { Readiness } from './health.ts';
import { ignoreUpgrade } from './ignore-upgrade.ts';
import { negotiate } from './negotiate.ts';
import type { Pipeline } from './pipeline.ts';
import type { Playground } from './playground/playground.ts';
import { type MediaType, refusal, send } from './stages/respond.ts';
import { acceptsEventStream } from './subscribe/event-streams.ts';

/** What the paths lead to. */
export interface RoutesParts {
  readonly pipeline: Pipeline;
  /** Undefined: browsers get no page. */
  readonly playground: Playground | undefined;
  readonly readiness: (isDraining: boolean) => Promise<Readiness>;
  /** Everything counted so far, in Prometheus' text format. */
  readonly metrics: () => string;
  /** Gives a new request id at each call. */
  readonly newId: () => string;
  /** Origins whose pages may ask from a browser, beside the server's own. */
  readonly allowedOrigins: AllowedOrigins;
  /** Clients' sockets; undefined: an upgrade is refused. */
  readonly sockets: ClientSockets | undefined;
  /** What else is served beside the graph. */
  readonly pages: readonly Page[];
}

/** Something beside the graph that whoever composes the server serves, such as a page that a link in a mail leads to. */
export interface Page {
  /** How its paths begin, such as `/unsubscribe/`. */
  readonly prefix: string;
  /** Answers a request of any method whose path begins so. Nobody was asked who they are, and no origin was looked at. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** Clients that follow operations: WebSockets, and streams of server-sent events. */
export interface ClientSockets {
  /** Answers a request that accepts server-sent events. Resolves when the stream has begun. */
  serveEventStream(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void>;
  /** Takes over a connection that asks to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Tells every client to come again elsewhere and resolves when all are gone; after `limitMs` they are cut. */
  drain(limitMs: number): Promise<void>;
}

/** On which conditions a server of node:http hands requests over. */
export interface RouteConditions {
  /** True: only who asks by the name of a loopback address is answered. */
  readonly isLoopbackOnly: boolean;
  readonly isDraining: () => boolean;
}

/** What a server of node:http needs: a listener for requests and one for upgrades. */
export interface Handler {
  (request: IncomingMessage, response: ServerResponse): void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Makes the listeners of a server. */
export function createHandler(parts: RoutesParts, conditions: RouteConditions): Handler {
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    route(request, response, parts, conditions).catch(() => response.destroy());
  };
  const upgrade: Handler['upgrade'] = (request, socket, head) => {
    // node:http has let go of the connection: an error that nobody listens to, such as a reset, would end the process.
    socket.on('error', () => socket.destroy());
    const server = serverOf(socket);
    if (server && request.headers.upgrade?.toLowerCase() !== 'websocket') ignoreUpgrade(server, request, socket, head);
    else if (!parts.sockets || pathOf(request) !== '/graphql' || isForeignHost(request, conditions)) {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    } else {
      parts.sockets.upgrade(request, socket, head);
    }
  };
  return Object.assign(handle, { upgrade });
}

/** The server that a connection came to, which node:http notes on it. */
function serverOf(socket: Duplex): Server | undefined {
  const server: unknown = Reflect.get(socket, 'server');
  return server instanceof Server ? server : undefined;
}

/** Nothing here is to be framed, sniffed or told of to other sites; the playground's page says more precisely what it needs. */
const SECURITY_HEADERS = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
] as const;

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  parts: RoutesParts,
  conditions: RouteConditions,
): Promise<void> {
  const path = pathOf(request);
  if (conditions.isDraining()) response.setHeader('connection', 'close');
  for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
  if (isForeignHost(request, conditions)) {
    return refuse(response, 'BAD_REQUEST', 'This server is asked by the name of a loopback address only.', 403);
  }
  if (path === '/graphql') {
    if (serveCors(request, response, parts.allowedOrigins)) return;
    return serveGraphql(request, response, parts);
  }
  const page = parts.pages.find(({ prefix }) => path.startsWith(prefix));
  if (page) return page.serve(request, response);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (isRead && path === '/health/live') return sendJson(response, 200, { status: 'live' });
  if (isRead && path === '/health/ready') {
    const readiness = await parts.readiness(conditions.isDraining());
    return sendJson(response, readiness.status === 'ready' || readiness.status === 'degraded' ? 200 : 503, readiness);
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
  { pipeline, playground, newId, sockets }: RoutesParts,
): Promise<void> {
  if (sockets && request.method !== 'HEAD' && acceptsEventStream(request.headers.accept)) {
    const requestId = newId();
    response.setHeader('x-request-id', requestId);
    return sockets.serveEventStream(request, response, requestId);
  }
  const accepted = negotiate(request.headers.accept);
  if (accepted === 'text/html') {
    if (request.method === 'GET' && playground) return playground.servePage(response);
    return refuse(response, 'BAD_REQUEST', 'Answers are JSON: accept `application/json`.', 406);
  }
  if (accepted === undefined) {
    return refuse(response, 'BAD_REQUEST', 'Accept `application/graphql-response+json` or `application/json`.', 406);
  }
  const requestId = newId();
  response.setHeader('x-request-id', requestId);
  const { traceparent, 'c360-debug': debug } = request.headers;
  const caller = {
    requestId,
    signal: new Departure(response),
    ...(typeof traceparent === 'string' && { traceparent }),
    ...(debug === 'plan' && { wantsPlan: true }),
  };
  await pipeline.serve(request, response, accepted, caller);
}

/** Whether the client of a response has gone before it was written. Nothing is made until somebody looks. */
class Departure implements Cancellation {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get aborted(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished;
  }

  get reason(): Error {
    return new Error('The client has gone.');
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?')[0] ?? '';
}

/** A page of another site can make a browser resolve that site's name to loopback; it can't change the name asked by. */
function isForeignHost(request: IncomingMessage, { isLoopbackOnly }: RouteConditions): boolean {
  if (!isLoopbackOnly) return false;
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
  send(response, refusal([{ message, extensions: error.extensions }], status), mediaType);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
