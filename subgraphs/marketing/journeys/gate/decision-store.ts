import DataLoader from 'dataloader';
import type { Queryable } from '../../../../database/database.ts';
import type { DecisionReason, GateDecision } from '../contract.ts';

/** What a decision was about. */
export interface DecidedStep {
  /** The decision's own key. */
  readonly decisionId: string;
  readonly instanceId: string;
  readonly step: string;
  /** The instant at which the gates were asked, milliseconds. */
  readonly decidedAtMs: number;
}

/** A decision as the schema gives it: `JourneyDecision`. */
export interface StoredDecision {
  readonly id: string;
  readonly step: string;
  /** ISO 8601. */
  readonly decidedAt: string;
  readonly verdict: GateDecision['verdict'];
  readonly decidedBy: GateDecision['decidedBy'];
  readonly nextAllowedAt: string | null;
  readonly reasons: readonly DecisionReason[];
}

/** Writes what was decided, in the transaction in which it has its effect. It carries reasons and ids, nobody's data. */
export async function writeDecision(transaction: Queryable, about: DecidedStep, decision: GateDecision): Promise<void> {
  await transaction.query(
    `INSERT INTO marketing.journey_decision
       (decision_id, instance_id, step, decided_at, verdict, decided_by, next_allowed_at, is_held_out, reasons)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb)`,
    [
      about.decisionId,
      about.instanceId,
      about.step,
      new Date(about.decidedAtMs),
      decision.verdict,
      decision.decidedBy,
      decision.nextAllowedAt === null ? null : new Date(decision.nextAllowedAt),
      decision.isHeldOut,
      JSON.stringify(decision.reasons),
    ],
  );
}

type DecisionRow = {
  decision_id: string;
  instance_id: string;
  step: string;
  decided_at: Date;
  verdict: StoredDecision['verdict'];
  decided_by: StoredDecision['decidedBy'];
  next_allowed_at: Date | null;
  reasons: readonly DecisionReason[];
};

/** The decisions of each instance, oldest first, in the order of the instances: one statement. */
export async function readDecisions(
  queryable: Queryable,
  instanceIds: readonly string[],
): Promise<(readonly StoredDecision[])[]> {
  const rows = await queryable.query<DecisionRow>(
    `SELECT decision_id, instance_id, step, decided_at, verdict, decided_by, next_allowed_at, reasons
     FROM marketing.journey_decision WHERE instance_id = ANY($1::text[]) ORDER BY decided_at, decision_id`,
    [instanceIds],
  );
  const byInstance = new Map<string, StoredDecision[]>(instanceIds.map((id) => [id, []]));
  for (const row of rows) byInstance.get(row.instance_id)?.push(decisionOf(row));
  return instanceIds.map((id) => byInstance.get(id) ?? []);
}

/** Makes the resolver of `JourneyInstance.decisions`: the instances of an operation are read with one statement. */
export function createDecisionsResolver(
  database: Queryable,
): (instance: { readonly id: string }, args: unknown, context: object) => Promise<readonly StoredDecision[]> {
  const loaders = new WeakMap<object, DataLoader<string, readonly StoredDecision[]>>();
  return (instance, _args, context) => {
    const loader = loaders.get(context) ?? new DataLoader((ids: readonly string[]) => readDecisions(database, ids));
    loaders.set(context, loader);
    return loader.load(instance.id);
  };
}

function decisionOf(row: DecisionRow): StoredDecision {
  return {
    id: row.decision_id,
    step: row.step,
    decidedAt: row.decided_at.toISOString(),
    verdict: row.verdict,
    decidedBy: row.decided_by,
    nextAllowedAt: row.next_allowed_at?.toISOString() ?? null,
    reasons: row.reasons,
  };
}
