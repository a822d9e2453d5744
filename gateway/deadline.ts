import type { Clock } from '../schema/clock.ts';
import { CodedError } from '../schema/errors.ts';
import type { Cancellation } from '../schema/subgraph-transport.ts';

/** Work that somebody waits for. */
export interface WatchedCall {
  /** When nobody waits any more, by the watch's clock. */
  readonly deadline: number;
  /** Says when nobody waits any more. An AbortSignal does. */
  readonly signal: { readonly aborted: boolean } | undefined;
  /** Ends the work. Called once, and only while the watch has the call. */
  cancel(reason: 'DEADLINE' | 'ABORTED'): void;
}

/** How late a deadline or an abort may be noticed. */
const LOOK_MS = 25;

/**
 * Ends calls whose deadline has passed or whose signal has fired, at most 25 ms late. One timer looks at all of them, because a
 * timer and a listener for each call cost more than the call's own share of the gateway. It rests while there are none.
 */
export class CallWatch {
  readonly #clock: Clock;
  readonly #calls = new Set<WatchedCall>();
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(call: WatchedCall): void {
    this.#calls.add(call);
    this.#timer ??= setTimeout(this.#look, LOOK_MS);
  }

  delete(call: WatchedCall): void {
    this.#calls.delete(call);
  }

  readonly #look = (): void => {
    const now = this.#clock();
    for (const call of this.#calls) {
      const isOver = now >= call.deadline;
      if (!isOver && call.signal?.aborted !== true) continue;
      this.#calls.delete(call);
      call.cancel(isOver ? 'DEADLINE' : 'ABORTED');
    }
    this.#timer = this.#calls.size > 0 ? setTimeout(this.#look, LOOK_MS) : undefined;
  };
}

/** Until when work is waited for. */
export interface WorkLimits {
  /** By the watch's clock. */
  readonly deadline: number;
  /** Named in the error. */
  readonly subgraph: string;
  /** Whoever the work is for. */
  readonly outer: Cancellation | undefined;
  readonly watch: CallWatch;
}

/**
 * Runs work that ends at its deadline or when `outer` fires, at most 25 ms late: the work's own signal fires and the result is not
 * waited for any longer, whether or not the work heeds it. Rejects with SUBGRAPH_TIMEOUT, or with the outer signal's reason.
 */
export async function withDeadline<T>(limits: WorkLimits, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (limits.outer?.aborted) throw limits.outer.reason;
  const call = new LimitedWork(limits);
  limits.watch.add(call);
  try {
    return await Promise.race([work(call.ending.signal), call.ended]);
  } finally {
    limits.watch.delete(call);
  }
}

class LimitedWork implements WatchedCall {
  readonly ending = new AbortController();
  /** Never resolves; rejects when the work is to end. */
  readonly ended: Promise<never>;
  readonly deadline: number;
  readonly signal: Cancellation | undefined;
  readonly #subgraph: string;
  #reject: (reason: unknown) => void = () => {};

  constructor({ deadline, subgraph, outer }: WorkLimits) {
    this.deadline = deadline;
    this.signal = outer;
    this.#subgraph = subgraph;
    this.ended = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
  }

  cancel(reason: 'DEADLINE' | 'ABORTED'): void {
    const isLate = reason === 'DEADLINE';
    const cause: unknown = isLate
      ? new CodedError('SUBGRAPH_TIMEOUT', `\`${this.#subgraph}\` did not answer in time.`)
      : this.signal?.reason;
    this.#reject(cause);
    this.ending.abort(cause);
  }
}
