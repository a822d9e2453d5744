import { checkCount, isoTime } from './answers.ts';
import { type DecisionStore, recordOfKey } from './decision.ts';
import type { DocumentStore, StoredDocument } from './document.ts';
import type { HouseholdStore, StoredHousehold } from './household.ts';
import { type CypherRow, cypherInteger, type Neo4jConnection } from './neo4j-connection.ts';
import { type DecisionRow, decisionOfRow } from './neo4j-decided.ts';
import * as cypher from './neo4j-decided-cypher.ts';
import { recordKey } from './repository.ts';
import type { MatchReview, ReviewStore } from './review.ts';

/** More than any decision has verdicts: so many rows of one decision are read along to find the place in it. */
const VERDICTS_OF_ONE = 1_000;

/** Decisions in Neo4j. */
export function createNeo4jDecisionStore(connection: Neo4jConnection): DecisionStore {
  return {
    async about(records) {
      checkCount(records.length);
      if (records.length === 0) return [];
      const rows = await connection.read<DecisionRow>(cypher.DECISIONS_ABOUT, { keys: records.map(recordKey) });
      return rows.map(decisionOfRow);
    },
    async list({ after = '', first }) {
      checkCount(first);
      const [decisionId = '', left = '', right = ''] = after.split(' ');
      const rows = await connection.read<DecisionRow>(cypher.LIST_DECISIONS, {
        decisionId,
        left,
        right,
        first: cypherInteger(first),
        scanned: cypherInteger(first + VERDICTS_OF_ONE),
      });
      return rows.map(decisionOfRow);
    },
  };
}

interface ReviewRow extends CypherRow {
  readonly reviewId: string;
  readonly kind: MatchReview['kind'];
  readonly leftKey: string;
  readonly rightKey: string;
  readonly bits: number | null;
  readonly expectedValue: number;
  readonly reasons: readonly string[];
  readonly createdAt: string;
}

/** The queue of reviews in Neo4j. */
export function createNeo4jReviewStore(connection: Neo4jConnection): ReviewStore {
  return {
    async list({ after, first }) {
      checkCount(first);
      const rows = await connection.read<ReviewRow>(cypher.LIST_REVIEWS, {
        value: after?.expectedValue ?? Number.MAX_VALUE,
        reviewId: after?.reviewId ?? '',
        first: cypherInteger(first),
      });
      return rows.map(reviewOfRow);
    },
    async find(reviewId) {
      const [row] = await connection.read<ReviewRow>(cypher.FIND_REVIEW, { reviewId });
      return row ? reviewOfRow(row) : null;
    },
  };
}

function reviewOfRow({ leftKey, rightKey, createdAt, ...row }: ReviewRow): MatchReview {
  const { reviewId, kind, bits, expectedValue, reasons } = row;
  const pair = { left: recordOfKey(leftKey), right: recordOfKey(rightKey) };
  return { reviewId, kind, ...pair, bits, expectedValue, reasons, createdAt: isoTime(createdAt) };
}

/** Versioned documents in Neo4j. */
export function createNeo4jDocumentStore(connection: Neo4jConnection): DocumentStore {
  const read = async (text: string, parameters: CypherRow): Promise<StoredDocument[]> => {
    const rows = await connection.read<CypherRow & StoredDocument>(text, parameters);
    return rows.map((row) => ({ ...row, createdAt: isoTime(row.createdAt) }));
  };
  return {
    active: async (kind) => (await read(cypher.ACTIVE_DOCUMENT, { kind }))[0] ?? null,
    version: async (kind, version) =>
      (await read(cypher.DOCUMENT_VERSION, { kind, version: cypherInteger(version) }))[0] ?? null,
    list(kind, { before, first }) {
      checkCount(first);
      const place = cypherInteger(before ?? Number.MAX_SAFE_INTEGER);
      return read(cypher.LIST_DOCUMENTS, { kind, before: place, first: cypherInteger(first) });
    },
  };
}

interface HouseholdRow extends CypherRow {
  readonly householdId: string;
  readonly createdAt: string;
  readonly members: readonly string[];
}

/** Households in Neo4j. */
export function createNeo4jHouseholdStore(connection: Neo4jConnection): HouseholdStore {
  return {
    async byIds(ids) {
      checkCount(ids.length);
      if (ids.length === 0) return new Map();
      const rows = await connection.read<HouseholdRow>(cypher.HOUSEHOLDS_BY_IDS, { ids });
      return new Map(rows.map((row) => [row.householdId, householdOfRow(row)]));
    },
    async ofCustomers(ids) {
      checkCount(ids.length);
      if (ids.length === 0) return new Map();
      const rows = await connection.read<HouseholdRow & { asked: string }>(cypher.HOUSEHOLDS_OF_CUSTOMERS, { ids });
      return new Map(rows.map((row) => [row.asked, householdOfRow(row)]));
    },
  };
}

function householdOfRow({ householdId, createdAt, members }: HouseholdRow): StoredHousehold {
  return { householdId, createdAt: isoTime(createdAt), customer360Ids: members };
}
