import { readOwners, recordKey } from '../live/reads.ts';
import { stepNamed } from '../steps.ts';
import { appendTimeline, tellChanges } from '../store/events.ts';
import type { InstanceRow } from '../store/instances.ts';
import type { TaskRow } from '../store/tasks.ts';
import type { TaskWork, WorkParts } from './task-work.ts';

/** Something happened that somebody waits for: whose it is, is asked live, and whether it is what they wait for. */
export function awaitedWork(parts: WorkParts, readAtOnce: number): TaskWork {
  return {
    kind: 'AWAITED',
    most: readAtOnce,
    isTimed: false,
    async read(tasks) {
      const owners = await readOwners(
        parts.graph,
        tasks.map(({ source, record_id }) => ({ source, recordId: record_id ?? '' })),
      );
      const ownerOf = ({ source, record_id }: TaskRow) =>
        owners.get(recordKey({ source, recordId: record_id ?? '' })) ?? null;
      const waiting = await Promise.all(tasks.map((task) => waitingFor(parts, task, ownerOf(task))));
      const met = await Promise.all(waiting.map((rows) => whomItMeets(parts, rows)));
      return async (transaction, held) => {
        const rows = tasks.flatMap((task, index) => (held.includes(task) ? (met[index] ?? []) : []));
        const nowMs = parts.clock();
        const moved = await transaction.query<{ instance_id: string; step: string | null }>(
          // Whoever has gone on meanwhile may wait for something else.
          `UPDATE marketing.journey_instance AS instance SET waits_for = NULL, claim = NULL, due_on = $2,
             wake_on = CASE WHEN status = 'WAITING' THEN $2::timestamptz END
           FROM unnest($1::text[], $3::text[], $4::text[]) AS given (instance_id, step, waits_for)
           WHERE instance.instance_id = given.instance_id AND instance.step = given.step
             AND instance.waits_for = given.waits_for AND status IN ('WAITING', 'PAUSED')
           RETURNING instance.instance_id, instance.step`,
          [
            rows.map(({ instance_id }) => instance_id),
            new Date(nowMs),
            rows.map(({ step }) => step),
            rows.map(({ waits_for }) => waits_for),
          ],
        );
        const note = { entryType: 'HAPPENED', message: 'What was waited for has happened.' };
        await appendTimeline(
          transaction,
          moved.map(({ instance_id, step }) => ({ instanceId: instance_id, step, ...note })),
          nowMs,
        );
        await tellChanges(transaction, { changed: moved.map(({ instance_id }) => instance_id) }, nowMs);
        return { fates: held.map((task) => ({ task, wakeMs: null })) };
      };
    },
  };
}

function waitingFor({ database }: WorkParts, task: TaskRow, customer360Id: string | null): Promise<InstanceRow[]> {
  return database.query<InstanceRow>(
    `SELECT * FROM marketing.journey_instance
     WHERE waits_for = $1 AND (customer360_id = $2 OR (source = $3 AND record_id = $4)) AND status IN ('WAITING', 'PAUSED')`,
    [task.event_type, customer360Id, task.source, task.record_id],
  );
}

async function whomItMeets(
  { database, documents, conditions }: WorkParts,
  rows: readonly InstanceRow[],
): Promise<InstanceRow[]> {
  const met = await Promise.all(
    rows.map(async (row) => {
      const definition = await documents.definition(database, row.journey_id, row.version);
      const step = row.step === null ? undefined : stepNamed(definition, row.step);
      if (step?.kind !== 'WAIT_FOR_EVENT') return false;
      return step.when ? conditions.holds({ customer360Id: row.customer360_id, condition: step.when }) : true;
    }),
  );
  return rows.filter((_row, index) => met[index]);
}
