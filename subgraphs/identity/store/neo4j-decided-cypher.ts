/** A verdict `d` of a kind between `one` and `other`, as `DecisionRow` has it. */
const DECISION = `d.decisionId AS decisionId, type(d) AS kind, d.origin AS origin, one.recordKey AS leftKey,
  coalesce(other.recordKey, other.customer360Id) AS rightKey, toString(d.decidedAt) AS decidedAt,
  d.decidedBy AS decidedBy, d.reason AS reason`;

const VERDICT = `{decisionId: given.decisionId, origin: given.origin, decidedAt: datetime($at), decidedBy: $by, reason: $reason}`;

/** Keeps two records together. */
export const ADD_SAME = `
UNWIND $verdicts AS given
MATCH (one:SourceRecord {recordKey: given.leftKey}), (other:SourceRecord {recordKey: given.rightKey})
CREATE (one)-[:SAME ${VERDICT}]->(other)`;

/** Keeps two records apart. */
export const ADD_NOT_SAME = `
UNWIND $verdicts AS given
MATCH (one:SourceRecord {recordKey: given.leftKey}), (other:SourceRecord {recordKey: given.rightKey})
CREATE (one)-[:NOT_SAME ${VERDICT}]->(other)`;

/** Keeps a record with a customer. */
export const ADD_PINS = `
UNWIND $verdicts AS given
MATCH (one:SourceRecord {recordKey: given.leftKey}), (other:Customer {customer360Id: given.rightKey})
CREATE (one)-[:PINNED_TO ${VERDICT}]->(other)`;

/** The verdicts of the decisions `$decisionIds`. */
export const DECISIONS_BY_IDS = `
UNWIND $decisionIds AS id
CALL (id) {
  MATCH (one)-[d:SAME {decisionId: id}]->(other) RETURN one, d, other
  UNION ALL MATCH (one)-[d:NOT_SAME {decisionId: id}]->(other) RETURN one, d, other
  UNION ALL MATCH (one)-[d:PINNED_TO {decisionId: id}]->(other) RETURN one, d, other
}
RETURN ${DECISION} ORDER BY decisionId, leftKey, rightKey`;

/** The verdicts about the records `$keys`. */
export const DECISIONS_ABOUT = `
UNWIND $keys AS key
MATCH (record:SourceRecord {recordKey: key})-[d:SAME|NOT_SAME|PINNED_TO]-()
WITH DISTINCT d
WITH startNode(d) AS one, d, endNode(d) AS other
RETURN ${DECISION} ORDER BY decisionId, leftKey, rightKey`;

/** Verdicts after the place `$decisionId`, `$left`, `$right`, `$first` of them. */
export const LIST_DECISIONS = `
CALL () {
  MATCH (one)-[d:SAME]->(other) WHERE d.decisionId >= $decisionId RETURN one, d, other ORDER BY d.decisionId LIMIT $scanned
  UNION ALL
  MATCH (one)-[d:NOT_SAME]->(other) WHERE d.decisionId >= $decisionId RETURN one, d, other ORDER BY d.decisionId LIMIT $scanned
  UNION ALL
  MATCH (one)-[d:PINNED_TO]->(other) WHERE d.decisionId >= $decisionId RETURN one, d, other ORDER BY d.decisionId LIMIT $scanned
}
WITH ${DECISION}
WHERE decisionId > $decisionId OR leftKey > $left OR (leftKey = $left AND rightKey > $right)
RETURN * ORDER BY decisionId, leftKey, rightKey LIMIT $first`;

/** Takes verdicts back. */
export const REVOKE_DECISIONS = `
UNWIND $verdicts AS gone
MATCH (:SourceRecord {recordKey: gone.leftKey})-[d:SAME|NOT_SAME|PINNED_TO {decisionId: gone.decisionId}]->(other)
WHERE coalesce(other.recordKey, other.customer360Id) = gone.rightKey
DELETE d`;

const REVIEW = `review.reviewId AS reviewId, review.kind AS kind, review.leftKey AS leftKey, review.rightKey AS rightKey,
  review.bits AS bits, review.expectedValue AS expectedValue, review.reasons AS reasons,
  toString(review.createdAt) AS createdAt`;

/** Puts pairs into the queue; a pair about which somebody has decided is not asked about again. */
export const WRITE_REVIEWS = `
UNWIND $reviews AS given
MATCH (one:SourceRecord {recordKey: given.leftKey}), (other:SourceRecord {recordKey: given.rightKey})
WHERE NOT EXISTS { (one)-[:SAME|NOT_SAME]-(other) }
MERGE (review:MatchReview {reviewId: given.reviewId})
  ON CREATE SET review.createdAt = datetime($at), review.leftKey = given.leftKey, review.rightKey = given.rightKey
SET review.kind = given.kind, review.bits = given.bits, review.expectedValue = given.expectedValue,
  review.reasons = given.reasons
MERGE (review)-[:ABOUT]->(one)
MERGE (review)-[:ABOUT]->(other)`;

/** Takes pairs out of the queue. */
export const CLOSE_REVIEWS = 'MATCH (review:MatchReview) WHERE review.reviewId IN $reviewIds DETACH DELETE review';

/** The queue after a place, `$first` of it. */
export const LIST_REVIEWS = `
MATCH (review:MatchReview)
WHERE review.expectedValue < $value OR (review.expectedValue = $value AND review.reviewId > $reviewId)
RETURN ${REVIEW} ORDER BY expectedValue DESC, reviewId LIMIT $first`;

/** One review. */
export const FIND_REVIEW = `MATCH (review:MatchReview {reviewId: $reviewId}) RETURN ${REVIEW}`;

const DOCUMENT = `document.kind AS kind, document.version AS version, document.text AS text,
  toString(document.createdAt) AS createdAt, document.createdBy AS createdBy, document.reason AS reason,
  document.isActive AS isActive`;

/** The latest version of each kind. */
export const LATEST_VERSIONS = `
MATCH (document:Document) WHERE document.kind IN $kinds
RETURN document.kind AS kind, max(document.version) AS version`;

/** Before another version is put in effect. */
export const DEACTIVATE_DOCUMENTS =
  'MATCH (d:Document {kind: $kind}) WHERE d.version > 0 AND d.isActive SET d.isActive = false';

/** Puts a version in effect again. */
export const REACTIVATE_DOCUMENT = 'MATCH (d:Document {kind: $kind, version: $version}) SET d.isActive = true';

/** Adds a version and puts it in effect. */
export const ADD_DOCUMENT = `
CREATE (:Document {kind: $kind, version: $version, text: $text, createdAt: datetime($at), createdBy: $by,
  reason: $reason, isActive: true})`;

/** The version in effect. */
export const ACTIVE_DOCUMENT = `MATCH (document:Document {kind: $kind, isActive: true}) WHERE document.version > 0 RETURN ${DOCUMENT}`;

/** One version. */
export const DOCUMENT_VERSION = `MATCH (document:Document {kind: $kind, version: $version}) RETURN ${DOCUMENT}`;

/** Versions before `$before`, latest first. */
export const LIST_DOCUMENTS = `
MATCH (document:Document {kind: $kind}) WHERE document.version < $before
RETURN ${DOCUMENT} ORDER BY version DESC LIMIT $first`;

/** Sets who lives in a household. */
export const WRITE_HOUSEHOLD = `
MERGE (household:Household {householdId: $householdId}) ON CREATE SET household.createdAt = datetime($at)
WITH household
CALL (household) {
  MATCH (household)<-[old:MEMBER_OF]-() DELETE old
}
CALL (household) {
  UNWIND $customer360Ids AS id
  MATCH (member:Customer {customer360Id: id})
  OPTIONAL MATCH (member)-[elsewhere:MEMBER_OF]->()
  DELETE elsewhere
  CREATE (member)-[:MEMBER_OF]->(household)
}`;

const HOUSEHOLD = `household.householdId AS householdId, toString(household.createdAt) AS createdAt,
  COLLECT {
    MATCH (household)<-[:MEMBER_OF]-(:Customer)-[:MERGED_INTO*0..]->(member:Customer)
    WHERE NOT EXISTS { (member)-[:MERGED_INTO]->() }
    RETURN DISTINCT member.customer360Id ORDER BY member.customer360Id
  } AS members`;

/** Households by id. */
export const HOUSEHOLDS_BY_IDS = `
UNWIND $ids AS id
MATCH (household:Household {householdId: id})
RETURN ${HOUSEHOLD}`;

/** The household of each customer, by whichever of its ids lives in one; its own comes first. */
export const HOUSEHOLDS_OF_CUSTOMERS = `
UNWIND $ids AS id
MATCH (:Customer {customer360Id: id})-[:MERGED_INTO*0..]->(root:Customer) WHERE NOT EXISTS { (root)-[:MERGED_INTO]->() }
CALL (root) {
  MATCH (root)<-[:MERGED_INTO*0..]-(own:Customer)-[:MEMBER_OF]->(household:Household)
  RETURN household ORDER BY own <> root, own.customer360Id LIMIT 1
}
RETURN id AS asked, ${HOUSEHOLD}`;
