import type { Queryable, Row } from '../../../database/database.ts';
import { appendingSql, eventsParameter, type NewOutboxEvent } from '../../../database/outbox.ts';
import { type IdentifierTuple, identifiersOfTuples, isoTime } from './answers.ts';
import type { Merge, StoredCustomer } from './customer-forest.ts';
import {
  type AffectedState,
  bitsOf,
  type CustomerMove,
  type NetEffects,
  type RecordIdentifier,
  type StoredRecord,
} from './fold.ts';
import type { NamedByChangeSet } from './named.ts';
import { type ChangeSet, recordKey } from './repository.ts';
import { readDecidedState } from './sql-decided.ts';

/** `$1` customers, `$2` merges, `$3` data sources with `$4` record ids: what a change set names, and what hangs together with it. */
export const AFFECTED_STATE = `
WITH named_merge AS MATERIALIZED (
  SELECT m.* FROM unnest($2::text[]) AS asked (id)
  JOIN LATERAL (SELECT * FROM identity.merge_event WHERE merge_event_id = asked.id OFFSET 0) m ON true
), survivor AS MATERIALIZED (
  SELECT DISTINCT c.survivor360_id
  FROM (SELECT unnest($1::text[]) AS id UNION SELECT merged360_id FROM named_merge) asked
  JOIN LATERAL (SELECT survivor360_id FROM identity.customer WHERE customer360_id = asked.id OFFSET 0) c ON true
), merged AS MATERIALIZED (
  SELECT c.customer360_id, c.survivor360_id FROM survivor
  JOIN LATERAL (SELECT * FROM identity.customer WHERE survivor360_id = survivor.survivor360_id
    AND survivor360_id <> customer360_id OFFSET 0) c ON true
), stored_record AS (
  SELECT r.* FROM unnest($3::text[], $4::text[]) AS asked (source, id)
  JOIN LATERAL (SELECT * FROM identity.source_record
    WHERE data_source_id = asked.source AND source_record_id = asked.id OFFSET 0) r ON true
)
SELECT
  (SELECT json_agg(json_build_array(survivor360_id, survivor360_id)) FROM survivor) AS survivors,
  (SELECT json_agg(json_build_array(customer360_id, survivor360_id)) FROM merged) AS merged,
  (SELECT json_agg(json_build_array(merge_event_id, survivor360_id, merged360_id, rule, at, undone_at, bits)) FROM (
     SELECT * FROM named_merge
     UNION SELECT m.* FROM merged
     JOIN LATERAL (SELECT * FROM identity.merge_event WHERE merged360_id = merged.customer360_id
       AND undone_at IS NULL OFFSET 0) m ON true) m) AS merges,
  (SELECT coalesce(max(record_id), 0) FROM identity.source_record) AS last_record_id,
  (SELECT json_agg(json_build_array(r.record_id, r.data_source_id, r.source_record_id, r.data_source_object_id, r.given_name_hash,
     r.home360_id, r.customer360_id, r.rule, r.linked_at,
     (SELECT json_agg(json_build_array(i.identifier_type, i.normalized_value))
        FROM identity.identifier i WHERE i.record_id = r.record_id), r.bits)) FROM stored_record r) AS records`;

type StoredRecordTuple = readonly [
  recordId: number,
  dataSourceId: string,
  sourceRecordId: string,
  dataSourceObjectId: string,
  givenNameHash: string | null,
  homeCustomer360Id: string,
  customer360Id: string,
  rule: string,
  linkedAt: string,
  identifiers: readonly IdentifierTuple[] | null,
  bits: number | null,
];

interface AffectedRow extends Row {
  readonly survivors: readonly (readonly [string, string])[] | null;
  readonly merged: readonly (readonly [string, string])[] | null;
  readonly merges: readonly (readonly [string, string, string, string, string, string | null, number | null])[] | null;
  readonly last_record_id: number;
  readonly records: readonly StoredRecordTuple[] | null;
}

/** What a change set touches, with the numbers that SQL knows records by. */
export interface SqlAffectedState extends AffectedState {
  readonly recordIds: ReadonlyMap<string, number>;
  readonly lastRecordId: number;
}

/** Reads what a change set touches, in one statement. */
export async function readAffectedState(transaction: Queryable, named: NamedByChangeSet): Promise<SqlAffectedState> {
  const [row] = await transaction.query<AffectedRow>(AFFECTED_STATE, [
    named.customers,
    named.merges,
    named.records.map((record) => record.dataSourceId),
    named.records.map((record) => record.sourceRecordId),
  ]);
  return {
    customers: [...(row?.survivors ?? []), ...(row?.merged ?? [])].map(
      ([customer360Id, survivor360Id]): StoredCustomer => ({ customer360Id, survivor360Id }),
    ),
    merges: (row?.merges ?? []).map(
      ([mergeEventId, survivor, merged, rule, at, undoneAt, bits]): Merge => ({
        mergeEventId,
        survivor,
        merged,
        rule,
        ...bitsOf({ bits }),
        at: isoTime(at),
        undoneAt: undoneAt && isoTime(undoneAt),
      }),
    ),
    records: (row?.records ?? []).map(storedRecordOfTuple),
    recordIds: new Map(
      (row?.records ?? []).map((tuple) => [recordKey({ dataSourceId: tuple[1], sourceRecordId: tuple[2] }), tuple[0]]),
    ),
    lastRecordId: row?.last_record_id ?? 0,
    decided: await readDecidedState(transaction, named),
  };
}

function storedRecordOfTuple(tuple: StoredRecordTuple): StoredRecord {
  const [, dataSourceId, sourceRecordId, dataSourceObjectId, givenNameHash, homeCustomer360Id, customer360Id] = tuple;
  return {
    dataSourceId,
    sourceRecordId,
    dataSourceObjectId,
    givenNameHash,
    homeCustomer360Id,
    customer360Id,
    rule: tuple[7],
    linkedAt: isoTime(tuple[8]),
    ...bitsOf({ bits: tuple[10] }),
    identifiers: identifiersOfTuples(tuple[9]),
  };
}

/** What a change set comes to, with all that is to be said of it in the log. */
export type LoggedEffects = Omit<NetEffects, 'events'> & { readonly events: readonly NewOutboxEvent[] };

/**
 * Writes what a change set comes to: one statement for all new rows, the log and the position, one for each kind of row that
 * changes, however many rows. Gives the sequence of the last event, null without events.
 */
export async function writeNetEffects(
  transaction: Queryable,
  { at, progress }: ChangeSet,
  state: SqlAffectedState,
  effects: LoggedEffects,
): Promise<number | null> {
  const recordIds = new Map(state.recordIds);
  effects.insertedRecords.forEach((record, index) => {
    recordIds.set(recordKey(record), state.lastRecordId + index + 1);
  });
  const idOf = (record: StoredRecord) => recordIds.get(recordKey(record));
  const head = await addRows(transaction, { at, progress }, effects, { recordIds, idOf });
  await moveCustomers(transaction, effects.movedCustomers);
  // Before the new merges: a customer may be merged anew in the change set that takes its old merge back.
  await undoMerges(transaction, at, effects.undoneMerges);
  await recordMerges(transaction, effects.recordedMerges);
  await removeIdentifiers(transaction, effects.removedIdentifiers, idOf);
  await deleteRecords(transaction, effects.deletedRecords, idOf);
  await updateRecords(transaction, effects.updatedRecords, idOf);
  return head;
}

/**
 * New rows of every kind in one statement: most change sets have nothing else, and a server is a round trip away. None of them
 * is among the rows that the other statements change or delete.
 */
async function addRows(
  transaction: Queryable,
  { at, progress }: { readonly at: string; readonly progress: ChangeSet['progress'] },
  { createdCustomers, insertedRecords, addedIdentifiers, features, events }: LoggedEffects,
  { recordIds, idOf }: { readonly recordIds: ReadonlyMap<string, number>; readonly idOf: RecordNumber },
): Promise<number | null> {
  const rows = createdCustomers.length + insertedRecords.length + addedIdentifiers.length + features.length;
  if (rows + events.length === 0 && progress === undefined) return null;
  const [added] = await transaction.query<{ sequence: number | null }>(ADD_ROWS, [
    ...recordColumns(insertedRecords, idOf),
    createdCustomers,
    at,
    ...identifierColumns(addedIdentifiers, idOf),
    features.map(({ record }) => recordIds.get(recordKey(record))),
    features.map(({ features: text }) => text),
    eventsParameter(events),
    progress?.dataSourceId ?? null,
    progress ? JSON.stringify(progress.position) : null,
  ]);
  return added?.sequence ?? null;
}

async function moveCustomers(transaction: Queryable, moves: readonly CustomerMove[]): Promise<void> {
  if (moves.length === 0) return;
  await transaction.query(
    `WITH move AS MATERIALIZED (
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS move (customer360_id, origin, destination)
     ), moved_customer AS (
       UPDATE identity.customer c SET survivor360_id = move.destination
       FROM move WHERE c.customer360_id = move.customer360_id
     )
     UPDATE identity.source_record r SET customer360_id = move.destination
     FROM move WHERE r.customer360_id = move.origin AND r.home360_id = move.customer360_id`,
    [moves.map((move) => move.customer360Id), moves.map((move) => move.from), moves.map((move) => move.to)],
  );
}

async function recordMerges(transaction: Queryable, merges: readonly Merge[]): Promise<void> {
  if (merges.length === 0) return;
  await transaction.query(
    `INSERT INTO identity.merge_event (merge_event_id, survivor360_id, merged360_id, rule, at, undone_at, bits)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[],
       $7::double precision[])`,
    [
      merges.map((merge) => merge.mergeEventId),
      merges.map((merge) => merge.survivor),
      merges.map((merge) => merge.merged),
      merges.map((merge) => merge.rule),
      merges.map((merge) => merge.at),
      merges.map((merge) => merge.undoneAt),
      merges.map((merge) => merge.bits ?? null),
    ],
  );
}

async function undoMerges(transaction: Queryable, at: string, mergeEventIds: readonly string[]): Promise<void> {
  if (mergeEventIds.length === 0) return;
  await transaction.query(
    'UPDATE identity.merge_event SET undone_at = $2::timestamptz WHERE merge_event_id = ANY($1)',
    [mergeEventIds, at],
  );
}

async function removeIdentifiers(
  transaction: Queryable,
  removed: readonly RecordIdentifier[],
  idOf: RecordNumber,
): Promise<void> {
  if (removed.length === 0) return;
  await transaction.query(
    `DELETE FROM identity.identifier i
     USING unnest($1::bigint[], $2::text[], $3::text[]) AS gone (record_id, type, value)
     WHERE i.record_id = gone.record_id AND i.identifier_type = gone.type AND i.normalized_value = gone.value`,
    identifierColumns(removed, idOf),
  );
}

/** What is known and decided about a record goes with it. */
async function deleteRecords(
  transaction: Queryable,
  records: readonly StoredRecord[],
  idOf: RecordNumber,
): Promise<void> {
  if (records.length === 0) return;
  await transaction.query(
    `WITH forgotten AS (DELETE FROM identity.identifier WHERE record_id = ANY($1::bigint[])),
       unmatched AS (DELETE FROM identity.match_feature WHERE record_id = ANY($1::bigint[])),
       undecided AS (DELETE FROM identity.match_decision WHERE left_key = ANY($2::text[]) OR right_key = ANY($2::text[])),
       unreviewed AS (DELETE FROM identity.match_review WHERE left_key = ANY($2::text[]) OR right_key = ANY($2::text[]))
     DELETE FROM identity.source_record WHERE record_id = ANY($1::bigint[])`,
    [records.map(idOf), records.map(recordKey)],
  );
}

async function updateRecords(
  transaction: Queryable,
  records: readonly StoredRecord[],
  idOf: RecordNumber,
): Promise<void> {
  if (records.length === 0) return;
  await transaction.query(
    `UPDATE identity.source_record r SET data_source_object_id = given.data_source_object_id,
       given_name_hash = given.given_name_hash, home360_id = given.home360_id, customer360_id = given.customer360_id,
       rule = given.rule, linked_at = given.linked_at, bits = given.bits
     FROM ${UNNESTED_RECORDS} AS given (${RECORD_COLUMNS}) WHERE r.record_id = given.record_id`,
    recordColumns(records, idOf),
  );
}

type RecordNumber = (record: StoredRecord) => number | undefined;

const RECORD_COLUMNS = `record_id, data_source_id, source_record_id, data_source_object_id, given_name_hash,
  home360_id, customer360_id, rule, linked_at, bits`;

const UNNESTED_RECORDS = `unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
  $8::text[], $9::timestamptz[], $10::double precision[])`;

/**
 * `$1` to `$10` records, `$11` customers created at `$12`, `$13` to `$15` identifiers, `$16` and `$17` features, `$18` events,
 * `$19` the cloud whose position is `$20`.
 */
export const ADD_ROWS = `
WITH created AS (
  INSERT INTO identity.customer (customer360_id, survivor360_id, created_at)
  SELECT id, id, $12::timestamptz FROM unnest($11::text[]) AS created (id)
), inserted AS (
  INSERT INTO identity.source_record (${RECORD_COLUMNS}) SELECT * FROM ${UNNESTED_RECORDS}
), added AS (
  INSERT INTO identity.identifier (record_id, identifier_type, normalized_value)
  SELECT * FROM unnest($13::bigint[], $14::text[], $15::text[])
), described AS (
  INSERT INTO identity.match_feature (record_id, features) SELECT * FROM unnest($16::bigint[], $17::text[])
  ON CONFLICT (record_id) DO UPDATE SET features = excluded.features WHERE match_feature.features <> excluded.features
), positioned AS (
  INSERT INTO identity.follow_position (data_source_id, position)
  SELECT $19::text, $20::jsonb WHERE $19::text IS NOT NULL
  ON CONFLICT (data_source_id) DO UPDATE SET position = excluded.position
), logged AS (${appendingSql('identity', '$18')})
SELECT max(sequence) AS sequence FROM logged`;

function recordColumns(records: readonly StoredRecord[], idOf: RecordNumber): unknown[][] {
  return [
    records.map(idOf),
    records.map((record) => record.dataSourceId),
    records.map((record) => record.sourceRecordId),
    records.map((record) => record.dataSourceObjectId),
    records.map((record) => record.givenNameHash),
    records.map((record) => record.homeCustomer360Id),
    records.map((record) => record.customer360Id),
    records.map((record) => record.rule),
    records.map((record) => record.linkedAt),
    records.map((record) => record.bits ?? null),
  ];
}

function identifierColumns(rows: readonly RecordIdentifier[], idOf: RecordNumber): unknown[][] {
  return [
    rows.map(({ record }) => idOf(record)),
    rows.map(({ identifier }) => identifier.identifierType),
    rows.map(({ identifier }) => identifier.normalizedValue),
  ];
}
