import { readFile } from 'node:fs/promises';
import type { ExecutionResult } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import type { Principal } from '../../schema/principal.ts';
import type { UnifiedGraph, UnifiedGraphRequest } from '../../schema/unified-graph.ts';
import type { Gateway } from '../gateway.ts';
import { readEventStream } from './event-stream-client.ts';

/** Who the programs of the package are to the graph. */
const PROGRAM: Principal = { subject: 'journeys', roles: ['service'], scopes: [] };

/** The unified graph for callers in the gateway's own process: its pipeline, without the door of HTTP. */
export function graphInProcess(gateway: Pick<Gateway, 'execute' | 'subscribe'>, newId: () => string): UnifiedGraph {
  const callerOf = (signal: AbortSignal | undefined) => ({
    principal: PROGRAM,
    requestId: newId(),
    isOwnOperation: true,
    ...(signal && { signal }),
  });
  const requestOf = ({ query, variables }: UnifiedGraphRequest) => ({ query, ...(variables && { variables }) });
  return {
    execute: async (request) => asResult(await gateway.execute(requestOf(request), callerOf(request.signal))),
    async *subscribe(request) {
      for await (const answer of gateway.subscribe(requestOf(request), callerOf(request.signal)))
        yield asResult(answer);
    },
  };
}

/** A token, or what gives the one of today. */
export type GraphToken = string | (() => Promise<string>);

/** Gives the token that stands in a file, read anew at each call: it may be replaced at any time. Rejects when there is none. */
export function tokenIn(path: string): () => Promise<string> {
  return async () => {
    const text = await readFile(path, 'utf8').catch(() => '');
    const token = text.trim();
    // Neither the path nor what stands there is for whoever reads the error.
    if (token === '' || /\s/.test(token))
      throw new CodedError('SUBGRAPH_DOWN', 'The token for the unified graph could not be read.');
    return token;
  };
}

/** The unified graph of a gateway elsewhere, over HTTP and server-sent events. The token is sent as a bearer. */
export function graphByUrl(url: string, graphToken: GraphToken | undefined): UnifiedGraph {
  const send = async (request: UnifiedGraphRequest, accept: string): Promise<Response> => {
    const token = typeof graphToken === 'function' ? await graphToken() : graphToken;
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: {
        'content-type': 'application/json',
        accept,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query: request.query, variables: request.variables ?? {} }),
      ...(request.signal && { signal: request.signal }),
    }).catch((error: unknown) => {
      if (request.signal?.aborted) throw error;
      // The client's own error is a TypeError, which says nothing to whoever reads the log.
      throw new CodedError('SUBGRAPH_DOWN', 'The unified graph could not be reached.');
    });
    if (!response.headers.get('content-type')?.startsWith(accept)) {
      // Whatever stands there may quote what was asked.
      throw new Error(`The unified graph answered ${response.status} with something else than ${accept}.`);
    }
    return response;
  };
  return {
    async execute(request) {
      const response = await send(request, 'application/graphql-response+json');
      return (await response.json()) as ExecutionResult;
    },
    async *subscribe(request) {
      const response = await send(request, 'text/event-stream');
      if (!response.body) throw new Error('The unified graph answered with nothing to follow.');
      for await (const { event, data } of readEventStream(response.body)) {
        if (event === 'complete') return;
        if (event === 'next') yield JSON.parse(data) as ExecutionResult;
      }
      throw new Error('The unified graph broke a subscription off.');
    },
  };
}

/** Values that are made when they are looked at become values; errors keep their shape. */
function asResult(answer: Awaited<ReturnType<Gateway['execute']>>): ExecutionResult {
  const { errors, data } = answer;
  return {
    ...(errors && { errors: errors as unknown as NonNullable<ExecutionResult['errors']> }),
    data: data ?? null,
  };
}
