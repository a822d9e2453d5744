import type { Clock } from '../../schema/clock.ts';
import { createManualClock } from './manual-clock.ts';

/** A clock that stands still until it is set forward, and the waiting that goes by it. */
export interface ManualTime {
  readonly now: Clock;
  /** Waits until the clock has been set so far forward, or the signal aborts. Never rejects. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Sets the clock forward, and ends the waits that are over then. */
  advance(ms: number): void;
}

/** Programs wait less before they try again; what they try again is real, and takes real time. */
const RETRY_MS = 100;

/** Makes time that shows the given instant, milliseconds since 1970 UTC. Waits of up to 100 ms also end by the real clock. */
export function createManualTime(startMs: number): ManualTime {
  const clock = createManualClock(startMs);
  const waiting = new Set<{ readonly atMs: number; readonly end: () => void }>();
  return {
    now: clock.now,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const timer = ms <= RETRY_MS ? setTimeout(() => end(), ms) : undefined;
        const end = (): void => {
          clearTimeout(timer);
          waiting.delete(one);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const one = { atMs: clock.now() + ms, end };
        waiting.add(one);
        signal.addEventListener('abort', end);
        if (signal.aborted) end();
      }),
    advance(ms) {
      clock.advance(ms);
      for (const { atMs, end } of [...waiting]) if (atMs <= clock.now()) end();
    },
  };
}
