import type { Database } from '../../../../database/database.ts';
import type { Clock } from '../../../../schema/clock.ts';
import { CodedError } from '../../../../schema/errors.ts';
import type { EmailEngagementType } from '../../../../schema/generated/marketing.ts';
import { checkLength, type PageArguments, pageArguments } from '../../../cloud/arguments.ts';
import type { CloudContext, CloudResolvers, FieldResolver } from '../../../cloud/context.ts';
import { changedRow } from '../../../cloud/fields.ts';
import type { IdempotentInput, IdempotentWrite } from '../../../cloud/idempotent-writes.ts';
import type { OnWarning } from '../../../cloud/store-failure.ts';
import { connectionOf, readPlace, writePlace } from '../graph/sources.ts';
import { type EngagementParts, type RecordEmailEngagement, recordEmailEngagement } from './engagements.ts';
import { MessageLoadersOf, messageOf } from './message-sources.ts';
import type { StoredMessage } from './message-store.ts';
import { settleInDoubt } from './settle-message.ts';

/** What the fields of messages are resolved with. */
export interface MessageGraphParts {
  readonly database: Database;
  readonly write: IdempotentWrite;
  readonly clock: Clock;
  readonly onWarning: OnWarning;
  readonly engagements: EngagementParts;
  /** Resolves an instance by the `instanceId` of its source. */
  readonly journeyInstance: FieldResolver;
  /** Sends a message about which it was decided so by hand. */
  readonly sendSettled: (messageId: string) => Promise<void>;
}

interface MessagesArguments extends PageArguments {
  readonly statuses?: readonly string[] | null;
  readonly journeyId?: string | null;
}

interface SettleInput extends IdempotentInput {
  readonly journeyMessageId: string;
  readonly isSentAgain: boolean;
}

type EngagementInput = IdempotentInput & RecordEmailEngagement & { readonly engagementType: EmailEngagementType };

const TEXT_LIMIT = 1_000;

/** Resolvers of messages, of what is decided about them, and of what comes back of them. */
export function createMessageResolvers(parts: MessageGraphParts): CloudResolvers {
  const { write, clock, engagements } = parts;
  const loaders = new MessageLoadersOf(parts.database, parts.onWarning);
  return {
    JourneyInstance: {
      messages: async ({ id }: { readonly id: string }, _args: unknown, context: CloudContext) =>
        (await loaders.of(context).ofInstance.load(id)).map(messageOf),
    },
    JourneyMessage: {
      __resolveReference: (reference: { readonly id: string }, context: CloudContext) =>
        messageById(loaders, reference.id, context),
      journeyInstance: parts.journeyInstance,
    },
    Query: {
      journeyMessages: (_source: unknown, args: MessagesArguments, context: CloudContext) =>
        messagesPage(loaders, args, context),
    },
    Mutation: {
      recordEmailEngagement: (_source: unknown, { input }: { input: EngagementInput }, context: CloudContext) => {
        checkEngagement(input);
        return write(context, 'recordEmailEngagement', input, async (transaction) => ({
          id: await recordEmailEngagement(engagements, transaction, input),
        }));
      },
      settleJourneyMessage: async (_source: unknown, { input }: { input: SettleInput }, context: CloudContext) => {
        const { journeyMessageId: messageId, isSentAgain } = input;
        const result = await write(context, 'settleJourneyMessage', input, async (transaction) => {
          await settleInDoubt(transaction, { messageId, isSentAgain }, clock());
          return { messageId };
        });
        if (isSentAgain) await parts.sendSettled(messageId);
        loaders.forget(context);
        return result;
      },
    },
    RecordEmailEngagementPayload: { emailEngagement: changedRow('EmailEngagement', 'id') },
    JourneyMessagePayload: {
      journeyMessage: async ({ messageId }: { readonly messageId: string }, _args: unknown, context: CloudContext) => {
        const message = await messageById(loaders, messageId, context);
        if (!message) throw new CodedError('NOT_FOUND', 'The message of the first answer has been deleted since.');
        return message;
      },
    },
  };
}

async function messageById(loaders: MessageLoadersOf, id: string, context: CloudContext) {
  const row = await loaders.of(context).message.load(id);
  return row && messageOf(row);
}

async function messagesPage(loaders: MessageLoadersOf, args: MessagesArguments, context: CloudContext) {
  const page = pageArguments(args);
  const rows = await loaders.of(context).page({
    statuses: args.statuses ?? null,
    journeyId: args.journeyId ?? null,
    after: page.after === undefined ? null : readPlace(page.after),
    limit: page.first + 1,
  });
  const cursorOf = (row: StoredMessage): string => writePlace(row.prepared_at?.getTime() ?? 0, row.message_id);
  return connectionOf(rows, page, { cursorOf, nodeOf: messageOf });
}

function checkEngagement({ messageId, subscriberKey, linkUrl }: EngagementInput): void {
  if (messageId && subscriberKey) {
    throw new CodedError('BAD_USER_INPUT', '`messageId` says whose e-mail it is: leave `subscriberKey` out.');
  }
  for (const [name, text] of Object.entries({ messageId, subscriberKey, linkUrl })) {
    if (text !== undefined && text !== null) checkLength(name, text, TEXT_LIMIT);
  }
}
