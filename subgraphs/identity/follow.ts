import type { Clock } from '../../schema/clock.ts';
import type { CloudClient } from './cloud-client.ts';
import { CloudFollow, type CloudFollowParts, type CloudFollowStatus, type FollowLog } from './follow-cloud.ts';
import { type LeaseSession, workUnderLease } from './lease-keeper.ts';
import type { IdentityResolver } from './resolution/resolve.ts';
import { type IdentityRepository, LeaseLost } from './store/repository.ts';
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
  /** Lets the resolver take in what was decided by hand, when this process resolves; resolves when what follows is written. */
  settle(): Promise<void>;
  /** Where each cloud stands, in the order in which they were given. */
  status(): CloudFollowStatus[];
}

const LEASE_MS = 10_000;
const PAGE_SIZE = 1_000;
const RETRY = { firstMs: 200, mostMs: 30_000 };
/** How long after a start the resolver first tidies up, how soon after a change, and how long it waits at most, milliseconds. */
const TIDY = { firstMs: 1_000, soonMs: 200, lateMs: 2_000 };

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
  let session: LeaseSession | null = null;
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
  const caughtUp = (): Promise<void> =>
    isCaughtUp() ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve));
  const run = (): Promise<void> =>
    workUnderLease(
      { ...parts, holder: options.holder, leaseMs: options.leaseMs ?? LEASE_MS, onStandby },
      stopping.signal,
      async (begun) => {
        isStandingBy = false;
        session = begun;
        options.log.info({ lease: begun.lease.token }, 'This process resolves identities from now on.');
        try {
          await Promise.all([...follows.map((follow) => follow.run(begun)), keepTidy(parts, begun, caughtUp)]);
        } finally {
          session = null;
        }
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
    caughtUp,
    async settle() {
      if (session && !session.signal.aborted) await tidyOnce(parts, session);
    },
    status: () => follows.map((follow) => follow.status),
  };
}

/** Lets the resolver tidy up soon after whatever changes in the store, whoever changed it, until the session is over. */
async function keepTidy(parts: CloudFollowParts, session: LeaseSession, caughtUp: () => Promise<void>): Promise<void> {
  if (!parts.resolver.tidy) return;
  // Whoever waits for a first full read, or for a start, waits for records and not for what follows from them.
  await Promise.race([caughtUp(), ended(session.signal)]);
  await parts.wait(TIDY.firstMs, session.signal);
  let ring = (): void => {};
  const stop = await parts.repository.listen(() => ring()).catch(() => async () => {});
  let failures = 0;
  while (!session.signal.aborted) {
    const rung = new AbortController();
    ring = () => rung.abort();
    failures = (await tidyOnce(parts, session)) ? 0 : failures + 1;
    if (failures > 0) await parts.wait(parts.backoff(failures), session.signal);
    await parts.wait(TIDY.soonMs, session.signal);
    await parts.wait(TIDY.lateMs - TIDY.soonMs, AbortSignal.any([session.signal, rung.signal]));
  }
  await stop();
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** False when it failed: it is tried again soon, and what was decided by hand stands in the store meanwhile. */
async function tidyOnce({ resolver, inTurn, log }: CloudFollowParts, session: LeaseSession): Promise<boolean> {
  try {
    await inTurn(async () => resolver.tidy?.(session.lease));
    return true;
  } catch (error) {
    if (error instanceof LeaseLost) session.end();
    else log.warn({ code: error instanceof Error ? error.constructor.name : 'unknown' }, 'Tidying up identity failed.');
    return false;
  }
}

function createTurns(): CloudFollowParts['inTurn'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}
