import type { GraphQLResolveInfo } from 'graphql';
import { CANONICAL_OBJECTS } from '../../mapping/canonical.ts';
import type { ChangeLog, EventFilter, LoggedBatch, LoggedEvent } from '../../mapping/changes.ts';
import type { CanonicalRow, Condition } from '../../mapping/reader.ts';
import { CodedError } from '../../schema/errors.ts';
import type { CloudContext, FieldResolver, SubscriptionResolver } from './context.ts';
import { createEventStream } from './event-stream.ts';
import { isSelected, selectedChildren } from './look-ahead.ts';
import { ownRecordIds, withinReach } from './own-records.ts';
import { guardStore, type OnWarning } from './store-failure.ts';

/** What a cloud's live fields stand on. */
export interface LiveUpdatesOptions {
  readonly cloud: string;
  readonly changes: ChangeLog;
  readonly onWarning: OnWarning;
}

/** One object that can be followed. */
export interface LiveObject {
  /** Name of the subscription field. */
  readonly field: string;
  /** Canonical object, and its field in the payload. */
  readonly object: string;
  readonly objectField: string;
  /** Field of the payload that names it, such as `cartId`. */
  readonly keyField: string;
  readonly eventType: string;
}

/** Arguments that every live field has. */
export interface LiveArguments {
  readonly since?: string | null;
}

/** Which events of an object are wanted, by the arguments. Undefined binds nothing. */
export interface LiveFilter {
  readonly key?: string | null | undefined;
  readonly owner?: string | null | undefined;
}

/** What is told of an event: its own fields, and the object's key under its name. */
export type LiveUpdate = Readonly<Record<string, unknown>>;

/** Makes the live fields of a cloud. */
export type LiveUpdates = <Args extends LiveArguments>(
  live: LiveObject,
  filterOf: (args: Args) => LiveFilter,
  describe?: Describe<Args>,
) => SubscriptionResolver;

/** Adds to the updates of a batch what has to be read for them, in as few statements as they need together. */
export type Describe<Args> = (
  keys: readonly string[],
  args: Args,
  context: CloudContext,
) => Promise<(event: LoggedEvent) => object>;

/**
 * Makes the function that makes a cloud's live fields: every change of an object once, in order, from any position. What is
 * selected of the objects is read once for all events that were read together, after they happened: a later change is a later event.
 * A customer is told of what is their own. Refused with NOT_SUPPORTED_BY_CLOUD where the system tells nobody of such changes.
 */
export function createLiveUpdates({ cloud, changes, onWarning }: LiveUpdatesOptions): LiveUpdates {
  return (live, filterOf, describe = async () => () => ({})) => ({
    subscribe: (
      _source: unknown,
      args: Parameters<typeof filterOf>[0],
      context: CloudContext,
      info: GraphQLResolveInfo,
    ) => {
      if (changes.tellsOf !== 'EVERYTHING') {
        throw new CodedError('NOT_SUPPORTED_BY_CLOUD', `The system behind ${cloud} does not tell of such changes.`);
      }
      const wants = createFilter(live.eventType, filterOf(args), ownRecordIds(context));
      const prepare = prepareBatch(live, args, context, info, describe);
      return createEventStream({
        field: live.field,
        follow: (signal) => updates(changes.events(args.since ?? undefined, { signal, wants }), prepare),
        guard: (work) => guardStore(cloud, onWarning, work),
        signal: context.signal,
      });
    },
  });
}

/** A field of an update: the object as it is now, null when it is gone or has become somebody else's. `by` is the field with the cloud's own customer key. */
export function updatedRow(object: string, key: string, by: string): FieldResolver {
  return async (update: LiveUpdate, _args: unknown, context: CloudContext, info: GraphQLResolveInfo) =>
    withinReach(await readRow(object, String(update[key]), context, selectedChildren(info, object)), by, context);
}

/** Which of the objects with these keys match all conditions now. One statement. */
export async function matchingKeys(
  object: string,
  keys: readonly string[],
  where: readonly Condition[],
  { reads }: CloudContext,
): Promise<ReadonlySet<string>> {
  const by = keyOf(object);
  const rows = await reads.rows({ object, by, where, children: {} }, keys);
  return new Set(rows.map((row) => String(row[by])));
}

function createFilter(eventType: string, { key, owner }: LiveFilter, own: readonly string[] | undefined): EventFilter {
  const owners = own && new Set(own);
  return (event) =>
    event.eventType === eventType &&
    (typeof key !== 'string' || event.objectId === key) &&
    (typeof owner !== 'string' || event.sourceRecordId === owner) &&
    (owners === undefined || (event.sourceRecordId !== null && owners.has(event.sourceRecordId)));
}

type PrepareBatch = (events: readonly LoggedEvent[]) => Promise<(event: LoggedEvent) => LiveUpdate>;

/** The reads of an operation remember what they read: of a subscription they have to forget it from batch to batch. */
function prepareBatch<Args>(
  { object, objectField, keyField }: LiveObject,
  args: Args,
  context: CloudContext,
  info: GraphQLResolveInfo,
  describe: Describe<Args>,
): PrepareBatch {
  const children = isSelected(info, objectField) ? selectedChildren(info, object, [objectField]) : undefined;
  return async (events) => {
    context.reads.forget();
    const keys = [...new Set(events.map(({ objectId }) => objectId))];
    const [more] = await Promise.all([
      describe(keys, args, context),
      // The field's own read finds them read.
      ...(children ? keys.map((key) => readRow(object, key, context, children)) : []),
    ]);
    return (event) => ({
      cursor: event.cursor,
      id: event.id,
      change: event.change,
      changedFields: event.changedFields,
      occurredAt: event.occurredAt,
      [keyField]: event.objectId,
      ...more(event),
    });
  };
}

async function* updates(batches: AsyncIterable<LoggedBatch>, prepare: PrepareBatch): AsyncGenerator<LiveUpdate> {
  for await (const { events } of batches) {
    if (events.length === 0) continue;
    const describe = await prepare(events);
    for (const event of events) yield describe(event);
  }
}

function readRow(
  object: string,
  key: string,
  { reads }: CloudContext,
  children: ReturnType<typeof selectedChildren>,
): Promise<CanonicalRow | null> {
  return reads.one({ object, keyField: keyOf(object), children }, key);
}

function keyOf(object: string): string {
  const key = CANONICAL_OBJECTS[object]?.key;
  if (key === undefined) throw new Error(`${object} is not in mapping/canonical.ts.`);
  return key;
}
