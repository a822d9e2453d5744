import type { Queryable } from '../../../../database/database.ts';
import { appendEvents } from '../../../../database/outbox.ts';
import type { Note } from '../steps.ts';

/** Types of the events that journeys write into marketing's log; the key is that of the trigger or the instance. */
export const TRIGGERED = 'JourneyTriggered';
/** The event of a change of an instance. */
export const INSTANCE_CHANGED = 'JourneyInstanceChanged';

/** The channel on which workers are woken. */
export const WAKE_CHANNEL = 'marketing_journeys';

/** Something for an instance's timeline. */
export interface TimelineEntry extends Note {
  readonly instanceId: string;
  /** Who did it by hand. */
  readonly by?: string;
}

/** Wakes the workers of all processes when the transaction commits. */
export async function wakeWorkers(transaction: Queryable): Promise<void> {
  await transaction.query(`SELECT pg_notify('${WAKE_CHANNEL}', '')`);
}

/** Begins a statement that writes into the timelines. */
export const INTO_TIMELINE_SQL =
  'INSERT INTO marketing.journey_timeline (instance_id, occurred_on, entry_type, step, message, by_subject)';

/** Writes what happened into the timelines. One statement. */
export async function appendTimeline(
  transaction: Queryable,
  entries: readonly TimelineEntry[],
  nowMs: number,
): Promise<void> {
  if (entries.length === 0) return;
  await transaction.query(
    `${INTO_TIMELINE_SQL}
     SELECT instance_id, $2::timestamptz, entry_type, step, message, by_subject
     FROM ROWS FROM (jsonb_to_recordset($1::jsonb)
       AS (instance_id text, entry_type text, step text, message text, by_subject text)) WITH ORDINALITY ORDER BY ordinality`,
    [
      JSON.stringify(
        entries.map(({ instanceId, entryType, step, message, by }) => ({
          instance_id: instanceId,
          entry_type: entryType,
          step,
          message,
          by_subject: by,
        })),
      ),
      new Date(nowMs),
    ],
  );
}

/** Writes the events of triggers and changed instances, each once, in the caller's transaction. One statement. */
export async function tellChanges(
  transaction: Queryable,
  {
    triggers = [],
    entered = [],
    changed = [],
  }: {
    readonly triggers?: readonly string[];
    readonly entered?: readonly string[];
    readonly changed?: readonly string[];
  },
  nowMs: number,
): Promise<void> {
  const occurredAt = new Date(nowMs).toISOString();
  const event = (type: string, change: string) => (key: string) => ({ type, key, occurredAt, payload: { change } });
  await appendEvents(transaction, 'marketing', [
    ...triggers.map(event(TRIGGERED, 'CREATED')),
    ...entered.map(event(INSTANCE_CHANGED, 'CREATED')),
    ...[...new Set(changed)].map(event(INSTANCE_CHANGED, 'UPDATED')),
  ]);
}
