import type { Database } from '../../../../database/database.ts';
import type { JourneyGate } from '../../../../schema/generated/marketing.ts';
import { ACTIVE_SQL } from '../store/instances.ts';
import { compareProportions } from './newcombe.ts';

/** Whose report. */
export interface ReportRequest {
  readonly journeyId: string;
  /** ISO 8601; without them everybody. */
  readonly enteredFrom: string | null;
  readonly enteredBefore: string | null;
}

/** People and how many of them ordered. */
export interface ReportGroup {
  readonly peopleCount: number;
  readonly convertedCount: number;
  readonly conversionRate: number | null;
}

/** What came of a journey, in the schema's words. */
export interface JourneyReportFigures {
  readonly enteredCount: number;
  readonly waitingCount: number;
  readonly completedCount: number;
  readonly sentCount: number;
  readonly exitedOnOrderCount: number;
  readonly exitedOtherwiseCount: number;
  readonly failedCount: number;
  readonly heldOutCount: number;
  readonly suppressions: readonly {
    readonly gate: JourneyGate;
    readonly skippedCount: number;
    readonly deferredCount: number;
  }[];
  readonly treated: ReportGroup;
  readonly heldOut: ReportGroup;
  readonly lift: number | null;
  readonly liftLow: number | null;
  readonly liftHigh: number | null;
  readonly attributedRevenue: readonly { readonly amount: string; readonly currencyCode: string }[];
}

/**
 * Whom the gate held out has come as far as whom it let through: so the two groups are alike, which everybody who entered is not.
 * A person counts once, however often they entered and whichever customers were found to be them. One who was written to is
 * treated, whatever else. Orders count from the message, or from the holding out, on; folded instances tell what was sent, but
 * did not enter on their own.
 */
const STATEMENT = `
WITH entered AS MATERIALIZED (
  SELECT instance_id, customer360_id, status, end_reason FROM marketing.journey_instance
  WHERE journey_id = $1 AND entered_on >= coalesce($2::timestamptz, '-infinity')
    AND entered_on < coalesce($3::timestamptz, 'infinity')
), counted AS (
  SELECT count(*) AS entered, count(*) FILTER (WHERE status IN ${ACTIVE_SQL}) AS waiting,
    count(*) FILTER (WHERE status = 'COMPLETED') AS completed, count(*) FILTER (WHERE status = 'FAILED') AS failed,
    count(*) FILTER (WHERE status = 'EXITED' AND end_reason = 'ORDERED') AS exited
  FROM entered WHERE status <> 'FOLDED'
), kept_back AS MATERIALIZED (
  SELECT instance_id, step, decided_by, min(decided_at) AS since, bool_or(verdict = 'SKIP') AS is_skipped,
    count(*) FILTER (WHERE verdict = 'DEFER') AS deferred
  FROM entered JOIN marketing.journey_decision AS decision USING (instance_id)
  WHERE verdict <> 'SEND' GROUP BY instance_id, step, decided_by
), suppressed AS (
  SELECT decided_by AS gate, count(*) FILTER (WHERE is_skipped) AS skipped, sum(deferred) AS deferred
  FROM kept_back GROUP BY decided_by
), sent AS MATERIALIZED (
  SELECT instance_id, count(*) AS messages, min(message.sent_at) AS since
  FROM entered JOIN marketing.journey_message AS message USING (instance_id)
  WHERE message.state = 'SENT' GROUP BY instance_id
), held AS (
  SELECT instance_id, min(since) AS since FROM kept_back
  WHERE decided_by = 'NOT_HELD_OUT' AND is_skipped GROUP BY instance_id
), person AS MATERIALIZED (
  SELECT customer360_id, min(sent.since) AS treated_since, min(held.since) AS held_since
  FROM entered LEFT JOIN sent USING (instance_id) LEFT JOIN held USING (instance_id)
  WHERE sent.instance_id IS NOT NULL OR held.instance_id IS NOT NULL GROUP BY customer360_id
), conversion AS MATERIALIZED (
  SELECT DISTINCT customer360_id, treated_since IS NOT NULL AS is_treated, order_number, amount, currency
  FROM person JOIN entered USING (customer360_id) JOIN marketing.journey_conversion USING (instance_id)
  WHERE NOT is_void AND ordered_on >= coalesce(treated_since, held_since)
)
SELECT (SELECT row_to_json(counted) FROM counted) AS counted,
  (SELECT count(*) FROM held) AS held_out,
  (SELECT coalesce(sum(messages), 0) FROM sent)::bigint AS sent,
  (SELECT coalesce(json_agg(suppressed), '[]') FROM suppressed) AS suppressed,
  (SELECT count(*) FROM person WHERE treated_since IS NOT NULL) AS treated,
  (SELECT count(*) FROM person WHERE treated_since IS NULL) AS held_people,
  (SELECT count(DISTINCT customer360_id) FROM conversion WHERE is_treated) AS treated_converted,
  (SELECT count(DISTINCT customer360_id) FROM conversion WHERE NOT is_treated) AS held_converted,
  (SELECT coalesce(json_agg(revenue ORDER BY revenue.currency), '[]') FROM (
     SELECT currency, sum(amount)::text AS amount FROM conversion WHERE is_treated GROUP BY currency) AS revenue) AS revenue`;

interface Figures extends Record<string, unknown> {
  readonly counted: {
    readonly entered: number;
    readonly waiting: number;
    readonly completed: number;
    readonly failed: number;
    readonly exited: number;
  };
  readonly held_out: number;
  readonly sent: number;
  readonly suppressed: readonly {
    readonly gate: JourneyGate;
    readonly skipped: number;
    readonly deferred: number;
  }[];
  readonly treated: number;
  readonly held_people: number;
  readonly treated_converted: number;
  readonly held_converted: number;
  readonly revenue: readonly { readonly currency: string; readonly amount: string }[];
}

/** Reads the report of a journey in one statement. `gateOrder` is the order in which gates are listed. */
export async function readReport(
  database: Database,
  request: ReportRequest,
  gateOrder: readonly JourneyGate[],
  signal?: AbortSignal,
): Promise<JourneyReportFigures> {
  const values = [request.journeyId, request.enteredFrom, request.enteredBefore];
  const [figures] = await database.query<Figures>(STATEMENT, values, signal);
  if (!figures) throw new Error('The statement of a report gives one row.');
  const treated = groupOf(figures.treated, figures.treated_converted);
  const heldOut = groupOf(figures.held_people, figures.held_converted);
  const lift = compareProportions(
    { count: treated.convertedCount, total: treated.peopleCount },
    { count: heldOut.convertedCount, total: heldOut.peopleCount },
  );
  const suppressions = figures.suppressed
    .map(({ gate, skipped, deferred }) => ({ gate, skippedCount: skipped, deferredCount: deferred }))
    .sort((one, other) => gateOrder.indexOf(one.gate) - gateOrder.indexOf(other.gate));
  const { entered, waiting, completed, failed, exited } = figures.counted;
  return {
    enteredCount: entered,
    waitingCount: waiting,
    completedCount: completed,
    sentCount: figures.sent,
    exitedOnOrderCount: exited,
    // All others: so that it adds up whatever ways out there come to be.
    exitedOtherwiseCount: entered - waiting - completed - failed - exited,
    failedCount: failed,
    heldOutCount: figures.held_out,
    suppressions,
    treated,
    heldOut,
    lift: lift?.difference ?? null,
    liftLow: lift?.low ?? null,
    liftHigh: lift?.high ?? null,
    attributedRevenue: figures.revenue.map(({ amount, currency }) => ({ amount, currencyCode: currency })),
  };
}

function groupOf(people: number, converted: number): ReportGroup {
  return {
    peopleCount: people,
    convertedCount: converted,
    conversionRate: people === 0 ? null : converted / people,
  };
}
