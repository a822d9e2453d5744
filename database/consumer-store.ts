import type { ConsumedEvent, PoisonRecord } from './consumer-contract.ts';
import type { Queryable } from './database.ts';
import { quoteIdentifier } from './identifiers.ts';

/** So many events are known again by each consumer. */
const REMEMBERED = 100_000;
/** So often what is not remembered any more is deleted, in events. */
const SWEPT_EVERY = 1_000;

/** Where a consumer stands in the store. */
export interface ConsumerPlace {
  readonly position: string | null;
  /** Events that were ever taken under its name. */
  readonly taken: number;
}

/** What stays open while a batch is taken: nobody else takes events under this name. */
export interface ConsumerTurn extends ConsumerPlace {
  /** Those of the events that were never taken before, in order, from now on counted as taken. */
  remember<Event extends ConsumedEvent>(events: readonly Event[]): Promise<Event[]>;
  setAside(
    event: ConsumedEvent,
    failure: { readonly tries: number; readonly error: string; readonly at: Date },
  ): Promise<void>;
  moveTo(position: string | null, taken: number, at: Date): Promise<void>;
}

/** What is kept of one consumer. */
export class ConsumerStore {
  readonly #schema: string;
  readonly #name: string;

  constructor(schema: string, name: string) {
    this.#schema = quoteIdentifier(schema);
    this.#name = name;
  }

  /** Makes the consumer known, and tells where it stands. */
  async open(on: Queryable, log: string, at: Date): Promise<ConsumerPlace> {
    await on.query(
      `INSERT INTO ${this.#schema}.consumer (name, log, moved_at) VALUES ($1, $2, $3)
       ON CONFLICT (name) DO UPDATE SET log = excluded.log WHERE consumer.log <> excluded.log`,
      [this.#name, log, at],
    );
    return this.#place(on, '');
  }

  /** Waits until nobody else takes events under this name, and keeps them from it until the transaction ends. */
  async takeTurn(transaction: Queryable): Promise<ConsumerTurn> {
    const place = await this.#place(transaction, 'FOR UPDATE');
    return {
      ...place,
      remember: (events) => this.#remember(transaction, events, place.taken),
      setAside: (event, failure) => this.#setAside(transaction, event, failure),
      moveTo: (position, taken, at) => this.#moveTo(transaction, place, { position, taken, at }),
    };
  }

  /** The events that are set aside, of those with these ids, locked. */
  async poisonEvent(transaction: Queryable, eventId: string): Promise<ConsumedEvent | undefined> {
    const [row] = await transaction.query<{ event: ConsumedEvent }>(
      `SELECT event FROM ${this.#schema}.poison_event WHERE consumer = $1 AND event_id = $2 FOR UPDATE`,
      [this.#name, eventId],
    );
    return row?.event;
  }

  /** Takes an event out of those that are set aside. */
  async release(transaction: Queryable, eventId: string): Promise<void> {
    await transaction.query(`DELETE FROM ${this.#schema}.poison_event WHERE consumer = $1 AND event_id = $2`, [
      this.#name,
      eventId,
    ]);
  }

  /** Counts one more try of an event that is set aside; undefined when it is not any more. */
  async failAgain(on: Queryable, eventId: string, error: string): Promise<PoisonRecord | undefined> {
    const [row] = await on.query<PoisonRow>(
      `UPDATE ${this.#schema}.poison_event SET tries = tries + 1, error = $3 WHERE consumer = $1 AND event_id = $2
       RETURNING ${POISON_COLUMNS}`,
      [this.#name, eventId, error],
    );
    return row && poisonRecord(row);
  }

  async #place(on: Queryable, lock: string): Promise<ConsumerPlace> {
    const [row] = await on.query<{ position: string | null; taken: number }>(
      `SELECT position, taken FROM ${this.#schema}.consumer WHERE name = $1 ${lock}`,
      [this.#name],
    );
    if (!row) throw new Error(`The consumer ${this.#name} has been deleted.`);
    return row;
  }

  async #remember<Event extends ConsumedEvent>(
    on: Queryable,
    events: readonly Event[],
    taken: number,
  ): Promise<Event[]> {
    // Numbered without the known ones, so that `taken` is how many there ever were. Nobody else writes here: it is this one's turn.
    const rows = await on.query<{ event_id: string }>(
      `INSERT INTO ${this.#schema}.consumed_event (consumer, event_id, number)
       SELECT $1, id, $2::bigint + row_number() OVER (ORDER BY min(place))
       FROM unnest($3::text[]) WITH ORDINALITY AS told (id, place)
       WHERE NOT EXISTS (SELECT FROM ${this.#schema}.consumed_event WHERE consumer = $1 AND event_id = id)
       GROUP BY id RETURNING event_id`,
      [this.#name, taken, events.map(({ id }) => id)],
    );
    const fresh = new Set(rows.map(({ event_id }) => event_id));
    return events.filter(({ id }) => fresh.delete(id));
  }

  async #setAside(
    on: Queryable,
    event: ConsumedEvent,
    { tries, error, at }: { readonly tries: number; readonly error: string; readonly at: Date },
  ): Promise<void> {
    await on.query(
      `INSERT INTO ${this.#schema}.poison_event (consumer, event_id, event, tries, error, set_aside_at)
       VALUES ($1, $2, $3::jsonb, $4, $5, $6) ON CONFLICT (consumer, event_id) DO NOTHING`,
      [this.#name, event.id, JSON.stringify(event), tries, error, at],
    );
  }

  async #moveTo(
    on: Queryable,
    before: ConsumerPlace,
    { position, taken, at }: ConsumerPlace & { readonly at: Date },
  ): Promise<void> {
    await on.query(`UPDATE ${this.#schema}.consumer SET position = $2, taken = $3, moved_at = $4 WHERE name = $1`, [
      this.#name,
      position,
      taken,
      at,
    ]);
    if (Math.floor(before.taken / SWEPT_EVERY) === Math.floor(taken / SWEPT_EVERY)) return;
    await on.query(`DELETE FROM ${this.#schema}.consumed_event WHERE consumer = $1 AND number <= $2`, [
      this.#name,
      taken - REMEMBERED,
    ]);
  }
}

/** True when others took so many events meanwhile that some which are still held in memory may be forgotten: they have to be asked for again. */
export function isStale(seen: ConsumerPlace, now: ConsumerPlace): boolean {
  return now.taken - seen.taken > REMEMBERED / 2;
}

/** Positions of the consumers in a schema that read a log. */
export async function consumerPositions(on: Queryable, schema: string, log: string): Promise<string[]> {
  const rows = await on.query<{ position: string }>(
    `SELECT position FROM ${quoteIdentifier(schema)}.consumer WHERE log = $1 AND position IS NOT NULL`,
    [log],
  );
  return rows.map(({ position }) => position);
}

/** A page of events that were set aside. */
export interface PoisonPage {
  /** At most `first`, each with the place to continue after. */
  readonly records: readonly (PoisonRecord & { readonly place: number })[];
  readonly hasNextPage: boolean;
}

/** Events that any consumer of a schema has set aside, latest first. */
export async function listPoisonEvents(
  on: Queryable,
  schema: string,
  { first, after }: { readonly first: number; readonly after?: number },
): Promise<PoisonPage> {
  const rows = await on.query<PoisonRow>(
    `SELECT ${POISON_COLUMNS} FROM ${quoteIdentifier(schema)}.poison_event
     WHERE number < coalesce($1, 9223372036854775807) ORDER BY number DESC LIMIT $2`,
    [after ?? null, first + 1],
  );
  const records = rows.slice(0, first).map((row) => ({ ...poisonRecord(row), place: row.number }));
  return { records, hasNextPage: rows.length > first };
}

type PoisonRow = {
  number: number;
  consumer: string;
  event: ConsumedEvent;
  tries: number;
  error: string;
  set_aside_at: Date;
};

const POISON_COLUMNS = 'number, consumer, event, tries, error, set_aside_at';

function poisonRecord({ consumer, event, tries, error, set_aside_at }: PoisonRow): PoisonRecord {
  return { consumer, event, tries, error, setAsideAt: set_aside_at.toISOString() };
}
