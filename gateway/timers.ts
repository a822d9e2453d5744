/** Does some work once, after so many milliseconds, unless the function given back is called before. */
export type After = (ms: number, work: () => void) => () => void;

/** By the system's timer, which does not keep the process alive. */
export const afterByTimer: After = (ms, work) => {
  const timer = setTimeout(work, ms).unref();
  return () => clearTimeout(timer);
};
