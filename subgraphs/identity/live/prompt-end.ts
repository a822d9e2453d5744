/**
 * A generator as an iterator that ends at once, whether by its `return` or by the signal: a generator's own `return` stands in line
 * behind a pending `next`. The generator has to come to its end when its signal fires.
 */
export function iterateUntilEnded<T>(
  signal: AbortSignal | undefined,
  generate: (ended: AbortSignal) => AsyncGenerator<T>,
): AsyncIterableIterator<T> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  if (signal?.aborted) end();
  else signal?.addEventListener('abort', end, { once: true });
  const items = generate(ending.signal);
  const finish = async (): Promise<IteratorReturnResult<undefined>> => {
    end();
    signal?.removeEventListener('abort', end);
    await items.return(undefined);
    return { done: true, value: undefined };
  };
  const iterator: AsyncIterableIterator<T> = {
    next: () => (ending.signal.aborted ? finish() : items.next()),
    return: finish,
    async throw(error) {
      await finish();
      throw error;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
