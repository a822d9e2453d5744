import type { GraphQLResolveInfo } from 'graphql';
import type { ChangeLog, EventFilter, LoggedBatch, LoggedEvent } from '../../mapping/changes.ts';
import type { CanonicalRow, Page, PageOptions } from '../../mapping/reader.ts';
import { CodedError } from '../../schema/errors.ts';
import { type PageArguments, pageArguments } from './arguments.ts';
import type { CloudContext, CloudResolvers } from './context.ts';
import { createEventStream } from './event-stream.ts';
import { type CustomerReference, recordIdsOf } from './fields.ts';
import { isSelected } from './look-ahead.ts';
import { guardStore, type OnWarning } from './store-failure.ts';

/** What the contract's resolvers stand on. */
export interface ContractOptions {
  readonly cloud: string;
  readonly changes: ChangeLog;
  readonly onWarning: OnWarning;
}

interface SourceRecordsArguments extends PageArguments {
  readonly ids?: readonly string[] | null;
  readonly nameSearch?: string | null;
}

interface SourceRecordPage {
  readonly records: readonly CanonicalRow[];
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
  readonly changesSince: string | null;
}

const PROFILE = { object: 'SourceProfile', by: 'sourceRecordId' } as const;
const SOURCE_RECORD_LIMITS = { default: 500, most: 1_000 } as const;

/**
 * Resolvers of what every cloud has to offer (`schema/cloud.graphql.template`): its records by page, by key and by name,
 * the doorbell, the events, and the profiles of a customer.
 */
export function createContractResolvers(options: ContractOptions): CloudResolvers {
  const { cloud } = options;
  return {
    Query: { [`${cloud}SourceRecords`]: createSourceRecords(options) },
    Subscription: createSubscriptions(options),
    Customer: {
      [`${cloud}Profiles`]: (customer: CustomerReference, _args: unknown, context: CloudContext) =>
        context.reads.rows(PROFILE, recordIdsOf(customer, context)),
      __resolveReference: (reference: CustomerReference) => reference,
    },
  };
}

interface EventsArguments {
  readonly since?: string | null;
  readonly types?: readonly string[] | null;
  readonly sourceRecordIds?: readonly string[] | null;
}

/** Undefined when all events are wanted. */
function wantedBy({ types, sourceRecordIds }: EventsArguments): EventFilter | undefined {
  if (!types && !sourceRecordIds) return undefined;
  const wantedTypes = types && new Set(types);
  const wantedRecords = sourceRecordIds && new Set(sourceRecordIds);
  return ({ eventType, sourceRecordId }) =>
    (!wantedTypes || wantedTypes.has(eventType)) &&
    (!wantedRecords || (sourceRecordId !== null && wantedRecords.has(sourceRecordId)));
}

function createSubscriptions({ cloud, changes, onWarning }: ContractOptions): CloudResolvers[string] {
  const stream = <Value>(
    field: string,
    context: CloudContext,
    follow: (signal: AbortSignal) => AsyncIterable<Value>,
  ): AsyncIterableIterator<Record<string, Value>> =>
    createEventStream({
      field,
      follow,
      guard: (work) => guardStore(cloud, onWarning, work),
      signal: context.signal,
    });
  const changed = `${cloud}SourceRecordChanged`;
  const events = `${cloud}Events`;
  return {
    [changed]: {
      subscribe: (_source: unknown, args: { since?: string | null }, context: CloudContext) =>
        stream(changed, context, (signal) => changes.follow(args.since ?? undefined, { signal })),
    },
    [events]: {
      subscribe: (_source: unknown, args: EventsArguments, context: CloudContext) => {
        const wants = wantedBy(args);
        return stream(events, context, (signal) =>
          withSource(cloud, changes.events(args.since ?? undefined, { signal, ...(wants && { wants }) })),
        );
      },
    },
  };
}

type CloudEvent = LoggedEvent & { readonly dataSourceId: string };

async function* withSource(
  dataSourceId: string,
  batches: AsyncIterable<LoggedBatch>,
): AsyncGenerator<{ cursor: string; events: CloudEvent[] }> {
  for await (const { cursor, events } of batches) {
    yield { cursor, events: events.map((event) => ({ ...event, dataSourceId })) };
  }
}

/**
 * The head of the change log is read before the page: whoever follows changes from there may see a change twice, but
 * never misses one.
 */
function createSourceRecords(options: ContractOptions) {
  const { cloud, changes, onWarning } = options;
  return async (
    _source: unknown,
    args: SourceRecordsArguments,
    context: CloudContext,
    info: GraphQLResolveInfo,
  ): Promise<SourceRecordPage> => {
    const read = planSourceRecords(args);
    const wantsHead = isSelected(info, 'changesSince');
    const changesSince = wantsHead ? await guardStore(cloud, onWarning, () => changes.head()) : null;
    return { ...(await read(context)), changesSince };
  };
}

type RecordsRead = (context: CloudContext) => Promise<Omit<SourceRecordPage, 'changesSince'>>;

/** Checks the arguments and chooses what to read, before anything is read. */
function planSourceRecords(args: SourceRecordsArguments): RecordsRead {
  const { ids, nameSearch } = args;
  const page = pageArguments(args, SOURCE_RECORD_LIMITS);
  if (ids) {
    if (ids.length > SOURCE_RECORD_LIMITS.most) {
      throw new CodedError('BAD_USER_INPUT', `\`ids\` has at most ${SOURCE_RECORD_LIMITS.most} keys.`);
    }
    if (page.after !== undefined || typeof nameSearch === 'string') {
      throw new CodedError('BAD_USER_INPUT', '`ids` goes with neither `after` nor `nameSearch`.');
    }
    return async ({ reads }) => {
      const records = await reads.rows(PROFILE, [...new Set(ids)]);
      return { records, endCursor: null, hasNextPage: false };
    };
  }
  if (typeof nameSearch === 'string' && nameSearch.trim() === '') {
    throw new CodedError('BAD_USER_INPUT', '`nameSearch` has at least one word.');
  }
  const query: PageOptions & { nameSearch?: string } = {
    object: PROFILE.object,
    orderBy: [],
    ...page,
    ...(typeof nameSearch === 'string' ? { nameSearch } : {}),
  };
  return async ({ reads }) => recordsOf(await reads.page(query));
}

function recordsOf(page: Page): Omit<SourceRecordPage, 'changesSince'> {
  return {
    records: page.edges.map((edge) => edge.node),
    endCursor: page.pageInfo.endCursor,
    hasNextPage: page.pageInfo.hasNextPage,
  };
}
