import type { Row } from '../../../../database/database.ts';
import { enterKnown, planEntries } from '../entries.ts';
import { readOwners, recordKey } from '../live/reads.ts';
import type { Occurrence } from '../occurrence.ts';
import { readMoves } from '../store/moves.ts';
import { putTasks, type TaskRow } from '../store/tasks.ts';
import type { TaskWork, WorkParts } from './task-work.ts';

interface TriggerRow extends Row {
  readonly trigger_id: string;
  readonly kind: Occurrence['kind'];
  readonly due_on: Date;
  readonly object_type: string;
  readonly object_id: string;
  readonly revision: string | null;
  readonly occasion: string;
  readonly after_ms: number | null;
  readonly source: string;
  readonly record_id: string;
}

/** Records that identity did not know when something happened: now that it does, whose it is may enter after all. */
export function unknownWork(parts: WorkParts, readAtOnce: number): TaskWork {
  return {
    kind: 'UNKNOWN',
    most: readAtOnce,
    isTimed: false,
    async read(tasks) {
      const readAfter = await readMoves(parts.database);
      const owners = await readOwners(
        parts.graph,
        tasks.map(({ source, record_id }) => ({ source, recordId: record_id ?? '' })),
      );
      const rows = await triggersOf(parts, tasks);
      const known = rows.flatMap((row) => {
        const customer360Id = owners.get(recordKey({ source: row.source, recordId: row.record_id }));
        return customer360Id === undefined ? [] : [{ row, occurrence: occurrenceOf(row, customer360Id) }];
      });
      const planned = await planEntries(
        parts,
        parts.documents,
        known.map(({ occurrence }) => occurrence),
      );
      return async (transaction, held) => {
        const records = new Set(held.map(({ object_id }) => object_id));
        const mine = known.flatMap(({ row }, index) => {
          const plan = planned[index];
          const isMine = records.has(recordKey({ source: row.source, recordId: row.record_id }));
          return plan && isMine ? [{ triggerId: row.trigger_id, plan }] : [];
        });
        const entered = await enterKnown(parts, transaction, mine, readAfter);
        // The carts may have changed since.
        await putTasks(
          transaction,
          checksOf(
            mine.map(({ plan }) => plan.occurrence),
            held,
          ),
          { again: true },
        );
        return { fates: held.map((task) => ({ task, wakeMs: null })), entered };
      };
    },
  };
}

function triggersOf({ database }: WorkParts, tasks: readonly TaskRow[]): Promise<TriggerRow[]> {
  return database.query<TriggerRow>(
    `SELECT found.* FROM marketing.journey_trigger AS found
     JOIN unnest($1::text[], $2::text[]) AS asked (source, record_id)
       ON found.source = asked.source AND found.record_id = asked.record_id
     WHERE found.customer360_id IS NULL ORDER BY found.due_on, found.trigger_id`,
    [tasks.map(({ source }) => source), tasks.map(({ record_id }) => record_id)],
  );
}

function occurrenceOf(row: TriggerRow, customer360Id: string): Occurrence {
  return {
    kind: row.kind,
    dueMs: row.due_on.getTime(),
    objectType: row.object_type,
    objectId: row.object_id,
    revision: row.revision,
    occasion: row.occasion,
    afterMs: row.after_ms,
    customer360Id,
    source: row.source,
    recordId: row.record_id,
  };
}

function checksOf(occurrences: readonly Occurrence[], [first]: readonly TaskRow[]): Parameters<typeof putTasks>[1] {
  if (!first) return [];
  return occurrences
    .filter(({ objectType }) => objectType === 'ShoppingCart')
    .map(({ objectId, recordId }) => ({
      kind: 'CART_CHECK' as const,
      objectId,
      source: 'commerce',
      recordId,
      eventId: first.event_id,
      eventType: first.event_type,
      eventOn: first.event_on.toISOString(),
      wakeMs: first.event_on.getTime(),
    }));
}
