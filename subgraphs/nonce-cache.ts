/** Remembers nonces for as long as their signature would be taken. */
export interface NonceCache {
  /** Takes a nonce that is worth nothing from `until` on: `NEW`; `KNOWN` when it was taken before; `FULL` when no more are kept. */
  take(nonce: string, until: number, now: number): 'NEW' | 'KNOWN' | 'FULL';
}

const SLOT_MS = 1000;

/** Makes a cache that holds at most so many nonces; some hundred bytes each. Times are milliseconds of one clock. */
export function createNonceCache(capacity: number): NonceCache {
  /** By the second in which they end. */
  const slots = new Map<number, Set<string>>();
  let size = 0;
  let forgottenAt = 0;
  const forget = (now: number): void => {
    const current = Math.floor(now / SLOT_MS);
    if (current === forgottenAt) return;
    forgottenAt = current;
    for (const [slot, nonces] of slots) {
      if (slot >= current) continue;
      slots.delete(slot);
      size -= nonces.size;
    }
  };
  return {
    take(nonce, until, now) {
      forget(now);
      const slot = Math.floor(until / SLOT_MS);
      const nonces = slots.get(slot) ?? new Set<string>();
      if (nonces.has(nonce)) return 'KNOWN';
      if (size >= capacity) return 'FULL';
      slots.set(slot, nonces.add(nonce));
      size += 1;
      return 'NEW';
    },
  };
}
