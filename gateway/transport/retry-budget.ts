import type { Clock } from '../../schema/clock.ts';
import { RollingCounts } from './rolling-counts.ts';

/** Says whether one more attempt may be made. */
export interface RetryBudget {
  /** Counts a request that is made for the first time. */
  countRequest(): void;
  /** True, and counted, when a request may be made again. */
  take(): boolean;
}

const WINDOW_MS = 10_000;

/**
 * Allows as many retries as `percent` of the requests of the last ten seconds, and one when there were few: a server that
 * struggles is not asked twice as much because it struggles.
 */
export function createRetryBudget(percent: number, clock: Clock): RetryBudget {
  const counts = new RollingCounts(WINDOW_MS);
  return {
    countRequest: () => counts.add(clock(), false),
    take() {
      const now = clock();
      const { total, marked } = counts.sum(now);
      const allowed = percent > 0 ? Math.max(1, Math.floor((total * percent) / 100)) : 0;
      if (marked >= allowed) return false;
      counts.mark(now);
      return true;
    },
  };
}
