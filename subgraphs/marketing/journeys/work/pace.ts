import type { Clock } from '../../../../schema/clock.ts';

/** Lets so much through in a second, a second's worth at once at most. */
export class Pace {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #allowance: number;
  #atMs: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#allowance = perSecond;
    this.#atMs = clock();
  }

  /** How much may go through now. */
  allows(): number {
    const nowMs = this.#clock();
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#allowance = Math.min(this.#perSecond, this.#allowance + (passedMs / 1_000) * this.#perSecond);
    this.#atMs = nowMs;
    return Math.floor(this.#allowance);
  }

  /** Counts what went through. */
  take(count: number): void {
    this.#allowance -= count;
  }

  /** When it lets something through again, milliseconds from now; at least 1. */
  nextMs(): number {
    return Math.max(1, Math.ceil(((1 - this.#allowance) / this.#perSecond) * 1_000));
  }
}
