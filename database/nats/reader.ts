import type { OutboxEvent } from '../outbox.ts';
import type { OutboxReader } from '../outbox-reader.ts';
import { EventStream, type StreamPlace } from './event-stream.ts';
import type { NatsLink, NatsSession } from './link.ts';
import type { RelayedMessage } from './message.ts';
import { StreamTail } from './tail.ts';

/** When nothing comes, the store is asked after this time whether something should have. */
const GUARD_MS = 2_000;
/** So often the store may know more than the stream before the stream is left and looked for again. */
const GUARD_HITS = 2;
/** While the stream does not have what is asked for, it is looked at again after this time. */
const RETRY_MS = 1_000;

/** What a reader over a stream is made from. */
export interface RelayedReaderOptions {
  readonly link: NatsLink;
  readonly place: StreamPlace;
  /** Reads the log itself: for what the stream does not have, and while the server is away. */
  readonly store: OutboxReader;
  /** Resolves after the time, in milliseconds, or when the signal aborts. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** Told where events were read. */
  readonly onRead?: (from: 'nats' | 'store', count: number) => void;
}

/**
 * Reads a log from its stream, by the same positions as from the store: they are the log's sequences, which every message
 * carries with the one before it. So nothing is lost or repeated when it changes from one to the other and back, which it does
 * whenever the server goes or the stream does not have, or no longer has, what comes next.
 */
export function createRelayedReader(options: RelayedReaderOptions): OutboxReader {
  return {
    read: (after, limit) => read(options, after, limit),
    head: () => options.store.head(),
    bounds: () => options.store.bounds(),
    follow: (after, { signal, batchSize = 500 }) => follow(options, { after, signal, batchSize }),
  };
}

interface Following {
  readonly after: number;
  readonly signal: AbortSignal;
  readonly batchSize: number;
}

async function* follow(
  options: RelayedReaderOptions,
  { after, signal, batchSize }: Following,
): AsyncGenerator<OutboxEvent[], undefined> {
  let position = after;
  while (!signal.aborted) {
    const tail = await openTail(options, position);
    const from = { after: position, signal, batchSize };
    for await (const events of tail ? fromStream(options, tail, from) : fromStore(options, from)) {
      position = events.at(-1)?.sequence ?? position;
      if (signal.aborted) return;
      yield events;
    }
  }
}

interface Place {
  readonly session: NatsSession;
  readonly stream: string;
  /** Number of the message that comes next, and of the last there is. */
  readonly next: number;
  readonly last: number;
}

/** Null when the server is away or its stream does not have what comes after the position. */
async function locate({ link, place }: RelayedReaderOptions, position: number): Promise<Place | null> {
  const { session } = link;
  if (!session) return null;
  const stream = new EventStream(session, place);
  // Whatever fails, the store has the same events.
  const found = await stream.locate(position).catch(() => null);
  return found && { ...found, session, stream: stream.name };
}

async function openTail(options: RelayedReaderOptions, position: number): Promise<StreamTail | null> {
  const place = await locate(options, position);
  return place && StreamTail.open(place.session, place.stream, place.next).catch(() => null);
}

/** From the store, until the stream is worth a look again. */
async function* fromStore(
  { link, store, wait, onRead }: RelayedReaderOptions,
  { after, signal, batchSize }: Following,
): AsyncGenerator<OutboxEvent[]> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  void (link.session ? wait(RETRY_MS, either) : link.untilUp(either)).then(() => ending.abort());
  try {
    for await (const events of store.follow(after, { signal: either, batchSize })) {
      onRead?.('store', events.length);
      yield events;
    }
  } finally {
    ending.abort();
  }
}

/** From the stream, until it ends, has a hole, or is behind the store. */
async function* fromStream(
  options: RelayedReaderOptions,
  tail: StreamTail,
  { after, signal, batchSize }: Following,
): AsyncGenerator<OutboxEvent[]> {
  const { store, wait, onRead } = options;
  let position = after;
  let hits = 0;
  try {
    while (!signal.aborted && !tail.isEnded && hits < GUARD_HITS) {
      const messages = tail.take(batchSize);
      if (messages.length > 0) {
        hits = 0;
        const { events, isBroken } = await inChain(store, messages, position);
        position = events.at(-1)?.sequence ?? position;
        onRead?.('nats', events.length);
        if (events.length > 0) yield events;
        if (isBroken) return;
      } else if (!(await arrives(tail, signal, wait)) && !signal.aborted) {
        // Relays may all be away, or refused: nothing waits for them.
        const missed = await store.read(position, batchSize);
        position = missed.at(-1)?.sequence ?? position;
        hits = missed.length > 0 ? hits + 1 : 0;
        onRead?.('store', missed.length);
        if (missed.length > 0) yield missed;
      }
    }
  } finally {
    await tail.close();
  }
}

/** False when the time is over before anything arrives. */
async function arrives(tail: StreamTail, signal: AbortSignal, wait: RelayedReaderOptions['wait']): Promise<boolean> {
  const arrived = new AbortController();
  const either = AbortSignal.any([signal, arrived.signal]);
  const isLate = await Promise.race([tail.arrival(either).then(() => false), wait(GUARD_MS, either).then(() => true)]);
  arrived.abort();
  return !isLate;
}

/** The events after a position that follow one another without a hole; those before it were read already. */
async function inChain(
  store: OutboxReader,
  messages: readonly RelayedMessage[],
  after: number,
): Promise<{ readonly events: OutboxEvent[]; readonly isBroken: boolean }> {
  const events: OutboxEvent[] = [];
  let position = after;
  for (const { sequence, previous, event } of messages) {
    if (sequence <= position) continue;
    if (previous > position) return { events, isBroken: true };
    if (previous === sequence) continue;
    const whole = event ?? (await store.read(sequence - 1, 1))[0];
    // One that was too large for the stream, and is kept in the store no more either.
    if (whole?.sequence !== sequence) return { events, isBroken: true };
    events.push(whole);
    position = sequence;
  }
  return { events, isBroken: false };
}

/** A page from the stream; from the store when the stream has nothing there. */
async function read(options: RelayedReaderOptions, after: number, limit: number): Promise<OutboxEvent[]> {
  const { store, onRead } = options;
  const place = await locate(options, after);
  const count = place ? Math.min(limit, place.last - place.next + 1) : 0;
  const events = place && count > 0 ? await readStream(options, place, { after, count }) : [];
  if (events.length > 0) {
    onRead?.('nats', events.length);
    return events;
  }
  const stored = await store.read(after, limit);
  onRead?.('store', stored.length);
  return stored;
}

async function readStream(
  { store, wait }: RelayedReaderOptions,
  place: Place,
  { after, count }: { readonly after: number; readonly count: number },
): Promise<OutboxEvent[]> {
  const tail = await StreamTail.open(place.session, place.stream, place.next).catch(() => null);
  if (!tail) return [];
  const messages: RelayedMessage[] = [];
  try {
    const { signal } = new AbortController();
    while (messages.length < count && !tail.isEnded && (await arrives(tail, signal, wait))) {
      messages.push(...tail.take(count - messages.length));
    }
  } finally {
    await tail.close();
  }
  return (await inChain(store, messages, after)).events;
}
