import { checkCount, isoTime } from './answers.ts';
import { type ErasureProof, type ErasureStore, redactedRecordId } from './erasure.ts';
import type { Erasure } from './fold-decided.ts';
import { type CypherRow, cypherInteger, type Neo4jConnection, type RunCypher } from './neo4j-connection.ts';
import { REDACTED } from './past.ts';
import { type ChangeSet, IdentityConflict, recordKey, type SourceRecordKey } from './repository.ts';

const HAS_RECORDS = 'RETURN EXISTS { (:Customer {customer360Id: $id})<-[:BELONGS_TO]-() } AS found';

const EVENTS_OF_RECORDS = `
UNWIND $keys AS key
MATCH (event:IdentityEvent {recordKey: key}) WHERE event.sequence > 0
RETURN event.sequence AS sequence, event.payload AS payload`;

const DECISION_EVENTS = `
MATCH (event:IdentityEvent) WHERE event.type IN ['MatchDecided', 'MatchDecisionRevoked'] AND event.sequence > 0
  AND any(fragment IN $fragments WHERE event.payload CONTAINS fragment)
RETURN event.sequence AS sequence, event.payload AS payload`;

const EVENTS_WITH_REASON = `
MATCH (:Customer {customer360Id: $id})<-[:MERGED_INTO*0..]-(own:Customer)
MATCH (event:IdentityEvent {key: own.customer360Id})
WHERE event.sequence > 0 AND event.type <> 'CustomerErased' AND event.payload CONTAINS '"reason"'
RETURN event.sequence AS sequence, event.payload AS payload`;

const REWRITE_EVENTS = `
UNWIND $events AS given
MATCH (event:IdentityEvent {sequence: given.sequence})
SET event.payload = given.payload, event.recordKey = given.recordKey`;

const BURY = `
OPTIONAL MATCH (:Customer {customer360Id: $id})<-[:MERGED_INTO*0..]-(:Customer)-[member:MEMBER_OF]->()
DELETE member
WITH count(member) AS left
MERGE (erasure:Erasure {customer360Id: $id})
SET erasure.erasedAt = datetime($at), erasure.erasedBy = $by
WITH DISTINCT erasure
UNWIND $tombstones AS given
MERGE (grave:Tombstone {digest: given.digest})
  ON CREATE SET grave.customer360Id = $id, grave.identifierType = given.identifierType`;

/** Forgets people, after the events of the change set have been written: those name the records too. Throws IdentityConflict. */
export async function writeErasures(
  run: RunCypher,
  { at, author }: ChangeSet,
  erasures: readonly Erasure[],
  hashKey: string,
): Promise<void> {
  for (const { customer360Id: id, records, tombstones } of erasures) {
    const [left] = await run<{ found: boolean }>(HAS_RECORDS, { id });
    if (left?.found) throw new IdentityConflict(`Customer ${id} has records that were not named.`);
    await redact(run, await run(EVENTS_OF_RECORDS, { keys: records.map(recordKey) }), (payload) => {
      const { verdicts: _verdicts, ...rest } = payload;
      const record = {
        dataSourceId: String(payload['dataSourceId']),
        sourceRecordId: String(payload['sourceRecordId']),
      };
      return { ...rest, sourceRecordId: redactedRecordId(hashKey, record) };
    });
    const fragments = records.map(fragmentOf);
    await redact(run, await run(DECISION_EVENTS, { fragments }), withoutReason);
    await redact(run, await run(EVENTS_WITH_REASON, { id }), withoutReason);
    await run(BURY, { id, at, by: author?.by ?? null, tombstones });
  }
}

type EventRow = CypherRow & { readonly sequence: number; readonly payload: string };
type Payload = Readonly<Record<string, unknown>>;

async function redact(run: RunCypher, rows: readonly EventRow[], change: (payload: Payload) => Payload): Promise<void> {
  if (rows.length === 0) return;
  const events = rows.map(({ sequence, payload }) => {
    const changed = change(JSON.parse(payload) as Payload);
    const { dataSourceId, sourceRecordId } = changed;
    const key = typeof sourceRecordId === 'string' ? `${dataSourceId}|${sourceRecordId}` : null;
    return { sequence: cypherInteger(sequence), payload: JSON.stringify(changed), recordKey: key };
  });
  await run(REWRITE_EVENTS, { events });
}

function withoutReason({ verdicts: _verdicts, reason: _reason, ...payload }: Payload): Payload {
  return payload;
}

/** How a record stands in the verdicts of an event. */
function fragmentOf({ dataSourceId, sourceRecordId }: SourceRecordKey): string {
  return JSON.stringify({ dataSourceId, sourceRecordId }).slice(1, -1);
}

/** What is left of an erased customer. */
export const ERASURE_PROOF = `
MATCH (erasure:Erasure {customer360Id: $id})
CALL () {
  MATCH (:Customer {customer360Id: $id})<-[:MERGED_INTO*0..]-(own:Customer)
  RETURN collect(own.customer360Id) AS ids
}
RETURN toString(erasure.erasedAt) AS erasedAt, erasure.erasedBy AS erasedBy,
  COUNT { MATCH (grave:Tombstone) WHERE grave.customer360Id = $id } AS tombstones,
  COUNT { MATCH (record:SourceRecord)-[:BELONGS_TO]->(c:Customer) WHERE c.customer360Id IN ids } AS recordsLinked,
  COUNT { MATCH (record:SourceRecord)-[:BELONGS_TO]->(c:Customer)
    WHERE c.customer360Id IN ids AND record.matchFeatures IS NOT NULL } AS matchFeatures,
  COUNT { MATCH (event:IdentityEvent) WHERE event.key IN ids AND event.sequence > 0
    AND event.type IN ['RecordLinked', 'RecordUnlinked'] AND NOT event.payload CONTAINS '"sourceRecordId":"${REDACTED}'
    AND NOT EXISTS { MATCH (:SourceRecord {recordKey: event.recordKey})-[:BELONGS_TO]->(other:Customer)
      WHERE NOT other.customer360Id IN ids } } AS logEntriesNamingRecords,
  COUNT { MATCH (c:Customer)<-[:BELONGS_TO]-(:SourceRecord)-[d:SAME|NOT_SAME|PINNED_TO|ABOUT]-()
    WHERE c.customer360Id IN ids } AS decisionsAndReviews,
  COUNT { MATCH (event:IdentityEvent {key: $id})
    WHERE event.sequence > 0 AND event.type = 'ErasedIdentifierReturned' } AS identifiersReturned`;

const ALARMS = `
MATCH (event:IdentityEvent {type: 'ErasedIdentifierReturned'}) WHERE event.sequence > $after
RETURN event.sequence AS sequence, event.key AS key, toString(event.occurredAt) AS occurredAt, event.payload AS payload
ORDER BY event.sequence LIMIT $first`;

/** Which digests `$digests` are tombstones. */
export const ERASED_AMONG = `
UNWIND $digests AS digest
MATCH (grave:Tombstone {digest: digest})
RETURN grave.digest AS digest, grave.customer360Id AS customer360Id`;

/** What erasure left, in Neo4j. */
export function createNeo4jErasureStore(connection: Neo4jConnection): ErasureStore {
  return {
    async proof(id) {
      const [row] = await connection.read<CypherRow & Omit<ErasureProof, 'customer360Id'>>(ERASURE_PROOF, { id });
      return row ? { ...row, customer360Id: id, erasedAt: isoTime(row.erasedAt) } : null;
    },
    async alarms({ after = 0, first }) {
      checkCount(first);
      const rows = await connection.read<{ sequence: number; key: string; occurredAt: string; payload: string }>(
        ALARMS,
        { after: cypherInteger(after), first: cypherInteger(first) },
      );
      return rows.map(({ sequence, key, occurredAt, payload }) => {
        const { identifierType, dataSourceId, sourceRecordId } = JSON.parse(payload) as Record<string, string>;
        return {
          sequence,
          customer360Id: key,
          identifierType: identifierType ?? '',
          record: { dataSourceId: dataSourceId ?? '', sourceRecordId: sourceRecordId ?? '' },
          raisedAt: isoTime(occurredAt),
        };
      });
    },
    erasedAmong: (digests) => erasedAmong((text, parameters) => connection.read(text, parameters), digests),
  };
}

/** Which digests are tombstones, with the customer they were erased with. */
export async function erasedAmong(run: RunCypher, digests: readonly string[]): Promise<Map<string, string>> {
  if (digests.length === 0) return new Map();
  const rows = await run<{ digest: string; customer360Id: string }>(ERASED_AMONG, { digests });
  return new Map(rows.map((row) => [row.digest, row.customer360Id]));
}
