import type { Queryable } from '../../../../database/database.ts';
import { readCarts, readOwners, readSurvivors, recordKey } from '../live/reads.ts';
import { readMovedOrders } from '../reports/moved-orders.ts';
import { forgetMessagesOf } from '../sending/message-store.ts';
import { appendTimeline, type TimelineEntry, tellChanges } from '../store/events.ts';
import { ERASED, lockActive, takeOut } from '../store/exits.ts';
import type { InstanceRow } from '../store/instances.ts';
import { type Arrangement, arrange } from './arrange.ts';
import type { TaskWork, WorkParts } from './task-work.ts';

/** As many as one question may name. */
const CARTS_AT_ONCE = 100;

/**
 * People whose records moved, as by a merge or its end. Whose each instance is now, is told by the record it came from, asked live, or by
 * the address of a visitor's cart: so it does not matter which changes came when. Two active ones of a person, in a journey that
 * one is in once at a time, become one, and apart again.
 */
export function peopleWork(parts: WorkParts, readAtOnce: number): TaskWork {
  return {
    kind: 'PERSON',
    most: readAtOnce,
    isTimed: false,
    async read(tasks) {
      const people = tasks.map(({ object_id }) => object_id);
      const rows = await instancesOf(parts.database, people);
      const owners = await readOwnership(parts, people, rows);
      const reconcileConversions = await readMovedOrders(
        parts.graph,
        [...new Set(rows.map(owners.ownerOf))],
        Math.min(parts.clock(), ...rows.map(({ entered_on }) => entered_on.getTime())),
      );
      return async (transaction, held) => {
        const fates = held.map((task) => ({ task, wakeMs: null }));
        const concerned = await instancesOf(
          transaction,
          [...new Set([...held.map(({ object_id }) => object_id), ...rows.map(owners.ownerOf)])],
          true,
        );
        await followTriggers(transaction, owners, people);
        const arrangement = arrange(concerned, owners.ownerOf);
        await writeArrangement(transaction, arrangement, parts.clock());
        await takeOutOfStopped(transaction, arrangement, parts.clock());
        await takeOutGone(transaction, concerned.filter(owners.isGone), parts.clock());
        await reconcileConversions(transaction);
        return { fates };
      };
    },
  };
}

/** Whose everything is now. */
interface Ownership {
  ownerOf(row: InstanceRow): string;
  /** Nobody has the id any more, nor the record: the person was erased. */
  isGone(row: InstanceRow): boolean;
  readonly owners: ReadonlyMap<string, string>;
  readonly survivors: ReadonlyMap<string, string>;
}

async function readOwnership(
  { database, graph }: WorkParts,
  people: readonly string[],
  rows: readonly InstanceRow[],
): Promise<Ownership> {
  const records = await database.query<{ source: string; record_id: string }>(
    `SELECT DISTINCT source, record_id FROM marketing.journey_trigger WHERE customer360_id = ANY($1) AND record_id IS NOT NULL`,
    [people],
  );
  const recordOf = ({ source, record_id }: Pick<InstanceRow, 'source' | 'record_id'>) =>
    source !== null && record_id !== null ? [{ source, recordId: record_id }] : [];
  const owners = await readOwners(graph, [...records, ...rows].flatMap(recordOf));
  const visitors = await readVisitors(graph, rows);
  const survivors = await readSurvivors(graph, [...people, ...rows.map((row) => row.customer360_id)]);
  const known = (row: InstanceRow): string | undefined => {
    const [record] = recordOf(row);
    const own = record ? owners.get(recordKey(record)) : visitors.get(row.instance_id);
    return own ?? survivors.get(row.customer360_id);
  };
  const asked = new Set(rows.map(({ instance_id }) => instance_id));
  return {
    owners,
    survivors,
    ownerOf: (row) => known(row) ?? row.customer360_id,
    isGone: (row) => asked.has(row.instance_id) && known(row) === undefined,
  };
}

/** Whose the carts of visitors are, that came by an address instead of a record. */
async function readVisitors(
  graph: WorkParts['graph'],
  rows: readonly InstanceRow[],
): Promise<ReadonlyMap<string, string>> {
  const unnamed = rows.filter(({ record_id, object_type }) => record_id === null && object_type === 'ShoppingCart');
  const found = new Map<string, string>();
  for (let from = 0; from < unnamed.length; from += CARTS_AT_ONCE) {
    const page = unnamed.slice(from, from + CARTS_AT_ONCE);
    const { carts } = await readCarts(graph, [...new Set(page.map(({ object_id }) => object_id))]);
    for (const { instance_id, object_id } of page) {
      const owner = carts.get(object_id)?.customer360Id ?? null;
      if (owner !== null) found.set(instance_id, owner);
    }
  }
  return found;
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

/** Triggers belong to whoever has their record; those that came by none follow the surviving id. */
async function followTriggers(
  transaction: Queryable,
  { owners, survivors }: Ownership,
  people: readonly string[],
): Promise<void> {
  const known = [...owners].map(([key, owner]) => ({ key, owner }));
  await transaction.query(
    `UPDATE marketing.journey_trigger AS found SET customer360_id = given.owner
     FROM unnest($1::text[], $2::text[]) AS given (key, owner)
     WHERE found.customer360_id = ANY($3) AND found.source || ' ' || found.record_id = given.key
       AND found.customer360_id <> given.owner`,
    [known.map(({ key }) => key), known.map(({ owner }) => owner), people],
  );
  const moved = people.filter((id) => survivors.has(id) && survivors.get(id) !== id);
  if (moved.length === 0) return;
  await transaction.query(
    `UPDATE marketing.journey_trigger AS found SET customer360_id = given.survivor
     FROM unnest($1::text[], $2::text[]) AS given (customer360_id, survivor)
     WHERE found.customer360_id = given.customer360_id`,
    [moved, moved.map((id) => survivors.get(id))],
  );
}

/** A journey that was stopped meanwhile is not gone on with by who is set free. */
async function takeOutOfStopped(transaction: Queryable, { freed }: Arrangement, nowMs: number): Promise<void> {
  if (freed.length === 0) return;
  const rows = await transaction.query<{ instance_id: string }>(
    `SELECT instance_id FROM marketing.journey_instance JOIN marketing.journey USING (journey_id)
     WHERE instance_id = ANY($1) AND journey.status = 'STOPPED'`,
    [freed.map(({ instance_id }) => instance_id)],
  );
  const exit = { status: 'EJECTED', reason: 'JOURNEY_STOPPED', message: 'The journey was stopped.' } as const;
  await takeOut(
    transaction,
    rows.map(({ instance_id }) => instance_id),
    exit,
    nowMs,
  );
}

/** Who was merged and erased before the merge was looked at here, was still known by the id before. */
async function takeOutGone(transaction: Queryable, gone: readonly InstanceRow[], nowMs: number): Promise<void> {
  const active = await lockActive(
    transaction,
    gone.map(({ instance_id }) => instance_id),
  );
  await takeOut(
    transaction,
    active.map(({ instance_id }) => instance_id),
    ERASED,
    nowMs,
  );
  await forgetMessagesOf(transaction, [...new Set(gone.map(({ customer360_id }) => customer360_id))]);
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
    // Whoever is about to write to the one asks anew, about the other.
    await transaction.query(
      `UPDATE marketing.journey_instance AS instance SET customer360_id = given.customer360_id, claim = NULL,
         wake_on = CASE WHEN instance.claim IS NULL THEN instance.wake_on ELSE $3::timestamptz END
       FROM unnest($1::text[], $2::text[]) AS given (instance_id, customer360_id)
       WHERE instance.instance_id = given.instance_id`,
      [
        moved.map(({ row }) => row.instance_id),
        moved.map(({ row, owner }) => (phase === 'moving' ? `moving ${row.instance_id}` : owner)),
        new Date(nowMs),
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
