import type { Queryable } from '../../../../database/database.ts';
import { appendTimeline, tellChanges } from './events.ts';
import { ACTIVE_SQL, type InstanceRow } from './instances.ts';

/** What takes instances out, and which ones. */
export interface Exit {
  readonly reason: string;
  /** In a sentence a person can read, without personal data. */
  readonly message: string;
  readonly orderNumber?: string;
  /** Who does it by hand. */
  readonly by?: string;
  readonly status?: 'EXITED' | 'EJECTED';
}

/** Who was erased leaves. */
export const ERASED: Exit = { reason: 'ERASED', message: 'The person was erased.' };

/** Active instances by key, locked in one order. */
export async function lockActive(transaction: Queryable, instanceIds: readonly string[]): Promise<InstanceRow[]> {
  if (instanceIds.length === 0) return [];
  return transaction.query<InstanceRow>(
    `SELECT * FROM marketing.journey_instance WHERE instance_id = ANY($1) AND status IN ${ACTIVE_SQL}
     ORDER BY instance_id FOR UPDATE`,
    [instanceIds],
  );
}

/** Active instances of a person, known by their id or by one of their records, locked. */
export async function lockActiveOf(
  transaction: Queryable,
  {
    customer360Id,
    source,
    recordId,
  }: {
    readonly customer360Id: string | null;
    readonly source: string;
    readonly recordId: string | null;
  },
): Promise<InstanceRow[]> {
  return transaction.query<InstanceRow>(
    `SELECT * FROM marketing.journey_instance
     WHERE (customer360_id = $1 OR (source = $2 AND record_id = $3)) AND status IN ${ACTIVE_SQL}
     ORDER BY instance_id FOR UPDATE`,
    [customer360Id, source, recordId],
  );
}

/** Active instances that are about objects of a type, locked. */
export async function lockActiveAbout(
  transaction: Queryable,
  objectType: string,
  objectIds: readonly string[],
): Promise<InstanceRow[]> {
  return transaction.query<InstanceRow>(
    `SELECT * FROM marketing.journey_instance
     WHERE object_type = $1 AND object_id = ANY($2) AND status IN ${ACTIVE_SQL} ORDER BY instance_id FOR UPDATE`,
    [objectType, objectIds],
  );
}

/** Takes instances out that the transaction has locked: whoever works on them has lost them. Three statements. */
export async function takeOut(
  transaction: Queryable,
  instanceIds: readonly string[],
  exit: Exit,
  nowMs: number,
): Promise<void> {
  if (instanceIds.length === 0) return;
  const status = exit.status ?? 'EXITED';
  await transaction.query(
    `UPDATE marketing.journey_instance SET status = $2, ended_on = $3, end_reason = $4, order_number = coalesce($5, order_number),
       wake_on = NULL, due_on = NULL, waits_for = NULL, claim = NULL, step = NULL
     WHERE instance_id = ANY($1)`,
    [instanceIds, status, new Date(nowMs), exit.reason, exit.orderNumber ?? null],
  );
  const note = { entryType: status, step: null, message: exit.message, ...(exit.by !== undefined && { by: exit.by }) };
  await appendTimeline(
    transaction,
    instanceIds.map((instanceId) => ({ instanceId, ...note })),
    nowMs,
  );
  await tellChanges(transaction, { changed: instanceIds }, nowMs);
}
