import type { GraphQLResolveInfo } from 'graphql';
import type { Database } from '../../../../database/database.ts';
import type { ChangeLog } from '../../../../mapping/changes.ts';
import { type PageArguments, pageArguments } from '../../../cloud/arguments.ts';
import type { CloudContext, CloudResolvers, FieldResolver } from '../../../cloud/context.ts';
import type { OnWarning } from '../../../cloud/store-failure.ts';
import type { InstanceRow } from '../store/instances.ts';
import { createLoadersOf } from './loaders.ts';
import {
  connectionOf,
  type InstanceSource,
  instanceOf,
  type JourneyRow,
  type JourneySource,
  journeyOf,
  readPlace,
  type TriggerSource,
  triggerOf,
  writePlace,
} from './sources.ts';
import { createJourneySubscriptions } from './subscriptions.ts';

/** What the fields of journeys are resolved with. */
export interface JourneyGraphParts {
  readonly database: Database;
  readonly changes: ChangeLog;
  readonly onWarning: OnWarning;
}

/** The loaders of operations. */
export type LoadersOf = ReturnType<typeof createLoadersOf>;

interface InstancesArguments extends PageArguments {
  readonly statuses?: readonly string[] | null;
}

/** What shows journeys, for parts that know of one no more than its key. */
export interface JourneyFields {
  readonly resolvers: readonly CloudResolvers[];
  /** Resolves a journey by the `journeyId` of its source. */
  readonly journey: FieldResolver;
  /** Resolves an instance by the `instanceId` of its source. */
  readonly journeyInstance: FieldResolver;
}

/** Makes what shows journeys, their instances and triggers, and tells of their changes. */
export function createJourneyFields(parts: JourneyGraphParts): JourneyFields {
  const loaders = createLoadersOf(parts.database, parts.onWarning);
  return {
    resolvers: [createResolvers(parts, loaders)],
    journey: ({ journeyId }: { journeyId: string }, _args: never, context) => journeyById(loaders, context, journeyId),
    journeyInstance: ({ instanceId }: { instanceId: string }, _args: never, context) =>
      instanceById(loaders, context, instanceId),
  };
}

function createResolvers(parts: JourneyGraphParts, loaders: LoadersOf): CloudResolvers {
  return {
    Query: createQueries(parts, loaders),
    Customer: {
      journeyInstances: (
        { customer360Id }: { customer360Id: string },
        args: InstancesArguments,
        context: CloudContext,
      ) => pageOf(loaders, context, { by: 'customer360_id', owner: customer360Id }, args),
    },
    Journey: {
      __resolveReference: (reference: { id: string }, context: CloudContext) =>
        journeyById(loaders, context, reference.id),
      versions: async ({ id }: JourneySource, _args: unknown, context: CloudContext) =>
        (await loaders.of(context).versions.load(id)).map(({ version }) => version),
      journeyInstances: ({ id }: JourneySource, args: InstancesArguments, context: CloudContext) =>
        pageOf(loaders, context, { by: 'journey_id', owner: id }, args),
    },
    JourneyInstance: createInstanceFields(loaders),
    JourneyTrigger: {
      __resolveReference: (reference: { id: string }, context: CloudContext) =>
        triggerById(loaders, context, reference.id),
      // Read by its key it does not tell where it stands in the log: the log's end is a position after it.
      cursor: ({ position }: TriggerSource, _args: unknown, context: CloudContext) =>
        position ?? loaders.of(context).headOf(parts.changes),
      journeyInstances: async ({ id }: TriggerSource, _args: unknown, context: CloudContext) =>
        (await loaders.of(context).instancesOfTrigger.load(id)).map(instanceOf),
    },
    JourneyInstanceUpdate: {
      journeyInstance: ({ instanceId }: { instanceId: string }, _args: unknown, context: CloudContext) =>
        instanceById(loaders, context, instanceId),
    },
    Subscription: createJourneySubscriptions(parts, loaders),
    JourneyPayload: {
      journey: ({ journeyId }: { journeyId: string }, _args: unknown, context: CloudContext) => {
        loaders.forget(context);
        return journeyById(loaders, context, journeyId);
      },
    },
    JourneyInstancePayload: {
      journeyInstance: ({ instanceId }: { instanceId: string }, _args: unknown, context: CloudContext) => {
        loaders.forget(context);
        return instanceById(loaders, context, instanceId);
      },
    },
  };
}

function createQueries({ changes }: JourneyGraphParts, loaders: LoadersOf): CloudResolvers[string] {
  return {
    journeyPosition: (_source: unknown, _args: unknown, context: CloudContext) => loaders.of(context).headOf(changes),
    journey: (_source: unknown, { id }: { id: string }, context: CloudContext) => journeyById(loaders, context, id),
    journeyInstance: (_source: unknown, { id }: { id: string }, context: CloudContext) =>
      instanceById(loaders, context, id),
    journeys: async (
      _source: unknown,
      { statuses }: { statuses?: readonly string[] | null },
      context: CloudContext,
      _info: GraphQLResolveInfo,
    ) => {
      const rows = await loaders.of(context).query<JourneyRow>(
        `SELECT journey.*, version.document FROM marketing.journey
         JOIN marketing.journey_version AS version USING (journey_id, version)
         WHERE is_listed AND ($1::text[] IS NULL OR status = ANY($1)) ORDER BY name, journey_id`,
        [statuses ?? null],
      );
      return rows.map(journeyOf);
    },
  };
}

function createInstanceFields(loaders: LoadersOf): CloudResolvers[string] {
  return {
    __resolveReference: (reference: { id: string }, context: CloudContext) =>
      instanceById(loaders, context, reference.id),
    journey: ({ journeyId }: InstanceSource, _args: unknown, context: CloudContext) =>
      journeyById(loaders, context, journeyId),
    journeyTrigger: ({ triggerId }: InstanceSource, _args: unknown, context: CloudContext) =>
      triggerById(loaders, context, triggerId),
    foldedInto: ({ foldedIntoId }: InstanceSource, _args: unknown, context: CloudContext) =>
      foldedIntoId === null ? null : instanceById(loaders, context, foldedIntoId),
    timeline: async ({ id }: InstanceSource, _args: unknown, context: CloudContext) =>
      (await loaders.of(context).timeline.load(id)).map((row) => ({
        id: String(row.entry_id),
        occurredAt: row.occurred_on,
        entryType: row.entry_type,
        step: row.step,
        message: row.message,
        by: row.by_subject,
      })),
  };
}

async function journeyById(loaders: LoadersOf, context: CloudContext, id: string) {
  const row = await loaders.of(context).journey.load(id);
  return row && journeyOf(row);
}

async function instanceById(loaders: LoadersOf, context: CloudContext, id: string) {
  const row = await loaders.of(context).instance.load(id);
  return row && instanceOf(row);
}

async function triggerById(loaders: LoadersOf, context: CloudContext, id: string) {
  const row = await loaders.of(context).trigger.load(id);
  return row && triggerOf(row);
}

async function pageOf(
  loaders: LoadersOf,
  context: CloudContext,
  { by, owner }: { readonly by: 'customer360_id' | 'journey_id'; readonly owner: string },
  args: InstancesArguments,
) {
  const page = pageArguments(args);
  const rows = await loaders.of(context).page(owner, {
    by,
    statuses: args.statuses ?? null,
    after: page.after === undefined ? null : readPlace(page.after),
    limit: page.first + 1,
  });
  const cursorOf = ({ entered_on, instance_id }: InstanceRow) => writePlace(entered_on.getTime(), instance_id);
  return connectionOf(rows, page, { cursorOf, nodeOf: instanceOf });
}
