import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import type { SubgraphRequest, SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { BREAKER_DEFAULTS, type BreakerOptions, type BreakerState, createCircuitBreaker } from './circuit-breaker.ts';
import { createDeduplicator, type Deduplication } from './deduplicate.ts';
import type { Waiting } from './party.ts';
import { principalHeader } from './principal-header.ts';
import { createBodyWriter } from './request-body.ts';
import { requestHeaders, type Signing } from './request-headers.ts';
import { createResilientClient, type ResilientClient, type SharedAnswer } from './resilience.ts';
import { createRetryBudget } from './retry-budget.ts';
import { createSocketSubscriber } from './socket.ts';
import { DeadlinePassed, type HttpCall } from './wire/call.ts';
import { createHttpClient } from './wire/pool.ts';

/** Where a remote subgraph is and how much it is allowed. */
export interface HttpTransportOptions {
  /** Name of the subgraph, for errors and signatures. */
  readonly subgraph: string;
  /** Its GraphQL endpoint; without a path, `/graphql` of that server. */
  readonly url: string;
  /** How long one request may take in all. */
  readonly timeoutMs: number;
  /** Milliseconds; deadlines of requests are told by it. That of `createGateway` when not given. */
  readonly clock?: Clock;
  /** Signs each request; none is signed when not given. */
  readonly signing?: Signing;
  /** Connections at most, 128 when not given; further requests wait for one. */
  readonly connections?: number;
  /** When the subgraph is let alone for a while; `'OFF'`: never. */
  readonly breaker?: Partial<BreakerOptions> | 'OFF';
  /** Told when the breaker's state changes; it begins CLOSED. */
  readonly onBreaker?: (state: BreakerState) => void;
  /** Retries of reads, in percent of the requests; 10 when not given. */
  readonly retryPercent?: number;
  /** Told of each retry. */
  readonly onRetry?: () => void;
  /** Which equal reads share one request; `BEFORE_SENDING` when not given. */
  readonly deduplication?: Deduplication;
  /** Certificates of authorities that are trusted instead of the system's, PEM. */
  readonly authorities?: string;
}

/** Limits of an answer: its head, and the 8 MiB of its body. */
const LIMITS = { head: 16 * 1024, body: 8 * 1024 * 1024 };
const CONNECTIONS = 128;
const RETRY_PERCENT = 10;
const TRACEPARENT = /^[\da-f-]{1,128}$/;

/**
 * The way to a subgraph over HTTP: kept-alive connections, no redirect followed, answers bounded in time and size, reads repeated
 * within a budget, a breaker for a subgraph that fails. Subscriptions take a WebSocket each (graphql-transport-ws).
 */
export function createHttpTransport(options: HttpTransportOptions): SubgraphTransport {
  const { subgraph, timeoutMs, signing, clock = () => performance.timeOrigin + performance.now() } = options;
  const endpoint = new URL(options.url);
  if (endpoint.pathname === '/') endpoint.pathname = '/graphql';
  const target = `${endpoint.pathname}${endpoint.search}`;
  const client = createClient(options, endpoint, clock);
  const writeBody = createBodyWriter();
  const sockets = createSocketSubscriber(subgraph, endpoint, { signing, authorities: options.authorities });
  const deduplication = options.deduplication ?? 'BEFORE_SENDING';
  const deduplicator = deduplication === 'OFF' ? undefined : createDeduplicator<SharedAnswer>(deduplication, clock);

  const way: Way = { subgraph, target, signing, clock };
  const post = (request: SubgraphRequest, body: string, isRead: boolean, work: Waiting, onSent?: () => void) =>
    client.post(new SubgraphCall(way, request, body, work, onSent), isRead);
  return {
    takesJson: true,
    keepsDeadlines: true,
    async execute(request) {
      const { query, principal, deadline = Number.POSITIVE_INFINITY } = request;
      const signal = request.cancellation ?? request.signal;
      const body = writeBody(request);
      const isRead = !query.includes('mutation');
      const waiting = { deadline: request.takesLong ? deadline : Math.min(deadline, clock() + timeoutMs), signal };
      try {
        if (!deduplicator || !isRead) return (await post(request, body, isRead, waiting)).take();
        // Everything that the subgraph is told but the deadline and the signature, which are the request's own.
        const key = `${principalHeader(principal)}\n${body}`;
        return (await deduplicator.share(key, waiting, (work) => post(request, body, isRead, work, work.sent))).take();
      } catch (error) {
        throw signal?.aborted ? signal.reason : codedFailure(subgraph, error);
      }
    },
    subscribe: (request) => sockets.subscribe(request),
    async close() {
      sockets.close();
      await client.close();
    },
  };
}

interface Way {
  readonly subgraph: string;
  readonly target: string;
  readonly signing: Signing | undefined;
  readonly clock: Clock;
}

/** One request on its way; its deadline is that of whoever waits longest. */
class SubgraphCall implements HttpCall {
  readonly body: string;
  readonly #way: Way;
  readonly #request: SubgraphRequest;
  readonly #work: Waiting;
  readonly #onSent: (() => void) | undefined;

  constructor(way: Way, request: SubgraphRequest, body: string, work: Waiting, onSent: (() => void) | undefined) {
    this.body = body;
    this.#way = way;
    this.#request = request;
    this.#work = work;
    this.#onSent = onSent;
  }

  get deadline(): number {
    return this.#work.deadline;
  }

  get signal(): Waiting['signal'] {
    return this.#work.signal;
  }

  onSend(): string {
    this.#onSent?.();
    const { subgraph, target, signing, clock } = this.#way;
    const { principal, traceparent } = this.#request;
    const remainingMs = this.#work.deadline - clock();
    const subject = { subgraph, method: 'POST', target, body: this.body, principal, remainingMs } as const;
    const fields = fieldLines(requestHeaders(subject, signing));
    return traceparent !== undefined && TRACEPARENT.test(traceparent)
      ? `traceparent: ${traceparent}\r\n${fields}`
      : fields;
  }
}

function createClient(options: HttpTransportOptions, endpoint: URL, clock: Clock): ResilientClient {
  const { timeoutMs, breaker, onBreaker, onRetry = () => {}, retryPercent = RETRY_PERCENT, authorities } = options;
  const isSecure = endpoint.protocol === 'https:';
  const client = createHttpClient({
    place: {
      host: endpoint.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(endpoint.port) || (isSecure ? 443 : 80),
      isSecure,
      ...(authorities !== undefined && { authorities }),
    },
    target: `${endpoint.pathname}${endpoint.search}`,
    authority: endpoint.host,
    limits: LIMITS,
    connections: options.connections ?? CONNECTIONS,
    clock,
  });
  return createResilientClient({
    client,
    breaker:
      breaker === 'OFF' ? undefined : createCircuitBreaker({ ...BREAKER_DEFAULTS, ...breaker }, clock, onBreaker),
    budget: createRetryBudget(retryPercent, clock),
    onRetry,
    timeoutMs,
    clock,
  });
}

function fieldLines(headers: Readonly<Record<string, string>>): string {
  let lines = '';
  for (const name in headers) lines += `${name}: ${headers[name]}\r\n`;
  return lines;
}

/** The reason is for the log: it may name addresses. */
function codedFailure(subgraph: string, cause: unknown): Error {
  if (cause instanceof CodedError) return cause;
  const error =
    cause instanceof DeadlinePassed
      ? new CodedError('SUBGRAPH_TIMEOUT', `\`${subgraph}\` did not answer in time.`)
      : new CodedError('SUBGRAPH_DOWN', `\`${subgraph}\` could not be reached or gave no valid answer.`);
  error.cause = cause;
  return error;
}
