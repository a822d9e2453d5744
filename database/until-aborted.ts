/** The values, until the signal aborts: it ends then at once, also while the next one is being waited for. A failure is told as it is. */
export async function* untilAborted<Value>(values: AsyncIterable<Value>, signal: AbortSignal): AsyncGenerator<Value> {
  const iterator = values[Symbol.asyncIterator]();
  let onAbort = (): void => {};
  const aborted = new Promise<'ABORTED'>((resolve) => {
    onAbort = () => resolve('ABORTED');
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    while (!signal.aborted) {
      const next = iterator.next();
      // The one that is still waited for when the signal aborts has nobody left to fail for.
      next.catch(() => {});
      const result = await Promise.race([next, aborted]);
      if (result === 'ABORTED' || result.done) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    iterator.return?.()?.catch(() => {});
  }
}
