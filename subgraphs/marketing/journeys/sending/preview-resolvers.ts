import { NotNow } from '../../../../database/consumer-contract.ts';
import type { Queryable } from '../../../../database/database.ts';
import type { Clock } from '../../../../schema/clock.ts';
import { CodedError } from '../../../../schema/errors.ts';
import type { MessagePreview } from '../../../../schema/generated/marketing.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import type { CloudResolvers } from '../../../cloud/context.ts';
import { readDefinition } from '../check-definition.ts';
import type { Gate } from '../contract.ts';
import type { JourneyDefinition, MessageStep } from '../definition.ts';
import { findTrialSubject } from '../gate/trial-subject.ts';
import { type PreviewParts, previewMessage } from './message-preview.ts';
import { TemplateInvalid } from './templates/message-renderer.ts';

/** What previews are asked with. */
export interface PreviewGraphParts extends PreviewParts {
  readonly database: Queryable;
  readonly gate: Gate;
  readonly graph: UnifiedGraph;
  readonly clock: Clock;
}

interface PreviewArguments {
  readonly journeyId: string;
  readonly step?: string | null;
  readonly customer360Id: string;
  readonly objectId?: string | null;
}

/** Resolvers of previews. */
export function createPreviewResolvers(parts: PreviewGraphParts): CloudResolvers {
  return {
    Query: {
      previewMessage: (_source: unknown, args: PreviewArguments) =>
        preview(parts, args).catch((error: unknown) => {
          if (error instanceof TemplateInvalid) throw new CodedError('CONFLICT', error.message);
          throw error instanceof NotNow ? new CodedError('SUBGRAPH_DOWN', error.message) : error;
        }),
    },
  };
}

async function preview(parts: PreviewGraphParts, args: PreviewArguments): Promise<MessagePreview | null> {
  const { definition, version } = await readJourney(parts.database, args.journeyId);
  const step = messageStep(definition, args.step ?? null);
  const { customer360Id, objectId = null } = args;
  const subject = await findTrialSubject(parts.graph, definition.entry.kind, { customer360Id, objectId });
  if (!subject) return null;
  const nowMs = parts.clock();
  const enteredAt = new Date(nowMs).toISOString();
  const decision = await parts.gate.ask({
    instance: { id: 'preview', journeyId: definition.id, version, enteredAt, ...subject },
    definition,
    step,
    nowMs,
    standing: { isIn: true, message: 'It is a preview.' },
    isProviderHealthy: true,
  });
  return previewMessage(parts, { step, decision, atMs: nowMs });
}

async function readJourney(
  database: Queryable,
  journeyId: string,
): Promise<{ definition: JourneyDefinition; version: number }> {
  const [row] = await database.query<{ document: string; version: number }>(
    `SELECT version.document, version.version FROM marketing.journey
     JOIN marketing.journey_version AS version USING (journey_id, version) WHERE journey_id = $1`,
    [journeyId],
  );
  if (!row) throw new CodedError('NOT_FOUND', 'There is no journey with this key.');
  return { definition: readDefinition(row.document), version: row.version };
}

function messageStep({ steps }: JourneyDefinition, id: string | null): MessageStep {
  const step = steps.find((one) => one.kind === 'MESSAGE' && (id === null || one.id === id));
  if (step?.kind === 'MESSAGE') return step;
  const message = id === null ? 'The journey has no message.' : 'The journey has no message with this step.';
  throw new CodedError('NOT_FOUND', message);
}
