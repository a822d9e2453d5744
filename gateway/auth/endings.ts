import type { Clock } from '../../schema/clock.ts';

/** Somebody's word that is looked at until it holds no more. */
export interface Ending {
  readonly signal: AbortSignal;
  release(): void;
}

interface Watched {
  readonly controller: AbortController;
  readonly hasEnded: () => boolean;
}

const CHECK_MS = 250;

/** Looks at all tokens in use a few times a second, with one timer for all; none runs while nothing is watched. */
export class Endings {
  readonly #clock: Clock;
  readonly #isRevoked: (token: unknown) => boolean;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** `clock` in milliseconds; `isRevoked` is asked about whatever is watched. */
  constructor(clock: Clock, isRevoked: (token: unknown) => boolean) {
    this.#clock = clock;
    this.#isRevoked = isRevoked;
  }

  /** Watches a token until `endsAt`, milliseconds, or until it is revoked. */
  watch(token: unknown, endsAt: number): Ending {
    const controller = new AbortController();
    const hasEnded = (): boolean => this.#clock() >= endsAt || this.#isRevoked(token);
    const watched = { controller, hasEnded };
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.check(), CHECK_MS).unref();
    return { signal: controller.signal, release: () => this.#release(watched) };
  }

  /** Fires the signals of all that have ended. */
  check(): void {
    for (const watched of [...this.#watched]) {
      if (!watched.hasEnded()) continue;
      this.#release(watched);
      watched.controller.abort(new Error('The token has expired or was revoked.'));
    }
  }

  /** Stops looking. */
  close(): void {
    this.#watched.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #release(watched: Watched): void {
    this.#watched.delete(watched);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
