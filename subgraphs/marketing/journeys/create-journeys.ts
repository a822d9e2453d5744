import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../schema/package-root.ts';
import type { UnifiedGraph } from '../../../schema/unified-graph.ts';
import { type CloudOptions, createCloudWrite } from '../../cloud/cloud-subgraph.ts';
import type { CloudResolvers } from '../../cloud/context.ts';
import type { IdempotentWrite } from '../../cloud/idempotent-writes.ts';
import { checkDefinition } from './check-definition.ts';
import { findRefusedQuestions } from './condition-faults.ts';
import { createJourneyConsumers } from './consume/consumers.ts';
import { createJourneyEngine, type JourneyEngine } from './engine.ts';
import { conditionHolds } from './gate/condition.ts';
import { createGate } from './gate/create-gate.ts';
import { isHeldOut } from './gate/holdout.ts';
import { createLiveConditions } from './gate/live-conditions.ts';
import { createGateResolvers } from './gate/resolvers.ts';
import { createJourneyMutations } from './graph/mutations.ts';
import { createPoisonResolvers } from './graph/poison.ts';
import { createJourneyFields } from './graph/resolvers.ts';
import { createPackageCatalogue } from './packages/catalogue.ts';
import { createPackageResolvers } from './packages/resolvers.ts';
import { findTextFaults } from './packages/text-faults.ts';
import type { JourneyLog, JourneySettings, JourneyWatch, Wait } from './parts.ts';
import { createPlannedMessageResolvers } from './planned/resolvers.ts';
import { createReportResolvers } from './reports/resolvers.ts';
import { createSending, type Sending, type SendingSettings } from './sending/create-sending.ts';
import { previewMessage } from './sending/message-preview.ts';
import { JourneyDocuments } from './store/documents.ts';
import { journeySaves } from './store/journeys.ts';
import { findTemplateFaults } from './template-faults.ts';

/** What journeys need beside what every cloud is made from. */
export interface JourneyServices {
  /** The unified graph; null where this process has no way to it: then nothing that asks it works, and the engine is not to be started. */
  readonly graph: UnifiedGraph | null;
  readonly log: JourneyLog;
  readonly wait: Wait;
  readonly watch?: JourneyWatch;
  /** IANA zone of people of whom nobody knows where they live. */
  readonly defaultZone: string;
  readonly sending: SendingSettings;
  readonly settings?: Partial<JourneySettings>;
}

/** Journeys over a marketing store of our own. */
export interface Journeys {
  /** One for each part: types that several name are put together. */
  readonly resolvers: readonly CloudResolvers[];
  /** Made, not started. */
  readonly engine: JourneyEngine;
  /** Where people unsubscribe. */
  readonly page: Sending['page'];
  /** Lets the mail server go. The engine is stopped before. */
  close(): Promise<void>;
}

/** Makes journeys, all of their parts: what they are, what comes of them, and what makes them go. */
export async function createJourneys(options: CloudOptions, services: JourneyServices): Promise<Journeys> {
  const { database, clock, newId, changes } = options;
  const onWarning = options.onWarning ?? (() => {});
  const graph = services.graph ?? SILENT_GRAPH;
  const { defaultZone, log, wait, watch } = services;
  const write = createCloudWrite(options);
  const live = createLiveConditions({ graph, defaultZone });
  const gate = createGate({ graph, defaultZone });
  const documents = new JourneyDocuments();
  const fields = createJourneyFields({ database, changes, onWarning });
  const { journey, journeyInstance } = fields;
  const sending = await createSending({
    database,
    graph,
    gate,
    clock,
    newId,
    write,
    onWarning,
    documents,
    journeyInstance,
    settings: services.sending,
  });
  const engineParts = { database, graph, clock, newId, wait, log, ...(watch && { watch }) };
  return {
    resolvers: [
      ...fields.resolvers,
      createJourneyMutations({
        write,
        clock,
        checkDefinition: check,
        findTemplateFaults,
        findRefusedQuestions: (definition) => findRefusedQuestions(definition, graph),
      }),
      createPoisonResolvers({ database, clock, write, onWarning, consumers: createJourneyConsumers(engineParts) }),
      createGateResolvers({
        database,
        clock,
        onWarning,
        graph,
        conditions: live,
        zones: live,
        defaultZone,
        preview: previewOf(sending),
      }),
      createReportResolvers(database),
      createPlannedMessageResolvers({ database, clock, documents, journey, journeyInstance }),
      packageResolvers(options, services, write),
      ...sending.resolvers,
    ],
    engine: createJourneyEngine({
      ...engineParts,
      messages: sending.messages,
      conditions: live,
      zones: live,
      isHeldOut,
      ...(services.settings && { settings: services.settings }),
    }),
    page: sending.page,
    close: () => sending.close(),
  };
}

/** Read once it is asked for: most starts check no journey. */
let apiSchema: string | undefined;

function check(document: string): ReturnType<typeof checkDefinition> {
  return checkDefinition(document, () => {
    apiSchema ??= readFileSync(join(PACKAGE_ROOT, 'schema', 'generated', 'api.graphql'), 'utf8');
    return apiSchema;
  });
}

function previewOf({ previews }: Sending): Parameters<typeof createGateResolvers>[0]['preview'] {
  return async (step, decision, nowMs) => {
    const preview = await previewMessage(previews, { step, decision, atMs: nowMs });
    if (!preview) throw new Error('A message that may be sent has somebody to be written to.');
    const { subject, htmlBody, textBody, contactPointValue = null } = preview;
    return { subject, htmlBody, textBody, contactPointValue };
  };
}

function packageResolvers(
  { database, clock }: CloudOptions,
  { graph, sending }: JourneyServices,
  write: IdempotentWrite,
): CloudResolvers {
  return createPackageResolvers({
    database,
    clock,
    graph,
    isMailLeaving: sending.smtp !== undefined,
    checkDefinition: check,
    findTemplateFaults: findTextFaults,
    holdsFor: conditionHolds,
    catalogue: createPackageCatalogue(),
    journeys: journeySaves(clock, check),
    write,
  });
}

/** Stands in where there is no way to the graph: whoever asks is told that nobody answers. */
const SILENT_GRAPH: UnifiedGraph = {
  execute: async () => ({ data: null }),
  subscribe: () => {
    throw new Error('This process has no way to the unified graph.');
  },
};
