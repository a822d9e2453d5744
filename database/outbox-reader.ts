import { CodedError } from '../schema/errors.ts';
import type { Database } from './database.ts';
import { quoteIdentifier, quoteLiteral } from './identifiers.ts';
import type { OutboxEvent } from './outbox.ts';
import { OutboxGaps } from './outbox-gaps.ts';
import { outboxChannel } from './outbox-schema.ts';
import { waitFor } from './wait-for.ts';

/** A notification can get lost with its connection: then the log is looked at after this time. */
const POLL_MS = 1_000;
/** A transaction that is rolled back rings nobody, so that the end of a gap has to be looked for. */
const GAP_POLL_MS = 50;
/** One reason for all: an error of its own for each of a thousand rings a second would cost a stack trace. */
const RUNG = new Error('The log has rung.');
const HEAD_PAUSE_MS = 10;
const HEAD_TRIES = 5;

/** Where a log is, and how to wait. */
export interface OutboxReaderOptions {
  readonly database: Database;
  /** The schema whose outbox is read. */
  readonly schema: string;
  /** Resolves after the time, in milliseconds, or when the signal aborts. Passed in by tests. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/** Reads a log in order. Any number of followers may share one reader: those that stand at one place read it once. */
export interface OutboxReader {
  /** Events after a sequence, in order; ends before a gap that a running transaction may still fill. Throws CURSOR_TOO_OLD. */
  read(after: number, limit: number): Promise<OutboxEvent[]>;
  /** A position after which nothing is missed that is committed after this call. Long transactions make it lie further back. */
  head(): Promise<number>;
  /** The newest event that can be seen, the last sequence that was given out (also to what was rolled back), the highest that was pruned. */
  bounds(): Promise<OutboxBounds>;
  /**
   * Batches of events as they come, never empty, until the signal aborts. Throws StoreUnavailable when the store fails, CURSOR_TOO_OLD
   * when what comes next was pruned.
   */
  follow(
    after: number,
    options: { readonly signal: AbortSignal; readonly batchSize?: number },
  ): AsyncIterableIterator<OutboxEvent[]>;
}

/** How far a log reaches, by sequence; 0 where there is none. */
export interface OutboxBounds {
  readonly newest: number;
  readonly lastGiven: number;
  readonly floor: number;
}

/** What is said of a position whose next events were pruned. */
export function cursorTooOld(): CodedError {
  return new CodedError('CURSOR_TOO_OLD', 'What came right after `since` is kept no more.');
}

/** Makes a reader of a schema's outbox. */
export function createOutboxReader({ database, schema, wait = waitFor }: OutboxReaderOptions): OutboxReader {
  const log = new OutboxLog(database, schema);
  return {
    read: async (after, limit) => (await log.read(after, limit)).events,
    head: () => log.head(wait),
    bounds: () => log.bounds(),
    follow: (after, { signal, batchSize = 500 }) => follow(log, wait, { after, signal, batchSize }),
  };
}

interface Batch {
  readonly events: OutboxEvent[];
  /** A gap that may still be filled ends the batch. */
  readonly isHeldUp: boolean;
}

async function* follow(
  log: OutboxLog,
  wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>,
  { after, signal, batchSize }: { readonly after: number; readonly signal: AbortSignal; readonly batchSize: number },
): AsyncGenerator<OutboxEvent[], undefined> {
  let position = after;
  let rung = new AbortController();
  const ring = () => rung.signal.aborted || rung.abort(RUNG);
  const stop = await log.listen(ring);
  signal.addEventListener('abort', ring);
  try {
    while (!signal.aborted) {
      // Made before the log is read: what rings during the reading is not slept through.
      rung = new AbortController();
      const { events, isHeldUp } = await log.read(position, batchSize);
      const last = events.at(-1);
      if (last) {
        position = last.sequence;
        if (!signal.aborted) yield events;
      } else if (!signal.aborted && !rung.signal.aborted) {
        await wait(isHeldUp ? GAP_POLL_MS : POLL_MS, rung.signal);
      }
    }
  } finally {
    signal.removeEventListener('abort', ring);
    await stop();
  }
}

class OutboxLog {
  readonly #database: Database;
  readonly #channel: string;
  readonly #table: string;
  readonly #floorTable: string;
  readonly #sequence: string;
  readonly #gaps: OutboxGaps;
  /** Readings under way, by what they read and how often it had rung when they began. */
  readonly #reading = new Map<string, Promise<Batch>>();
  #rings = 0;

  constructor(database: Database, schema: string) {
    this.#database = database;
    this.#channel = outboxChannel(schema);
    this.#table = `${quoteIdentifier(schema)}.outbox`;
    this.#floorTable = `${quoteIdentifier(schema)}.outbox_floor`;
    this.#sequence = `${quoteIdentifier(schema)}.outbox_sequence_seq`;
    this.#gaps = new OutboxGaps(() => this.#writers());
  }

  listen(onRing: () => void): Promise<() => Promise<void>> {
    return this.#database.listen(this.#channel, () => {
      this.#rings += 1;
      onRing();
    });
  }

  /** A reading that began before the last ring might miss its event, so only one that began after it is joined. */
  read(after: number, limit: number): Promise<Batch> {
    const key = `${after} ${limit} ${this.#rings}`;
    const known = this.#reading.get(key);
    if (known) return known;
    const reading = this.#read(after, limit).finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  async #read(after: number, limit: number): Promise<Batch> {
    const settledBefore = this.#gaps.settledUpTo;
    const events = await this.#select(after, limit);
    const last = events.at(-1)?.sequence ?? after;
    if (last - after === events.length) return { events, isHeldUp: false };
    if (last <= settledBefore) {
      await this.#checkFloor(after);
      return { events, isHeldUp: false };
    }
    const settled = await this.#gaps.settle(last);
    // Read again: what was committed between the two looks is now seen, what is still missing and settled never will be.
    const again = await this.#select(after, limit);
    await this.#checkFloor(after);
    const end = again.findIndex(({ sequence }, index) => {
      const previous = again[index - 1]?.sequence ?? after;
      return sequence - previous > 1 && sequence - 1 > settled;
    });
    return end === -1 ? { events: again, isHeldUp: false } : { events: again.slice(0, end), isHeldUp: true };
  }

  /** What is missing may have been pruned: asked after the reading, because it may be pruned while it is read. */
  async #checkFloor(after: number): Promise<void> {
    if (after < (await this.bounds()).floor) throw cursorTooOld();
  }

  async bounds(): Promise<OutboxBounds> {
    const [row] = await this.#database.query<{ newest: number; last_given: number; floor: number }>(
      `SELECT coalesce((SELECT max(sequence) FROM ${this.#table}), 0) AS newest,
         coalesce((SELECT sequence FROM ${this.#floorTable}), 0) AS floor, last_value AS last_given
       FROM ${this.#sequence}`,
    );
    return { newest: row?.newest ?? 0, lastGiven: row?.last_given ?? 0, floor: row?.floor ?? 0 };
  }

  async head(wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>): Promise<number> {
    const settledBefore = this.#gaps.settledUpTo;
    const [row] = await this.#database.query<{ top: number }>(
      `SELECT coalesce(max(sequence), 0) AS top FROM ${this.#table}`,
    );
    const top = Math.max(row?.top ?? 0, settledBefore);
    for (let tries = 1; (await this.#gaps.settle(top)) < top; tries += 1) {
      if (tries === HEAD_TRIES) return this.#lowestGap(top);
      await wait(HEAD_PAUSE_MS, new AbortController().signal);
    }
    return top;
  }

  /** Somebody writes and writes: begin before the first sequence that may be theirs, which may repeat events but misses none. */
  async #lowestGap(top: number): Promise<number> {
    const [row] = await this.#database.query<{ previous: number }>(
      `SELECT previous FROM (
         SELECT sequence, lag(sequence, 1, $1::bigint) OVER (ORDER BY sequence) AS previous
         FROM ${this.#table} WHERE sequence > $1 AND sequence <= $2
       ) AS pairs WHERE sequence - previous > 1 ORDER BY sequence LIMIT 1`,
      [this.#gaps.settledUpTo, top],
    );
    return row?.previous ?? top;
  }

  async #select(after: number, limit: number): Promise<OutboxEvent[]> {
    const rows = await this.#database.query<Omit<OutboxEvent, 'occurredAt'> & { occurred_at: Date }>(
      `SELECT sequence, id, type, key, occurred_at, payload FROM ${this.#table}
       WHERE sequence > $1 ORDER BY sequence LIMIT $2`,
      [after, limit],
    );
    return rows.map(({ occurred_at, ...event }) => ({ ...event, occurredAt: occurred_at.toISOString() }));
  }

  async #writers(): Promise<ReadonlySet<string>> {
    const rows = await this.#database.query<{ writer: string }>(
      `SELECT DISTINCT virtualtransaction AS writer FROM pg_locks
       WHERE locktype = 'relation' AND relation = ${quoteLiteral(this.#table)}::regclass
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND granted AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`,
    );
    return new Set(rows.map(({ writer }) => writer));
  }
}
