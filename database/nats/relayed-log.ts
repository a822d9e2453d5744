import type { OutboxEvent } from '../outbox.ts';
import type { OutboxReader } from '../outbox-reader.ts';

/** A store's log as its relay sees it. */
export interface RelayedLog {
  /** Such as `commerce`. */
  readonly store: string;
  readonly reader: OutboxReader;
  /** What may leave the store, where an event holds more than that. */
  readonly strip?: (event: OutboxEvent) => OutboxEvent;
}

/** The event right after a position; undefined when there is none yet. */
export async function firstAfter(log: RelayedLog, position: number): Promise<OutboxEvent | undefined> {
  const [event] = await log.reader.read(position, 1);
  return event;
}

/** The position before the first event that is younger than the time given, in milliseconds; found by halves. */
export async function positionBefore(log: RelayedLog, timeMs: number): Promise<number> {
  let low = (await log.reader.bounds()).floor;
  let high = Math.max(low, await log.reader.head());
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const event = await firstAfter(log, middle);
    if (!event || Date.parse(event.occurredAt) >= timeMs) high = middle;
    else low = Math.max(event.sequence, middle + 1);
  }
  return low;
}
