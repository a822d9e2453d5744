import { setMaxListeners } from 'node:events';
import type { Clock } from '../schema/clock.ts';
import { CodedError } from '../schema/errors.ts';

/**
 * Runs work that ends when `timeoutMs` have passed or `outer` fires: the work's own signal fires and the result is not
 * waited for any longer, whether or not the work heeds it. Rejects with SUBGRAPH_TIMEOUT, or with the outer signal's reason.
 */
export async function withDeadline<T>(
  options: { readonly timeoutMs: number; readonly subgraph: string; readonly outer?: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { timeoutMs, subgraph, outer } = options;
  outer?.throwIfAborted();
  // One client operation may have many fetches at once, which is no leak.
  if (outer) setMaxListeners(0, outer);
  const controller = new AbortController();
  const cancel = () => controller.abort(outer?.reason);
  const expire = () => controller.abort(new CodedError('SUBGRAPH_TIMEOUT', `\`${subgraph}\` did not answer in time.`));
  const timer = setTimeout(expire, timeoutMs);
  outer?.addEventListener('abort', cancel, { once: true });
  const aborted = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(controller.signal), aborted]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', cancel);
  }
}

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
