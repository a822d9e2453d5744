import type { Queryable, Row } from '../../../database/database.ts';
import { checkCount, isoTime } from './answers.ts';
import { bitsOf } from './fold.ts';
import type { HistoryStore, MergeRecord } from './history.ts';
import { customerOfPast, type PastLink, type PastMerge } from './past.ts';
import type { IdentityEvent } from './repository.ts';

/** True of a merge that was in effect then. */
const IN_EFFECT = 'at <= $2::timestamptz AND (undone_at IS NULL OR undone_at > $2::timestamptz)';

/** `$1` a customer, `$2` a time: every customer of the tree it was in then, each with the merge that led away from it. */
export const TREE_AT = `
WITH RECURSIVE up (id) AS (
  SELECT customer360_id FROM identity.customer WHERE customer360_id = $1 AND created_at <= $2::timestamptz
  UNION
  SELECT m.survivor360_id COLLATE "C" FROM up JOIN LATERAL (SELECT survivor360_id FROM identity.merge_event
    WHERE merged360_id = up.id AND ${IN_EFFECT} OFFSET 0) m ON true
), tree (id, survivor, merge_event_id) AS (
  SELECT id, NULL::text COLLATE "C", NULL::text FROM up
  LEFT JOIN LATERAL (SELECT merge_event_id FROM identity.merge_event
    WHERE merged360_id = up.id AND ${IN_EFFECT} OFFSET 0) away ON true
  WHERE away.merge_event_id IS NULL
  UNION
  SELECT m.merged360_id, tree.id, m.merge_event_id FROM tree JOIN LATERAL (
    SELECT merged360_id, merge_event_id FROM identity.merge_event
    WHERE survivor360_id = (tree.id COLLATE "default") AND ${IN_EFFECT} OFFSET 0) m ON true
)
SELECT tree.id, c.created_at, tree.survivor, tree.merge_event_id FROM tree
JOIN LATERAL (SELECT created_at FROM identity.customer WHERE customer360_id = tree.id OFFSET 0) c ON true`;

/** `$1` customers, `$2` a time: the last thing the log says, by then, of each record that was ever linked to one of them. */
export const LINKS_AT = `
WITH linked AS (
  SELECT DISTINCT payload ->> 'dataSourceId' AS source, payload ->> 'sourceRecordId' AS id
  FROM identity.outbox WHERE key = ANY($1::text[]) AND type = 'RecordLinked' AND occurred_at <= $2::timestamptz
)
SELECT last.type, last.key, last.occurred_at, last.payload FROM linked
JOIN LATERAL (
  SELECT * FROM identity.outbox
  WHERE payload ->> 'dataSourceId' = linked.source AND payload ->> 'sourceRecordId' = linked.id
    AND payload ? 'sourceRecordId' AND type IN ('RecordLinked', 'RecordUnlinked') AND occurred_at <= $2::timestamptz
  ORDER BY sequence DESC LIMIT 1
) last ON last.type = 'RecordLinked' AND last.key = ANY($1::text[])`;

interface TreeRow extends Row {
  readonly id: string;
  readonly created_at: Date;
  readonly survivor: string | null;
  readonly merge_event_id: string | null;
}

interface EventRow extends Row {
  readonly sequence: number;
  readonly id: string;
  readonly type: IdentityEvent['type'];
  readonly key: string;
  readonly occurred_at: Date;
  readonly payload: Readonly<Record<string, unknown>>;
}

interface MergeRow extends Row {
  readonly merge_event_id: string;
  readonly survivor360_id: string;
  readonly merged360_id: string;
  readonly rule: string;
  readonly bits: number | null;
  readonly at: Date;
  readonly undone_at: Date | null;
}

/** The past in SQL. */
export function createSqlHistoryStore(database: Queryable): HistoryStore {
  return {
    async customerAt(customer360Id, at) {
      const tree = await database.query<TreeRow>(TREE_AT, [customer360Id, at]);
      if (tree.length === 0) return null;
      const links = await database.query<EventRow>(LINKS_AT, [tree.map(({ id }) => id), at]);
      return customerOfPast(tree.map(pastMergeOf), links.map(pastLinkOf));
    },
    async eventsOf(customer360Ids, { before, first }) {
      checkCount(first);
      const rows = await database.query<EventRow>(
        `SELECT sequence, id, type, key, occurred_at, payload FROM identity.outbox
         WHERE key = ANY($1::text[]) AND ($2::bigint IS NULL OR sequence < $2) ORDER BY sequence DESC LIMIT $3`,
        [customer360Ids, before ?? null, first],
      );
      return rows.map(({ occurred_at, ...event }) => ({ ...event, occurredAt: isoTime(occurred_at) }));
    },
    async merge(mergeEventId) {
      const [row] = await database.query<MergeRow>('SELECT * FROM identity.merge_event WHERE merge_event_id = $1', [
        mergeEventId,
      ]);
      return row ? mergeOfRow(row) : null;
    },
    async mergesOf(customer360Ids) {
      const rows = await database.query<MergeRow>(
        `SELECT * FROM identity.merge_event WHERE survivor360_id = ANY($1::text[]) OR merged360_id = ANY($1::text[])
         ORDER BY at DESC, merge_event_id LIMIT 1000`,
        [customer360Ids],
      );
      return rows.map(mergeOfRow);
    },
    async head() {
      const [row] = await database.query<{ head: number }>(
        'SELECT coalesce(max(sequence), 0) AS head FROM identity.outbox',
      );
      return row?.head ?? 0;
    },
  };
}

function pastMergeOf({ id, created_at, survivor, merge_event_id }: TreeRow): PastMerge {
  const into = survivor !== null && merge_event_id !== null ? { survivor, mergeEventId: merge_event_id } : null;
  return { customer360Id: id, createdAt: isoTime(created_at), into };
}

function pastLinkOf({ key, occurred_at, payload }: EventRow): PastLink {
  return { homeCustomer360Id: key, linkedAt: isoTime(occurred_at), payload };
}

function mergeOfRow(row: MergeRow): MergeRecord {
  return {
    mergeEventId: row.merge_event_id,
    survivor: row.survivor360_id,
    merged: row.merged360_id,
    rule: row.rule,
    ...bitsOf(row),
    at: isoTime(row.at),
    undoneAt: row.undone_at && isoTime(row.undone_at),
  };
}
