import { isoTime, type RecordTuple, recordOfTuple } from './answers.ts';
import type { Merge, StoredCustomer } from './customer-forest.ts';
import {
  type AffectedState,
  bitsOf,
  type NetEffects,
  type PendingEvent,
  type RecordIdentifier,
  type StoredRecord,
} from './fold.ts';
import type { NamedByChangeSet } from './named.ts';
import type { CypherRow, RunCypher } from './neo4j-connection.ts';
import { cypherInteger } from './neo4j-connection.ts';
import * as cypher from './neo4j-cypher.ts';
import { readDecidedState } from './neo4j-decided.ts';
import { identifierKey, recordKey, type StoredFeatures } from './repository.ts';

type CustomerRow = CypherRow & StoredCustomer & Partial<Omit<Merge, 'undoneAt'>> & { readonly into: string | null };
type MergeRow = CypherRow & Omit<Merge, 'bits'> & { readonly bits: number | null };

/** Reads what a change set touches. */
export async function readAffectedState(run: RunCypher, named: NamedByChangeSet): Promise<AffectedState> {
  const { customers: ids, merges: mergeIds } = named;
  const customers = await run<CustomerRow>(cypher.AFFECTED_CUSTOMERS, { customers: ids, merges: mergeIds });
  const found = mergeIds.length === 0 ? [] : await run<MergeRow>(cypher.AFFECTED_MERGES, { merges: mergeIds });
  const merges = found.map(({ bits, ...merge }) => ({ ...merge, ...bitsOf({ bits }) }));
  const keys = named.records.map(recordKey);
  const records = keys.length === 0 ? [] : await run<{ record: RecordTuple }>(cypher.AFFECTED_RECORDS, { keys });
  const inEffect = customers.flatMap(({ customer360Id, into, mergeEventId, rule, at }): Merge[] =>
    into && mergeEventId && rule && at
      ? [{ mergeEventId, survivor: into, merged: customer360Id, rule, at: isoTime(at), undoneAt: null }]
      : [],
  );
  return {
    customers,
    merges: [...inEffect, ...merges],
    records: records.map(({ record }) => recordOfTuple(record)),
    decided: await readDecidedState(run, named),
  };
}

/** Writes what a change set comes to: one statement for each kind of thing that changes, however many there are. */
export async function writeNetEffects(run: RunCypher, at: string, effects: NetEffects): Promise<void> {
  const gone = [
    ...effects.removedIdentifiers.map(({ identifier }) => identifierKey(identifier)),
    ...effects.deletedRecords.flatMap((record) => record.identifiers.map(identifierKey)),
  ];
  const statements: readonly (readonly [string, string, readonly unknown[]])[] = [
    [cypher.CREATE_CUSTOMERS, 'ids', effects.createdCustomers],
    [cypher.UNDO_MERGES, 'ids', effects.undoneMerges],
    [cypher.RECORD_MERGES, 'merges', effects.recordedMerges.map((merge) => ({ ...merge, bits: merge.bits ?? null }))],
    [cypher.MOVE_CUSTOMERS, 'moves', effects.movedCustomers],
    [cypher.REMOVE_IDENTIFIERS, 'removed', effects.removedIdentifiers.map(identifierOfRecord)],
    [cypher.DELETE_RECORDS, 'keys', effects.deletedRecords.map(recordKey)],
    [cypher.INSERT_RECORDS, 'records', effects.insertedRecords.map(recordWithLink)],
    [cypher.UPDATE_RECORDS, 'records', effects.updatedRecords.map(recordWithLink)],
    [cypher.ADD_IDENTIFIERS, 'added', effects.addedIdentifiers.map(identifierOfRecord)],
    [cypher.STORE_FEATURES, 'features', effects.features.map(featuresOfRecord)],
    [cypher.FORGET_IDENTIFIERS, 'keys', [...new Set(gone)]],
  ];
  for (const [text, name, rows] of statements) {
    if (rows.length > 0) await run(text, { [name]: rows, at });
  }
}

/** Adds events to the log, numbered on from the last. */
export async function appendEvents(
  run: RunCypher,
  at: string,
  lastSequence: number,
  events: readonly (PendingEvent & { readonly id: string })[],
): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event, index) => ({
    ...event,
    sequence: cypherInteger(lastSequence + index + 1),
    recordKey: recordKeyOf(event.payload),
    payload: JSON.stringify(event.payload),
  }));
  await run(cypher.APPEND_EVENTS, { events: rows, at });
}

function recordWithLink(record: StoredRecord): CypherRow {
  const { dataSourceId, sourceRecordId, dataSourceObjectId, givenNameHash } = record;
  return {
    properties: { recordKey: recordKey(record), dataSourceId, sourceRecordId, dataSourceObjectId, givenNameHash },
    customer360Id: record.customer360Id,
    home: record.homeCustomer360Id,
    rule: record.rule,
    bits: record.bits ?? null,
    linkedAt: record.linkedAt,
  };
}

function identifierOfRecord({ record, identifier }: RecordIdentifier): CypherRow {
  return { recordKey: recordKey(record), identifierKey: identifierKey(identifier), ...identifier };
}

function featuresOfRecord({ record, features }: StoredFeatures): CypherRow {
  return { recordKey: recordKey(record), features };
}

/** The record that an event is about, null when it is about none. */
function recordKeyOf({ dataSourceId, sourceRecordId }: Readonly<Record<string, unknown>>): string | null {
  return typeof sourceRecordId === 'string' ? `${dataSourceId}|${sourceRecordId}` : null;
}
