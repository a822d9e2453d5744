import type { Queryable } from '../../../../database/database.ts';
import { readOwners, readSurvivors, recordKey } from '../live/reads.ts';
import { readMovedOrders } from '../reports/moved-orders.ts';
import { appendTimeline, type TimelineEntry, tellChanges } from '../store/events.ts';
import type { InstanceRow } from '../store/instances.ts';
import { type Arrangement, arrange } from './arrange.ts';
import type { TaskWork, WorkParts } from './task-work.ts';

/**
 * People whose records moved, as by a merge or its end. Whose each instance is now, is told by the record it came from, asked live:
 * so it does not matter which changes came when. Two active ones of one journey and person become one, and apart again.
 */
export function peopleWork(parts: WorkParts, readAtOnce: number): TaskWork {
  return {
    kind: 'PERSON',
    most: readAtOnce,
    isTimed: false,
    async read(tasks) {
      const people = tasks.map(({ object_id }) => object_id);
      const rows = await instancesOf(parts.database, people);
      const owners = await readOwners(
        parts.graph,
        rows.flatMap(({ source, record_id }) =>
          source !== null && record_id !== null ? [{ source, recordId: record_id }] : [],
        ),
      );
      const survivors = await readSurvivors(parts.graph, [...people, ...rows.map((row) => row.customer360_id)]);
      const ownerOf = (row: InstanceRow): string => {
        const { source, record_id, customer360_id } = row;
        const owner =
          source !== null && record_id !== null ? owners.get(recordKey({ source, recordId: record_id })) : undefined;
        return owner ?? survivors.get(customer360_id) ?? customer360_id;
      };
      const reconcileConversions = await readMovedOrders(
        parts.graph,
        [...new Set(rows.map(ownerOf))],
        Math.min(parts.clock(), ...rows.map(({ entered_on }) => entered_on.getTime())),
      );
      return async (transaction, held) => {
        const fates = held.map((task) => ({ task, wakeMs: null }));
        const concerned = await instancesOf(
          transaction,
          [...new Set([...held.map(({ object_id }) => object_id), ...rows.map(ownerOf)])],
          true,
        );
        await followTriggers(transaction, survivors, people);
        await writeArrangement(transaction, arrange(concerned, ownerOf), parts.clock());
        await reconcileConversions(transaction);
        return { fates };
      };
    },
  };
}

/** Every instance of these people, and those that were folded into or out of theirs. */
async function instancesOf(store: Queryable, people: readonly string[], isLocked = false): Promise<InstanceRow[]> {
  return store.query<InstanceRow>(
    `SELECT * FROM marketing.journey_instance
     WHERE instance_id IN (
       SELECT instance_id FROM marketing.journey_instance WHERE customer360_id = ANY($1)
       UNION SELECT folded.instance_id FROM marketing.journey_instance AS folded
         JOIN marketing.journey_instance AS other ON folded.folded_into = other.instance_id WHERE other.customer360_id = ANY($1))
     ORDER BY instance_id ${isLocked ? 'FOR UPDATE' : ''}`,
    [people],
  );
}

/** Triggers that came by no record follow the surviving id; the others are told apart by theirs. */
async function followTriggers(
  transaction: Queryable,
  survivors: ReadonlyMap<string, string>,
  people: readonly string[],
): Promise<void> {
  const moved = people.filter((id) => survivors.has(id) && survivors.get(id) !== id);
  if (moved.length === 0) return;
  await transaction.query(
    `UPDATE marketing.journey_trigger AS found SET customer360_id = given.survivor
     FROM unnest($1::text[], $2::text[]) AS given (customer360_id, survivor)
     WHERE found.customer360_id = given.customer360_id`,
    [moved, moved.map((id) => survivors.get(id))],
  );
  await transaction.query(
    `INSERT INTO marketing.journey_entry (journey_id, entry_key, instance_id)
     SELECT entry.journey_id, 'person ' || given.survivor, entry.instance_id FROM marketing.journey_entry AS entry
     JOIN unnest($1::text[], $2::text[]) AS given (customer360_id, survivor) ON entry.entry_key = 'person ' || given.customer360_id
     ON CONFLICT DO NOTHING`,
    [moved, moved.map((id) => survivors.get(id))],
  );
}

async function writeArrangement(
  transaction: Queryable,
  { moved, folded, freed }: Arrangement,
  nowMs: number,
): Promise<void> {
  if (moved.length + folded.length + freed.length === 0) return;
  // Folded first, then moved, then set free: no person is in a journey twice in between.
  await transaction.query(
    `UPDATE marketing.journey_instance AS instance SET status = 'FOLDED',
       status_before = CASE instance.status WHEN 'FOLDED' THEN instance.status_before ELSE instance.status END, folded_into = given.into_id, wake_on = NULL, claim = NULL
     FROM unnest($1::text[], $2::text[]) AS given (instance_id, into_id) WHERE instance.instance_id = given.instance_id`,
    [folded.map(({ row }) => row.instance_id), folded.map(({ into }) => into.instance_id)],
  );
  for (const phase of ['moving', 'moved'] as const) {
    await transaction.query(
      `UPDATE marketing.journey_instance AS instance SET customer360_id = given.customer360_id
       FROM unnest($1::text[], $2::text[]) AS given (instance_id, customer360_id)
       WHERE instance.instance_id = given.instance_id`,
      [
        moved.map(({ row }) => row.instance_id),
        moved.map(({ row, owner }) => (phase === 'moving' ? `moving ${row.instance_id}` : owner)),
      ],
    );
  }
  await transaction.query(
    `UPDATE marketing.journey_instance SET status = status_before,
       status_before = NULL, folded_into = NULL, wake_on = CASE status_before WHEN 'PAUSED' THEN NULL ELSE due_on END
     WHERE instance_id = ANY($1)`,
    [freed.map(({ instance_id }) => instance_id)],
  );
  await appendTimeline(transaction, notesOf({ moved, folded, freed }), nowMs);
  const changed = [...moved.map(({ row }) => row), ...folded.map(({ row }) => row), ...freed];
  await tellChanges(transaction, { changed: changed.map(({ instance_id }) => instance_id) }, nowMs);
}

function notesOf({ moved, folded, freed }: Arrangement): TimelineEntry[] {
  const note = (row: InstanceRow, entryType: string, message: string): TimelineEntry => ({
    instanceId: row.instance_id,
    entryType,
    step: row.step,
    message,
  });
  return [
    ...moved.map(({ row, owner }) =>
      note(row, 'MOVED', `Its record belongs to ${owner} now, no more to ${row.customer360_id}.`),
    ),
    ...folded.map(({ row, into }) =>
      note(row, 'FOLDED', `Became part of ${into.instance_id}: both are of one person.`),
    ),
    ...folded.map(({ row, into }) => note(into, 'TOOK_IN', `Took in ${row.instance_id}: both are of one person.`)),
    ...freed.map((row) => note(row, 'SET_FREE', 'Goes on by itself: its person is another one again.')),
  ];
}
