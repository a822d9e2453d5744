/** What a stream of a subscription is made from. */
export interface EventStreamOptions<Value> {
  /** Name of the subscription field. */
  readonly field: string;
  readonly follow: (signal: AbortSignal) => AsyncIterable<Value>;
  /** Turns a failure of the store into what a caller may see. */
  readonly guard: <T>(work: () => Promise<T>) => Promise<T>;
  /** Aborts when the subscriber has gone. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Gives each value as the result of the field. Ending it while it waits for the next one ends the wait at once, which a
 * generator would not do: its `return` stands in line behind the pending `next`.
 */
export function createEventStream<Value>(
  options: EventStreamOptions<Value>,
): AsyncIterableIterator<Record<string, Value>> {
  const { field, follow, guard, signal } = options;
  const ending = new AbortController();
  const ended = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
  const source = follow(ended)[Symbol.asyncIterator]();
  const done = { done: true, value: undefined } as const;
  const stream: AsyncIterableIterator<Record<string, Value>> = {
    async next() {
      if (ended.aborted) return done;
      try {
        const result = await guard(async () => source.next());
        return result.done ? done : { done: false, value: { [field]: result.value } };
      } catch (error) {
        // A wait that was broken off because nobody listens any more is an end, not a failure.
        if (ended.aborted) return done;
        throw error;
      }
    },
    async return() {
      ending.abort();
      await source.return?.();
      return done;
    },
    async throw(error) {
      ending.abort();
      await source.return?.();
      throw error;
    },
    [Symbol.asyncIterator]: () => stream,
  };
  return stream;
}
