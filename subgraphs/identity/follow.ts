import type { Clock } from '../../schema/clock.ts';
import type { CloudClient } from './cloud-client.ts';
import { CloudFollow, type CloudFollowParts, type CloudFollowStatus, type FollowLog } from './follow-cloud.ts';
import { workUnderLease } from './lease-keeper.ts';
import type { IdentityResolver } from './resolution/resolve.ts';
import type { IdentityRepository } from './store/repository.ts';
import { createBackoff, type Wait, waitByTimer } from './wait.ts';

/** What a follower is made from. */
export interface FollowerOptions {
  readonly repository: IdentityRepository;
  readonly resolver: IdentityResolver;
  readonly clouds: readonly CloudClient[];
  readonly clock: Clock;
  /** Name of this process. A process that comes back under its old name goes on at once; another waits until the lease has run out. */
  readonly holder: string;
  readonly log: FollowLog;
  /** Told of every step, for progress on a screen. */
  readonly onStatus?: (status: CloudFollowStatus) => void;
  /** How long a killed process keeps others waiting, milliseconds. */
  readonly leaseMs?: number;
  /** Records read and resolved at once, at most 1,000. */
  readonly pageSize?: number;
  /** Time to wait between attempts, milliseconds. */
  readonly retry?: { readonly firstMs: number; readonly mostMs: number };
  readonly wait?: Wait;
  /** Chance between 0 and 1, for the spread of attempts. */
  readonly random?: () => number;
}

/** Keeps identity up to date with the clouds. */
export interface Follower {
  /** Begins; a second call does nothing. */
  start(): void;
  /** Finishes the batches in progress, gives the right to resolve back and ends. */
  stop(): Promise<void>;
  /**
   * Resolves when everything is done that can be: each cloud is drained, or does not answer, or another process holds the
   * right to resolve. Resolves at once after `stop()`.
   */
  caughtUp(): Promise<void>;
  /** Where each cloud stands, in the order in which they were given. */
  status(): CloudFollowStatus[];
}

const LEASE_MS = 10_000;
const PAGE_SIZE = 1_000;
const RETRY = { firstMs: 200, mostMs: 30_000 };

/**
 * Makes the follower: one process at a time reads each cloud whole, then answers its doorbells, and resolves what has
 * changed. Each position is stored together with what came of it, so that a killed process skips and repeats nothing.
 */
export function createFollower(options: FollowerOptions): Follower {
  const stopping = new AbortController();
  const waiting = new Set<() => void>();
  const wait = options.wait ?? waitByTimer;
  const backoff = createBackoff({ ...(options.retry ?? RETRY), random: options.random ?? Math.random });
  let isStandingBy = false;
  let running: Promise<void> | null = null;
  const parts: CloudFollowParts = {
    ...options,
    pageSize: options.pageSize ?? PAGE_SIZE,
    wait,
    backoff,
    inTurn: createTurns(),
    onStatus: (status) => {
      options.onStatus?.(status);
      look();
    },
  };
  const follows = options.clouds.map((client) => new CloudFollow(client, parts));
  const isCaughtUp = (): boolean =>
    stopping.signal.aborted ||
    isStandingBy ||
    follows.every(({ status }) => status.isDrained || status.phase === 'RETRYING');
  const look = (): void => {
    if (!isCaughtUp()) return;
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const onStandby = (reason: string): void => {
    if (!isStandingBy) options.log.info({ reason }, 'Standing by: this process may not resolve now.');
    isStandingBy = true;
    look();
  };
  const run = (): Promise<void> =>
    workUnderLease(
      { ...parts, holder: options.holder, leaseMs: options.leaseMs ?? LEASE_MS, onStandby },
      stopping.signal,
      async (session) => {
        isStandingBy = false;
        options.log.info({ token: session.lease.token }, 'This process resolves identities from now on.');
        await Promise.all(follows.map((follow) => follow.run(session)));
      },
    );
  return {
    start: () => {
      running ??= run();
    },
    async stop() {
      stopping.abort();
      look();
      await running;
    },
    caughtUp: () => (isCaughtUp() ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve))),
    status: () => follows.map((follow) => follow.status),
  };
}

function createTurns(): CloudFollowParts['inTurn'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}
