import type { ExecutionResult } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { CodedError } from '../../schema/errors.ts';
import type { SubgraphRequest } from '../../schema/subgraph-transport.ts';
import { PRINCIPAL_HEADER, principalHeader } from './principal-header.ts';

/** Subscriptions to one remote subgraph. */
export interface SocketSubscriber {
  /** Runs until the request's signal fires. Throws SUBGRAPH_DOWN when the socket breaks: whoever reads connects again with its cursor. */
  subscribe(request: SubgraphRequest): AsyncIterable<ExecutionResult>;
  close(): void;
}

/** Largest message of a subgraph. */
const MESSAGE_LIMIT_BYTES = 8 * 1024 * 1024;
const KEEP_ALIVE_MS = 10_000;

/** Makes subscriptions over graphql-transport-ws. Each has its own socket, because the socket says who asks. */
export function createSocketSubscriber(subgraph: string, endpoint: URL): SocketSubscriber {
  const clients = new Set<Client>();
  return {
    subscribe: (request) => subscribe({ subgraph, url: socketUrl(endpoint), clients }, request),
    close() {
      for (const client of clients) void letGo(client);
    },
  };
}

interface Subscriber {
  readonly subgraph: string;
  readonly url: string;
  readonly clients: Set<Client>;
}

async function* subscribe(subscriber: Subscriber, request: SubgraphRequest): AsyncGenerator<ExecutionResult> {
  const { query, variables, operationName, signal, fetches } = request;
  if (signal?.aborted) return;
  const client = createClient({
    url: subscriber.url,
    webSocketImpl: socketWithHeader(principalHeader(request.principal)),
    retryAttempts: 0,
    keepAlive: KEEP_ALIVE_MS,
  });
  subscriber.clients.add(client);
  const results = client.iterate({
    query,
    ...(variables && { variables }),
    ...(operationName && { operationName }),
    ...(fetches && { extensions: { fetches } }),
  });
  const end = () => void results.return?.();
  signal?.addEventListener('abort', end, { once: true });
  try {
    for await (const result of results) yield result as ExecutionResult;
  } catch (error) {
    yield* refusalOf(error, subscriber.subgraph);
  } finally {
    signal?.removeEventListener('abort', end);
    subscriber.clients.delete(client);
    await letGo(client);
  }
}

/** A socket that could not be opened, or broke, is gone already: that must not end the process. */
async function letGo(client: Client): Promise<void> {
  await Promise.resolve(client.dispose()).catch(() => undefined);
}

/** A refused operation comes as a list of errors and is an answer; anything else is a broken socket. */
function* refusalOf(error: unknown, subgraph: string): Generator<ExecutionResult> {
  if (Array.isArray(error)) {
    yield { errors: error };
    return;
  }
  const down = new CodedError('SUBGRAPH_DOWN', `The subscription to \`${subgraph}\` broke off.`);
  down.cause = error;
  throw down;
}

function socketWithHeader(principal: string): typeof WebSocket {
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols, { headers: { [PRINCIPAL_HEADER]: principal }, maxPayload: MESSAGE_LIMIT_BYTES });
    }
  } as typeof WebSocket;
}

function socketUrl(endpoint: URL): string {
  const url = new URL(endpoint);
  url.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
