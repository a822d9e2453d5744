import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, type ExecutionResult, type GraphQLSchema, graphql } from 'graphql';
import type { Clock } from '../../schema/clock.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import type { UnifiedGraph } from '../../schema/unified-graph.ts';

/** A cart of the small world. */
export interface WorldCart {
  id: string;
  customerNumber: string | null;
  status: 'ACTIVE' | 'ABANDONED' | 'CONVERTED';
  lines: { productId: string; quantity: number }[];
  lastActivityMs: number;
  checkOutStartedMs?: number | null;
  contactEmailAddress?: string | null;
}

/** A world that answers the questions of the API schema about what the journeys look at, and tells what happens in it. */
export interface JourneyWorld {
  readonly graph: UnifiedGraph;
  readonly carts: Map<string, WorldCart>;
  readonly orders: Map<string, { customerNumber: string; orderedMs: number }>;
  readonly cases: Map<string, { contactId: string; status: string; caseType: string | null; closedMs: number | null }>;
  /** Whose records these are: `commerce C-1` → id. */
  readonly owners: Map<string, string>;
  /** Ids that were merged away. */
  readonly aliases: Map<string, string>;
  /** Ids that nobody has any more. */
  readonly erased: Set<string>;
  readonly visits: Map<string, { id: string; type: string; atMs: number }[]>;
  /** By how much commerce's clock is ahead of ours, milliseconds. */
  skewMs: number;
  /** False: the graph does not answer. */
  isUp: boolean;
  /** Logs that keep nothing of what was: whoever goes on with them is told so, once. */
  readonly lost: Set<string>;
  /** Questions that were asked. */
  readonly asked: string[];
  /** What went wrong with a question. */
  readonly faults: string[];
  /** Tells of something that happened. What has an id was perhaps told before. */
  tell(cloud: string, event: Partial<WorldEvent> & Pick<WorldEvent, 'eventType' | 'objectId'>): void;
  /** Tells of a change of identity. */
  tellIdentity(event: Record<string, unknown>): void;
  /** Resolves when all four logs are followed. */
  followed(): Promise<void>;
  /** Resolves when everybody who follows has taken everything. */
  settled(): Promise<void>;
  /** The ends of the logs that are followed and have told something, by their names: positions as consumers keep them. */
  ends(): ReadonlyMap<string, string>;
}

/** An event as a cloud tells it. */
export interface WorldEvent {
  readonly id: string;
  readonly dataSourceId: string;
  readonly eventType: string;
  readonly objectType: string;
  readonly objectId: string;
  readonly sourceRecordId: string | null;
  readonly change: string;
  readonly changedFields: readonly string[];
  readonly occurredAt: string;
}

const ORDER = { salesOrderStatus: 'PENDING', grandTotalAmount: { amount: '20.00', currencyCode: 'EUR' } };
let api: GraphQLSchema | undefined;

/** Makes an empty world. */
export function createJourneyWorld(clock: Clock): JourneyWorld {
  api ??= buildSchema(readFileSync(join(PACKAGE_ROOT, 'schema/generated/api.graphql'), 'utf8'), { assumeValid: true });
  const schema = api;
  const logs = new Map<string, { events: unknown[]; rings: Set<() => void>; taken: number; readers: number }>();
  const logOf = (name: string) => {
    const log = logs.get(name) ?? { events: [], rings: new Set<() => void>(), taken: 0, readers: 0 };
    logs.set(name, log);
    return log;
  };
  let ids = 0;
  const append = (name: string, event: unknown): void => {
    const log = logOf(name);
    log.events.push(event);
    for (const ring of log.rings) ring();
  };
  const world: JourneyWorld = {
    carts: new Map(),
    orders: new Map(),
    cases: new Map(),
    owners: new Map(),
    aliases: new Map(),
    erased: new Set(),
    lost: new Set(),
    visits: new Map(),
    skewMs: 0,
    isUp: true,
    asked: [],
    faults: [],
    tell(cloud, event) {
      append(cloud, {
        id: `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
        dataSourceId: cloud,
        objectType: event.eventType.replace(/Changed$/, ''),
        sourceRecordId: null,
        change: 'UPDATED',
        changedFields: [],
        occurredAt: new Date(clock() + (cloud === 'commerce' ? world.skewMs : 0)).toISOString(),
        ...event,
      });
    },
    tellIdentity(event) {
      append('identity', {
        id: `00000000-0000-4000-9000-${String(++ids).padStart(12, '0')}`,
        customer360Id: null,
        otherCustomer360Id: null,
        record: null,
        occurredAt: new Date(clock()).toISOString(),
        ...event,
      });
    },
    async followed() {
      while (['commerce', 'service', 'marketing', 'identity'].some((name) => logOf(name).readers === 0)) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    async settled() {
      for (;;) {
        if ([...logs.values()].every((log) => log.readers === 0 || log.taken >= log.events.length)) return;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    ends: () =>
      new Map(
        [...logs]
          .filter(([, { readers, events }]) => readers > 0 && events.length > 0)
          .map(([name, { events }]) => [name, String(events.length)]),
      ),
    graph: {
      async execute({ query, variables }) {
        world.asked.push(query);
        if (!world.isUp) return { data: null, errors: [failure('SUBGRAPH_DOWN')] } as unknown as ExecutionResult;
        const rootValue = rootOf(world, clock);
        const answer = await graphql({
          schema,
          source: query,
          rootValue,
          ...(variables && { variableValues: variables }),
        });
        // What the real graph would not answer is a mistake of the question, or of this world.
        world.faults.push(...(answer.errors ?? []).map(({ message }) => message));
        return answer;
      },
      subscribe({ query, variables, signal }) {
        const field = /\b(commerce|service|marketing)Events\b/.exec(query)?.[1];
        return follow(field ?? 'identity', variables?.['since'] as string | null, signal);
      },
    },
  };
  return world;

  async function* follow(name: string, since: string | null, signal?: AbortSignal): AsyncGenerator<ExecutionResult> {
    const log = logOf(name);
    if (since !== null && world.lost.delete(name)) {
      yield { data: null, errors: [failure('CURSOR_TOO_OLD')] } as unknown as ExecutionResult;
      return;
    }
    log.readers += 1;
    let position = since === null ? log.events.length : Number(since);
    log.taken = position;
    if (name !== 'identity') yield { data: { [`${name}Events`]: { cursor: String(position), events: [] } } };
    try {
      while (!signal?.aborted) {
        const fresh = log.events.slice(position, position + 20);
        if (fresh.length === 0) {
          await new Promise<void>((resolve) => {
            log.rings.add(resolve);
            signal?.addEventListener('abort', () => resolve(), { once: true });
          });
          log.rings.clear();
          continue;
        }
        if (name === 'identity') {
          yield { data: { identityChanged: { cursor: String(position + 1), ...(fresh[0] as object) } } };
          position += 1;
        } else {
          yield { data: { [`${name}Events`]: { cursor: String(position + fresh.length), events: fresh } } };
          position += fresh.length;
        }
        log.taken = position;
      }
    } finally {
      log.readers -= 1;
    }
  }
}

function failure(code: string): object {
  return { message: 'It does not answer.', extensions: { code } };
}

function rootOf(world: JourneyWorld, clock: Clock): object {
  const person = (id: string | undefined) => (id === undefined ? null : customerOf(world, id));
  const owner = (source: string, recordId: string | null) =>
    recordId === null ? null : person(world.owners.get(`${source} ${recordId}`));
  const cartOf = (cart: WorldCart) => ({
    ...cart,
    lastActivityDate: new Date(cart.lastActivityMs).toISOString(),
    checkOutStartedDate: cart.checkOutStartedMs ? new Date(cart.checkOutStartedMs).toISOString() : null,
    contactEmailAddress: cart.contactEmailAddress ?? null,
    shoppingCartProducts: cart.lines,
    customer: owner('commerce', cart.customerNumber),
  });
  return {
    shoppingCartReading: ({ ids }: { ids: string[] }) => ({
      readAt: new Date(clock() + world.skewMs).toISOString(),
      shoppingCarts: ids.flatMap((id) => {
        const cart = world.carts.get(id);
        return cart ? [cartOf(cart)] : [];
      }),
    }),
    salesOrders: ({
      after,
      filter,
    }: {
      after?: string | null;
      filter: { orderedFrom: string; orderedBefore: string };
    }) =>
      pageOf(
        [...world.orders]
          .map(([orderNumber, { customerNumber, orderedMs }]) => ({
            ...ORDER,
            orderNumber,
            customerNumber,
            atMs: orderedMs,
          }))
          .map((order) => ({ ...order, orderedDate: new Date(order.atMs).toISOString() })),
        { after, from: filter.orderedFrom, before: filter.orderedBefore },
      ),
    shoppingCarts: (args: { after?: string | null; lastActivityFrom: string; lastActivityBefore: string }) =>
      pageOf(
        [...world.carts.values()]
          .filter(({ status }) => status !== 'CONVERTED')
          .map((cart) => ({ ...cartOf(cart), atMs: cart.lastActivityMs })),
        { after: args.after, from: args.lastActivityFrom, before: args.lastActivityBefore },
      ),
    salesOrder: ({ orderNumber }: { orderNumber: string }) => {
      const order = world.orders.get(orderNumber);
      if (!order) return null;
      const orderedDate = new Date(order.orderedMs).toISOString();
      const { customerNumber } = order;
      return { orderNumber, customerNumber, orderedDate, ...ORDER, customer: owner('commerce', customerNumber) };
    },
    case: ({ id }: { id: string }) => {
      const live = world.cases.get(id);
      if (!live) return null;
      const closedDate = live.closedMs === null ? null : new Date(live.closedMs).toISOString();
      return { id, ...live, closedDate, customer: owner('service', live.contactId) };
    },
    customer: ({ customer360Id }: { customer360Id: string }) =>
      world.erased.has(customer360Id) ? null : person(world.aliases.get(customer360Id) ?? customer360Id),
    customerBy: ({
      by,
    }: {
      by: { sourceRecord?: { dataSourceId: string; sourceRecordId: string }; emailAddress?: string };
    }) =>
      by.sourceRecord
        ? owner(by.sourceRecord.dataSourceId, by.sourceRecord.sourceRecordId)
        : owner('email', by.emailAddress ?? null),
  };
}

/** Pages of two, the latest first: small, so that a few objects fill several. */
function pageOf(
  nodes: readonly { readonly atMs: number }[],
  { after, from, before }: { after: string | null | undefined; from: string; before: string },
): object {
  const found = nodes
    .filter(({ atMs }) => atMs >= Date.parse(from) && atMs < Date.parse(before))
    .sort((one, other) => other.atMs - one.atMs);
  const start = after ? Number(after) : 0;
  const edges = found.slice(start, start + 2).map((node, index) => ({ node, cursor: String(start + index + 1) }));
  const hasNextPage = found.length > start + edges.length;
  return { edges, pageInfo: { hasNextPage, hasPreviousPage: false, endCursor: String(start + edges.length) } };
}

function customerOf(world: JourneyWorld, customer360Id: string): object {
  const records = [...world.owners].filter(([, id]) => id === customer360Id).map(([record]) => record);
  const connection = (nodes: readonly object[]) => ({
    edges: nodes.map((node) => ({ node, cursor: '' })),
    pageInfo: { hasNextPage: false, hasPreviousPage: false },
  });
  return {
    customer360Id,
    websiteEngagements: () =>
      connection(
        records
          .flatMap((record) => world.visits.get(record.replace(/^marketing /, '')) ?? [])
          .map(({ id, type, atMs }) => ({ id, engagementType: type, engagementDate: new Date(atMs).toISOString() })),
      ),
    shoppingCarts: () =>
      connection(
        [...world.carts.values()]
          .filter(({ customerNumber }) => records.includes(`commerce ${customerNumber}`))
          .sort((one, other) => other.lastActivityMs - one.lastActivityMs)
          .map(({ lastActivityMs }) => ({ lastActivityDate: new Date(lastActivityMs).toISOString() })),
      ),
    salesOrders: () =>
      connection(
        [...world.orders]
          .filter(([, { customerNumber }]) => records.includes(`commerce ${customerNumber}`))
          .sort(([, one], [, other]) => other.orderedMs - one.orderedMs)
          .map(([orderNumber, { orderedMs }]) => ({
            ...ORDER,
            orderNumber,
            orderedDate: new Date(orderedMs).toISOString(),
          })),
      ),
  };
}
