import { randomUUID } from 'node:crypto';
import type { Clock } from '../../schema/clock.ts';
import { signingKey } from '../../schema/request-signature.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import type { Metrics } from '../metrics.ts';
import { batchEntities } from './batch.ts';
import type { BreakerState } from './circuit-breaker.ts';
import type { Deduplication } from './deduplicate.ts';
import { createHttpTransport } from './http.ts';

/** What holds for the ways to all remote subgraphs of a process. */
export interface RemoteOptions {
  /** Shared keys of at least 32 bytes; the first one signs. None: requests are not signed. */
  readonly signingKeys?: readonly string[];
  /** Which equal reads share one request; `BEFORE_SENDING` when not given. */
  readonly deduplication?: Deduplication;
  /** True: entity fetches of different client requests are joined; see docs/decisions/0008-sharing-work.md. */
  readonly batching?: boolean;
  /** Counts retries and shows the state of each breaker. */
  readonly metrics?: Metrics;
  /** By which deadlines of requests are told; that of `createGateway` when not given. */
  readonly clock?: Clock;
}

/** Makes the way to a subgraph elsewhere. */
export type RemoteMaker = (subgraph: {
  readonly name: string;
  readonly url: string;
  readonly timeoutMs: number;
}) => SubgraphTransport;

const BREAKER_VALUES = { CLOSED: 0, HALF_OPEN: 1, OPEN: 2 } as const satisfies Record<BreakerState, number>;

/** Makes the maker of a process: it is made once, because it counts. Throws RangeError for a key that is too short. */
export function createRemoteMaker(options: RemoteOptions): RemoteMaker {
  const { signingKeys = [], deduplication = 'BEFORE_SENDING', batching = false, metrics } = options;
  const [secret] = signingKeys;
  const signing = secret === undefined ? undefined : { key: signingKey(secret), clock: Date.now, newNonce: randomUUID };
  const { clock = () => performance.timeOrigin + performance.now() } = options;
  const watched = metrics && watchRemote(metrics);
  return ({ name, url, timeoutMs }) => {
    const transport = createHttpTransport({
      subgraph: name,
      url,
      timeoutMs,
      deduplication,
      clock,
      ...(signing && { signing }),
      ...watched?.(name),
    });
    return batching ? batchEntities(transport, { timeoutMs, clock }) : transport;
  };
}

/** Gives what a transport to a subgraph tells: states are the worst of all ways to it. */
function watchRemote(metrics: Metrics): (subgraph: string) => {
  readonly onRetry: () => void;
  readonly onBreaker: (state: BreakerState) => void;
} {
  const retries = metrics.counter({
    name: 'c360_fetch_retries_total',
    help: 'Reads that were sent to a subgraph a second time.',
    labels: ['subgraph'],
  });
  const states = new Map<string, { state: BreakerState }[]>();
  metrics.gauge(
    {
      name: 'c360_breaker_state',
      help: 'Circuit breaker of a subgraph: 0 closed, 1 half open, 2 open.',
      labels: ['subgraph'],
    },
    () =>
      [...states].map(([subgraph, ways]) => [[subgraph], Math.max(...ways.map(({ state }) => BREAKER_VALUES[state]))]),
  );
  return (subgraph) => {
    const way: { state: BreakerState } = { state: 'CLOSED' };
    states.set(subgraph, [...(states.get(subgraph) ?? []), way]);
    return {
      onRetry: () => retries.add([subgraph]),
      onBreaker: (state) => {
        way.state = state;
      },
    };
  };
}
