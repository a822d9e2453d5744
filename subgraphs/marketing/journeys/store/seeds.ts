import type { Queryable } from '../../../../database/database.ts';
import { ACTIVE_SQL } from './instances.ts';
import type { TaskRow } from './tasks.ts';

/** What is gone through once, from the live data, because nobody has told of it. */
export type Seed =
  /** Last orders, for journeys of people who have not ordered for long. */
  | 'ORDERS'
  /** Carts that are open. */
  | 'CARTS';

/** Asks for lists to be gone through, from the latest on; one that is being gone through begins anew. */
export async function putSeeds(transaction: Queryable, seeds: readonly Seed[], nowMs: number): Promise<void> {
  await transaction.query(
    `INSERT INTO marketing.journey_task AS task (kind, object_id, source, event_id, event_type, event_on, due_on, wake_on)
     SELECT 'SEED', seed, 'commerce', 'seed ' || seed || ' ' || $2::text, 'SEED', $3::timestamptz, $3, $3
     FROM unnest($1::text[]) AS given (seed)
     ON CONFLICT (kind, object_id) DO UPDATE SET record_id = NULL, event_id = excluded.event_id, event_on = excluded.event_on,
       due_on = excluded.due_on, wake_on = excluded.wake_on, claim = NULL, moves = task.moves + 1, tries = 0, error = NULL,
       set_aside_on = NULL`,
    [seeds, new Date(nowMs).toISOString(), new Date(nowMs)],
  );
}

/** Goes on with the next page of a list that is held. */
export async function turnPage(transaction: Queryable, task: TaskRow, cursor: string, nowMs: number): Promise<void> {
  await transaction.query(
    `UPDATE marketing.journey_task SET record_id = $3, due_on = $4, wake_on = $4, claim = NULL, tries = 0, error = NULL
     WHERE kind = $1 AND object_id = $2`,
    [task.kind, task.object_id, cursor, new Date(nowMs)],
  );
}

/** After events of carts were lost: whatever somebody is in a journey with is looked at. */
export async function checkEveryCart(transaction: Queryable, nowMs: number): Promise<void> {
  await lookAtAll(transaction, 'CART_CHECK', 'object_id', "object_type = 'ShoppingCart' AND", nowMs);
}

/** After events of identity were lost: whose everything is that goes on, or may go on, is asked anew. */
export async function checkEverybody(transaction: Queryable, nowMs: number): Promise<void> {
  await lookAtAll(transaction, 'PERSON', 'customer360_id', '', nowMs);
}

async function lookAtAll(
  transaction: Queryable,
  kind: 'CART_CHECK' | 'PERSON',
  column: 'object_id' | 'customer360_id',
  condition: string,
  nowMs: number,
): Promise<void> {
  await transaction.query(
    `INSERT INTO marketing.journey_task AS task (kind, object_id, source, event_id, event_type, event_on, due_on, wake_on)
     SELECT $1, ${column}, 'marketing', 'lost ' || $1 || ' ' || $2::text, 'EventsLost', $3::timestamptz, $3, $3
     FROM (SELECT DISTINCT ${column} FROM marketing.journey_instance
           WHERE ${condition} (status IN ${ACTIVE_SQL} OR status = 'FOLDED')) AS concerned ORDER BY ${column}
     ON CONFLICT (kind, object_id) DO UPDATE SET due_on = excluded.due_on, wake_on = excluded.wake_on, claim = NULL,
       moves = task.moves + 1, tries = 0, error = NULL, set_aside_on = NULL`,
    [kind, new Date(nowMs).toISOString(), new Date(nowMs)],
  );
}
