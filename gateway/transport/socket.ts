import type { ExecutionResult } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import type { SubgraphRequest } from '../../schema/subgraph-transport.ts';
import { type After, afterByTimer } from '../timers.ts';
import { principalHeader } from './principal-header.ts';
import { requestHeaders, type Signing } from './request-headers.ts';
import { MessageTooLarge, UpstreamSocket } from './upstream-socket.ts';

/** Subscriptions to one remote subgraph. */
export interface SocketSubscriber {
  /** Runs until the request's signal fires. Throws SUBGRAPH_DOWN when the socket breaks: whoever reads connects again with its cursor. */
  subscribe(request: SubgraphRequest): AsyncIterable<ExecutionResult>;
  close(): void;
}

/** What may wait of one subscription. A reader that is slower loses the subscription and goes on with its cursor. */
const WAITING_EVENTS = 1000;
const WAITING_BYTES = 8 * 1024 * 1024;

/** For how long after a message that was too large; longer than the attempts to go on after it. */
const SEPARATED_MS = 600_000;

/** Makes subscriptions over graphql-transport-ws: one socket for each principal, because the socket says who asks. */
export function createSocketSubscriber(
  subgraph: string,
  endpoint: URL,
  options: {
    readonly signing?: Signing | undefined;
    readonly authorities?: string | undefined;
    readonly after?: After;
  } = {},
): SocketSubscriber {
  const { signing, authorities, after = afterByTimer } = options;
  const sockets = new Map<string, UpstreamSocket>();
  const alone = new Set<UpstreamSocket>();
  /** Principals of whose subscriptions one gets messages that are too large: each then has a socket of its own, so that it breaks its own only. */
  const separated = new Set<string>();
  const separate = (key: string): void => {
    if (separated.has(key)) return;
    separated.add(key);
    after(SEPARATED_MS, () => separated.delete(key));
  };
  const target = `${endpoint.pathname}${endpoint.search}`;
  const socketOf = ({ principal }: SubgraphRequest): UpstreamSocket => {
    const key = principalHeader(principal);
    const isSeparated = separated.has(key);
    const known = isSeparated ? undefined : sockets.get(key);
    if (known) return known;
    const opened = new UpstreamSocket({
      url: socketUrl(endpoint),
      headers: requestHeaders({ subgraph, method: 'GET', target, body: '', principal }, signing),
      authorities,
      after,
      onClosed: (reason) => {
        if (reason instanceof MessageTooLarge) separate(key);
        alone.delete(opened);
        if (sockets.get(key) === opened) sockets.delete(key);
      },
    });
    if (isSeparated) alone.add(opened);
    else sockets.set(key, opened);
    return opened;
  };
  return {
    subscribe: (request) => new SubgraphEvents(subgraph, socketOf, request),
    close() {
      for (const socket of [...sockets.values(), ...alone]) socket.close();
    },
  };
}

interface Waiting {
  readonly event: ExecutionResult;
  readonly bytes: number;
}

interface Asking {
  readonly resolve: (result: IteratorResult<ExecutionResult>) => void;
  readonly reject: (reason: unknown) => void;
}

const DONE = { done: true, value: undefined } as const;

/** The events of one subscription. It begins with the first question for one; ending it reaches the subgraph at once. */
class SubgraphEvents implements AsyncIterableIterator<ExecutionResult> {
  readonly #subgraph: string;
  readonly #socketOf: (request: SubgraphRequest) => UpstreamSocket;
  readonly #request: SubgraphRequest;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #asking: Asking[] = [];
  #unsubscribe: (() => void) | undefined;
  #end: { readonly failure?: CodedError } | undefined;

  constructor(subgraph: string, socketOf: (request: SubgraphRequest) => UpstreamSocket, request: SubgraphRequest) {
    this.#subgraph = subgraph;
    this.#socketOf = socketOf;
    this.#request = request;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ExecutionResult>> {
    if (!this.#unsubscribe && !this.#end) this.#begin();
    const first = this.#waiting.shift();
    if (first) {
      this.#waitingBytes -= first.bytes;
      return Promise.resolve({ done: false, value: first.event });
    }
    if (!this.#end) return new Promise((resolve, reject) => this.#asking.push({ resolve, reject }));
    const { failure } = this.#end;
    this.#end = {};
    return failure ? Promise.reject(failure) : Promise.resolve(DONE);
  }

  async return(): Promise<IteratorResult<ExecutionResult>> {
    this.#stop();
    return DONE;
  }

  #begin(): void {
    const { query, variables, operationName, fetches, signal } = this.#request;
    if (signal?.aborted) {
      this.#finish({});
      return;
    }
    signal?.addEventListener('abort', this.#stop, { once: true });
    const payload = {
      query,
      ...(variables && { variables }),
      ...(operationName !== undefined && { operationName }),
      ...(fetches && { extensions: { fetches } }),
    };
    this.#unsubscribe = this.#socketOf(this.#request).subscribe(payload, {
      next: (event, bytes) => this.#take(event, bytes),
      complete: () => this.#finish({}),
      lost: (reason) => this.#lose(reason),
    });
  }

  #take(event: ExecutionResult, bytes: number): void {
    const asking = this.#asking.shift();
    if (asking) {
      asking.resolve({ done: false, value: event });
      return;
    }
    this.#waiting.push({ event, bytes });
    this.#waitingBytes += bytes;
    if (this.#waiting.length <= WAITING_EVENTS && this.#waitingBytes <= WAITING_BYTES) return;
    this.#unsubscribe?.();
    this.#lose(new Error('Events came faster than they were worked on.'));
  }

  /** The reason may name addresses: it is for the log. */
  #lose(reason: unknown): void {
    const failure = new CodedError('SUBGRAPH_DOWN', `The subscription to \`${this.#subgraph}\` broke off.`);
    failure.cause = reason;
    this.#finish({ failure });
  }

  readonly #stop = (): void => {
    this.#unsubscribe?.();
    this.#waiting.length = 0;
    this.#finish({});
  };

  #finish(end: { readonly failure?: CodedError }): void {
    if (this.#end) return;
    this.#end = end;
    this.#request.signal?.removeEventListener('abort', this.#stop);
    const asking = this.#asking;
    this.#asking = [];
    for (const { resolve, reject } of asking) {
      if (end.failure) reject(end.failure);
      else resolve(DONE);
    }
  }
}

function socketUrl(endpoint: URL): string {
  const url = new URL(endpoint);
  url.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
