import { ENTRY_MAX_AGE } from '../definition.ts';
import { durationMs } from '../duration.ts';
import { ask } from '../live/ask.ts';
import { entryDurations } from '../store/documents.ts';
import { type Seed, turnPage } from '../store/seeds.ts';
import { type NewTask, putTasks, type TaskRow } from '../store/tasks.ts';
import type { TaskWork, WorkParts } from './task-work.ts';

const PAGE = 100;
/** The shop's clock may be ahead. */
const CLOCK_TOLERANCE_MS = 600_000;

interface Node {
  readonly id: string;
  readonly customerNumber: string | null;
  readonly at: string;
}

interface Page {
  readonly edges: readonly { readonly node: Node }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

interface Source {
  readonly kinds: readonly string[];
  /** One page, the latest first, of what happened from `$from` on and before `$before`. */
  readonly query: string;
  readonly task: (node: Node) => Pick<NewTask, 'kind' | 'objectId' | 'eventType'>;
}

const PAGE_INFO = 'pageInfo { hasNextPage endCursor }';
const SOURCES: Readonly<Record<Seed, Source>> = {
  ORDERS: {
    kinds: ['CUSTOMER_LAPSED'],
    query: `query JourneySeedOrders($from: DateTime!, $before: DateTime!, $after: String) {
      page: salesOrders(first: ${PAGE}, after: $after, filter: { orderedFrom: $from, orderedBefore: $before }) {
        edges { node { id: orderNumber customerNumber at: orderedDate } } ${PAGE_INFO} } }`,
    task: ({ customerNumber }) => ({
      kind: 'LAPSE',
      objectId: customerNumber ?? '',
      eventType: 'SalesOrderChanged',
    }),
  },
  CARTS: {
    kinds: ['CART_ABANDONED', 'CHECKOUT_ABANDONED'],
    query: `query JourneySeedCarts($from: DateTime!, $before: DateTime!, $after: String) {
      page: shoppingCarts(first: ${PAGE}, after: $after, statuses: [ACTIVE, ABANDONED],
        lastActivityFrom: $from, lastActivityBefore: $before) {
        edges { node { id customerNumber at: lastActivityDate } } ${PAGE_INFO} } }`,
    task: ({ id }) => ({ kind: 'CART', objectId: id, eventType: 'ShoppingCartChanged' }),
  },
};

/**
 * Arms what happened before anybody listened: the last orders of customers for a journey that is new, and carts whose events were lost.
 * Gone through once, page by page; each page's timers and the place in the list are written together, so that a restart goes on where
 * it was. What is armed already by a later event stays as it is.
 */
export function seedWork(parts: WorkParts): TaskWork {
  return {
    kind: 'SEED',
    most: 1,
    isTimed: true,
    async read(tasks) {
      const [task] = tasks;
      const found = task && (await readPage(parts, task));
      if (!task || !found) return async (_transaction, held) => ({ fates: held.map(done) });
      const { page, armed } = found;
      return async (transaction) => {
        await putTasks(transaction, armed, { again: false });
        const { hasNextPage, endCursor } = page.pageInfo;
        if (!hasNextPage || endCursor === null) return { fates: [done(task)] };
        await turnPage(transaction, task, endCursor, parts.clock());
        return { fates: [] };
      };
    },
  };
}

function done(task: TaskRow): { readonly task: TaskRow; readonly wakeMs: null } {
  return { task, wakeMs: null };
}

/** Null when no journey waits for it any more. */
async function readPage(
  { database, graph, documents, clock }: WorkParts,
  task: TaskRow,
): Promise<{ readonly page: Page; readonly armed: readonly NewTask[] } | null> {
  const source = SOURCES[task.object_id as Seed];
  const [shortest, ...others] = await entryDurations(database, source.kinds);
  if (shortest === undefined) return null;
  const longestMs = (others.at(-1) ?? shortest).afterMs;
  const ages = (await documents.open(database, source.kinds)).map(({ definition: { entry } }) => entry.maxAge);
  const maxAgeMs = Math.max(...[ENTRY_MAX_AGE, ...ages].map((age) => durationMs(age ?? ENTRY_MAX_AGE)));
  // Who should have entered longer ago does not enter any more.
  const from = new Date(task.event_on.getTime() - longestMs - maxAgeMs).toISOString();
  const before = new Date(task.event_on.getTime() + CLOCK_TOLERANCE_MS).toISOString();
  const page = (await ask(graph, source.query, { from, before, after: task.record_id }))['page'] as Page | null;
  const nowMs = clock();
  const armed = (page?.edges ?? []).flatMap(({ node }): NewTask[] => {
    const { objectId, ...armedTask } = source.task(node);
    const wakeMs = Math.min(Date.parse(node.at), nowMs) + shortest.afterMs;
    const eventId = `${task.event_id} ${objectId}`;
    const record = { source: 'commerce', recordId: node.customerNumber, eventId };
    return objectId === '' ? [] : [{ ...armedTask, objectId, ...record, eventOn: node.at, wakeMs }];
  });
  return { page: page ?? { edges: [], pageInfo: { hasNextPage: false, endCursor: null } }, armed };
}
