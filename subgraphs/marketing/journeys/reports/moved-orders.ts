import type { Queryable } from '../../../../database/database.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import { askEach } from '../live/ask.ts';
import { type OrderFact, reconcileConversions, VOID_ORDER_STATUSES } from './conversions.ts';

interface LiveOrders {
  readonly salesOrders: {
    readonly edges: readonly {
      readonly node: {
        readonly orderNumber: string;
        readonly orderedDate: string;
        readonly salesOrderStatus: string;
        readonly grandTotalAmount: { readonly amount: string; readonly currencyCode: string };
      };
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean };
  } | null;
}

/**
 * Reads the orders of people whose records moved, the latest hundred since a time (milliseconds), and gives what brings their
 * conversions up to date, in a transaction: a merge brings orders along, and an unmerge takes them away. Throws NotNow.
 */
export async function readMovedOrders(
  graph: UnifiedGraph,
  people: readonly string[],
  sinceMs: number,
): Promise<(transaction: Queryable) => Promise<void>> {
  const from = JSON.stringify(new Date(sinceMs).toISOString());
  const found = await askEach<LiveOrders>(graph, people, {
    type: 'Customer360Id!',
    field: (variable) => `customer(customer360Id: ${variable}) {
      salesOrders(first: 100, filter: { orderedFrom: ${from} }) {
        edges { node { orderNumber orderedDate salesOrderStatus grandTotalAmount { amount currencyCode } } }
        pageInfo { hasNextPage } } }`,
    tolerated: ['NOT_FOUND'],
  });
  return async (transaction) => {
    for (const [index, customer360Id] of people.entries()) {
      const orders = found[index]?.salesOrders;
      if (!orders) continue;
      const facts = orders.edges.map(({ node }) => factOf(node));
      // Of whoever ordered more than a page, what lies before it stays as it was noted.
      const oldest = orders.pageInfo.hasNextPage ? facts.at(-1)?.orderedDate : undefined;
      const since = oldest ?? new Date(sinceMs).toISOString();
      await reconcileConversions(transaction, { customer360Id, since, orders: facts });
    }
  };
}

function factOf(node: NonNullable<LiveOrders['salesOrders']>['edges'][number]['node']): OrderFact {
  const { orderNumber, orderedDate, salesOrderStatus, grandTotalAmount } = node;
  return { orderNumber, orderedDate, ...grandTotalAmount, isVoid: VOID_ORDER_STATUSES.has(salesOrderStatus) };
}
