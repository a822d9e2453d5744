import type { Database } from '../../../../database/database.ts';
import type { Clock } from '../../../../schema/clock.ts';
import { CodedError } from '../../../../schema/errors.ts';
import type { SmtpOptions } from '../../../../schema/smtp-address.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import type { CloudResolvers, FieldResolver } from '../../../cloud/context.ts';
import type { IdempotentWrite } from '../../../cloud/idempotent-writes.ts';
import type { OnWarning } from '../../../cloud/store-failure.ts';
import { suppressAddress } from '../../contact-points/suppressions.ts';
import type { Gate, MessageSteps } from '../contract.ts';
import { writeDecision } from '../gate/decision-store.ts';
import type { JourneyDocuments } from '../store/documents.ts';
import { type InstanceRow, runningInstance } from '../store/instances.ts';
import type { Sender } from './compose-mail.ts';
import type { PreviewParts } from './message-preview.ts';
import { createMessageResolvers } from './message-resolvers.ts';
import { createMessageSteps } from './message-steps.ts';
import { createBodySweep } from './message-store.ts';
import type { SendingParts, SuppressAddress } from './parts.ts';
import { createPreviewResolvers } from './preview-resolvers.ts';
import type { MessageProvider } from './provider.ts';
import { type ReadOrigin, sendSettled } from './settle-message.ts';
import { createSmtpProvider } from './smtp-provider.ts';
import { createMessageRenderer } from './templates/message-renderer.ts';
import { createUnsubscribe } from './unsubscribe.ts';
import { createUnsubscribeLinks, storedUnsubscribeKey } from './unsubscribe-links.ts';
import { createUnsubscribePage, type UnsubscribePage } from './unsubscribe-page.ts';

/** How mail is sent. */
export interface SendingSettings {
  /** The mail server; undefined: messages stay in the local outbox. */
  readonly smtp: SmtpOptions | undefined;
  readonly sender: Sender;
  /** Where people's mail programs reach this server, such as `https://shop.example.com`. */
  readonly publicUrl: string;
  /** Keys of unsubscribe links: the first signs, all are accepted. Empty: a key that the store keeps. Secret. */
  readonly unsubscribeKeys: readonly string[];
}

/** What sending is made from. */
export interface SendingOptions {
  /** The marketing store, our own. */
  readonly database: Database;
  readonly graph: UnifiedGraph;
  readonly gate: Gate;
  readonly clock: Clock;
  /** Gives a new key at each call. */
  readonly newId: () => string;
  readonly write: IdempotentWrite;
  readonly onWarning: OnWarning;
  readonly documents: JourneyDocuments;
  /** Resolves an instance by the `instanceId` of its source. */
  readonly journeyInstance: FieldResolver;
  readonly settings: SendingSettings;
}

/** All that sends. */
export interface Sending {
  readonly messages: MessageSteps;
  /** One for each part: types that several name are put together. */
  readonly resolvers: readonly CloudResolvers[];
  readonly previews: PreviewParts;
  readonly page: UnsubscribePage;
  /** The mail server, undefined for the local outbox. */
  readonly provider: MessageProvider | undefined;
  close(): Promise<void>;
}

/** Makes what sends. Asks the store for the key of unsubscribe links, unless there are keys in the settings. */
export async function createSending(options: SendingOptions): Promise<Sending> {
  const { database, graph, gate, clock, newId, write, onWarning, documents, journeyInstance, settings } = options;
  const keys = settings.unsubscribeKeys.map((key) => Buffer.from(key, 'utf8'));
  const links = createUnsubscribeLinks({
    publicUrl: settings.publicUrl,
    keys: keys.length > 0 ? keys : [await storedUnsubscribeKey(database, clock())],
  });
  const provider = settings.smtp && createSmtpProvider(settings.smtp, clock);
  const renderer = createMessageRenderer({ database, clock });
  const suppress = suppressKnown(clock, newId);
  const parts: SendingParts = {
    database,
    graph,
    gate,
    provider,
    renderer,
    links,
    sender: settings.sender,
    writeDecision: (transaction, { instanceId, step, decidedAtMs, decision }) =>
      writeDecision(transaction, { decisionId: newId(), instanceId, step, decidedAtMs }, decision),
    suppressAddress: suppress,
    sweepBodies: createBodySweep(),
    clock,
  };
  const origin = readOriginFrom(database, documents);
  return {
    messages: createMessageSteps(parts),
    resolvers: [
      createMessageResolvers({
        database,
        write,
        clock,
        onWarning,
        engagements: { clock, newId, suppressAddress: suppress },
        journeyInstance,
        sendSettled: (messageId) => sendSettled(parts, origin, messageId),
      }),
      createPreviewResolvers({ database, gate, graph, clock, renderer, links }),
    ],
    previews: { renderer, links },
    page: createUnsubscribePage({
      links,
      unsubscribe: createUnsubscribe(graph, newId),
      onFailure: () => onWarning('Somebody could not unsubscribe: marketing did not answer as it should.'),
    }),
    provider,
    close: async () => provider?.close(),
  };
}

/** Whoever is no subscriber any more, or has no such address, has nothing to suppress: what was noted about them stays. */
function suppressKnown(clock: Clock, newId: () => string): SuppressAddress {
  return async (transaction, { subscriberKey, address, reason }) => {
    try {
      const suppressed = { subscriberKey, channel: 'EMAIL', address, reason } as const;
      await suppressAddress(transaction, suppressed, new Date(clock()), newId);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
    }
  };
}

function readOriginFrom(database: Database, documents: JourneyDocuments): ReadOrigin {
  return async ({ instance_id: instanceId }) => {
    const [row] = await database.query<InstanceRow>('SELECT * FROM marketing.journey_instance WHERE instance_id = $1', [
      instanceId,
    ]);
    if (!row) return null;
    const definition = await documents.definition(database, row.journey_id, row.version);
    return { instance: runningInstance(row), definition };
  };
}
