import type { Queryable, Row } from '../../../database/database.ts';
import { checkCount, isoTime } from './answers.ts';
import { type ErasureStore, redactedRecordId } from './erasure.ts';
import type { Erasure } from './fold-decided.ts';
import { REDACTED } from './past.ts';
import { type ChangeSet, IdentityConflict } from './repository.ts';

/** Everything of the log that names one of the records `$1`, `$2` in its own ids or in verdicts. */
const NAMES_RECORD = `EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS gone (source, id)
  WHERE payload @> jsonb_build_object('dataSourceId', gone.source, 'sourceRecordId', gone.id)
    OR payload @> jsonb_build_object('verdicts', jsonb_build_array(jsonb_build_object('left', jsonb_build_object('dataSourceId', gone.source, 'sourceRecordId', gone.id))))
    OR payload @> jsonb_build_object('verdicts', jsonb_build_array(jsonb_build_object('right', jsonb_build_object('dataSourceId', gone.source, 'sourceRecordId', gone.id))))
    OR payload @> jsonb_build_object('verdicts', jsonb_build_array(jsonb_build_object('record', jsonb_build_object('dataSourceId', gone.source, 'sourceRecordId', gone.id)))))`;

/** Forgets people, after the events of the change set have been written: those name the records too. Throws IdentityConflict. */
export async function writeErasures(
  transaction: Queryable,
  { at, author }: ChangeSet,
  erasures: readonly Erasure[],
  hashKey: string,
): Promise<void> {
  for (const { customer360Id, records, tombstones } of erasures) {
    const left = await transaction.query('SELECT FROM identity.source_record WHERE customer360_id = $1 LIMIT 1', [
      customer360Id,
    ]);
    if (left.length > 0) throw new IdentityConflict(`Customer ${customer360Id} has records that were not named.`);
    const sources = records.map(({ dataSourceId }) => dataSourceId);
    const ids = records.map(({ sourceRecordId }) => sourceRecordId);
    await transaction.query(
      `UPDATE identity.outbox SET payload = (payload - 'verdicts') || jsonb_build_object('sourceRecordId', gone.redacted)
       FROM unnest($1::text[], $2::text[], $3::text[]) AS gone (source, id, redacted)
       WHERE payload ->> 'dataSourceId' = gone.source AND payload ->> 'sourceRecordId' = gone.id AND payload ? 'sourceRecordId'`,
      [sources, ids, records.map((record) => redactedRecordId(hashKey, record))],
    );
    await transaction.query(
      `UPDATE identity.outbox SET payload = payload - 'verdicts' - 'reason'
       WHERE type IN ('MatchDecided', 'MatchDecisionRevoked') AND ${NAMES_RECORD}`,
      [sources, ids],
    );
    await transaction.query(
      `UPDATE identity.outbox SET payload = payload - 'reason'
       WHERE key IN (SELECT customer360_id FROM identity.customer WHERE survivor360_id = $1)
         AND type <> 'CustomerErased' AND payload ? 'reason'`,
      [customer360Id],
    );
    await transaction.query(
      `DELETE FROM identity.household_member
       WHERE customer360_id IN (SELECT customer360_id FROM identity.customer WHERE survivor360_id = $1)`,
      [customer360Id],
    );
    await transaction.query(
      `INSERT INTO identity.tombstone (digest, customer360_id, identifier_type)
       SELECT digest, $1, type FROM unnest($2::text[], $3::text[]) AS grave (digest, type) ON CONFLICT DO NOTHING`,
      [customer360Id, tombstones.map(({ digest }) => digest), tombstones.map(({ identifierType }) => identifierType)],
    );
    await transaction.query(
      `INSERT INTO identity.erasure (customer360_id, erased_at, erased_by, tombstones) VALUES ($1, $2, $3, $4)
       ON CONFLICT (customer360_id) DO UPDATE SET erased_at = excluded.erased_at, erased_by = excluded.erased_by,
         tombstones = erasure.tombstones + excluded.tombstones`,
      [customer360Id, at, author?.by ?? null, tombstones.length],
    );
  }
}

interface ProofRow extends Row {
  readonly erased_at: Date;
  readonly erased_by: string | null;
  readonly tombstones: number;
  readonly records: number;
  readonly features: number;
  readonly log_entries: number;
  readonly decided: number;
  readonly returned: number;
}

/**
 * `$1` the customer. Its records were those that its log names under redacted ids; one that is named otherwise, or linked,
 * or decided about, is left of it, unless it is another customer's by now.
 */
export const ERASURE_PROOF = `
WITH tree AS (SELECT customer360_id AS id FROM identity.customer WHERE survivor360_id = $1),
  held AS (SELECT record_id, data_source_id || '|' || source_record_id AS key FROM identity.source_record
    WHERE customer360_id IN (SELECT id FROM tree) OR home360_id IN (SELECT id FROM tree))
SELECT e.erased_at, e.erased_by,
  (SELECT count(*)::integer FROM identity.tombstone WHERE customer360_id = $1) AS tombstones,
  (SELECT count(*)::integer FROM held) AS records,
  (SELECT count(*)::integer FROM held JOIN identity.match_feature f ON f.record_id = held.record_id) AS features,
  (SELECT count(*)::integer FROM identity.outbox WHERE key IN (SELECT id FROM tree)
    AND type IN ('RecordLinked', 'RecordUnlinked') AND payload ->> 'sourceRecordId' NOT LIKE '${REDACTED}%'
    AND NOT EXISTS (SELECT FROM identity.source_record other WHERE other.data_source_id = payload ->> 'dataSourceId'
      AND other.source_record_id = payload ->> 'sourceRecordId' AND other.customer360_id NOT IN (SELECT id FROM tree))) AS log_entries,
  (SELECT count(*)::integer FROM identity.match_decision d JOIN held ON held.key IN (d.left_key, d.right_key))
    + (SELECT count(*)::integer FROM identity.match_review v JOIN held ON held.key IN (v.left_key, v.right_key)) AS decided,
  (SELECT count(*)::integer FROM identity.outbox WHERE key = $1 AND type = 'ErasedIdentifierReturned') AS returned
FROM identity.erasure e WHERE e.customer360_id = $1`;

/** What erasure left, in SQL. */
export function createSqlErasureStore(database: Queryable): ErasureStore {
  return {
    async proof(customer360Id) {
      const [row] = await database.query<ProofRow>(ERASURE_PROOF, [customer360Id]);
      if (!row) return null;
      return {
        customer360Id,
        erasedAt: isoTime(row.erased_at),
        erasedBy: row.erased_by,
        tombstones: row.tombstones,
        recordsLinked: row.records,
        matchFeatures: row.features,
        logEntriesNamingRecords: row.log_entries,
        decisionsAndReviews: row.decided,
        identifiersReturned: row.returned,
      };
    },
    async alarms({ after = 0, first }) {
      checkCount(first);
      const rows = await database.query<{
        sequence: number;
        key: string;
        occurred_at: Date;
        payload: Record<string, string>;
      }>(
        `SELECT sequence, key, occurred_at, payload FROM identity.outbox
         WHERE type = 'ErasedIdentifierReturned' AND sequence > $1 ORDER BY sequence LIMIT $2`,
        [after, first],
      );
      return rows.map(({ sequence, key, occurred_at, payload }) => ({
        sequence,
        customer360Id: key,
        identifierType: payload['identifierType'] ?? '',
        record: { dataSourceId: payload['dataSourceId'] ?? '', sourceRecordId: payload['sourceRecordId'] ?? '' },
        raisedAt: isoTime(occurred_at),
      }));
    },
    erasedAmong: (digests) => erasedAmong(database, digests),
  };
}

/** Which digests are tombstones, with the customer they were erased with. */
export async function erasedAmong(database: Queryable, digests: readonly string[]): Promise<Map<string, string>> {
  if (digests.length === 0) return new Map();
  const rows = await database.query<{ digest: string; customer360_id: string }>(
    'SELECT digest, customer360_id FROM identity.tombstone WHERE digest = ANY($1::text[])',
    [digests],
  );
  return new Map(rows.map((row) => [row.digest, row.customer360_id]));
}
