/**
 * Remembers what a function of one text gave, for up to `limit` texts: values that repeat (names, telephone numbers) are
 * worked out once. Of two generations the older is dropped when the younger is full, so that memory stays bounded and
 * what is in use stays.
 */
export function withBoundedCache<T>(limit: number, work: (text: string) => T): (text: string) => T {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  const remember = (text: string, value: T): T => {
    if (young.size >= limit / 2) {
      old = young;
      young = new Map();
    }
    young.set(text, value);
    return value;
  };
  return (text) => {
    if (young.has(text)) return young.get(text) as T;
    return remember(text, old.has(text) ? (old.get(text) as T) : work(text));
  };
}
