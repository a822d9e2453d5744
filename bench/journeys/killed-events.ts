import type { Queryable } from '../../database/database.ts';
import type { Shopper } from './shop.ts';

/** The logs that journeys follow. */
export const LOGS = ['commerce', 'marketing', 'identity'] as const;

/** The stores that are looked at when everything is over, one for each log. */
export type AuditedStores = Readonly<Record<(typeof LOGS)[number], Queryable>>;

/** Consumers know so many of their last events for certain. */
const REMEMBERED = 99_000;
/** Kinds of tasks that nothing but the events of a cloud asks for, with what asks. */
const ASKED_FOR = `(kind IN ('CART', 'CART_CHECK') AND event_type = 'ShoppingCartChanged')
  OR (kind = 'ORDER' AND event_type = 'SalesOrderChanged')`;

/**
 * Keeps a book of its own in the marketing store, by a trigger, of what each event was acted on for: it rolls back with the effect and
 * knows nothing of how consumers remember. Also notes where each log stands: what comes after is to be taken.
 */
export async function openLedger(stores: AuditedStores): Promise<void> {
  const { marketing } = stores;
  for (const statement of [
    'CREATE SCHEMA killed',
    'CREATE TABLE killed.begun (log text PRIMARY KEY, sequence bigint NOT NULL)',
    'CREATE TABLE killed.acted (kind text NOT NULL, object_id text NOT NULL, event_type text NOT NULL, event_id text NOT NULL)',
    `CREATE FUNCTION killed.note() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
       INSERT INTO killed.acted VALUES (NEW.kind, NEW.object_id, NEW.event_type, NEW.event_id);
       RETURN NULL;
     END $body$`,
    `CREATE TRIGGER killed_note AFTER INSERT OR UPDATE OF event_id ON marketing.journey_task
       FOR EACH ROW EXECUTE FUNCTION killed.note()`,
  ]) {
    await marketing.query(statement);
  }
  for (const log of LOGS) {
    const [row] = await stores[log].query<{ last: number }>(
      `SELECT coalesce(max(sequence), 0) AS last FROM ${log}.outbox`,
    );
    await marketing.query('INSERT INTO killed.begun VALUES ($1, $2)', [log, row?.last ?? 0]);
  }
}

/** Every event of every log was written, taken, and acted on once; every consumer counts right. */
export async function auditEvents(
  stores: AuditedStores,
  shoppers: readonly Shopper[],
): Promise<Record<string, string[]>> {
  const taken: string[] = [];
  for (const log of LOGS) taken.push(...(await notTaken(stores, log)));
  return {
    'changes without their event': await notWritten(stores, shoppers),
    'events that nobody took': taken,
    'events acted on twice': await actedTwice(stores),
    'events never acted on': await neverActed(stores),
    'consumers that miscount': await miscounted(stores),
  };
}

/** Each time a cart was filled or ordered, and nothing else, is an event of it. */
async function notWritten({ commerce }: AuditedStores, shoppers: readonly Shopper[]): Promise<string[]> {
  const rows = await commerce.query<{ key: string; count: number }>(
    `SELECT key, count(*) AS count FROM commerce.outbox WHERE type = 'ShoppingCartChanged' GROUP BY key`,
  );
  const told = new Map(rows.map(({ key, count }) => [key, count]));
  return shoppers.flatMap(({ cartId, quantity, orderedMs }) => {
    const changes = quantity + (orderedMs === undefined ? 0 : 1);
    return (told.get(cartId) ?? 0) === changes
      ? []
      : [`${cartId}: ${changes} changes, ${told.get(cartId) ?? 0} events`];
  });
}

async function notTaken(stores: AuditedStores, log: (typeof LOGS)[number]): Promise<string[]> {
  const consumer = `journeys:${log}`;
  const { marketing } = stores;
  const [begun] = await marketing.query<{ sequence: number }>('SELECT sequence FROM killed.begun WHERE log = $1', [
    log,
  ]);
  const known = await marketing.query<{ event_id: string }>(
    `SELECT event_id FROM marketing.consumed_event WHERE consumer = $1`,
    [consumer],
  );
  const ids = new Set(known.map(({ event_id }) => event_id));
  const logged = await stores[log].query<{ id: string }>(
    `SELECT id FROM ${log}.outbox WHERE sequence > $1 ORDER BY sequence DESC LIMIT ${REMEMBERED}`,
    [begun?.sequence ?? 0],
  );
  return logged.flatMap(({ id }) => (ids.has(id) ? [] : [`${log} ${id}`]));
}

async function actedTwice({ marketing }: AuditedStores): Promise<string[]> {
  const rows = await marketing.query<{ is: string }>(
    `SELECT kind || ' ' || object_id || ' ' || event_id || ' ' || count(*) AS is FROM killed.acted
     WHERE ${ASKED_FOR} GROUP BY kind, object_id, event_id HAVING count(*) > 1`,
  );
  return rows.map((row) => row.is);
}

/** The last event of a cart that is not ordered moves its row, as an order's does; those before it may have been taken together with it. */
async function neverActed({ commerce, marketing }: AuditedStores): Promise<string[]> {
  const last = await commerce.query<{ key: string; id: string }>(
    `SELECT DISTINCT ON (key) key, id FROM commerce.outbox WHERE type = 'SalesOrderChanged'
       OR (type = 'ShoppingCartChanged' AND key IN (SELECT cart_id FROM commerce.cart WHERE state = 'open'))
     ORDER BY key, sequence DESC`,
  );
  const acted = await marketing.query<{ event_id: string }>(
    `SELECT DISTINCT event_id FROM killed.acted WHERE kind IN ('CART', 'CART_CHECK', 'ORDER')`,
  );
  const ids = new Set(acted.map(({ event_id }) => event_id));
  return last.flatMap(({ key, id }) => (ids.has(id) ? [] : [`${key} ${id}`]));
}

async function miscounted({ marketing }: AuditedStores): Promise<string[]> {
  const rows = await marketing.query<{ is: string }>(
    `SELECT name || ': ' || taken || ' taken, ' || remembered || ' remembered' AS is FROM marketing.consumer
     CROSS JOIN LATERAL (SELECT count(*) AS remembered FROM marketing.consumed_event WHERE consumer = name) AS known
     WHERE CASE WHEN taken <= 100000 THEN taken <> remembered ELSE remembered NOT BETWEEN 100000 AND 101000 END`,
  );
  return rows.map((row) => row.is);
}
