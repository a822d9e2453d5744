const FIRST_MS = 30_000;
const LONGEST_MS = 3_600_000;
/** With these pauses, some fifteen hours. */
const MOST_ATTEMPTS = 20;

/**
 * When a message that could not be handed over in passing is tried again: after half a minute, then twice as long each time, an
 * hour at most. Undefined when it is given up. `attempts` are those that failed.
 */
export function nextAttempt(attempts: number, nowMs: number): string | undefined {
  if (attempts >= MOST_ATTEMPTS) return undefined;
  return new Date(nowMs + Math.min(FIRST_MS * 2 ** Math.max(attempts - 1, 0), LONGEST_MS)).toISOString();
}
