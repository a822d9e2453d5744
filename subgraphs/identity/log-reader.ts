import { setTimeout as sleep } from 'node:timers/promises';
import type { OutboxEvent } from '../../database/outbox.ts';
import type { OutboxReader } from '../../database/outbox-reader.ts';
import type { IdentityRepository } from './store/repository.ts';

/** What wakes a reader may get lost: then the log is looked at after this time. */
const POLL_MS = 1_000;
/** What an erasure takes out of events, or a person wrote. */
const KEPT_BACK = new Set(['sourceRecordId', 'verdicts', 'reason', 'by']);

/** Reads identity's log as any other log is read, where its events become visible in the order of their sequences (Neo4j). */
export function identityLogReader(repository: IdentityRepository): OutboxReader {
  return {
    read: (after, limit) => repository.events(after, limit),
    head: () => repository.history.head(),
    bounds: async () => {
      const head = await repository.history.head();
      return { newest: head, lastGiven: head, floor: 0 };
    },
    follow: (after, { signal, batchSize = 500 }) => follow(repository, after, signal, batchSize),
  };
}

async function* follow(
  repository: IdentityRepository,
  after: number,
  signal: AbortSignal,
  batchSize: number,
): AsyncGenerator<OutboxEvent[], undefined> {
  let position = after;
  let rung = new AbortController();
  const ring = (): void => rung.abort();
  const stop = await repository.listen(ring);
  signal.addEventListener('abort', ring);
  try {
    while (!signal.aborted) {
      // Made before the log is read: what rings during the reading is not slept through.
      rung = new AbortController();
      const events = await repository.events(position, batchSize);
      position = events.at(-1)?.sequence ?? position;
      if (signal.aborted) return;
      if (events.length > 0) yield events;
      else await sleep(POLL_MS, undefined, { signal: rung.signal }).catch(() => undefined);
    }
  } finally {
    signal.removeEventListener('abort', ring);
    await stop();
  }
}

/** An event of identity as it may leave the store for good. */
export function stripped(event: OutboxEvent): OutboxEvent {
  const kept = Object.entries(event.payload).filter(([name]) => !KEPT_BACK.has(name));
  return { ...event, payload: Object.fromEntries(kept) };
}
