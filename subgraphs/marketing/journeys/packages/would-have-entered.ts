import type { Queryable } from '../../../../database/database.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import type { JourneyDefinition } from '../definition.ts';
import { entryAfterMs } from '../store/documents.ts';

/** How many would have entered a journey lately. */
export interface WouldHaveEntered {
  readonly count: number;
  /** True when there were more than were looked at. */
  readonly isAtLeast: boolean;
  /** Some of the objects by which they would have entered. */
  readonly examples: readonly { readonly objectType: string; readonly objectId: string }[];
}

/** Whether a question about the live customer holds for what was answered to its selection. */
export type HoldsFor = (condition: NonNullable<JourneyDefinition['entry']['where']>, customer: unknown) => boolean;

/** What is looked at to tell. */
export interface LookBack {
  readonly graph: UnifiedGraph;
  readonly store: Queryable;
  readonly nowMs: number;
  readonly holdsFor: HoldsFor;
}

const WEEK_MS = 7 * 86_400_000;
const EXAMPLES = 5;
const PAGE = 100;
/** With pages of a hundred a week of most shops; beyond that the number is a lower bound. */
const MOST_PAGES = 20;
const PATIENCE_MS = 10_000;

/**
 * Asks the live clouds who would have entered a journey in the seven days before now. What has moved on since, such as a cart that
 * was left for an hour and then ordered, can't be seen any more: of such it counts what the triggers have kept. Null when a
 * cloud does not answer.
 */
export async function wouldHaveEntered(
  lookBack: LookBack,
  definition: JourneyDefinition,
): Promise<WouldHaveEntered | null> {
  const { entry } = definition;
  const afterMs = entryAfterMs(entry) ?? 0;
  switch (entry.kind) {
    case 'CART_ABANDONED':
    case 'CHECKOUT_ABANDONED':
      return withTriggers(lookBack, definition, afterMs, await leftCarts(lookBack, definition, afterMs));
    case 'BROWSE_ABANDONED':
      return leftVisits(lookBack, afterMs);
    case 'ORDER_PLACED':
      return placedOrders(lookBack, definition);
    case 'CASE_CLOSED':
      return closedCases(lookBack, definition);
    case 'CUSTOMER_LAPSED':
      return lapsedCustomers(lookBack, definition);
  }
}

interface Walk<Node> {
  readonly root: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The object by which somebody enters, null for nobody. */
  readonly objectOf: (node: Node) => string | null;
  readonly objectType: string;
}

/** Goes through the pages of a root connection. Null when one of them does not come. */
async function walk<Node>({ graph }: LookBack, options: Walk<Node>): Promise<WouldHaveEntered | null> {
  const { root, query, variables, objectOf, objectType } = options;
  const found = new Set<string>();
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await graph.execute({ query, variables: { ...variables, after }, signal }).catch(() => null);
    const connection = answer?.data?.[root] as Connection<Node> | null | undefined;
    if (!connection || answer?.errors) return null;
    for (const { node } of connection.edges) {
      const objectId = objectOf(node);
      if (objectId !== null) found.add(objectId);
    }
    if (!connection.pageInfo.hasNextPage) return told(found, objectType, false);
    after = connection.pageInfo.endCursor;
  }
  return told(found, objectType, true);
}

interface Connection<Node> {
  readonly edges: readonly { readonly node: Node }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

function told(found: ReadonlySet<string>, objectType: string, isAtLeast: boolean): WouldHaveEntered {
  const examples = [...found].slice(0, EXAMPLES).map((objectId) => ({ objectType, objectId }));
  return { count: found.size, isAtLeast, examples };
}

/** The customer whom a cart, an order or a case belongs to, with what the entry's condition asks about them. */
function customerSelection({ entry }: JourneyDefinition): string {
  return `customer { customer360Id ${entry.where?.selection ?? ''} }`;
}

function enters({ holdsFor }: LookBack, { entry }: JourneyDefinition, customer: unknown): boolean {
  return customer !== null && customer !== undefined && (!entry.where || holdsFor(entry.where, customer));
}

function sevenDays({ nowMs }: LookBack, beforeMs = 0): { from: string; before: string } {
  const end = nowMs - beforeMs;
  return { from: new Date(end - WEEK_MS).toISOString(), before: new Date(end).toISOString() };
}

interface CartNode {
  readonly id: string;
  readonly checkOutStartedDate: string | null;
  readonly shoppingCartProducts: readonly unknown[];
  readonly customer: unknown;
}

function leftCarts(
  lookBack: LookBack,
  definition: JourneyDefinition,
  afterMs: number,
): Promise<WouldHaveEntered | null> {
  const isCheckOut = definition.entry.kind === 'CHECKOUT_ABANDONED';
  return walk<CartNode>(lookBack, {
    root: 'shoppingCarts',
    objectType: 'ShoppingCart',
    query: `query WouldHaveLeftCarts($from: DateTime!, $before: DateTime!, $after: String) {
      shoppingCarts(first: ${PAGE}, after: $after, statuses: [ACTIVE, ABANDONED], lastActivityFrom: $from, lastActivityBefore: $before) {
        edges { node { id checkOutStartedDate shoppingCartProducts { productId } ${customerSelection(definition)} } }
        pageInfo { hasNextPage endCursor }
      }
    }`,
    variables: sevenDays(lookBack, afterMs),
    objectOf: ({ id, checkOutStartedDate, shoppingCartProducts, customer }) => {
      if (shoppingCartProducts.length === 0 || (isCheckOut && checkOutStartedDate === null)) return null;
      return enters(lookBack, definition, customer) ? id : null;
    },
  });
}

/** Carts that were left and have moved on since stand in the triggers, where these were kept for the same time. */
async function withTriggers(
  { store, nowMs }: LookBack,
  { entry }: JourneyDefinition,
  afterMs: number,
  live: WouldHaveEntered | null,
): Promise<WouldHaveEntered | null> {
  // Whom the condition would have held for then can't be asked any more.
  if (live === null || live.isAtLeast || entry.where) return live;
  const rows = await store.query<{ id: string }>(
    `SELECT DISTINCT object_id AS id FROM marketing.journey_trigger
     WHERE kind = $1 AND due_on >= $2 AND due_on < $3 AND coalesce(after_ms, $4::bigint) = $4::bigint
       AND customer360_id IS NOT NULL`,
    [entry.kind, new Date(nowMs - WEEK_MS), new Date(nowMs), afterMs],
  );
  const known = new Set(live.examples.map(({ objectId }) => objectId));
  const others = rows.filter(({ id }) => !known.has(id));
  // Without examples of all it is not known which of the others were counted: the greater number is certain.
  const count = live.count <= EXAMPLES ? live.count + others.length : Math.max(live.count, rows.length);
  const examples = [...live.examples, ...others.map(({ id }) => ({ objectType: 'ShoppingCart', objectId: id }))];
  return { count, isAtLeast: live.isAtLeast, examples: examples.slice(0, EXAMPLES) };
}

/** Visits are marketing's own. Who has put something into a cart since is found by asking at the entry. */
async function leftVisits({ store, nowMs }: LookBack, afterMs: number): Promise<WouldHaveEntered> {
  const end = nowMs - afterMs;
  const rows = await store.query<{ id: string; total: number }>(
    `SELECT subscriber_key AS id, count(*) OVER () AS total FROM marketing.web_event
     WHERE happened_on >= $1 AND kind = 'product' GROUP BY subscriber_key HAVING max(happened_on) < $2
     ORDER BY max(happened_on) DESC LIMIT ${EXAMPLES}`,
    [new Date(end - WEEK_MS), new Date(end)],
  );
  return {
    count: rows[0]?.total ?? 0,
    isAtLeast: false,
    examples: rows.map(({ id }) => ({ objectType: 'Subscriber', objectId: id })),
  };
}

interface OrderNode {
  readonly orderNumber: string;
  readonly customer: {
    readonly latest?: { readonly edges: readonly { readonly node: { readonly orderNumber: string } }[] } | null;
  } | null;
}

function placedOrders(lookBack: LookBack, definition: JourneyDefinition): Promise<WouldHaveEntered | null> {
  return walk<OrderNode>(lookBack, {
    root: 'salesOrders',
    objectType: 'SalesOrder',
    query: ordersQuery(customerSelection(definition)),
    variables: sevenDays(lookBack),
    objectOf: ({ orderNumber, customer }) => (enters(lookBack, definition, customer) ? orderNumber : null),
  });
}

/** Whose last order became old enough this week. */
function lapsedCustomers(lookBack: LookBack, definition: JourneyDefinition): Promise<WouldHaveEntered | null> {
  const { entry } = definition;
  const latest = 'latest: salesOrders(first: 1) { edges { node { orderNumber } } }';
  const selection = `customer { customer360Id ${latest} ${entry.where?.selection ?? ''} }`;
  return walk<OrderNode>(lookBack, {
    root: 'salesOrders',
    objectType: 'SalesOrder',
    query: ordersQuery(selection),
    variables: sevenDays(lookBack, entryAfterMs(entry) ?? 0),
    objectOf: ({ orderNumber, customer }) => {
      const isLast = customer?.latest?.edges[0]?.node.orderNumber === orderNumber;
      return isLast && enters(lookBack, definition, customer) ? orderNumber : null;
    },
  });
}

function ordersQuery(selection: string): string {
  return `query WouldHaveOrdered($from: DateTime!, $before: DateTime!, $after: String) {
    salesOrders(first: ${PAGE}, after: $after, filter: { orderedFrom: $from, orderedBefore: $before }) {
      edges { node { orderNumber ${selection} } }
      pageInfo { hasNextPage endCursor }
    }
  }`;
}

function closedCases(lookBack: LookBack, definition: JourneyDefinition): Promise<WouldHaveEntered | null> {
  return walk<{ readonly id: string; readonly customer: unknown }>(lookBack, {
    root: 'caseQueue',
    objectType: 'Case',
    query: `query WouldHaveClosedCases($from: DateTime!, $before: DateTime!, $after: String) {
      caseQueue(first: ${PAGE}, after: $after, orderBy: NEWEST, filter: { statuses: [CLOSED], closedFrom: $from, closedBefore: $before }) {
        edges { node { id ${customerSelection(definition)} } }
        pageInfo { hasNextPage endCursor }
      }
    }`,
    variables: sevenDays(lookBack),
    objectOf: ({ id, customer }) => (enters(lookBack, definition, customer) ? id : null),
  });
}
