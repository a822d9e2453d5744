import type { Queryable } from './database.ts';
import { quoteIdentifier } from './identifiers.ts';

/** An event of a store's log. It names what changed and carries no personal data beyond ids. */
export interface OutboxEvent {
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly key: string;
  /** ISO 8601. */
  readonly occurredAt: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What to write into a log. */
export interface NewOutboxEvent {
  /** A UUID; the store makes one when left out. */
  readonly id?: string;
  readonly type: string;
  readonly key: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** ISO 8601; the store's own time when left out. */
  readonly occurredAt?: string;
}

/**
 * Writes events in the caller's transaction, in the order given; readers are woken when it commits. One statement. Gives the
 * last one's sequence, null without events.
 */
export async function appendEvents(
  transaction: Queryable,
  schema: string,
  events: readonly NewOutboxEvent[],
): Promise<number | null> {
  if (events.length === 0) return null;
  const [last] = await transaction.query<{ sequence: number }>(
    `WITH added AS (${appendingSql(schema, '$1')}) SELECT max(sequence) AS sequence FROM added`,
    [eventsParameter(events)],
  );
  return last?.sequence ?? null;
}

/** The same as a part of a larger statement: inserts the events of a parameter, which `eventsParameter` makes, and returns their sequences. */
export function appendingSql(schema: string, parameter: string): string {
  return `
     INSERT INTO ${quoteIdentifier(schema)}.outbox (id, type, key, payload, occurred_at)
     SELECT coalesce(id, gen_random_uuid()), type, key, coalesce(payload, '{}'), coalesce(occurred_at, clock_timestamp())
     FROM ROWS FROM (jsonb_to_recordset(${parameter}::jsonb)
       AS (id uuid, type text, key text, payload jsonb, occurred_at timestamptz)) WITH ORDINALITY
     ORDER BY ordinality RETURNING sequence`;
}

/** Events as the parameter of `appendingSql`. */
export function eventsParameter(events: readonly NewOutboxEvent[]): string {
  return JSON.stringify(
    events.map(({ id, type, key, payload, occurredAt }) => ({ id, type, key, payload, occurred_at: occurredAt })),
  );
}
