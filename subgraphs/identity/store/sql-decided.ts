import type { Queryable, Row } from '../../../database/database.ts';
import { isoTime } from './answers.ts';
import { type MatchDecision, type Verdict, verdictEnds, verdictOfEnds } from './decision.ts';
import type { DocumentKind } from './document.ts';
import type { DecidedEffects, DecidedState, HouseholdChange } from './fold-decided.ts';
import type { NamedByChangeSet } from './named.ts';
import { type ChangeSet, recordKey } from './repository.ts';

/** A row of `match_decision`. */
export interface DecisionRow extends Row {
  readonly decision_id: string;
  readonly left_key: string;
  readonly right_key: string;
  readonly kind: Verdict['kind'];
  readonly origin: MatchDecision['origin'];
  readonly decided_at: Date;
  readonly decided_by: string | null;
  readonly reason: string | null;
}

/** The decision of a row. */
export function decisionOfRow(row: DecisionRow): MatchDecision {
  return {
    decisionId: row.decision_id,
    origin: row.origin,
    verdict: verdictOfEnds(row.kind, row.left_key, row.right_key),
    decidedAt: isoTime(row.decided_at),
    decidedBy: row.decided_by,
    reason: row.reason,
  };
}

/** Reads the decisions and documents that a change set names; nothing when it names none. */
export async function readDecidedState(transaction: Queryable, named: NamedByChangeSet): Promise<DecidedState> {
  const decisions =
    named.decisions.length === 0
      ? []
      : await transaction.query<DecisionRow>(
          'SELECT * FROM identity.match_decision WHERE decision_id = ANY($1) ORDER BY decision_id, left_key, right_key',
          [named.decisions],
        );
  const versions =
    named.documentKinds.length === 0
      ? []
      : await transaction.query<{ kind: DocumentKind; version: number }>(
          'SELECT kind, max(version) AS version FROM identity.document WHERE kind = ANY($1) GROUP BY kind',
          [named.documentKinds],
        );
  return {
    decisions: decisions.map(decisionOfRow),
    latestVersions: new Map(versions.map(({ kind, version }) => [kind, version])),
  };
}

/** Writes what was decided: a statement or two for each kind that a change set has. */
export async function writeDecided(
  transaction: Queryable,
  { at, author }: ChangeSet,
  effects: DecidedEffects,
): Promise<void> {
  const by = author?.by ?? null;
  const reason = author?.reason ?? null;
  if (effects.revoked.length > 0) {
    await transaction.query(
      `DELETE FROM identity.match_decision d USING unnest($1::text[], $2::text[], $3::text[]) AS gone (id, left_key, right_key)
       WHERE d.decision_id = gone.id AND d.left_key = gone.left_key AND d.right_key = gone.right_key`,
      [
        effects.revoked.map(({ decisionId }) => decisionId),
        effects.revoked.map(({ leftKey }) => leftKey),
        effects.revoked.map(({ rightKey }) => rightKey),
      ],
    );
  }
  await insertDecisions(transaction, effects, [at, by, reason]);
  await writeReviews(transaction, at, effects);
  for (const { kind, version, text } of effects.documents) {
    await transaction.query('UPDATE identity.document SET is_active = false WHERE kind = $1 AND is_active', [kind]);
    if (text === null) {
      await transaction.query('UPDATE identity.document SET is_active = true WHERE kind = $1 AND version = $2', [
        kind,
        version,
      ]);
      continue;
    }
    await transaction.query(
      `INSERT INTO identity.document (kind, version, text, created_at, created_by, reason, is_active)
       VALUES ($1, $2, $3, $4, $5, $6, true)`,
      [kind, version, text, at, by, reason],
    );
  }
  for (const household of effects.households) await writeHousehold(transaction, at, household);
}

async function insertDecisions(
  transaction: Queryable,
  effects: DecidedEffects,
  made: readonly [at: string, by: string | null, reason: string | null],
): Promise<void> {
  const rows = effects.decisions.flatMap(({ decisionId, origin, verdicts }) =>
    verdicts.map((verdict) => [decisionId, ...verdictEnds(verdict), verdict.kind, origin] as const),
  );
  if (rows.length === 0) return;
  await transaction.query(
    `INSERT INTO identity.match_decision (decision_id, left_key, right_key, kind, origin, decided_at, decided_by, reason)
     SELECT *, $6::timestamptz, $7::text, $8::text
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) ON CONFLICT DO NOTHING`,
    [...[0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column])), ...made],
  );
}

/** A pair about which somebody has decided is not asked about again. */
async function writeReviews(transaction: Queryable, at: string, effects: DecidedEffects): Promise<void> {
  if (effects.closedReviews.length > 0) {
    await transaction.query('DELETE FROM identity.match_review WHERE review_id = ANY($1)', [effects.closedReviews]);
  }
  const { reviews } = effects;
  if (reviews.length === 0) return;
  const keys = reviews.map(({ left, right }) => [recordKey(left), recordKey(right)].sort());
  await transaction.query(
    `INSERT INTO identity.match_review (review_id, kind, left_key, right_key, bits, expected_value, reasons, created_at)
     SELECT given.id, given.kind, given.left_key, given.right_key, given.bits, given.value, given.reasons::jsonb, $8::timestamptz
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::double precision[], $6::double precision[], $7::text[])
       AS given (id, kind, left_key, right_key, bits, value, reasons)
     WHERE NOT EXISTS (SELECT FROM identity.match_decision d
       WHERE d.left_key = given.left_key AND d.right_key = given.right_key)
     ON CONFLICT (review_id) DO UPDATE SET kind = excluded.kind, bits = excluded.bits,
       expected_value = excluded.expected_value, reasons = excluded.reasons`,
    [
      reviews.map((review) => review.reviewId),
      reviews.map((review) => review.kind),
      keys.map(([left]) => left),
      keys.map(([, right]) => right),
      reviews.map((review) => review.bits),
      reviews.map((review) => review.expectedValue),
      reviews.map((review) => JSON.stringify(review.reasons)),
      at,
    ],
  );
}

async function writeHousehold(transaction: Queryable, at: string, household: HouseholdChange): Promise<void> {
  const { householdId, customer360Ids } = household;
  await transaction.query(
    'INSERT INTO identity.household (household_id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [householdId, at],
  );
  await transaction.query('DELETE FROM identity.household_member WHERE household_id = $1 OR customer360_id = ANY($2)', [
    householdId,
    customer360Ids,
  ]);
  await transaction.query(
    'INSERT INTO identity.household_member (customer360_id, household_id) SELECT id, $1 FROM unnest($2::text[]) AS id',
    [householdId, customer360Ids],
  );
}
