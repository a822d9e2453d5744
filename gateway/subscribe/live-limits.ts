import { type Backoff, DEFAULT_BACKOFF } from './backoff.ts';
import { DEFAULT_QUEUE_LIMITS, type QueueLimits } from './send-queue.ts';

/** What may be set; see DEFAULT_LIVE_LIMITS. */
export interface LiveLimits {
  /** Operations at a time on one socket. */
  readonly operationsPerSocket: number;
  /** Sockets and event streams at a time, each. */
  readonly clients: number;
  /** Largest message of a client on a socket. */
  readonly messageBytes: number;
  /** How long a client may take to say `connection_init`. */
  readonly initialisationTimeoutMs: number;
  /** Each client is asked so often whether it is still there. */
  readonly keepAliveMs: number;
  /** What may wait for one client. */
  readonly queue: QueueLimits;
  /** How a lost subgraph is subscribed to again. */
  readonly backoff: Backoff;
}

/** Good for clients on the internet. */
export const DEFAULT_LIVE_LIMITS: LiveLimits = {
  operationsPerSocket: 100,
  clients: 50_000,
  messageBytes: 256 * 1024,
  initialisationTimeoutMs: 10_000,
  keepAliveMs: 12_000,
  queue: DEFAULT_QUEUE_LIMITS,
  backoff: DEFAULT_BACKOFF,
};
