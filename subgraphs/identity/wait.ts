import { setTimeout as waitOnTimer } from 'node:timers/promises';

/** Waits some milliseconds, or less when the signal aborts. Never rejects. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** How long to wait after so many failures in a row (from 1), milliseconds. */
export type Backoff = (failures: number) => number;

/** Waits on the process's timers, without keeping the process alive for it. */
export const waitByTimer: Wait = async (milliseconds, signal) => {
  await waitOnTimer(milliseconds, undefined, { signal, ref: false }).catch(() => {});
};

/** Doubles from `firstMs` to `mostMs`; the half of it is left to chance, so that many that failed together do not come back together. */
export function createBackoff(options: { firstMs: number; mostMs: number; random: () => number }): Backoff {
  const { firstMs, mostMs, random } = options;
  return (failures) => {
    const whole = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30));
    return whole / 2 + (whole / 2) * random();
  };
}
