import type { Clock } from '../../schema/clock.ts';
import type { IdentityRepository, Lease } from './store/repository.ts';
import type { Backoff, Wait } from './wait.ts';

/** What holding the right to resolve is made from. */
export interface LeaseKeeperOptions {
  readonly repository: IdentityRepository;
  readonly clock: Clock;
  readonly wait: Wait;
  /** How long to wait after the store could not be reached. */
  readonly backoff: Backoff;
  /** Name of this process. One that was killed and comes back under its old name takes its lease over at once. */
  readonly holder: string;
  /** How long a lease lasts without being renewed, milliseconds; it is renewed three times in this time. */
  readonly leaseMs: number;
  /** Told when another process holds the right, and when the store could not be asked for it. */
  readonly onStandby: (reason: 'HELD_BY_ANOTHER' | 'STORE_UNAVAILABLE') => void;
}

/** The time during which this process may resolve. `signal` aborts when that is over. */
export interface LeaseSession {
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** Ends the session: the store has said that somebody else holds the lease. */
  end(): void;
}

/**
 * Does `work` whenever this process holds the right to resolve, until `signal` aborts: waits for the right, renews it,
 * and when it is lost lets `work` finish and waits for it again. Gives it back at the end.
 */
export async function workUnderLease(
  options: LeaseKeeperOptions,
  signal: AbortSignal,
  work: (session: LeaseSession) => Promise<void>,
): Promise<void> {
  const { repository, clock, wait, holder, leaseMs, onStandby } = options;
  let failures = 0;
  // Only with the first lease: whoever holds a later one under this name is another process, alive.
  let mayTakeOver = true;
  while (!signal.aborted) {
    const askedAt = clock();
    let lease: Lease | null = null;
    try {
      lease = await repository.acquireLease(holder, leaseMs, askedAt, mayTakeOver);
      failures = 0;
      if (!lease) onStandby('HELD_BY_ANOTHER');
    } catch {
      failures += 1;
      onStandby('STORE_UNAVAILABLE');
    }
    if (lease) {
      mayTakeOver = false;
      await workOneSession(options, lease, askedAt, signal, work);
    } else await wait(failures > 0 ? options.backoff(failures) : leaseMs / 3, signal);
  }
}

async function workOneSession(
  options: LeaseKeeperOptions,
  lease: Lease,
  acquiredAt: number,
  signal: AbortSignal,
  work: (session: LeaseSession) => Promise<void>,
): Promise<void> {
  const ending = new AbortController();
  const sessionSignal = AbortSignal.any([signal, ending.signal]);
  const session: LeaseSession = { lease, signal: sessionSignal, end: () => ending.abort() };
  const renewing = keepRenewing(options, session, acquiredAt);
  try {
    await work(session);
  } finally {
    session.end();
    await renewing;
    // Without this the next holder waits until the lease runs out, which it also does when the store is away.
    await options.repository.releaseLease(lease).catch(() => {});
  }
}

async function keepRenewing(options: LeaseKeeperOptions, session: LeaseSession, acquiredAt: number): Promise<void> {
  const { repository, clock, wait, leaseMs } = options;
  let expiresAt = acquiredAt + leaseMs;
  while (!session.signal.aborted) {
    await wait(leaseMs / 3, session.signal);
    if (session.signal.aborted) return;
    const askedAt = clock();
    try {
      if (!(await repository.renewLease(session.lease, leaseMs, askedAt))) return session.end();
      expiresAt = askedAt + leaseMs;
    } catch {
      // The store may come back before the lease runs out; the lease protects what is written until then.
      if (clock() >= expiresAt) return session.end();
    }
  }
}
