import { DEGREE_CAP } from './answers.ts';

/** What `prepare` creates: a unique key for each kind of node; each is an index too, and every lookup starts at one. */
export const CONSTRAINTS: readonly string[] = [
  'CREATE CONSTRAINT customer_key IF NOT EXISTS FOR (n:Customer) REQUIRE n.customer360Id IS UNIQUE',
  'CREATE CONSTRAINT source_record_key IF NOT EXISTS FOR (n:SourceRecord) REQUIRE n.recordKey IS UNIQUE',
  'CREATE CONSTRAINT identifier_key IF NOT EXISTS FOR (n:Identifier) REQUIRE n.identifierKey IS UNIQUE',
  'CREATE CONSTRAINT merge_event_key IF NOT EXISTS FOR (n:MergeEvent) REQUIRE n.mergeEventId IS UNIQUE',
  'CREATE CONSTRAINT identity_event_key IF NOT EXISTS FOR (n:IdentityEvent) REQUIRE n.sequence IS UNIQUE',
  'CREATE CONSTRAINT follow_position_key IF NOT EXISTS FOR (n:FollowPosition) REQUIRE n.dataSourceId IS UNIQUE',
  'CREATE CONSTRAINT lease_key IF NOT EXISTS FOR (n:Lease) REQUIRE n.name IS UNIQUE',
  'CREATE CONSTRAINT meta_key IF NOT EXISTS FOR (n:Meta) REQUIRE n.name IS UNIQUE',
  'CREATE CONSTRAINT match_review_key IF NOT EXISTS FOR (n:MatchReview) REQUIRE n.reviewId IS UNIQUE',
  'CREATE CONSTRAINT document_key IF NOT EXISTS FOR (n:Document) REQUIRE (n.kind, n.version) IS UNIQUE',
  'CREATE CONSTRAINT household_key IF NOT EXISTS FOR (n:Household) REQUIRE n.householdId IS UNIQUE',
  'CREATE CONSTRAINT erasure_key IF NOT EXISTS FOR (n:Erasure) REQUIRE n.customer360Id IS UNIQUE',
  'CREATE CONSTRAINT tombstone_key IF NOT EXISTS FOR (n:Tombstone) REQUIRE n.digest IS UNIQUE',
  'CREATE CONSTRAINT idempotency_key IF NOT EXISTS FOR (n:IdempotencyKey) REQUIRE n.name IS UNIQUE',
  'CREATE INDEX identity_event_of IF NOT EXISTS FOR (n:IdentityEvent) ON (n.key, n.sequence)',
  'CREATE INDEX identity_event_record IF NOT EXISTS FOR (n:IdentityEvent) ON (n.recordKey, n.sequence)',
  'CREATE INDEX identity_event_type IF NOT EXISTS FOR (n:IdentityEvent) ON (n.type, n.sequence)',
  'CREATE INDEX idempotency_key_age IF NOT EXISTS FOR (n:IdempotencyKey) ON (n.createdAt)',
  'CREATE INDEX tombstone_of IF NOT EXISTS FOR (n:Tombstone) ON (n.customer360Id)',
  'CREATE INDEX match_review_queue IF NOT EXISTS FOR (n:MatchReview) ON (n.expectedValue)',
  'CREATE INDEX same_decision IF NOT EXISTS FOR ()-[d:SAME]-() ON (d.decisionId)',
  'CREATE INDEX not_same_decision IF NOT EXISTS FOR ()-[d:NOT_SAME]-() ON (d.decisionId)',
  'CREATE INDEX pinned_decision IF NOT EXISTS FOR ()-[d:PINNED_TO]-() ON (d.decisionId)',
];

/** The nodes that exist once. */
export const CREATE_SINGLE_NODES = `
MERGE (meta:Meta {name: 'identity'}) ON CREATE SET meta.hashKey = $hashKey, meta.lastSequence = 0
MERGE (lease:Lease {name: 'resolver'}) ON CREATE SET lease.token = 0, lease.expiresAt = 0`;

/** A customer stands for itself when no merge leads away from it. */
const IS_SURVIVOR = 'NOT EXISTS { (customer)-[:MERGED_INTO]->() }';

/** A record with its link, in the order of `RecordTuple`. */
const RECORD = `[record.dataSourceId, record.sourceRecordId, record.dataSourceObjectId, record.givenNameHash,
    customer.customer360Id, link.rule, toString(link.since),
    COLLECT { MATCH (record)-[:HAS_IDENTIFIER]->(i:Identifier) RETURN [i.identifierType, i.normalizedValue] },
    link.home, link.bits]`;

/** Whole customers, each once with the positions that asked for it. */
const CUSTOMERS_OF_HITS = `
WITH customer, collect(position) AS positions
RETURN positions, customer.customer360Id AS customer360Id, toString(customer.createdAt) AS createdAt,
  COLLECT {
    MATCH (customer)<-[:MERGED_INTO*0..]-(into:Customer)<-[edge:MERGED_INTO]-(merged:Customer)
    RETURN [toString(merged.createdAt), merged.customer360Id, into.customer360Id, edge.mergeEventId]
  } AS merged,
  COLLECT {
    MATCH (customer)<-[link:BELONGS_TO]-(record:SourceRecord)
    RETURN ${RECORD}
  } AS records
ORDER BY customer360Id`;

/** `$asked`: positions with ids. */
export const CUSTOMERS_BY_IDS = `
UNWIND $asked AS asked
MATCH (named:Customer {customer360Id: asked.key})
MATCH (named)-[:MERGED_INTO*0..]->(customer:Customer) WHERE ${IS_SURVIVOR}
WITH customer, asked.position AS position${CUSTOMERS_OF_HITS}`;

/** `$asked`: positions with record keys. */
export const CUSTOMERS_BY_RECORDS = `
UNWIND $asked AS asked
MATCH (:SourceRecord {recordKey: asked.key})-[:BELONGS_TO]->(customer:Customer)
WITH customer, asked.position AS position${CUSTOMERS_OF_HITS}`;

/** `$asked`: positions with identifier keys; `$limit` customers for each. */
export const CUSTOMERS_BY_IDENTIFIERS = `
UNWIND $asked AS asked
MATCH (identifier:Identifier {identifierKey: asked.key})
CALL (identifier) {
  MATCH (identifier)<-[:HAS_IDENTIFIER]-(near:SourceRecord)
  WITH near LIMIT ${DEGREE_CAP}
  MATCH (near)-[:BELONGS_TO]->(customer:Customer)
  WITH DISTINCT customer
  RETURN customer ORDER BY customer.customer360Id LIMIT $limit
}
WITH customer, asked.position AS position${CUSTOMERS_OF_HITS}`;

/** `$after` the id to continue after, `$first` how many. */
export const LIST_CUSTOMERS = `
MATCH (customer:Customer)
WHERE customer.customer360Id > $after AND ${IS_SURVIVOR} AND EXISTS { (customer)<-[:BELONGS_TO]-() }
WITH customer, 0 AS position ORDER BY customer.customer360Id LIMIT $first${CUSTOMERS_OF_HITS}`;

/** `$asked`: positions with identifier keys; `$limit` records for each. */
export const RECORDS_BY_IDENTIFIERS = `
UNWIND $asked AS asked
MATCH (identifier:Identifier {identifierKey: asked.key})
CALL (identifier) {
  MATCH (identifier)<-[:HAS_IDENTIFIER]-(record:SourceRecord)
  WITH record LIMIT $limit
  MATCH (record)-[link:BELONGS_TO]->(customer:Customer)
  RETURN ${RECORD} AS record
}
RETURN asked.position AS position, record`;

/** Record keys between `$from` and `$to`, both excluded, `$first` of them. */
export const LIST_RECORD_KEYS = `
MATCH (record:SourceRecord) WHERE record.recordKey > $from AND record.recordKey < $to
RETURN record.sourceRecordId AS sourceRecordId ORDER BY record.recordKey LIMIT $first`;

/** A plan made for an almost empty store reads every link where it should follow one, and is kept for a while. */
export const FORGET_PLANS = 'CALL db.clearQueryCaches()';

/** Where the reading of a cloud stands. */
export const READ_POSITION = 'MATCH (n:FollowPosition {dataSourceId: $dataSourceId}) RETURN n.position AS position';

/** The store's secret. */
export const READ_HASH_KEY = "MATCH (meta:Meta {name: 'identity'}) RETURN meta.hashKey AS hashKey";

/** Events after `$after`, `$first` of them. */
export const READ_EVENTS = `
MATCH (event:IdentityEvent) WHERE event.sequence > $after
RETURN event.sequence AS sequence, event.id AS id, event.type AS type, event.key AS key,
  toString(event.occurredAt) AS occurredAt, event.payload AS payload
ORDER BY event.sequence LIMIT $first`;

/** Writers lock this node first, so they take turns and never meet in a deadlock. What is read after it is current. */
export const TAKE_TURN = "MATCH (meta:Meta {name: 'identity'}) SET meta.lastWriter = $writer";

/** Read once the turn is taken. */
export const READ_TURN = `
MATCH (meta:Meta {name: 'identity'}), (lease:Lease {name: 'resolver'})
RETURN meta.lastSequence AS lastSequence, lease.holder AS holder, lease.token AS token,
  EXISTS { (:Tombstone) } AS hasTombstones`;

/** Takes the right to resolve. */
export const ACQUIRE_LEASE = `
MATCH (lease:Lease {name: 'resolver'})
WHERE lease.holder IS NULL OR (lease.holder = $holder AND $mayTakeOver) OR lease.expiresAt <= $now
SET lease.token = lease.token + 1, lease.holder = $holder, lease.expiresAt = $expiresAt
RETURN lease.token AS token`;

/** Makes the right to resolve last longer. */
export const RENEW_LEASE = `
MATCH (lease:Lease {name: 'resolver', holder: $holder, token: $token})
SET lease.expiresAt = $expiresAt
RETURN lease.token AS token`;

/** Gives the right to resolve back. */
export const RELEASE_LEASE = "MATCH (n:Lease {name: 'resolver', holder: $holder, token: $token}) REMOVE n.holder";

/** The trees of customers that a change set names, by `$customers` or by the merges `$merges`. */
export const AFFECTED_CUSTOMERS = `
CALL () {
  UNWIND $customers AS id MATCH (named:Customer {customer360Id: id}) RETURN named
  UNION
  UNWIND $merges AS id MATCH (:MergeEvent {mergeEventId: id})-[:MERGED]->(named:Customer) RETURN named
}
MATCH (named)-[:MERGED_INTO*0..]->(customer:Customer) WHERE ${IS_SURVIVOR}
WITH DISTINCT customer
MATCH (customer)<-[:MERGED_INTO*0..]-(member:Customer)
OPTIONAL MATCH (member)-[edge:MERGED_INTO]->(into:Customer)
RETURN member.customer360Id AS customer360Id, customer.customer360Id AS survivor360Id, into.customer360Id AS into,
  edge.mergeEventId AS mergeEventId, edge.rule AS rule, toString(edge.at) AS at`;

/** The merges that a change set names. */
export const AFFECTED_MERGES = `
UNWIND $merges AS id
MATCH (event:MergeEvent {mergeEventId: id})-[:MERGED]->(merged:Customer), (event)-[:SURVIVOR]->(survivor:Customer)
RETURN event.mergeEventId AS mergeEventId, survivor.customer360Id AS survivor, merged.customer360Id AS merged,
  event.rule AS rule, event.bits AS bits, toString(event.at) AS at, toString(event.undoneAt) AS undoneAt`;

/** The records that a change set names. */
export const AFFECTED_RECORDS = `
UNWIND $keys AS key
MATCH (record:SourceRecord {recordKey: key})-[link:BELONGS_TO]->(customer:Customer)
RETURN ${RECORD} AS record`;

/** Adds customers. */
export const CREATE_CUSTOMERS = `
UNWIND $ids AS id
CREATE (:Customer {customer360Id: id, createdAt: datetime($at)})`;

/** Adds merges to the history. */
export const RECORD_MERGES = `
UNWIND $merges AS merge
MATCH (survivor:Customer {customer360Id: merge.survivor})
MATCH (merged:Customer {customer360Id: merge.merged})
CREATE (event:MergeEvent {mergeEventId: merge.mergeEventId, rule: merge.rule, bits: merge.bits, at: datetime(merge.at),
  undoneAt: datetime(merge.undoneAt)})
CREATE (event)-[:SURVIVOR]->(survivor), (event)-[:MERGED]->(merged)
WITH merge, survivor, merged WHERE merge.undoneAt IS NULL
CREATE (merged)-[:MERGED_INTO {mergeEventId: merge.mergeEventId, rule: merge.rule, bits: merge.bits, at: datetime(merge.at)}]->(survivor)`;

/** Takes merges back. */
export const UNDO_MERGES = `
UNWIND $ids AS id
MATCH (event:MergeEvent {mergeEventId: id})-[:MERGED]->(:Customer)-[edge:MERGED_INTO {mergeEventId: id}]->(:Customer)
SET event.undoneAt = datetime($at)
DELETE edge`;

/** Carries the records linked to a customer from one survivor to another. */
export const MOVE_CUSTOMERS = `
UNWIND $moves AS move
MATCH (origin:Customer {customer360Id: move.from})
MATCH (destination:Customer {customer360Id: move.to})
MATCH (origin)<-[old:BELONGS_TO {home: move.customer360Id}]-(record:SourceRecord)
CREATE (record)-[new:BELONGS_TO]->(destination)
SET new = properties(old)
DELETE old`;

/** Forgets records, with what was decided about them and what waits for a decision. */
export const DELETE_RECORDS = `
UNWIND $keys AS key
MATCH (n:SourceRecord {recordKey: key})
OPTIONAL MATCH (n)<-[:ABOUT]-(review:MatchReview)
DETACH DELETE review, n`;

/** Stores features. */
export const STORE_FEATURES = `
UNWIND $features AS given
MATCH (record:SourceRecord {recordKey: given.recordKey})
SET record.matchFeatures = given.features`;

/** Features of the records `$keys`. */
export const FEATURES_OF_RECORDS = `
UNWIND $keys AS key
MATCH (record:SourceRecord {recordKey: key}) WHERE record.matchFeatures IS NOT NULL
RETURN record.recordKey AS recordKey, record.matchFeatures AS features`;

/** Features after the record key `$after`, `$first` of them. */
export const LIST_FEATURES = `
MATCH (record:SourceRecord) WHERE record.recordKey > $after AND record.matchFeatures IS NOT NULL
RETURN record.recordKey AS recordKey, record.matchFeatures AS features ORDER BY record.recordKey LIMIT $first`;

/** Adds records with their links. */
export const INSERT_RECORDS = `
UNWIND $records AS given
MATCH (customer:Customer {customer360Id: given.customer360Id})
CREATE (record:SourceRecord)-[:BELONGS_TO {rule: given.rule, bits: given.bits, since: datetime(given.linkedAt), home: given.home}]->(customer)
SET record = given.properties`;

/** Replaces records and their links. */
export const UPDATE_RECORDS = `
UNWIND $records AS given
MATCH (record:SourceRecord {recordKey: given.properties.recordKey})-[old:BELONGS_TO]->(:Customer)
MATCH (customer:Customer {customer360Id: given.customer360Id})
DELETE old
CREATE (record)-[:BELONGS_TO {rule: given.rule, bits: given.bits, since: datetime(given.linkedAt), home: given.home}]->(customer)
SET record += given.properties`;

/** Takes identifiers from records. */
export const REMOVE_IDENTIFIERS = `
UNWIND $removed AS gone
MATCH (:SourceRecord {recordKey: gone.recordKey})-[edge:HAS_IDENTIFIER]->(i:Identifier)
WHERE i.identifierKey = gone.identifierKey
DELETE edge`;

/** Gives identifiers to records. */
export const ADD_IDENTIFIERS = `
UNWIND $added AS added
MATCH (record:SourceRecord {recordKey: added.recordKey})
MERGE (i:Identifier {identifierKey: added.identifierKey})
  ON CREATE SET i.identifierType = added.identifierType, i.normalizedValue = added.normalizedValue
CREATE (record)-[:HAS_IDENTIFIER]->(i)`;

/** An identifier that no record carries any more is personal data without a purpose. */
export const FORGET_IDENTIFIERS = `
UNWIND $keys AS key
MATCH (i:Identifier {identifierKey: key}) WHERE NOT EXISTS { (i)<-[:HAS_IDENTIFIER]-() }
DELETE i`;

/** Keeps where the reading of a cloud stands. */
export const WRITE_POSITION = 'MERGE (n:FollowPosition {dataSourceId: $dataSourceId}) SET n.position = $position';

/** Adds events to the log. */
export const APPEND_EVENTS = `
MATCH (meta:Meta {name: 'identity'}) SET meta.lastSequence = meta.lastSequence + size($events)
WITH meta
UNWIND $events AS event
CREATE (:IdentityEvent {sequence: event.sequence, id: event.id, type: event.type, key: event.key,
  recordKey: event.recordKey, occurredAt: datetime($at), payload: event.payload})`;
