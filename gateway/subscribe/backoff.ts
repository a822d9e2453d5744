/** How often and after which pauses a lost subgraph is subscribed to again. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
  /** Attempts in a row without success after which the subscription is given up. */
  readonly attempts: number;
}

/** About two minutes in all. */
export const DEFAULT_BACKOFF: Backoff = { firstMs: 100, longestMs: 15_000, attempts: 14 };

/**
 * Milliseconds before an attempt, counted from 1: doubled each time, and somewhere between half and all of that, so that gateways
 * that lost a subgraph together do not come back together. `random` gives a number from 0 up to 1.
 */
export function pauseBefore(attempt: number, { firstMs, longestMs }: Backoff, random: () => number): number {
  const whole = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
  return whole / 2 + (whole / 2) * random();
}
