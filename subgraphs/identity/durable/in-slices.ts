import { setImmediate } from 'node:timers/promises';

/** Steps between two looks at what else there is to do; a step takes a millisecond or so. */
const STEPS_PER_SLICE = 8;

/** Runs long work step by step, so that whoever is served meanwhile waits some ten milliseconds at most. */
export async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    const step = steps.next();
    if (step.done) return step.value;
    if (count % STEPS_PER_SLICE === 0) await setImmediate();
  }
}
