/** Does some work once, after so many milliseconds, unless the function given back is called before. */
export type After = (ms: number, work: () => void) => () => void;

/** Waits by the system's timer, or less when the signal aborts. Never rejects, and does not keep the process alive. */
export function waitByTimer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms).unref();
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}

/** By the system's timer, which does not keep the process alive. */
export const afterByTimer: After = (ms, work) => {
  const timer = setTimeout(work, ms).unref();
  return () => clearTimeout(timer);
};
