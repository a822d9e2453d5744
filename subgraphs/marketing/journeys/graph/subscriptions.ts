import type { LoggedEvent } from '../../../../mapping/changes.ts';
import type { CloudContext, CloudResolvers } from '../../../cloud/context.ts';
import { createEventStream } from '../../../cloud/event-stream.ts';
import { guardStore } from '../../../cloud/store-failure.ts';
import { INSTANCE_CHANGED, TRIGGERED } from '../store/events.ts';
import type { JourneyGraphParts, LoadersOf } from './resolvers.ts';
import { type TriggerSource, triggerOf } from './sources.ts';

interface TriggeredArguments {
  readonly kinds?: readonly string[] | null;
  readonly journeyId?: string | null;
  readonly since?: string | null;
}

interface UpdatedArguments {
  readonly id?: string | null;
  readonly journeyId?: string | null;
  readonly customer360Id?: string | null;
  readonly since?: string | null;
}

interface InstanceUpdate {
  readonly cursor: string;
  readonly id: string;
  readonly occurredAt: string;
  readonly instanceId: string;
}

/** What happens in journeys, each once, in order, from any position of marketing's log. Events of one batch are read together. */
export function createJourneySubscriptions(
  { changes, onWarning }: JourneyGraphParts,
  loaders: LoadersOf,
): CloudResolvers[string] {
  const stream = <Value>(
    field: string,
    context: CloudContext,
    {
      since,
      wants,
      read,
    }: {
      readonly since: string | null | undefined;
      readonly wants: (event: Pick<LoggedEvent, 'eventType' | 'objectId'>) => boolean;
      readonly read: (events: readonly LoggedEvent[]) => Promise<readonly Value[]>;
    },
  ) =>
    createEventStream<Value>({
      field,
      follow: async function* (signal) {
        for await (const { events } of changes.events(since ?? undefined, { signal, wants })) {
          if (events.length === 0) continue;
          // The loaders remember what they read: of a subscription they have to forget it from batch to batch.
          loaders.forget(context);
          for (const value of await read(events)) yield value;
        }
      },
      guard: (work) => guardStore('marketing', onWarning, work),
      signal: context.signal,
    });
  return {
    journeyTriggered: {
      subscribe: (_source: unknown, args: TriggeredArguments, context: CloudContext) =>
        stream<TriggerSource>('journeyTriggered', context, {
          since: args.since,
          wants: ({ eventType }) => eventType === TRIGGERED,
          read: (events) => readTriggers(loaders, context, args, events),
        }),
    },
    journeyInstanceUpdated: {
      subscribe: (_source: unknown, args: UpdatedArguments, context: CloudContext) =>
        stream<InstanceUpdate>('journeyInstanceUpdated', context, {
          since: args.since,
          wants: ({ eventType, objectId }) =>
            eventType === INSTANCE_CHANGED && (typeof args.id !== 'string' || objectId === args.id),
          read: (events) => readUpdates(loaders, context, args, events),
        }),
    },
  };
}

async function readTriggers(
  loaders: LoadersOf,
  context: CloudContext,
  { kinds, journeyId }: TriggeredArguments,
  events: readonly LoggedEvent[],
): Promise<TriggerSource[]> {
  const { trigger, instancesOfTrigger } = loaders.of(context);
  const read = events.map(async ({ objectId, cursor }) => {
    const row = await trigger.load(objectId);
    if (!row || (kinds && !kinds.includes(row.kind))) return [];
    if (typeof journeyId !== 'string') return [triggerOf(row, cursor)];
    const began = await instancesOfTrigger.load(objectId);
    return began.some(({ journey_id }) => journey_id === journeyId) ? [triggerOf(row, cursor)] : [];
  });
  return (await Promise.all(read)).flat();
}

async function readUpdates(
  loaders: LoadersOf,
  context: CloudContext,
  { journeyId, customer360Id }: UpdatedArguments,
  events: readonly LoggedEvent[],
): Promise<InstanceUpdate[]> {
  const { instance } = loaders.of(context);
  const read = events.map(async ({ objectId, cursor, id, occurredAt }) => {
    const row = await instance.load(objectId);
    if (!row) return [];
    if (typeof journeyId === 'string' && row.journey_id !== journeyId) return [];
    if (typeof customer360Id === 'string' && row.customer360_id !== customer360Id) return [];
    return [{ cursor, id, occurredAt, instanceId: objectId }];
  });
  return (await Promise.all(read)).flat();
}
