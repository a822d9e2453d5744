import type { After } from '../../gateway/timers.ts';

/** Timers that fire when a test says so. */
export interface ManualTimers {
  readonly after: After;
  readonly now: () => number;
  /** Lets time pass and fires what is due, in order. */
  advance(ms: number): void;
  /** Timers that wait. */
  readonly pending: number;
}

/** Makes timers that stand still until they are advanced. */
export function createManualTimers(): ManualTimers {
  const waiting = new Set<{ readonly at: number; readonly work: () => void }>();
  let now = 0;
  return {
    now: () => now,
    after(ms, work) {
      const timer = { at: now + ms, work };
      waiting.add(timer);
      return () => waiting.delete(timer);
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        waiting.delete(next);
        now = next.at;
        next.work();
      }
      now = end;
    },
    get pending() {
      return waiting.size;
    },
  };
}
