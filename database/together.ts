/**
 * The values that came while those before were being worked on, at most so many at once, never none. It reads ahead so far and no further;
 * a failure is told after what came before it.
 */
export async function* together<Value>(values: AsyncIterable<Value>, most: number): AsyncGenerator<Value[]> {
  const iterator = values[Symbol.asyncIterator]();
  const read: Value[] = [];
  let end: { readonly error?: unknown } | undefined;
  let isLeft = false;
  let wake = (): void => {};
  const pull = async (): Promise<void> => {
    while (!isLeft) {
      while (read.length >= most && !isLeft) await new Promise<void>((resolve) => (wakeReader = resolve));
      if (isLeft) return;
      const next = await iterator.next();
      if (next.done) return;
      read.push(next.value);
      wake();
    }
  };
  let wakeReader = (): void => {};
  const pulling = pull().then(
    () => {
      end = {};
    },
    (error: unknown) => {
      end = { error };
    },
  );
  void pulling.then(() => wake());
  try {
    for (;;) {
      while (read.length === 0 && !end) await new Promise<void>((resolve) => (wake = resolve));
      if (read.length > 0) {
        const given = read.splice(0, most);
        wakeReader();
        yield given;
      } else if (end && 'error' in end) throw end.error;
      else return;
    }
  } finally {
    isLeft = true;
    wakeReader();
    iterator.return?.()?.catch(() => {});
  }
}
