import { setTimeout as sleep } from 'node:timers/promises';
import type { OutboxEvent } from './outbox.ts';
import { cursorTooOld, type OutboxBounds, type OutboxReader } from './outbox-reader.ts';

/** Events that are kept in memory for followers that read more slowly than they come. */
const WINDOW_LIMIT = 4_096;
/** Events that come faster than this are read together. */
const PACE_MS = 15;

/** What a tail is made from. */
export interface OutboxTailOptions {
  readonly reader: OutboxReader;
  /** Waits between two looks at a log that is written to without a pause. Passed in by tests. */
  readonly pace?: (signal: AbortSignal) => Promise<unknown>;
  readonly windowLimit?: number;
}

/** Events that a follower is given at once. Without any, once: everything up to where the log was at the beginning is told. */
export interface OutboxBatch {
  /** Sequence up to which the follower has been told. */
  readonly position: number;
  readonly events: readonly OutboxEvent[];
}

/** How to follow. */
export interface FollowOptions {
  readonly signal: AbortSignal;
  /** The other events are passed over. Asked of every event, by every follower: it has to be quick. */
  readonly wants?: (event: OutboxEvent) => boolean;
  readonly batchSize?: number;
}

/** Lets any number of followers share one look at a log. */
export interface OutboxTail {
  /**
   * Events after a sequence, without one from now on, until the signal aborts. Throws CURSOR_TOO_OLD, the `unknown` error for a
   * position that the log has not reached, and StoreUnavailable.
   */
  follow(
    after: number | undefined,
    options: FollowOptions & { readonly unknown: () => Error },
  ): AsyncGenerator<OutboxBatch, undefined>;
}

/**
 * Makes the tail of a log: as long as anybody follows, one loop reads what is new and hands it to everybody who wants it. A
 * follower that is behind reads from the window of what came last, and from the store what is older, until it has caught up.
 */
export function createOutboxTail(options: OutboxTailOptions): OutboxTail {
  const tail = new Tail(options);
  return { follow: (after, how) => follow(tail, options.reader, after, how) };
}

async function* follow(
  tail: Tail,
  reader: OutboxReader,
  after: number | undefined,
  { signal, wants = () => true, batchSize = 500, unknown }: FollowOptions & { readonly unknown: () => Error },
): AsyncGenerator<OutboxBatch, undefined> {
  if (signal.aborted) return;
  const leave = await tail.join();
  try {
    let position = after ?? (await tail.head());
    // Up to here the follower is behind; once it is not, it is told so.
    let newest: number | undefined = position;
    if (after !== undefined) {
      const bounds = await reader.bounds();
      checkPosition(position, bounds, unknown);
      newest = bounds.newest;
    }
    while (!signal.aborted) {
      if (newest !== undefined && position >= newest) {
        newest = undefined;
        yield { position, events: [] };
        continue;
      }
      const read: OutboxBatch | undefined = tail.reaches(position)
        ? (tail.take(position, batchSize, wants) ?? (await tail.wait({ position, wants, signal, until: newest })))
        : await readStored(tail, reader, position, batchSize, wants);
      if (!read || signal.aborted) continue;
      position = read.position;
      if (read.events.length > 0) yield read;
    }
  } finally {
    leave();
  }
}

function checkPosition(position: number, { lastGiven, floor }: OutboxBounds, unknown: () => Error): void {
  if (position > lastGiven) throw unknown();
  if (position < floor) throw cursorTooOld();
}

async function readStored(
  tail: Tail,
  reader: OutboxReader,
  position: number,
  batchSize: number,
  wants: (event: OutboxEvent) => boolean,
): Promise<OutboxBatch> {
  const start = tail.start;
  const events = await reader.read(position, batchSize);
  // Everything before the window is settled: where nothing is read, nothing is.
  return { position: events.at(-1)?.sequence ?? start, events: events.filter(wants) };
}

/** What a follower waits for that has been told everything in the window. */
interface Waiting {
  /** The window's end, or beyond it. */
  readonly position: number;
  readonly wants: (event: OutboxEvent) => boolean;
  readonly signal: AbortSignal;
  /** It is also woken when the log gets so far. */
  readonly until: number | undefined;
}

interface Waiter {
  readonly position: number;
  readonly wants: Waiting['wants'];
  readonly until: number | undefined;
  readonly wake: (batch: OutboxBatch | undefined) => void;
  readonly fail: (error: unknown) => void;
}

class Tail {
  readonly #reader: OutboxReader;
  readonly #pace: (signal: AbortSignal) => Promise<unknown>;
  readonly #limit: number;
  readonly #waiters = new Set<Waiter>();
  /** The last events, without a gap from `start` to `end`. */
  #window: OutboxEvent[] = [];
  #start = 0;
  #end = 0;
  #followers = 0;
  #stopping = new AbortController();
  #ready: Promise<void> | undefined;
  #lastHead: Promise<void> | undefined;
  #nextHead: Promise<number> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor({ reader, pace = paceByTimer, windowLimit = WINDOW_LIMIT }: OutboxTailOptions) {
    this.#reader = reader;
    this.#pace = pace;
    this.#limit = windowLimit;
  }

  get start(): number {
    return this.#start;
  }

  /** True when everything after the position is in memory, or will be. */
  reaches(position: number): boolean {
    return position >= this.#start;
  }

  /** The position now. Those who ask at one time share an answer that was looked for after all of them had asked. */
  head(): Promise<number> {
    this.#nextHead ??= (this.#lastHead ?? Promise.resolve()).then(() => {
      this.#nextHead = undefined;
      const head = this.#reader.head();
      this.#lastHead = head.then(
        () => undefined,
        () => undefined,
      );
      return head;
    });
    return this.#nextHead;
  }

  /** Takes part: the first one starts the loop. Gives a function that ends it. */
  async join(): Promise<() => void> {
    this.#followers += 1;
    this.#ready ??= this.#begin();
    const ready = this.#ready;
    try {
      await ready;
    } catch (error) {
      if (this.#ready === ready) this.#ready = undefined;
      this.#leave();
      throw error;
    }
    return () => this.#leave();
  }

  /** What is in the window after the position, undefined when there is nothing. */
  take(position: number, limit: number, wants: (event: OutboxEvent) => boolean): OutboxBatch | undefined {
    const from = this.#indexAfter(position);
    const read = this.#window.slice(from, from + limit);
    const last = read.at(-1);
    return last && { position: last.sequence, events: read.filter(wants) };
  }

  /** The next events that the follower wants, undefined when the signal aborted before. */
  wait({ position, wants, signal, until }: Waiting): Promise<OutboxBatch | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    if (this.#failure) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#waiters.delete(waiter);
      };
      const onAbort = (): void => waiter.wake(undefined);
      const waiter: Waiter = {
        position,
        wants,
        until,
        wake: (batch) => {
          end();
          resolve(batch);
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      signal.addEventListener('abort', onAbort);
      this.#waiters.add(waiter);
    });
  }

  #leave(): void {
    this.#followers -= 1;
    if (this.#followers > 0) return;
    this.#stopping.abort();
    this.#ready = undefined;
  }

  async #begin(): Promise<void> {
    const stopping = new AbortController();
    this.#stopping = stopping;
    const head = await this.#reader.head();
    if (stopping.signal.aborted) return;
    this.#failure = undefined;
    this.#end = head;
    this.#start = head;
    this.#window = [];
    this.#run(stopping.signal).catch((error: unknown) => {
      if (stopping.signal.aborted) return;
      // Whoever follows is told now or when they come back; the next one to join begins anew.
      this.#failure = { error };
      this.#ready = undefined;
      for (const waiter of [...this.#waiters]) waiter.fail(error);
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    for await (const events of this.#reader.follow(this.#end, { signal })) {
      if (signal.aborted) return;
      this.#append(events);
      await this.#pace(signal);
    }
  }

  #append(events: readonly OutboxEvent[]): void {
    this.#end = events.at(-1)?.sequence ?? this.#end;
    this.#window.push(...events);
    const surplus = this.#window.length - this.#limit;
    if (surplus > 0) this.#start = this.#window.splice(0, surplus).at(-1)?.sequence ?? this.#start;
    for (const waiter of [...this.#waiters]) {
      const wanted = events.filter((event) => event.sequence > waiter.position && waiter.wants(event));
      if (wanted.length > 0 || (waiter.until !== undefined && this.#end >= waiter.until)) {
        waiter.wake({ position: Math.max(this.#end, waiter.position), events: wanted });
      }
    }
  }

  #indexAfter(position: number): number {
    let low = 0;
    let high = this.#window.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#window[middle]?.sequence ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function paceByTimer(signal: AbortSignal): Promise<unknown> {
  return sleep(PACE_MS, undefined, { signal }).catch(() => undefined);
}
