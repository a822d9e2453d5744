import { checkCount, isoTime } from './answers.ts';
import { bitsOf } from './fold.ts';
import type { HistoryStore, MergeRecord } from './history.ts';
import { type CypherRow, cypherInteger, type Neo4jConnection } from './neo4j-connection.ts';
import { customerOfPast } from './past.ts';
import type { IdentityEvent } from './repository.ts';

/** True of a merge that was in effect then. */
function inEffect(merge: string): string {
  return `${merge}.at <= datetime($at) AND (${merge}.undoneAt IS NULL OR ${merge}.undoneAt > datetime($at))`;
}

/** `$id` a customer, `$at` a time: every customer of the tree it was in then, each with the merge that led away from it. */
export const TREE_AT = `
MATCH (named:Customer {customer360Id: $id}) WHERE named.createdAt <= datetime($at)
MATCH (named) ((:Customer)<-[:MERGED]-(up:MergeEvent WHERE ${inEffect('up')})-[:SURVIVOR]->(:Customer))* (root:Customer)
WHERE NOT EXISTS { (root)<-[:MERGED]-(away:MergeEvent) WHERE ${inEffect('away')} }
MATCH (root) ((:Customer)<-[:SURVIVOR]-(down:MergeEvent WHERE ${inEffect('down')})-[:MERGED]->(:Customer))* (member:Customer)
OPTIONAL MATCH (member)<-[:MERGED]-(own:MergeEvent WHERE ${inEffect('own')})-[:SURVIVOR]->(into:Customer)
RETURN DISTINCT member.customer360Id AS customer360Id, toString(member.createdAt) AS createdAt,
  into.customer360Id AS survivor, own.mergeEventId AS mergeEventId`;

/** An index of two properties is used when both are asked for: hence `sequence > 0`. `$ids` customers, `$at` a time: the last thing the log says, by then, of each record that was ever linked to one of them. */
export const LINKS_AT = `
UNWIND $ids AS id
MATCH (linked:IdentityEvent {key: id}) USING INDEX linked:IdentityEvent(key, sequence)
WHERE linked.sequence > 0 AND linked.type = 'RecordLinked' AND linked.occurredAt <= datetime($at)
WITH DISTINCT linked.recordKey AS recordKey
CALL (recordKey) {
  MATCH (event:IdentityEvent {recordKey: recordKey}) USING INDEX event:IdentityEvent(recordKey, sequence)
  WHERE event.sequence > 0 AND event.type IN ['RecordLinked', 'RecordUnlinked'] AND event.occurredAt <= datetime($at)
  RETURN event AS last ORDER BY event.sequence DESC LIMIT 1
}
WITH last WHERE last.type = 'RecordLinked' AND last.key IN $ids
RETURN last.key AS homeCustomer360Id, toString(last.occurredAt) AS linkedAt, last.payload AS payload`;

const EVENTS_OF = `
UNWIND $ids AS id
MATCH (event:IdentityEvent {key: id}) WHERE event.sequence < $before
RETURN event.sequence AS sequence, event.id AS id, event.type AS type, event.key AS key,
  toString(event.occurredAt) AS occurredAt, event.payload AS payload
ORDER BY event.sequence DESC LIMIT $first`;

const MERGE = `e.mergeEventId AS mergeEventId, survivor.customer360Id AS survivor, merged.customer360Id AS merged,
  e.rule AS rule, e.bits AS bits, toString(e.at) AS at, toString(e.undoneAt) AS undoneAt`;

const MERGE_BY_ID = `
MATCH (survivor:Customer)<-[:SURVIVOR]-(e:MergeEvent {mergeEventId: $id})-[:MERGED]->(merged:Customer) RETURN ${MERGE}`;

const MERGES_OF = `
MATCH (own:Customer)<-[:SURVIVOR|MERGED]-(e:MergeEvent) WHERE own.customer360Id IN $ids
WITH DISTINCT e
MATCH (survivor:Customer)<-[:SURVIVOR]-(e)-[:MERGED]->(merged:Customer)
RETURN ${MERGE} ORDER BY e.at DESC, mergeEventId LIMIT 1000`;

interface TreeRow extends CypherRow {
  readonly customer360Id: string;
  readonly createdAt: string;
  readonly survivor: string | null;
  readonly mergeEventId: string | null;
}

type MergeRow = CypherRow & Omit<MergeRecord, 'bits'> & { readonly bits: number | null };

/** The past in Neo4j. */
export function createNeo4jHistoryStore(connection: Neo4jConnection): HistoryStore {
  return {
    async customerAt(id, at) {
      const tree = await connection.read<TreeRow>(TREE_AT, { id, at });
      if (tree.length === 0) return null;
      const ids = tree.map(({ customer360Id }) => customer360Id);
      const links = await connection.read<{ homeCustomer360Id: string; linkedAt: string; payload: string }>(LINKS_AT, {
        ids,
        at,
      });
      return customerOfPast(
        tree.map(({ customer360Id, createdAt, survivor, mergeEventId }) => {
          const into = survivor !== null && mergeEventId !== null ? { survivor, mergeEventId } : null;
          return { customer360Id, createdAt: isoTime(createdAt), into };
        }),
        links.map((link) => ({ ...link, payload: JSON.parse(link.payload) })),
      );
    },
    async eventsOf(ids, { before, first }) {
      checkCount(first);
      const rows = await connection.read<CypherRow & IdentityEvent & { payload: string }>(EVENTS_OF, {
        ids,
        before: cypherInteger(before ?? Number.MAX_SAFE_INTEGER),
        first: cypherInteger(first),
      });
      return rows.map((row) => ({ ...row, occurredAt: isoTime(row.occurredAt), payload: JSON.parse(row.payload) }));
    },
    async merge(id) {
      const [row] = await connection.read<MergeRow>(MERGE_BY_ID, { id });
      return row ? mergeOfRow(row) : null;
    },
    async mergesOf(ids) {
      return (await connection.read<MergeRow>(MERGES_OF, { ids })).map(mergeOfRow);
    },
    async head() {
      const [row] = await connection.read<{ head: number }>(
        "MATCH (meta:Meta {name: 'identity'}) RETURN meta.lastSequence AS head",
      );
      return row?.head ?? 0;
    },
  };
}

function mergeOfRow({ bits, undoneAt, ...row }: MergeRow): MergeRecord {
  const { mergeEventId, survivor, merged, rule } = row;
  const times = { at: isoTime(row.at), undoneAt: undoneAt && isoTime(undoneAt) };
  return { mergeEventId, survivor, merged, rule, ...bitsOf({ bits }), ...times };
}
