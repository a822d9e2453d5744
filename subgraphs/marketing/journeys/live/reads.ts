import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import { cartRevision } from '../cart-revision.ts';
import { ask, askEach } from './ask.ts';

/** A cart as it is now. */
export interface LiveCart {
  readonly id: string;
  readonly isConverted: boolean;
  /** Null when it is empty. */
  readonly revision: string | null;
  /** By commerce's own clock, milliseconds: the last change of its contents, or the begin of the check-out when that is later. */
  readonly lastActivityMs: number;
  readonly hasCheckOutStarted: boolean;
  readonly customerNumber: string | null;
  readonly isIdentified: boolean;
  readonly customer360Id: string | null;
}

/** Carts as they are now, by their keys, with the time by commerce's own clock at which they were read. */
export interface CartReading {
  readonly readAtMs: number;
  readonly carts: ReadonlyMap<string, LiveCart>;
}

interface CartAnswer {
  readonly id: string;
  readonly status: string;
  readonly lastActivityDate: string;
  readonly checkOutStartedDate: string | null;
  readonly contactEmailAddress: string | null;
  readonly customerNumber: string | null;
  readonly shoppingCartProducts: readonly { readonly productId: string; readonly quantity: number }[];
  readonly customer: { readonly customer360Id: string } | null;
}

const CARTS = `query JourneyCarts($ids: [ID!]!) {
  shoppingCartReading(ids: $ids) {
    readAt
    shoppingCarts {
      id status lastActivityDate checkOutStartedDate contactEmailAddress customerNumber
      shoppingCartProducts { productId quantity }
      customer { customer360Id }
    }
  }
}`;

/** Reads carts with one question; visitors who left an address are looked up by it, twenty with one more. Throws NotNow. */
export async function readCarts(graph: UnifiedGraph, ids: readonly string[]): Promise<CartReading> {
  const data = await ask(graph, CARTS, { ids });
  const reading = data['shoppingCartReading'] as { readAt: string; shoppingCarts: readonly CartAnswer[] };
  const visitors = reading.shoppingCarts.filter(
    ({ customerNumber, contactEmailAddress }) => customerNumber === null && contactEmailAddress !== null,
  );
  const known = await readByEmail(
    graph,
    visitors.map(({ contactEmailAddress }) => contactEmailAddress ?? ''),
  );
  const visitorIds = new Map(visitors.map(({ id }, index) => [id, known[index] ?? null]));
  const carts = reading.shoppingCarts.map((cart): [string, LiveCart] => [
    cart.id,
    {
      id: cart.id,
      isConverted: cart.status === 'CONVERTED',
      revision: cart.shoppingCartProducts.length === 0 ? null : cartRevision(cart.shoppingCartProducts),
      lastActivityMs: Math.max(Date.parse(cart.lastActivityDate), Date.parse(cart.checkOutStartedDate ?? '') || 0),
      hasCheckOutStarted: cart.checkOutStartedDate !== null,
      customerNumber: cart.customerNumber,
      isIdentified: cart.customerNumber !== null || cart.contactEmailAddress !== null,
      customer360Id: cart.customer?.customer360Id ?? visitorIds.get(cart.id) ?? null,
    },
  ]);
  return { readAtMs: Date.parse(reading.readAt), carts: new Map(carts) };
}

/** An address that several people have leads to nobody. */
async function readByEmail(graph: UnifiedGraph, addresses: readonly string[]): Promise<(string | null)[]> {
  const found = await askEach<{ customer360Id: string }>(graph, addresses, {
    type: 'String!',
    field: (variable) => `customerBy(by: { emailAddress: ${variable} }) { customer360Id }`,
    tolerated: ['IDENTIFIER_AMBIGUOUS', 'BAD_USER_INPUT'],
  });
  return found.map((customer) => customer?.customer360Id ?? null);
}

/** A record of a cloud. */
export interface SourceRecord {
  readonly source: string;
  readonly recordId: string;
}

/** Names a record in maps. */
export function recordKey({ source, recordId }: SourceRecord): string {
  return `${source} ${recordId}`;
}

/** Whose records these are now, by `recordKey`; who is not in it, identity does not know. Throws NotNow. */
export async function readOwners(
  graph: UnifiedGraph,
  records: readonly SourceRecord[],
): Promise<ReadonlyMap<string, string>> {
  const unique = [...new Map(records.map((record) => [recordKey(record), record])).values()];
  const owners = new Map<string, string>();
  for (const source of new Set(unique.map((record) => record.source))) {
    const own = unique.filter((record) => record.source === source);
    const found = await askEach<{ customer360Id: string }>(
      graph,
      own.map(({ recordId }) => recordId),
      { type: 'ID!', field: (variable) => `${customerOf(source, variable)} { customer360Id }` },
    );
    for (const [index, customer] of found.entries()) {
      const record = own[index];
      if (customer && record) owners.set(recordKey(record), customer.customer360Id);
    }
  }
  return owners;
}

/** The ids under which people are known now, by the ids given; those who are not in it are nobody's any more. Throws NotNow. */
export async function readSurvivors(
  graph: UnifiedGraph,
  customer360Ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const unique = [...new Set(customer360Ids)];
  const found = await askEach<{ customer360Id: string }>(graph, unique, {
    type: 'Customer360Id!',
    field: (variable) => `customer(customer360Id: ${variable}) { customer360Id }`,
    tolerated: ['NOT_FOUND'],
  });
  return new Map(
    unique.flatMap((id, index) => {
      const customer = found[index];
      return customer ? [[id, customer.customer360Id] as const] : [];
    }),
  );
}

/** The field that leads from a cloud's customer record to the person. */
export function customerOf(source: string, variable: string): string {
  return `customerBy(by: { sourceRecord: { dataSourceId: ${JSON.stringify(source)}, sourceRecordId: ${variable} } })`;
}

/** An order as it is now. */
export interface LiveOrder {
  readonly orderNumber: string;
  readonly customerNumber: string;
  readonly orderedDate: string;
  readonly salesOrderStatus: string;
  readonly grandTotalAmount: { readonly amount: string; readonly currencyCode: string };
  readonly customer: { readonly customer360Id: string } | null;
}

/** Reads orders by their numbers, in their order; null for what is not there any more. Throws NotNow. */
export function readOrders(graph: UnifiedGraph, numbers: readonly string[]): Promise<(LiveOrder | null)[]> {
  return askEach<LiveOrder>(graph, numbers, {
    type: 'ID!',
    field: (variable) => `salesOrder(orderNumber: ${variable}) {
      orderNumber customerNumber orderedDate salesOrderStatus grandTotalAmount { amount currencyCode }
      customer { customer360Id } }`,
  });
}

/** A case as it is now. */
export interface LiveCase {
  readonly id: string;
  readonly contactId: string;
  readonly status: string;
  readonly caseType: string | null;
  readonly closedDate: string | null;
  readonly customer: { readonly customer360Id: string } | null;
}

/** Reads cases by their keys, in their order; null for what is not there any more. Throws NotNow. */
export function readCases(graph: UnifiedGraph, ids: readonly string[]): Promise<(LiveCase | null)[]> {
  return askEach<LiveCase>(graph, ids, {
    type: 'ID!',
    field: (variable) => `case(id: ${variable}) { id contactId status caseType closedDate customer { customer360Id } }`,
  });
}

/** What somebody looked at, and what they did in the shop since. */
export interface LiveVisit {
  readonly customer360Id: string;
  readonly websiteEngagements: {
    readonly edges: readonly {
      readonly node: { readonly id: string; readonly engagementType: string; readonly engagementDate: string };
    }[];
  } | null;
  readonly shoppingCarts: {
    readonly edges: readonly { readonly node: { readonly lastActivityDate: string } }[];
  } | null;
  readonly salesOrders: { readonly edges: readonly { readonly node: { readonly orderedDate: string } }[] } | null;
}

/** Reads the last visits of subscribers, in their order; null for whom identity does not know. Throws NotNow. */
export function readVisits(graph: UnifiedGraph, subscriberKeys: readonly string[]): Promise<(LiveVisit | null)[]> {
  return askEach<LiveVisit>(graph, subscriberKeys, {
    type: 'ID!',
    field: (variable) => `${customerOf('marketing', variable)} {
      customer360Id
      websiteEngagements(first: 20) { edges { node { id engagementType engagementDate } } }
      shoppingCarts(first: 1) { edges { node { lastActivityDate } } }
      salesOrders(first: 1) { edges { node { orderedDate } } }
    }`,
  });
}

/** The last order of somebody. */
export interface LiveLastOrder {
  readonly customer360Id: string;
  readonly salesOrders: {
    readonly edges: readonly { readonly node: { readonly orderNumber: string; readonly orderedDate: string } }[];
  } | null;
}

/** Reads the last orders of commerce's customers, in their order; null for whom identity does not know. Throws NotNow. */
export function readLastOrders(
  graph: UnifiedGraph,
  customerNumbers: readonly string[],
): Promise<(LiveLastOrder | null)[]> {
  return askEach<LiveLastOrder>(graph, customerNumbers, {
    type: 'ID!',
    field: (variable) => `${customerOf('commerce', variable)} {
      customer360Id salesOrders(first: 1) { edges { node { orderNumber orderedDate } } } }`,
  });
}
