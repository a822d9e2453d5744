import type { Queryable, Row } from '../../../../database/database.ts';

/** What is to be looked at. */
export type TaskKind =
  /** A cart that may be left, by its key. */
  | 'CART'
  /** A cart that somebody is in a journey with, by its key. */
  | 'CART_CHECK'
  /** An order that came, by its number. */
  | 'ORDER'
  /** A case that changed, by its key. */
  | 'CASE'
  /** A visit that may be left, by the subscriber. */
  | 'BROWSE'
  /** How long ago the last order is, by the customer number. */
  | 'LAPSE'
  /** Something that somebody waits for, by cloud, record and type. */
  | 'AWAITED'
  /** A person whose records moved, by their id. */
  | 'PERSON'
  /** A record that identity did not know when something happened, by cloud and record. */
  | 'UNKNOWN'
  /** A list of the live data that is gone through once, by its name; `record_id` is the place in it. */
  | 'SEED';

/** A row of `marketing.journey_task`. */
export interface TaskRow extends Row {
  readonly kind: TaskKind;
  readonly object_id: string;
  readonly source: string;
  readonly record_id: string | null;
  readonly event_id: string;
  readonly event_type: string;
  readonly event_on: Date;
  readonly fired_ms: number;
  readonly due_on: Date | null;
  readonly wake_on: Date | null;
  readonly claim: string | null;
  readonly moves: number;
  readonly tries: number;
}

/** Carts and visits that are timed no more. Customers' timers are one for each, and may be waited for at any time. */
const ASLEEP_SQL = `task.wake_on IS NULL AND task.set_aside_on IS NULL AND task.kind IN ('CART', 'BROWSE')`;
/** How long they are kept, for journeys that are saved later and wait longer; nobody enters so late. */
const ASLEEP_KEPT_MS = 30 * 86_400_000;
/** More than are put to sleep at once, so that the table grows with the carts of this time only. */
const SWEPT_AT_ONCE = 200;

/** What an event asks for. */
export interface NewTask {
  readonly kind: TaskKind;
  readonly objectId: string;
  readonly source: string;
  readonly recordId: string | null;
  readonly eventId: string;
  readonly eventType: string;
  /** ISO 8601. */
  readonly eventOn: string;
  /** When it is to be looked at, milliseconds; null when nobody waits for it. */
  readonly wakeMs: number | null;
}

/**
 * Writes what events ask for, one row for each object. An event that is not newer than what the row stands for changes nothing, so
 * that events may come again and in any order; a newer one begins the wait anew and takes the row away from whoever works on it. So
 * does any for a row that nobody waits for: a clock that was set back must not keep it asleep.
 * With `again` every event does, because the object is to be read after each.
 */
export async function putTasks(
  transaction: Queryable,
  tasks: readonly NewTask[],
  { again }: { readonly again: boolean },
): Promise<void> {
  if (tasks.length === 0) return;
  const latest = new Map<string, NewTask>();
  for (const task of tasks) {
    const key = `${task.kind} ${task.objectId}`;
    const known = latest.get(key);
    if (!known || task.eventOn >= known.eventOn) latest.set(key, task);
  }
  await transaction.query(
    `INSERT INTO marketing.journey_task AS task
       (kind, object_id, source, record_id, event_id, event_type, event_on, due_on, wake_on)
     SELECT kind, object_id, source, record_id, event_id, event_type, event_on, wake_on, wake_on
     FROM jsonb_to_recordset($1::jsonb) AS (kind text, object_id text, source text, record_id text, event_id text,
       event_type text, event_on timestamptz, wake_on timestamptz)
     ORDER BY kind, object_id
     ON CONFLICT (kind, object_id) DO UPDATE SET
       source = excluded.source, record_id = coalesce(excluded.record_id, task.record_id), event_id = excluded.event_id,
       event_type = excluded.event_type, event_on = greatest(task.event_on, excluded.event_on), due_on = excluded.due_on,
       wake_on = excluded.wake_on, fired_ms = 0, claim = NULL, moves = task.moves + 1, tries = 0, error = NULL,
       set_aside_on = NULL
     WHERE ${again ? 'true' : `excluded.event_on > task.event_on OR ${ASLEEP_SQL}`}`,
    [
      JSON.stringify(
        [...latest.values()].map((task) => ({
          kind: task.kind,
          object_id: task.objectId,
          source: task.source,
          record_id: task.recordId,
          event_id: task.eventId,
          event_type: task.eventType,
          event_on: task.eventOn,
          wake_on: task.wakeMs === null ? null : new Date(task.wakeMs).toISOString(),
        })),
      ),
    ],
  );
}

/** Takes tasks of a kind that are due, the longest due first, for `leaseMs`. */
export async function claimTasks(
  store: Queryable,
  request: {
    readonly kind: TaskKind;
    readonly nowMs: number;
    readonly leaseMs: number;
    readonly claim: string;
    readonly most: number;
  },
): Promise<TaskRow[]> {
  const rows = await store.query<TaskRow>(
    `WITH due AS MATERIALIZED (
       SELECT kind, object_id FROM marketing.journey_task WHERE kind = $1 AND wake_on <= $2
       ORDER BY wake_on LIMIT $5 FOR UPDATE SKIP LOCKED)
     UPDATE marketing.journey_task AS task SET claim = $4, wake_on = $3
     FROM due WHERE task.kind = due.kind AND task.object_id = due.object_id RETURNING task.*`,
    [request.kind, new Date(request.nowMs), new Date(request.nowMs + request.leaseMs), request.claim, request.most],
  );
  return rows.sort((one, other) => (one.due_on?.getTime() ?? 0) - (other.due_on?.getTime() ?? 0));
}

/** Kinds of tasks with the time at which the next of each is due, milliseconds. */
export async function nextTaskWakes(
  store: Queryable,
  kinds: readonly TaskKind[],
): Promise<ReadonlyMap<TaskKind, number>> {
  const rows = await store.query<{ kind: TaskKind; wake_on: Date }>(
    `SELECT wanted.kind, found.wake_on FROM unnest($1::text[]) AS wanted (kind)
     CROSS JOIN LATERAL (SELECT wake_on FROM marketing.journey_task
       WHERE kind = wanted.kind AND wake_on IS NOT NULL ORDER BY wake_on LIMIT 1) AS found`,
    [kinds],
  );
  return new Map(rows.map(({ kind, wake_on }) => [kind, wake_on.getTime()]));
}

/** Those of the tasks that nothing has moved since they were taken, locked in one order until the transaction ends. */
export async function holdTasks(transaction: Queryable, tasks: readonly TaskRow[]): Promise<TaskRow[]> {
  const [first] = tasks;
  if (!first) return [];
  const held = await transaction.query<{ object_id: string; moves: number; claim: string | null }>(
    `SELECT object_id, moves, claim FROM marketing.journey_task WHERE kind = $1 AND object_id = ANY($2)
     ORDER BY object_id FOR UPDATE`,
    [first.kind, tasks.map(({ object_id }) => object_id)],
  );
  const byId = new Map(held.map((row) => [row.object_id, row]));
  return tasks.filter(({ object_id, moves, claim }) => {
    const row = byId.get(object_id);
    return row?.moves === moves && row.claim === claim;
  });
}

/** What becomes of a task. */
export interface TaskFate {
  readonly task: TaskRow;
  /** `null` without `keepsFired`: it is done and goes. */
  readonly wakeMs: number | null;
  /** Present: the row stays, with what it was found left for. */
  readonly firedMs?: number;
}

/** Writes what became of tasks that are held. At most three statements. */
export async function finishTasks(transaction: Queryable, fates: readonly TaskFate[], nowMs: number): Promise<void> {
  const [first] = fates;
  if (!first) return;
  const gone = fates.filter(({ wakeMs, firedMs }) => wakeMs === null && firedMs === undefined);
  const kept = fates.filter((fate) => !gone.includes(fate));
  if (gone.length > 0) {
    await transaction.query('DELETE FROM marketing.journey_task WHERE kind = $1 AND object_id = ANY($2)', [
      first.task.kind,
      gone.map(({ task }) => task.object_id),
    ]);
  }
  if (kept.length === 0) return;
  await transaction.query(
    `UPDATE marketing.journey_task AS task
     SET wake_on = fate.wake_on, due_on = fate.wake_on, fired_ms = fate.fired_ms, claim = NULL, tries = 0, error = NULL
     FROM jsonb_to_recordset($2::jsonb) AS fate (object_id text, wake_on timestamptz, fired_ms bigint)
     WHERE task.kind = $1 AND task.object_id = fate.object_id`,
    [
      first.task.kind,
      JSON.stringify(
        kept.map(({ task, wakeMs, firedMs }) => ({
          object_id: task.object_id,
          wake_on: wakeMs === null ? null : new Date(wakeMs).toISOString(),
          fired_ms: firedMs ?? task.fired_ms,
        })),
      ),
    ],
  );
  if (kept.some(({ wakeMs }) => wakeMs === null)) await sweepTasks(transaction, nowMs);
}

async function sweepTasks(transaction: Queryable, nowMs: number): Promise<void> {
  await transaction.query(
    `DELETE FROM marketing.journey_task WHERE (kind, object_id) IN (
       SELECT kind, object_id FROM marketing.journey_task AS task
       WHERE ${ASLEEP_SQL} AND event_on < $1
       ORDER BY event_on LIMIT ${SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED)`,
    [new Date(nowMs - ASLEEP_KEPT_MS)],
  );
}

/** Keeps what a living worker has for longer. */
export async function renewTasks(store: Queryable, claims: readonly string[], untilMs: number): Promise<void> {
  await store.query('UPDATE marketing.journey_task SET wake_on = $2 WHERE wake_on IS NOT NULL AND claim = ANY($1)', [
    claims,
    new Date(untilMs),
  ]);
}

/** Gives tasks back that could not be worked on: they are due at a time. Not those that somebody else has. */
export async function releaseTasks(
  store: Queryable,
  tasks: readonly TaskRow[],
  {
    wakeMs,
    failure,
  }: { readonly wakeMs: number; readonly failure?: { readonly tries: number; readonly error: string } },
): Promise<void> {
  const [first] = tasks;
  if (!first) return;
  await store.query(
    `UPDATE marketing.journey_task SET wake_on = $4, claim = NULL, tries = coalesce($5, tries), error = coalesce($6, error)
     WHERE kind = $1 AND object_id = ANY($2) AND claim = $3`,
    [
      first.kind,
      tasks.map(({ object_id }) => object_id),
      first.claim,
      new Date(wakeMs),
      failure?.tries ?? null,
      failure?.error ?? null,
    ],
  );
}

/** Sets a task aside that failed time and again, so that the others go on. */
export async function setTaskAside(
  store: Queryable,
  task: TaskRow,
  failure: { readonly tries: number; readonly error: string; readonly nowMs: number },
): Promise<void> {
  await store.query(
    `UPDATE marketing.journey_task SET wake_on = NULL, claim = NULL, tries = $4, error = $5, set_aside_on = $6
     WHERE kind = $1 AND object_id = $2 AND claim = $3`,
    [task.kind, task.object_id, task.claim, failure.tries, failure.error, new Date(failure.nowMs)],
  );
}
