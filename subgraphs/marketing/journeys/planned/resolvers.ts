import DataLoader from 'dataloader';
import type { Database, Row } from '../../../../database/database.ts';
import type { Clock } from '../../../../schema/clock.ts';
import { CodedError } from '../../../../schema/errors.ts';
import type { JourneyInstanceStatus } from '../../../../schema/generated/marketing.ts';
import type { CloudContext, CloudResolvers, FieldResolver } from '../../../cloud/context.ts';
import type { JourneyDocuments } from '../store/documents.ts';
import { ACTIVE_SQL } from '../store/instances.ts';
import { nextMessage, type PlannedMessage, sentenceOf } from './planned-message.ts';

/** What the fields of planned messages are resolved with. */
export interface PlannedMessageParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly documents: JourneyDocuments;
  /** Resolves a journey by the `journeyId`, an instance by the `instanceId`, of its source. */
  readonly journey: FieldResolver;
  readonly journeyInstance: FieldResolver;
}

interface InstanceRow extends Row {
  readonly instance_id: string;
  readonly journey_id: string;
  readonly version: number;
  readonly customer360_id: string;
  readonly status: JourneyInstanceStatus;
  readonly step: string | null;
  readonly is_begun: boolean;
  readonly due_on: Date | null;
  readonly journey_name: string;
  readonly journey_status: string;
}

/** Instances of many customers with one statement, for as long as one operation lasts. */
type Loaders = WeakMap<CloudContext, DataLoader<string, readonly InstanceRow[]>>;

/** Resolvers of the messages that customers are about to get. */
export function createPlannedMessageResolvers(parts: PlannedMessageParts): CloudResolvers {
  const loaders: Loaders = new WeakMap();
  return {
    Customer: {
      plannedMessages: async (
        { customer360Id }: { readonly customer360Id: string },
        args: { readonly timeZone?: string | null },
        context: CloudContext,
      ) => {
        const timeZone = checkZone(args.timeZone ?? 'UTC');
        const nowMs = parts.clock();
        const instances = await loaderOf(loaders, parts.database, context).load(customer360Id);
        const planned = await Promise.all(instances.map((instance) => planOf(parts, instance, nowMs)));
        return planned
          .flatMap((one) => one ?? [])
          .sort((one, other) => (one.planned.atMs ?? Infinity) - (other.planned.atMs ?? Infinity))
          .map((one) => describe(one, nowMs, timeZone));
      },
    },
    PlannedMessage: { journey: parts.journey, journeyInstance: parts.journeyInstance },
  };
}

interface Plan {
  readonly instance: InstanceRow;
  readonly planned: PlannedMessage;
}

async function planOf(
  { database, documents }: PlannedMessageParts,
  instance: InstanceRow,
  nowMs: number,
): Promise<Plan | null> {
  const definition = await documents.definition(database, instance.journey_id, instance.version);
  const isHeld = instance.status === 'PAUSED' || instance.journey_status === 'PAUSED';
  const standing = {
    status: isHeld ? ('PAUSED' as const) : instance.status,
    step: instance.step,
    isBegun: instance.is_begun,
    dueMs: instance.due_on?.getTime() ?? null,
  };
  const planned = nextMessage(definition, standing, nowMs);
  return planned && { instance, planned };
}

function describe({ instance, planned }: Plan, nowMs: number, timeZone: string) {
  return {
    journeyId: instance.journey_id,
    instanceId: instance.instance_id,
    sentence: sentenceOf({ planned, journeyName: instance.journey_name, nowMs, timeZone }),
    plannedAt: planned.atMs === null ? null : new Date(planned.atMs).toISOString(),
    step: planned.step.id,
    engagementChannelType: planned.step.channel,
  };
}

function loaderOf(loaders: Loaders, database: Database, context: CloudContext) {
  const known = loaders.get(context);
  if (known) return known;
  const loader = new DataLoader<string, readonly InstanceRow[]>(async (ids) => {
    // Who is held out gets nothing: nothing is planned.
    const rows = await database.query<InstanceRow>(
      `SELECT instance_id, instance.journey_id, instance.version, customer360_id, instance.status, step, is_begun, due_on,
         journey.name AS journey_name, journey.status AS journey_status
       FROM marketing.journey_instance AS instance JOIN marketing.journey USING (journey_id)
       WHERE customer360_id = ANY($1) AND instance.status IN ${ACTIVE_SQL} AND NOT is_held_out
       ORDER BY instance_id`,
      [ids],
      context.signal,
    );
    return ids.map((id) => rows.filter(({ customer360_id }) => customer360_id === id));
  });
  loaders.set(context, loader);
  return loader;
}

function checkZone(timeZone: string): string {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone });
    return timeZone;
  } catch {
    throw new CodedError('BAD_USER_INPUT', '`timeZone` is an IANA zone, such as `Europe/Madrid`.');
  }
}
