import type { Clock } from '../../schema/clock.ts';

/** A clock that stands still until it is set forward. */
export interface ManualClock {
  readonly now: Clock;
  advance(ms: number): void;
}

/** Makes a clock that shows the given time, milliseconds since 1970 UTC. */
export function createManualClock(startMs: number = Date.UTC(2026, 2, 1, 8, 30)): ManualClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}
