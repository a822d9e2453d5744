const FAILURES_UNTIL_OPEN = 3;
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

/**
 * Whether it is worth trying a provider. After three failures in a row it is left alone for half a minute, then for twice as
 * long each time, five minutes at most; the first success ends that.
 */
export class ProviderHealth {
  #failures = 0;
  #openUntilMs = 0;

  /** True when it may be tried. */
  isHealthy(nowMs: number): boolean {
    return nowMs >= this.#openUntilMs;
  }

  /** The provider did its part, be it that it refused a message. */
  succeeded(): void {
    this.#failures = 0;
    this.#openUntilMs = 0;
  }

  /** The provider could not be reached, or refuses everything. */
  failed(nowMs: number): void {
    this.#failures += 1;
    const beyond = this.#failures - FAILURES_UNTIL_OPEN;
    if (beyond < 0) return;
    this.#openUntilMs = nowMs + Math.min(FIRST_PAUSE_MS * 2 ** Math.min(beyond, 10), LONGEST_PAUSE_MS);
  }
}
