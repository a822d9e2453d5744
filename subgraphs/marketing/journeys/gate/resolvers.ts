import { NotNow } from '../../../../database/consumer-contract.ts';
import type { Database } from '../../../../database/database.ts';
import { CodedError } from '../../../../schema/errors.ts';
import type { CloudContext, CloudResolvers } from '../../../cloud/context.ts';
import { guardStore, type OnWarning } from '../../../cloud/store-failure.ts';
import { readDefinition } from '../check-definition.ts';
import type { JourneyDefinition } from '../definition.ts';
import { DURATION_PATTERN, durationMs } from '../duration.ts';
import { createDecisionsResolver } from './decision-store.ts';
import { runTrial, type TrialParts, type TrialStep } from './trial.ts';
import { findTrialSubject } from './trial-subject.ts';

/** What the fields of decisions and trials are resolved with. */
export interface GateGraphParts extends TrialParts {
  readonly database: Database;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly onWarning: OnWarning;
}

interface TestJourneyArguments {
  readonly journeyId: string;
  readonly customer360Id: string;
  readonly clockAdvance?: string | null;
  readonly objectId?: string | null;
}

const CLOCK_ADVANCE = 'P7D';
const MOST_ADVANCE_MS = 366 * 86_400_000;

/** Resolvers of what was decided before each message, and of trial runs. */
export function createGateResolvers(parts: GateGraphParts): CloudResolvers {
  const { database, onWarning } = parts;
  const decisions = createDecisionsResolver(database);
  return {
    JourneyInstance: {
      decisions: (instance: { readonly id: string }, args: unknown, context: CloudContext) =>
        guardStore(context.cloud, onWarning, () => decisions(instance, args, context)),
    },
    Query: {
      testJourney: (_source: unknown, args: TestJourneyArguments) =>
        testJourney(parts, args).catch((error: unknown) => {
          throw error instanceof NotNow ? new CodedError('SUBGRAPH_DOWN', error.message) : error;
        }),
    },
  };
}

async function testJourney(parts: GateGraphParts, args: TestJourneyArguments): Promise<object | null> {
  const { clockAdvance, journeyId, customer360Id, objectId = null } = args;
  const advanceMs = advanceOf(clockAdvance ?? CLOCK_ADVANCE);
  const journey = await readJourney(parts.database, journeyId);
  if (!journey) return null;
  const { definition, version } = journey;
  const fromMs = parts.clock();
  const subject = await findTrialSubject(parts.graph, definition.entry.kind, { customer360Id, objectId });
  const { where } = definition.entry;
  const enters =
    subject !== null &&
    (where === undefined || (await parts.conditions.holds({ customer360Id: subject.customer360Id, condition: where })));
  if (!enters) return { steps: [], endReason: 'NOT_ENTERED' };
  const instance = { id: 'trial', journeyId, version, enteredAt: new Date(fromMs).toISOString(), ...subject };
  const { steps, endReason } = await runTrial(parts, { definition, instance, fromMs, untilMs: fromMs + advanceMs });
  return { steps: steps.map(stepOf), endReason };
}

function advanceOf(clockAdvance: string): number {
  const isDuration = new RegExp(DURATION_PATTERN).test(clockAdvance);
  const advanceMs = isDuration ? durationMs(clockAdvance) : Number.POSITIVE_INFINITY;
  if (advanceMs <= MOST_ADVANCE_MS) return advanceMs;
  throw new CodedError('BAD_USER_INPUT', '`clockAdvance` is a duration such as PT48H, of a year at most.');
}

async function readJourney(
  database: Database,
  journeyId: string,
): Promise<{ readonly definition: JourneyDefinition; readonly version: number } | null> {
  const [row] = await database.query<{ version: number; document: string }>(
    `SELECT journey.version, version.document
     FROM marketing.journey JOIN marketing.journey_version AS version USING (journey_id, version)
     WHERE journey.journey_id = $1`,
    [journeyId],
  );
  return row ? { definition: readDefinition(row.document), version: row.version } : null;
}

function stepOf({ step, kind, atMs, message, decision, preview }: TrialStep, index: number): object {
  const at = new Date(atMs).toISOString();
  return {
    step,
    kind,
    at,
    message,
    preview,
    decision: decision && { ...decision, id: `trial-${index + 1}`, step, decidedAt: at },
  };
}
