import type { Queryable } from '../../../../database/database.ts';
import { CodedError } from '../../../../schema/errors.ts';
import { appendTimeline, tellChanges, wakeWorkers } from './events.ts';
import { takeOut } from './exits.ts';
import type { InstanceRow } from './instances.ts';

/** What is done to an instance by hand. */
export interface InstanceControl {
  readonly instanceId: string;
  readonly action: 'PAUSE' | 'RESUME' | 'EJECT' | 'SEND_NOW';
  /** Who does it: the principal's subject. */
  readonly by: string;
  /** Why, in their words. */
  readonly reason: string | null;
}

/** Pauses, resumes, ejects or hurries an instance: whoever works on it has lost it. Throws NOT_FOUND and CONFLICT. */
export async function controlInstance(transaction: Queryable, control: InstanceControl, nowMs: number): Promise<void> {
  const { instanceId, action, by } = control;
  const [row] = await transaction.query<InstanceRow>(
    'SELECT * FROM marketing.journey_instance WHERE instance_id = $1 FOR UPDATE',
    [instanceId],
  );
  if (!row) throw new CodedError('NOT_FOUND', 'There is no journey instance with this key.');
  if (action === 'EJECT') {
    if (!isActive(row)) refuse(row, action);
    const message = withReason('Taken out by hand.', control);
    return takeOut(transaction, [instanceId], { status: 'EJECTED', reason: 'EJECTED', message, by }, nowMs);
  }
  const change = CHANGES[action](row, nowMs);
  if (change === null) return refuse(row, action);
  await transaction.query(
    `UPDATE marketing.journey_instance SET status = $2, status_before = $3, wake_on = $4, due_on = $5, claim = NULL
     WHERE instance_id = $1`,
    [instanceId, change.status, change.statusBefore, change.wakeOn, change.dueOn],
  );
  const note = {
    instanceId,
    step: row.step,
    by,
    entryType: change.entryType,
    message: withReason(change.message, control),
  };
  await appendTimeline(transaction, [note], nowMs);
  await tellChanges(transaction, { changed: [instanceId] }, nowMs);
  await wakeWorkers(transaction);
}

interface Change {
  readonly status: string;
  readonly statusBefore: string | null;
  readonly wakeOn: Date | null;
  readonly dueOn: Date | null;
  readonly entryType: string;
  readonly message: string;
}

const CHANGES: Readonly<Record<'PAUSE' | 'RESUME' | 'SEND_NOW', (row: InstanceRow, nowMs: number) => Change | null>> = {
  PAUSE: (row) =>
    row.status === 'WAITING' || row.status === 'DEFERRED'
      ? {
          status: 'PAUSED',
          statusBefore: row.status,
          wakeOn: null,
          dueOn: row.due_on,
          entryType: 'PAUSED',
          message: 'Held by hand; its wait runs on.',
        }
      : null,
  RESUME: (row, nowMs) =>
    row.status === 'PAUSED'
      ? {
          status: row.status_before ?? 'WAITING',
          statusBefore: null,
          wakeOn: row.due_on ?? new Date(nowMs),
          dueOn: row.due_on,
          entryType: 'RESUMED',
          message: 'Goes on by hand.',
        }
      : null,
  SEND_NOW: (row, nowMs) =>
    row.status === 'WAITING' || row.status === 'DEFERRED'
      ? {
          status: row.status,
          statusBefore: null,
          wakeOn: new Date(nowMs),
          dueOn: new Date(nowMs),
          entryType: 'HURRIED',
          message: 'Its wait was ended by hand.',
        }
      : null,
};

function isActive({ status }: InstanceRow): boolean {
  return status === 'WAITING' || status === 'DEFERRED' || status === 'PAUSED';
}

function refuse({ status }: InstanceRow, action: string): never {
  throw new CodedError('CONFLICT', `A journey instance that is ${status} can't be changed by ${action}.`);
}

function withReason(message: string, { reason }: InstanceControl): string {
  return reason === null ? message : `${message} ${reason}`;
}
