import type { ErrorCode } from '../../schema/errors.ts';
import type { Metrics } from '../metrics.ts';
import { CLOSE_CODES, type CloseCode } from './protocol.ts';

/** How much is alive at a moment. */
export interface LiveCounts {
  readonly sockets: number;
  readonly eventStreams: number;
  /** Clients' subscriptions, and the ones to subgraphs that serve them. */
  readonly followers: number;
  readonly streams: number;
}

/** What is to be told as it happens. */
export interface LiveMetrics {
  readonly onEvent: (followers: number) => void;
  readonly onSocketClosing: (code: CloseCode) => void;
  readonly onStreamEnding: (code: ErrorCode) => void;
}

/** Counts sockets, subscriptions and events. */
export function liveMetrics(metrics: Metrics, counts: () => LiveCounts): LiveMetrics {
  const gauge = (name: string, help: string, read: (counts: LiveCounts) => number): void =>
    metrics.gauge({ name, help }, () => [[[], read(counts())]]);
  gauge('c360_client_sockets', 'WebSockets of clients that are open.', ({ sockets }) => sockets);
  gauge('c360_event_streams', 'Event streams of clients that are open.', ({ eventStreams }) => eventStreams);
  gauge('c360_subscriptions', 'Subscriptions of clients that run.', ({ followers }) => followers);
  gauge('c360_upstream_subscriptions', 'Subscriptions to subgraphs that serve them.', ({ streams }) => streams);
  const worked = metrics.counter({ name: 'c360_upstream_events_total', help: 'Events of subgraphs.' });
  const sent = metrics.counter({ name: 'c360_events_total', help: 'Events handed to clients.' });
  const closed = metrics.counter({
    name: 'c360_client_sockets_closed_total',
    help: 'WebSockets that this side closed, by code.',
    labels: ['code'],
  });
  const slow = metrics.counter({
    name: 'c360_slow_consumers_total',
    help: 'Clients closed because they read too slowly.',
  });
  return {
    onEvent(followers) {
      worked.add([]);
      sent.add([], followers);
    },
    onSocketClosing(code) {
      closed.add([String(code)]);
      if (code === CLOSE_CODES.slowConsumer) slow.add([]);
    },
    onStreamEnding(code) {
      if (code === 'SLOW_CONSUMER') slow.add([]);
    },
  };
}
