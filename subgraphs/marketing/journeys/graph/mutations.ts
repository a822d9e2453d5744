import type { Clock } from '../../../../schema/clock.ts';
import { CodedError } from '../../../../schema/errors.ts';
import { checkLength } from '../../../cloud/arguments.ts';
import type { CloudContext, CloudResolvers } from '../../../cloud/context.ts';
import type { IdempotentInput, IdempotentWrite } from '../../../cloud/idempotent-writes.ts';
import type { CheckedDefinition } from '../check-definition.ts';
import type { JourneyDefinition } from '../definition.ts';
import { controlInstance, type InstanceControl } from '../store/control.ts';
import { controlJourney, type JourneyAction, saveJourney } from '../store/journeys.ts';

/** What the mutations of journeys are made from. */
export interface JourneyMutationParts {
  readonly write: IdempotentWrite;
  readonly clock: Clock;
  readonly checkDefinition: (document: string) => CheckedDefinition;
  /** What is wrong with the templates of a definition that is well otherwise. */
  readonly findTemplateFaults: (definition: JourneyDefinition) => Promise<readonly string[]>;
  /** What the graph will never answer of its questions. */
  readonly findRefusedQuestions: (definition: JourneyDefinition) => Promise<readonly string[]>;
}

interface SaveInput extends IdempotentInput {
  readonly document: string;
  readonly isActive?: boolean | null;
}

interface ControlInput extends IdempotentInput {
  readonly journeyId: string;
  readonly action: JourneyAction;
}

interface ControlInstanceInput extends IdempotentInput {
  readonly journeyInstanceId: string;
  readonly action: InstanceControl['action'];
  readonly reason?: string | null;
}

const DOCUMENT_LIMIT = 1_000_000;
const REASON_LIMIT = 500;

/** Resolvers of what is done to journeys and their instances by hand. */
export function createJourneyMutations(parts: JourneyMutationParts): CloudResolvers {
  const { write, clock } = parts;
  return {
    Mutation: {
      saveJourney: async (_source: unknown, { input }: { input: SaveInput }, context: CloudContext) => {
        const { document } = input;
        checkLength('document', document, DOCUMENT_LIMIT);
        const definition = await understood(parts, document);
        return write(context, 'saveJourney', input, async (transaction) => {
          const version = { definition, document, isActive: input.isActive ?? true, by: context.principal.subject };
          return { journeyId: await saveJourney(transaction, version, clock()) };
        });
      },
      controlJourney: (_source: unknown, { input }: { input: ControlInput }, context: CloudContext) =>
        write(context, 'controlJourney', input, async (transaction) => {
          const { journeyId, action } = input;
          await controlJourney(transaction, { journeyId, action, by: context.principal.subject }, clock());
          return { journeyId };
        }),
      controlJourneyInstance: (_source: unknown, { input }: { input: ControlInstanceInput }, context: CloudContext) => {
        const { journeyInstanceId: instanceId, action, reason = null } = input;
        if (reason !== null) checkLength('reason', reason, REASON_LIMIT);
        return write(context, 'controlJourneyInstance', input, async (transaction) => {
          await controlInstance(transaction, { instanceId, action, reason, by: context.principal.subject }, clock());
          return { instanceId };
        });
      },
    },
  };
}

async function understood(parts: JourneyMutationParts, document: string): Promise<JourneyDefinition> {
  const { definition, faults = [] } = parts.checkDefinition(document);
  const wrong = definition
    ? [...(await parts.findTemplateFaults(definition)), ...(await parts.findRefusedQuestions(definition))]
    : faults;
  if (definition && wrong.length === 0) return definition;
  throw new CodedError('BAD_USER_INPUT', `The journey has faults:\n${wrong.join('\n')}`);
}
