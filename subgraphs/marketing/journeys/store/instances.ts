import type { Queryable, Row } from '../../../../database/database.ts';
import type { RunningInstance } from '../contract.ts';
import type { Note, Standing } from '../steps.ts';
import { INTO_TIMELINE_SQL } from './events.ts';

/** A row of `marketing.journey_instance`. */
export interface InstanceRow extends Row {
  readonly instance_id: string;
  readonly journey_id: string;
  readonly version: number;
  readonly trigger_id: string;
  readonly customer360_id: string;
  readonly source: string | null;
  readonly record_id: string | null;
  readonly object_type: string;
  readonly object_id: string;
  readonly revision: string | null;
  readonly status: 'WAITING' | 'DEFERRED' | 'PAUSED' | 'COMPLETED' | 'EXITED' | 'EJECTED' | 'FOLDED' | 'FAILED';
  readonly entered_on: Date;
  readonly step: string | null;
  readonly is_begun: boolean;
  readonly due_on: Date | null;
  readonly waits_for: string | null;
  readonly wake_on: Date | null;
  readonly claim: string | null;
  readonly tries: number;
  readonly is_held_out: boolean;
  readonly is_single: boolean;
  readonly order_number: string | null;
  readonly ended_on: Date | null;
  readonly end_reason: string | null;
  readonly folded_into: string | null;
  readonly status_before: string | null;
}

/** Those who are in a journey. */
export const ACTIVE_SQL = `('WAITING', 'DEFERRED', 'PAUSED')`;

/** An instance as the steps see it. */
export function runningInstance(row: InstanceRow): RunningInstance {
  return {
    id: row.instance_id,
    journeyId: row.journey_id,
    version: row.version,
    customer360Id: row.customer360_id,
    objectType: row.object_type,
    objectId: row.object_id,
    revision: row.revision,
    enteredAt: row.entered_on.toISOString(),
  };
}

/**
 * Takes instances that are due, the longest due first, for `leaseMs`: nobody else takes them before. Only of active journeys; those
 * of a paused one wait on.
 */
export async function claimInstances(
  store: Queryable,
  request: { readonly nowMs: number; readonly leaseMs: number; readonly claim: string; readonly most: number },
): Promise<InstanceRow[]> {
  return store.query<InstanceRow>(
    `WITH due AS MATERIALIZED (
       SELECT found.instance_id FROM marketing.journey
       CROSS JOIN LATERAL (
         SELECT instance_id, wake_on FROM marketing.journey_instance
         WHERE journey_id = journey.journey_id AND wake_on <= $1 AND status IN ('WAITING', 'DEFERRED')
         ORDER BY wake_on LIMIT $4 FOR UPDATE SKIP LOCKED) AS found
       WHERE journey.status = 'ACTIVE' ORDER BY found.wake_on LIMIT $4)
     UPDATE marketing.journey_instance AS instance SET claim = $3, wake_on = $2
     FROM due WHERE instance.instance_id = due.instance_id RETURNING instance.*`,
    [new Date(request.nowMs), new Date(request.nowMs + request.leaseMs), request.claim, request.most],
  );
}

/** When the next instance of an active journey is due, milliseconds; null when none is. */
export async function nextInstanceWake(store: Queryable): Promise<number | null> {
  const [row] = await store.query<{ wake_on: Date | null }>(
    `SELECT min(found.wake_on) AS wake_on FROM marketing.journey
     CROSS JOIN LATERAL (
       SELECT wake_on FROM marketing.journey_instance
       WHERE journey_id = journey.journey_id AND wake_on IS NOT NULL AND status IN ('WAITING', 'DEFERRED')
       ORDER BY wake_on LIMIT 1) AS found
     WHERE journey.status = 'ACTIVE'`,
  );
  return row?.wake_on?.getTime() ?? null;
}

/** Keeps what a living worker has for longer. */
export async function renewInstances(store: Queryable, claims: readonly string[], untilMs: number): Promise<void> {
  await store.query(
    `UPDATE marketing.journey_instance SET wake_on = $2
     WHERE wake_on IS NOT NULL AND claim = ANY($1) AND status IN ('WAITING', 'DEFERRED')`,
    [claims, new Date(untilMs)],
  );
}

/** Gives an instance back unchanged: it is due at a time. Nothing happens when somebody else has it. */
export async function releaseInstance(
  store: Queryable,
  row: InstanceRow,
  { wakeMs, tries }: { readonly wakeMs: number; readonly tries: number },
): Promise<void> {
  await store.query(
    `UPDATE marketing.journey_instance SET claim = NULL, wake_on = $3, tries = $4
     WHERE instance_id = $1 AND claim = $2 AND status IN ('WAITING', 'DEFERRED')`,
    [row.instance_id, row.claim, new Date(wakeMs), tries],
  );
}

/** Whether a worker has an instance that may go on. */
export interface InstanceStanding {
  readonly isIn: boolean;
  readonly message: string;
  readonly journeyStatus: string;
}

type StandingRow = {
  readonly instance_id: string;
  readonly status: string;
  readonly claim: string | null;
  readonly end_reason: string | null;
  readonly journey_status: string;
};

const STANDING_SQL = `SELECT instance.instance_id, instance.status, instance.claim, instance.end_reason, journey.status AS journey_status
  FROM marketing.journey_instance AS instance JOIN marketing.journey USING (journey_id)`;

/** Whether a worker still has an instance that may go on, with the row locked. */
export async function confirmInstance(transaction: Queryable, row: InstanceRow): Promise<InstanceStanding> {
  const [found] = await transaction.query<StandingRow>(
    `${STANDING_SQL} WHERE instance_id = $1 FOR UPDATE OF instance`,
    [row.instance_id],
  );
  return standingOf(row, found);
}

/** Whether a worker has instances that may go on, in their order: one statement, and nothing is locked. */
export async function readStandings(store: Queryable, rows: readonly InstanceRow[]): Promise<InstanceStanding[]> {
  const found = await store.query<StandingRow>(`${STANDING_SQL} WHERE instance_id = ANY($1::text[])`, [
    rows.map(({ instance_id }) => instance_id),
  ]);
  const byId = new Map(found.map((each) => [each.instance_id, each]));
  return rows.map((row) => standingOf(row, byId.get(row.instance_id)));
}

function standingOf(row: InstanceRow, found: StandingRow | undefined): InstanceStanding {
  const journeyStatus = found?.journey_status ?? 'STOPPED';
  const no = (message: string) => ({ isIn: false, message, journeyStatus });
  if (!found) return no('The journey instance is not there any more.');
  if (found.status !== 'WAITING' && found.status !== 'DEFERRED') {
    return no(`The journey instance is ${found.status}${found.end_reason === null ? '' : ` (${found.end_reason})`}.`);
  }
  if (journeyStatus !== 'ACTIVE') return no(`The journey is ${journeyStatus}.`);
  if (found.claim !== row.claim) return no('Another worker has taken the journey instance up.');
  return { isIn: true, message: 'It is in the journey, and the journey is active.', journeyStatus };
}

/** What becomes of an instance. */
export interface Settlement {
  readonly standing: Standing;
  readonly status?: 'DEFERRED' | 'EXITED' | 'FAILED';
  /** When a message that was put off is asked for again, milliseconds. */
  readonly againMs?: number;
  readonly isHeldOut?: boolean;
  readonly orderNumber?: string;
}

/**
 * Moves an instance that the worker still has, and tells its timeline of it. One statement. False when it has not: then nothing is written, and the transaction is to be rolled
 * back.
 */
export async function settleInstance(
  transaction: Queryable,
  row: InstanceRow,
  settlement: Settlement,
  notes: readonly Note[],
  nowMs: number,
): Promise<boolean> {
  const { standing, status, againMs, isHeldOut, orderNumber } = settlement;
  const hasEnded = standing.kind === 'ENDED';
  const dueMs = standing.kind === 'WAITING' ? standing.dueMs : (againMs ?? nowMs);
  const due = hasEnded ? null : new Date(dueMs);
  const step = standing.kind === 'WAITING' ? standing.step : standing.kind === 'LIVE' ? standing.step.id : null;
  const moved = await transaction.query(
    `WITH moved AS (
     UPDATE marketing.journey_instance SET
       status = $3, step = $4, is_begun = $5, due_on = $6, wake_on = $6, waits_for = $7, claim = NULL, tries = 0,
       ended_on = $8, end_reason = $9, is_held_out = is_held_out OR $10, order_number = coalesce($11, order_number)
     WHERE instance_id = $1 AND claim = $2 AND status IN ('WAITING', 'DEFERRED') RETURNING instance_id), told AS (
     ${INTO_TIMELINE_SQL}
     SELECT moved.instance_id, $12::timestamptz, entry_type, step, message, NULL
     FROM moved CROSS JOIN ROWS FROM (jsonb_to_recordset($13::jsonb) AS (entry_type text, step text, message text))
       WITH ORDINALITY AS note (entry_type, step, message, place) ORDER BY place)
     SELECT instance_id FROM moved`,
    [
      row.instance_id,
      row.claim,
      hasEnded ? (status ?? 'COMPLETED') : (status ?? 'WAITING'),
      step,
      standing.kind === 'WAITING',
      due,
      standing.kind === 'WAITING' ? standing.waitsFor : null,
      hasEnded ? new Date(nowMs) : null,
      hasEnded ? standing.reason : null,
      isHeldOut === true,
      orderNumber ?? null,
      new Date(nowMs),
      JSON.stringify(notes.map(({ entryType, step: at, message }) => ({ entry_type: entryType, step: at, message }))),
    ],
  );
  return moved.length > 0;
}
