/** How long something has been left, and for how long it was found left already. */
export interface Idleness {
  readonly idleMs: number;
  readonly firedMs: number;
  readonly nowMs: number;
}

/** What follows from it. */
export interface Ripeness<Duration> {
  /** Those that are over now and were not before, shortest first. */
  readonly ripe: readonly Duration[];
  /** The longest that is over. */
  readonly firedMs: number;
  /** When the next one will be, milliseconds; null when all are over. */
  readonly wakeMs: number | null;
}

/** Tells which times something was to be left for are over. `durations` are sorted, shortest first. */
export function ripen<Duration extends { readonly afterMs: number }>(
  durations: readonly Duration[],
  { idleMs, firedMs, nowMs }: Idleness,
): Ripeness<Duration> {
  const waiting = durations.filter(({ afterMs }) => afterMs > firedMs);
  const ripe = waiting.filter(({ afterMs }) => afterMs <= idleMs);
  const next = waiting.find(({ afterMs }) => afterMs > idleMs);
  return {
    ripe,
    firedMs: ripe.at(-1)?.afterMs ?? firedMs,
    wakeMs: next === undefined ? null : nowMs + (next.afterMs - idleMs),
  };
}

/** Clocks of two machines that go together are no further apart; what is less is the way between them. */
const CLOCKS_AGREE_MS = 2_000;

/**
 * When something that happened at `atMs` of another clock happened by ours. `readAtMs` is the other clock's time at the instant
 * `nowMs` of ours.
 */
export function toOurClock(atMs: number, readAtMs: number, nowMs: number): number {
  const ahead = readAtMs - nowMs;
  return Math.abs(ahead) <= CLOCKS_AGREE_MS ? atMs : atMs - ahead;
}
