import type { Clock } from '../../schema/clock.ts';
import { RollingCounts } from './rolling-counts.ts';

/** CLOSED: all are let through; OPEN: none is; HALF_OPEN: one is, to find out. */
export type BreakerState = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

/** When a breaker opens, and for how long. */
export interface BreakerOptions {
  /** Share of failures from which it opens, over 0 and up to 1. */
  readonly failureRatio: number;
  /** Requests of the last `windowMs` below which it stays closed. */
  readonly minimumRequests: number;
  readonly windowMs: number;
  /** How long it stays open before one request is let through. */
  readonly openMs: number;
}

/** What holds unless something else is said. */
export const BREAKER_DEFAULTS: BreakerOptions = {
  failureRatio: 0.5,
  minimumRequests: 20,
  windowMs: 10_000,
  openMs: 2_000,
};

/** Keeps requests from a server that fails anyway, so that neither it nor the caller waits for nothing. */
export interface CircuitBreaker {
  /** A pass for one request, to be handed back by exactly one of the methods below; 0 when the request must not be made. */
  enter(): number;
  succeeded(pass: number): void;
  failed(pass: number): void;
  /** Nothing was learnt, as when the caller went away. */
  abandoned(pass: number): void;
}

/** Makes a breaker. `onChange` is told each change of its state; it begins CLOSED. */
export function createCircuitBreaker(
  options: BreakerOptions,
  clock: Clock,
  onChange: (state: BreakerState) => void = () => {},
): CircuitBreaker {
  return new RatioBreaker(options, clock, onChange);
}

class RatioBreaker implements CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #clock: Clock;
  readonly #onChange: (state: BreakerState) => void;
  readonly #counts: RollingCounts;
  #state: BreakerState = 'CLOSED';
  #openedAt = 0;
  #lastPass = 0;
  /** The one request that is let through to find out; 0 when there is none. */
  #probe = 0;

  constructor(options: BreakerOptions, clock: Clock, onChange: (state: BreakerState) => void) {
    this.#options = options;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#counts = new RollingCounts(options.windowMs);
  }

  enter(): number {
    if (this.#state === 'OPEN') {
      if (this.#clock() - this.#openedAt < this.#options.openMs) return 0;
      this.#become('HALF_OPEN');
    }
    if (this.#state === 'HALF_OPEN') {
      if (this.#probe !== 0) return 0;
      this.#probe = this.#lastPass + 1;
    }
    this.#lastPass += 1;
    return this.#lastPass;
  }

  succeeded(pass: number): void {
    if (this.#state === 'CLOSED') {
      this.#counts.add(this.#clock(), false);
    } else if (this.#endProbe(pass)) {
      this.#counts.clear();
      this.#become('CLOSED');
    }
  }

  failed(pass: number): void {
    const now = this.#clock();
    if (this.#state !== 'CLOSED') {
      if (this.#endProbe(pass)) this.#open(now);
      return;
    }
    this.#counts.add(now, true);
    const { total, marked } = this.#counts.sum(now);
    const { minimumRequests, failureRatio } = this.#options;
    if (total >= minimumRequests && marked >= total * failureRatio) this.#open(now);
  }

  abandoned(pass: number): void {
    this.#endProbe(pass);
  }

  /** False when the request is another than the probe: what it says is about a time that is over. */
  #endProbe(pass: number): boolean {
    if (this.#state !== 'HALF_OPEN' || pass !== this.#probe) return false;
    this.#probe = 0;
    return true;
  }

  #open(now: number): void {
    this.#openedAt = now;
    this.#become('OPEN');
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#onChange(state);
  }
}
