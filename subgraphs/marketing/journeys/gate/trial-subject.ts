import { CodedError } from '../../../../schema/errors.ts';
import type { JourneyTriggerKind } from '../../../../schema/generated/marketing.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import { cartRevision } from '../cart-revision.ts';
import type { RunningInstance } from '../contract.ts';
import { ask } from '../live/ask.ts';

/** What somebody would be in a journey with. */
export type TrialSubject = Pick<RunningInstance, 'customer360Id' | 'objectType' | 'objectId' | 'revision'>;

interface PersonAnswer {
  readonly customer360Id: string;
  readonly openShoppingCart?: CartAnswer | null;
  readonly salesOrders?: Page<{ readonly orderNumber: string }> | null;
  readonly cases?: Page<{ readonly id: string }> | null;
}
interface CartAnswer {
  readonly id: string;
  readonly shoppingCartProducts: readonly { readonly productId: string; readonly quantity: number }[];
}
type Page<Node> = { readonly edges: readonly { readonly node: Node }[] };

const CART = '{ id shoppingCartProducts { productId quantity } }';
/** What of the person tells what the journey would be about. */
const ABOUT: Readonly<Record<'ShoppingCart' | 'SalesOrder' | 'Case' | 'Customer', string>> = {
  ShoppingCart: `openShoppingCart ${CART}`,
  SalesOrder: 'salesOrders(first: 1) { edges { node { orderNumber } } }',
  Case: 'cases(first: 1, filter: { statuses: [CLOSED] }) { edges { node { id } } }',
  Customer: '',
};

/** Type of the objects that journeys which begin so are keyed by. */
export function objectTypeOf(kind: JourneyTriggerKind): keyof typeof ABOUT {
  if (kind === 'CART_ABANDONED' || kind === 'CHECKOUT_ABANDONED') return 'ShoppingCart';
  if (kind === 'ORDER_PLACED') return 'SalesOrder';
  return kind === 'CASE_CLOSED' ? 'Case' : 'Customer';
}

/**
 * What a person would be in a journey with: the object given, else their open cart, last order or last closed case. Null when the
 * person is not there or has none. Throws NotNow when a cloud does not answer, NOT_FOUND for a cart that is not there.
 */
export async function findTrialSubject(
  graph: UnifiedGraph,
  kind: JourneyTriggerKind,
  { customer360Id, objectId }: { readonly customer360Id: string; readonly objectId: string | null },
): Promise<TrialSubject | null> {
  const objectType = objectTypeOf(kind);
  const query = `query JourneyTrial($customer360Id: Customer360Id!) {
    customer(customer360Id: $customer360Id) { customer360Id ${objectId === null ? ABOUT[objectType] : ''} } }`;
  const person = (await ask(graph, query, { customer360Id }))['customer'] as PersonAnswer | null;
  if (!person) return null;
  const own = { customer360Id: person.customer360Id, objectType, revision: null };
  if (objectType === 'ShoppingCart') {
    const cart = objectId === null ? person.openShoppingCart : await readCart(graph, objectId);
    return cart ? { ...own, objectId: cart.id, revision: cartRevision(cart.shoppingCartProducts) } : null;
  }
  const found = objectId ?? ownObject(person, objectType);
  return found === undefined ? null : { ...own, objectId: found };
}

function ownObject(person: PersonAnswer, objectType: string): string | undefined {
  if (objectType === 'SalesOrder') return person.salesOrders?.edges[0]?.node.orderNumber;
  return objectType === 'Case' ? person.cases?.edges[0]?.node.id : person.customer360Id;
}

async function readCart(graph: UnifiedGraph, id: string): Promise<CartAnswer> {
  const query = `query JourneyTrialCart($id: ID!) { shoppingCart(id: $id) ${CART} }`;
  const cart = (await ask(graph, query, { id }))['shoppingCart'] as CartAnswer | null;
  if (!cart) throw new CodedError('NOT_FOUND', 'There is no cart with this key.');
  return cart;
}
