import type { Queryable } from '../../../../database/database.ts';
import type { Occurrence } from '../occurrence.ts';
import type { Walk } from '../steps.ts';
import { appendTimeline, type TimelineEntry, tellChanges } from './events.ts';
import { takeOut } from './exits.ts';
import { ACTIVE_SQL } from './instances.ts';

/** A trigger to be written, if it is new, with the instances that it begins. */
export interface NewEntry {
  readonly occurrence: Occurrence;
  readonly triggerId: string;
  readonly instances: readonly {
    readonly instanceId: string;
    readonly journeyId: string;
    readonly version: number;
    /** What may be entered once. */
    readonly entryKey: string;
    /** One for each person at a time. */
    readonly isSingle: boolean;
    /** Once for each object and its contents. */
    readonly isPerObject: boolean;
    /** Once for each person, ever. */
    readonly isOnce: boolean;
    readonly isHeldOut: boolean;
    readonly countsUntilMs: number;
    /** Where it stands at once. */
    readonly walk: Walk;
  }[];
}

/** What was written. */
export interface WrittenEntries {
  readonly triggers: readonly { readonly id: string; readonly kind: string }[];
  readonly instances: number;
}

/**
 * Writes triggers and begins instances. What was there before stays and begins nothing, unless nobody knew whose it was: a visitor's
 * cart becomes somebody's. At most thirteen statements.
 */
export async function writeEntries(
  transaction: Queryable,
  entries: readonly NewEntry[],
  nowMs: number,
): Promise<WrittenEntries> {
  const written = await writeTriggers(transaction, entries, nowMs);
  const mayBegin = entries.flatMap((entry) => {
    const triggerId = written.get(matterKey(entry.occurrence));
    return triggerId === undefined ? [] : [{ ...entry, triggerId }];
  });
  const began = await beginInstances(transaction, mayBegin, nowMs);
  const given = new Set(entries.map(({ triggerId }) => triggerId));
  const fresh = mayBegin.filter(({ triggerId }) => given.has(triggerId));
  await tellChanges(transaction, { triggers: fresh.map(({ triggerId }) => triggerId), entered: began }, nowMs);
  return {
    triggers: fresh.map(({ triggerId, occurrence }) => ({ id: triggerId, kind: occurrence.kind })),
    instances: began.length,
  };
}

/** What makes two triggers the same one. */
function matterKey({
  kind,
  objectType,
  objectId,
  occasion,
}: Pick<Occurrence, 'kind' | 'objectType' | 'objectId' | 'occasion'>): string {
  return JSON.stringify([kind, objectType, objectId, occasion]);
}

/** Writes triggers that are new or that were nobody's. Gives their keys by `matterKey`. */
async function writeTriggers(
  transaction: Queryable,
  entries: readonly NewEntry[],
  nowMs: number,
): Promise<ReadonlyMap<string, string>> {
  if (entries.length === 0) return new Map();
  // Several customer records may tell of one matter of one person: the statement meets each matter once.
  const unique = [
    ...new Map(entries.toReversed().map((entry) => [matterKey(entry.occurrence), entry])).values(),
  ].reverse();
  const rows = await transaction.query<{
    trigger_id: string;
    kind: Occurrence['kind'];
    object_type: string;
    object_id: string;
    occasion: string;
  }>(
    `INSERT INTO marketing.journey_trigger AS known (trigger_id, kind, due_on, written_on, object_type, object_id, revision, occasion,
       after_ms, customer360_id, source, record_id)
     SELECT trigger_id, kind, due_on, $2::timestamptz, object_type, object_id, revision, occasion, after_ms, customer360_id,
       source, record_id
     FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (trigger_id text, kind text, due_on timestamptz, object_type text,
       object_id text, revision text, occasion text, after_ms bigint, customer360_id text, source text, record_id text))
       WITH ORDINALITY ORDER BY ordinality
     ON CONFLICT (kind, object_type, object_id, occasion) DO UPDATE
       SET customer360_id = excluded.customer360_id, source = excluded.source, record_id = excluded.record_id
       WHERE known.customer360_id IS NULL AND coalesce(excluded.customer360_id, excluded.record_id) IS NOT NULL
     RETURNING trigger_id, kind, object_type, object_id, occasion`,
    [
      JSON.stringify(
        unique.map(({ triggerId, occurrence }) => ({
          trigger_id: triggerId,
          kind: occurrence.kind,
          due_on: new Date(occurrence.dueMs).toISOString(),
          object_type: occurrence.objectType,
          object_id: occurrence.objectId,
          revision: occurrence.revision,
          occasion: occurrence.occasion,
          after_ms: occurrence.afterMs,
          customer360_id: occurrence.customer360Id,
          source: occurrence.source,
          record_id: occurrence.recordId,
        })),
      ),
      new Date(nowMs),
    ],
  );
  return new Map(
    rows.map(({ trigger_id, kind, object_type, object_id, occasion }) => [
      matterKey({ kind, objectType: object_type, objectId: object_id, occasion }),
      trigger_id,
    ]),
  );
}

/** Begins the instances of triggers that are there: for people, objects and occurrences that have not had them. Gives their keys. */
export async function beginInstances(
  transaction: Queryable,
  entries: readonly NewEntry[],
  nowMs: number,
): Promise<string[]> {
  const wanted = oneOfEach(entries.flatMap((entry) => entry.instances.map((instance) => ({ ...instance, entry }))));
  if (wanted.length === 0) return [];
  await keepOthersOff(transaction, wanted);
  await giveWay(transaction, wanted, nowMs);
  // The key first: it tells who may enter. Where the same person is in the journey already, it is given back.
  const rows = await transaction.query<{ instance_id: string }>(
    `WITH wanted AS (
       SELECT * FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (instance_id text, journey_id text, version integer,
         entry_key text, trigger_id text, customer360_id text, source text, record_id text, object_type text, object_id text,
         revision text, counts_until timestamptz, is_held_out boolean, is_single boolean, is_once boolean,
         status text, step text, is_begun boolean, due_on timestamptz, waits_for text, ended_on timestamptz, end_reason text)) WITH ORDINALITY
     ), free AS (
       INSERT INTO marketing.journey_entry (journey_id, entry_key, instance_id)
       SELECT journey_id, entry_key, instance_id FROM wanted
       WHERE NOT is_single OR NOT EXISTS (
         SELECT FROM marketing.journey_instance AS other
         WHERE other.journey_id = wanted.journey_id AND other.customer360_id = wanted.customer360_id
           AND (wanted.is_once OR other.is_single AND other.status IN ${ACTIVE_SQL}))
       ORDER BY ordinality ON CONFLICT DO NOTHING RETURNING instance_id)
     INSERT INTO marketing.journey_instance (instance_id, journey_id, version, trigger_id, customer360_id, source, record_id,
       object_type, object_id, revision, status, entered_on, counts_until, step, is_begun, due_on, wake_on, waits_for,
       is_held_out, is_single, ended_on, end_reason)
     SELECT instance_id, journey_id, version, trigger_id, customer360_id, source, record_id, object_type, object_id, revision,
       status, $2::timestamptz, counts_until, step, is_begun, due_on, due_on, waits_for, is_held_out, is_single, ended_on,
       end_reason
     FROM wanted JOIN free USING (instance_id) ORDER BY ordinality ON CONFLICT DO NOTHING RETURNING instance_id`,
    [JSON.stringify(wanted.map((instance) => instanceColumns(instance, instance.entry, nowMs))), new Date(nowMs)],
  );
  const began = new Set(rows.map(({ instance_id }) => instance_id));
  await transaction.query(`DELETE FROM marketing.journey_entry AS entry WHERE entry.instance_id = ANY($1)`, [
    wanted.flatMap(({ instanceId }) => (began.has(instanceId) ? [] : [instanceId])),
  ]);
  const notes = wanted.filter(({ instanceId }) => began.has(instanceId)).flatMap(notesOf);
  await appendTimeline(transaction, notes, nowMs);
  return [...began];
}

/** Of several contents of one object the latest counts, of several ways into what is entered once the first. */
function oneOfEach(wanted: readonly Wanted[]): readonly Wanted[] {
  const latest = new Map(
    wanted.flatMap((one) => {
      const { objectType, objectId } = one.entry.occurrence;
      return one.isPerObject ? [[`${one.journeyId} ${objectType} ${objectId}`, one] as const] : [];
    }),
  );
  const entered = new Set<string>();
  return wanted.filter((one) => {
    const { objectType, objectId, customer360Id } = one.entry.occurrence;
    if (one.isPerObject) return latest.get(`${one.journeyId} ${objectType} ${objectId}`) === one;
    if (!one.isOnce) return true;
    const key = `${one.journeyId} ${customer360Id}`;
    return !entered.has(key) && entered.add(key) !== undefined;
  });
}

/** Whether somebody was ever in a journey can't be told by an index: who asks waits for who is about to be. */
async function keepOthersOff(transaction: Queryable, wanted: readonly Wanted[]): Promise<void> {
  const once = wanted.filter(({ isOnce }) => isOnce);
  if (once.length === 0) return;
  await transaction.query(
    `SELECT pg_advisory_xact_lock(hashtextextended('journey once ' || key, 0))
     FROM (SELECT key FROM unnest($1::text[]) AS given (key) ORDER BY key) AS sorted`,
    [once.map(({ journeyId, entry }) => `${journeyId} ${entry.occurrence.customer360Id}`)],
  );
}

/** A cart that was left again with other contents is a new matter: what was begun for its earlier contents ends. */
async function giveWay(transaction: Queryable, wanted: readonly Wanted[], nowMs: number): Promise<void> {
  const newer = wanted.filter(({ isPerObject, entry }) => isPerObject && entry.occurrence.revision !== null);
  if (newer.length === 0) return;
  const earlier = await transaction.query<{ instance_id: string }>(
    `SELECT active.instance_id FROM marketing.journey_instance AS active
     JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
       AS wanted (journey_id, entry_key, object_type, object_id, revision)
       ON active.journey_id = wanted.journey_id AND active.object_type = wanted.object_type
         AND active.object_id = wanted.object_id AND active.revision IS DISTINCT FROM wanted.revision
     WHERE active.status IN ${ACTIVE_SQL} AND NOT EXISTS (
       SELECT FROM marketing.journey_entry AS entry
       WHERE entry.journey_id = wanted.journey_id AND entry.entry_key = wanted.entry_key)
     ORDER BY active.instance_id FOR UPDATE OF active`,
    [
      newer.map(({ journeyId }) => journeyId),
      newer.map(({ entryKey }) => entryKey),
      newer.map(({ entry }) => entry.occurrence.objectType),
      newer.map(({ entry }) => entry.occurrence.objectId),
      newer.map(({ entry }) => entry.occurrence.revision),
    ],
  );
  const exit = { reason: 'CART_CHANGED', message: 'The cart was left again with other contents.' };
  await takeOut(
    transaction,
    earlier.map(({ instance_id }) => instance_id),
    exit,
    nowMs,
  );
}

type Wanted = NewEntry['instances'][number] & { readonly entry: NewEntry };

function notesOf({ instanceId, walk, entry: { occurrence } }: Wanted): TimelineEntry[] {
  const { kind, objectType, objectId, dueMs } = occurrence;
  const message = `Entered by ${kind} of ${objectType} ${objectId}, due at ${new Date(dueMs).toISOString()}.`;
  return [
    { instanceId, entryType: 'ENTERED', step: null, message },
    ...walk.notes.map((note) => ({ instanceId, ...note })),
  ];
}

function instanceColumns(
  instance: NewEntry['instances'][number],
  { occurrence, triggerId }: NewEntry,
  nowMs: number,
): Record<string, unknown> {
  const { standing } = instance.walk;
  const hasEnded = standing.kind === 'ENDED';
  const dueMs = standing.kind === 'WAITING' ? standing.dueMs : nowMs;
  return {
    instance_id: instance.instanceId,
    journey_id: instance.journeyId,
    version: instance.version,
    entry_key: instance.entryKey,
    trigger_id: triggerId,
    customer360_id: occurrence.customer360Id,
    source: occurrence.source,
    record_id: occurrence.recordId,
    object_type: occurrence.objectType,
    object_id: occurrence.objectId,
    revision: occurrence.revision,
    counts_until: new Date(instance.countsUntilMs).toISOString(),
    is_held_out: instance.isHeldOut,
    is_single: instance.isSingle,
    is_once: instance.isOnce,
    status: hasEnded ? 'COMPLETED' : 'WAITING',
    step: standing.kind === 'WAITING' ? standing.step : standing.kind === 'LIVE' ? standing.step.id : null,
    is_begun: standing.kind === 'WAITING',
    due_on: hasEnded ? null : new Date(dueMs).toISOString(),
    waits_for: standing.kind === 'WAITING' ? standing.waitsFor : null,
    ended_on: hasEnded ? new Date(nowMs).toISOString() : null,
    end_reason: hasEnded ? standing.reason : null,
  };
}
