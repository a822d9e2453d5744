import type { Queryable, Row } from '../../../database/database.ts';
import { checkCount, isoTime } from './answers.ts';
import { type DecisionStore, recordOfKey } from './decision.ts';
import type { DocumentKind, DocumentStore, StoredDocument } from './document.ts';
import type { HouseholdStore, StoredHousehold } from './household.ts';
import { recordKey } from './repository.ts';
import type { MatchReview, ReviewStore } from './review.ts';
import { type DecisionRow, decisionOfRow } from './sql-decided.ts';

/** Decisions in SQL. */
export function createSqlDecisionStore(database: Queryable): DecisionStore {
  return {
    async about(records) {
      checkCount(records.length);
      if (records.length === 0) return [];
      const rows = await database.query<DecisionRow>(
        `SELECT * FROM identity.match_decision WHERE left_key = ANY($1::text[]) OR right_key = ANY($1::text[])
         ORDER BY decision_id, left_key, right_key`,
        [records.map(recordKey)],
      );
      return rows.map(decisionOfRow);
    },
    async list({ after = '', first }) {
      checkCount(first);
      const [decisionId = '', left = '', right = ''] = after.split(' ');
      const rows = await database.query<DecisionRow>(
        `SELECT * FROM identity.match_decision WHERE (decision_id, left_key, right_key) > ($1, $2, $3)
         ORDER BY decision_id, left_key, right_key LIMIT $4`,
        [decisionId, left, right, first],
      );
      return rows.map(decisionOfRow);
    },
  };
}

interface ReviewRow extends Row {
  readonly review_id: string;
  readonly kind: MatchReview['kind'];
  readonly left_key: string;
  readonly right_key: string;
  readonly bits: number | null;
  readonly expected_value: number;
  readonly reasons: readonly string[];
  readonly created_at: Date;
}

/** The queue of reviews in SQL. */
export function createSqlReviewStore(database: Queryable): ReviewStore {
  return {
    async list({ after, first }) {
      checkCount(first);
      const rows = await database.query<ReviewRow>(
        `SELECT * FROM identity.match_review
         WHERE $1::double precision IS NULL OR expected_value < $1 OR (expected_value = $1 AND review_id > $2)
         ORDER BY expected_value DESC, review_id LIMIT $3`,
        [after?.expectedValue ?? null, after?.reviewId ?? '', first],
      );
      return rows.map(reviewOfRow);
    },
    async find(reviewId) {
      const [row] = await database.query<ReviewRow>('SELECT * FROM identity.match_review WHERE review_id = $1', [
        reviewId,
      ]);
      return row ? reviewOfRow(row) : null;
    },
  };
}

function reviewOfRow(row: ReviewRow): MatchReview {
  return {
    reviewId: row.review_id,
    kind: row.kind,
    left: recordOfKey(row.left_key),
    right: recordOfKey(row.right_key),
    bits: row.bits,
    expectedValue: row.expected_value,
    reasons: row.reasons,
    createdAt: isoTime(row.created_at),
  };
}

interface DocumentRow extends Row {
  readonly kind: DocumentKind;
  readonly version: number;
  readonly text: string;
  readonly created_at: Date;
  readonly created_by: string | null;
  readonly reason: string | null;
  readonly is_active: boolean;
}

/** Versioned documents in SQL. */
export function createSqlDocumentStore(database: Queryable): DocumentStore {
  const one = async (text: string, values: readonly unknown[]): Promise<StoredDocument | null> => {
    const [row] = await database.query<DocumentRow>(text, values);
    return row ? documentOfRow(row) : null;
  };
  return {
    active: (kind) => one('SELECT * FROM identity.document WHERE kind = $1 AND is_active', [kind]),
    version: (kind, version) =>
      one('SELECT * FROM identity.document WHERE kind = $1 AND version = $2', [kind, version]),
    async list(kind, { before, first }) {
      checkCount(first);
      const rows = await database.query<DocumentRow>(
        `SELECT * FROM identity.document WHERE kind = $1 AND ($2::integer IS NULL OR version < $2)
         ORDER BY version DESC LIMIT $3`,
        [kind, before ?? null, first],
      );
      return rows.map(documentOfRow);
    },
  };
}

function documentOfRow(row: DocumentRow): StoredDocument {
  const { kind, version, text, reason } = row;
  const made = { createdAt: isoTime(row.created_at), createdBy: row.created_by };
  return { kind, version, text, ...made, reason, isActive: row.is_active };
}

/** A member counts as the customer that stands for it now. */
const HOUSEHOLD = `SELECT h.household_id, h.created_at,
  (SELECT json_agg(DISTINCT c.survivor360_id) FROM identity.household_member m
     JOIN identity.customer c ON c.customer360_id = m.customer360_id WHERE m.household_id = h.household_id) AS members
FROM identity.household h`;

interface HouseholdRow extends Row {
  readonly household_id: string;
  readonly created_at: Date;
  readonly members: readonly string[] | null;
}

/** Households in SQL. */
export function createSqlHouseholdStore(database: Queryable): HouseholdStore {
  const byIds = async (householdIds: readonly string[]): Promise<Map<string, StoredHousehold>> => {
    checkCount(householdIds.length);
    if (householdIds.length === 0) return new Map();
    const rows = await database.query<HouseholdRow>(`${HOUSEHOLD} WHERE h.household_id = ANY($1::text[])`, [
      householdIds,
    ]);
    return new Map(rows.map((row) => [row.household_id, householdOfRow(row)]));
  };
  return {
    byIds,
    async ofCustomers(customer360Ids) {
      checkCount(customer360Ids.length);
      if (customer360Ids.length === 0) return new Map();
      const rows = await database.query<{ asked: string; household_id: string }>(
        `SELECT DISTINCT ON (asked.id) asked.id AS asked, m.household_id
         FROM unnest($1::text[]) AS asked (id)
         JOIN identity.customer own ON own.customer360_id = asked.id
         JOIN identity.customer c ON c.survivor360_id = own.survivor360_id
         JOIN identity.household_member m ON m.customer360_id = c.customer360_id
         ORDER BY asked.id, c.customer360_id <> c.survivor360_id, c.customer360_id`,
        [customer360Ids],
      );
      const households = await byIds([...new Set(rows.map((row) => row.household_id))]);
      return new Map(
        rows.flatMap(({ asked, household_id }) => {
          const household = households.get(household_id);
          return household ? [[asked, household] as const] : [];
        }),
      );
    },
  };
}

function householdOfRow(row: HouseholdRow): StoredHousehold {
  const customer360Ids = [...(row.members ?? [])].sort();
  return { householdId: row.household_id, createdAt: isoTime(row.created_at), customer360Ids };
}
