import type { Condition, Order } from '../../mapping/reader.ts';
import { isConfined } from '../../schema/principal.ts';
import {
  checkLength,
  checkRange,
  earliestFirst,
  isIn,
  latestFirst,
  liesBetween,
  type PageArguments,
} from '../cloud/arguments.ts';
import type { CloudContext, CloudResolvers } from '../cloud/context.ts';
import { changedRow, checkOwned, customerPage, entityByKey, ownedRowByKey, rootPage } from '../cloud/fields.ts';
import type { IdempotentInput, IdempotentWrite } from '../cloud/idempotent-writes.ts';
import { checkReach } from '../cloud/own-records.ts';
import type { OpenCase, ServiceStore } from './store.ts';

/** The filter of lists of cases, and of what is live. */
export interface CaseFilter {
  readonly statuses?: readonly string[] | null;
  readonly priorities?: readonly string[] | null;
  readonly origins?: readonly string[] | null;
  readonly types?: readonly string[] | null;
  readonly createdFrom?: string | null;
  readonly createdBefore?: string | null;
  readonly closedFrom?: string | null;
  readonly closedBefore?: string | null;
}

interface CasesArguments extends PageArguments {
  readonly filter?: CaseFilter | null;
}

interface CaseQueueArguments extends CasesArguments {
  readonly orderBy?: keyof typeof QUEUE_ORDERS | null;
}

interface Input<Fields> {
  readonly input: IdempotentInput & Fields;
}

type OpenArguments = Input<{
  contactId: string;
  subject: string;
  description?: string | null;
  priority?: OpenCase['priority'] | null;
  caseOrigin?: OpenCase['caseOrigin'] | null;
  caseType?: OpenCase['caseType'] | null;
}>;
type CommentArguments = Input<{ caseId: string; commentBody: string; isPublished?: boolean | null }>;
type CloseArguments = Input<{ caseId: string; satisfactionScore?: number | null }>;

const QUEUE_ORDERS = {
  PRIORITY: [earliestFirst('priority'), earliestFirst('createdDate')],
  OLDEST: [earliestFirst('createdDate')],
  NEWEST: [latestFirst('createdDate')],
} as const satisfies Record<string, readonly Order[]>;

const CASE = { object: 'Case', by: 'contactId', absence: 'There is no case with this key.' } as const;
const NOT_CLOSED = ['NEW', 'WORKING', 'WAITING_ON_CUSTOMER', 'ESCALATED'];
const SUBJECT_LIMIT = 255;
const TEXT_LIMIT = 10_000;

/** Resolvers of service's own types. */
export function createServiceResolvers(store: ServiceStore, write: IdempotentWrite): CloudResolvers {
  return {
    Customer: {
      cases: customerPage<CasesArguments>({
        object: 'Case',
        by: 'contactId',
        orderBy: [latestFirst('createdDate')],
        where: ({ filter }) => conditionsOf(filter ?? {}),
      }),
    },
    Query: {
      case: ownedRowByKey('Case', CASE.by),
      caseQueue: rootPage<CaseQueueArguments>('Case', ({ filter, orderBy }) => ({
        orderBy: QUEUE_ORDERS[orderBy ?? 'PRIORITY'],
        where: queueConditions(filter),
      })),
    },
    Case: { __resolveReference: entityByKey('Case'), caseUpdates: visibleUpdates },
    Mutation: createMutations(store, write),
    CasePayload: { case: changedRow('Case', 'caseId', CASE.by) },
  };
}

/** A customer sees what was published. */
function visibleUpdates(
  { caseUpdates }: { readonly caseUpdates?: readonly { readonly isPublished?: unknown }[] },
  _args: unknown,
  { principal }: CloudContext,
): unknown {
  return isConfined(principal) ? caseUpdates?.filter(({ isPublished }) => isPublished === true) : caseUpdates;
}

/** What must hold for a case to stand in the queue: without states asked for, all but closed ones. */
export function queueConditions(filter: CaseFilter | null | undefined): Condition[] {
  return conditionsOf({ ...filter, statuses: filter?.statuses ?? NOT_CLOSED });
}

function conditionsOf(filter: CaseFilter): Condition[] {
  return [
    ...isIn('status', filter.statuses),
    ...isIn('priority', filter.priorities),
    ...isIn('caseOrigin', filter.origins),
    ...isIn('caseType', filter.types),
    ...liesBetween('createdDate', filter.createdFrom, filter.createdBefore),
    ...liesBetween('closedDate', filter.closedFrom, filter.closedBefore),
  ];
}

function createMutations(store: ServiceStore, write: IdempotentWrite): CloudResolvers[string] {
  return {
    openCase: (_source: unknown, { input }: OpenArguments, context: CloudContext) => {
      checkLength('subject', input.subject, SUBJECT_LIMIT);
      checkReach(input.contactId, context, 'There is no contact with this key.');
      if (typeof input.description === 'string') checkLength('description', input.description, TEXT_LIMIT);
      return write(context, 'openCase', input, async (transaction) => ({
        caseId: await store.openCase(transaction, {
          contactId: input.contactId,
          subject: input.subject,
          description: input.description ?? undefined,
          priority: input.priority ?? 'MEDIUM',
          caseOrigin: input.caseOrigin ?? 'WEB',
          caseType: input.caseType ?? undefined,
        }),
      }));
    },
    commentOnCase: async (_source: unknown, { input }: CommentArguments, context: CloudContext) => {
      checkLength('commentBody', input.commentBody, TEXT_LIMIT);
      await checkOwned(CASE, input.caseId, context);
      return write(context, 'commentOnCase', input, async (transaction) => {
        await store.commentOnCase(transaction, {
          caseId: input.caseId,
          authorName: context.principal.subject,
          commentBody: input.commentBody,
          // What customers say themselves they can see.
          isPublished: isConfined(context.principal) || (input.isPublished ?? false),
        });
        return { caseId: input.caseId };
      });
    },
    closeCase: async (_source: unknown, { input }: CloseArguments, context: CloudContext) => {
      await checkOwned(CASE, input.caseId, context);
      const satisfactionScore = input.satisfactionScore ?? undefined;
      if (satisfactionScore !== undefined) checkRange('satisfactionScore', satisfactionScore, 1, 5);
      return write(context, 'closeCase', input, async (transaction) => {
        await store.closeCase(transaction, { caseId: input.caseId, satisfactionScore });
        return { caseId: input.caseId };
      });
    },
  };
}
