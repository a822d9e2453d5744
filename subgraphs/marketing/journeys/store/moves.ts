import type { Queryable } from '../../../../database/database.ts';

/** Held by entries together, by a change of identity alone. */
const LOCK = `hashtextextended('customer-360 journeys identity', 0)`;
/** Nothing that is read of a person takes longer until it is written. */
const KEPT_MS = 3_600_000;

/** What is read of people after this counts until one of their records moves. */
export async function readMoves(store: Queryable): Promise<number> {
  const [row] = await store.query<{ number: number }>(
    'SELECT coalesce(max(number), 0) AS number FROM marketing.journey_moved_customer',
  );
  return row?.number ?? 0;
}

/** Those of the people whose records moved after a reading; no more of them do until the transaction ends. */
export async function readMovedSince(
  transaction: Queryable,
  customer360Ids: readonly string[],
  readAfter: number,
): Promise<ReadonlySet<string>> {
  await transaction.query(`SELECT pg_advisory_xact_lock_shared(${LOCK})`);
  const rows = await transaction.query<{ customer360_id: string }>(
    'SELECT customer360_id FROM marketing.journey_moved_customer WHERE customer360_id = ANY($1) AND number > $2',
    [customer360Ids, readAfter],
  );
  return new Set(rows.map(({ customer360_id }) => customer360_id));
}

/** Notes that records of these people moved, in the transaction that takes the event. Waits for entries that are being written. */
export async function noteMoves(
  transaction: Queryable,
  customer360Ids: readonly string[],
  nowMs: number,
): Promise<void> {
  if (customer360Ids.length === 0) return;
  await transaction.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
  await transaction.query(
    `INSERT INTO marketing.journey_moved_customer (customer360_id, number, moved_on)
     SELECT DISTINCT id, nextval('marketing.journey_move'), $2::timestamptz FROM unnest($1::text[]) AS given (id)
     ON CONFLICT (customer360_id) DO UPDATE SET number = excluded.number, moved_on = excluded.moved_on`,
    [[...new Set(customer360Ids)], new Date(nowMs)],
  );
  await transaction.query(
    `DELETE FROM marketing.journey_moved_customer WHERE moved_on < $1 AND NOT customer360_id = ANY($2)
       AND number < (SELECT max(number) FROM marketing.journey_moved_customer)`,
    [new Date(nowMs - KEPT_MS), customer360Ids],
  );
}
