import { cartRevision } from '../cart-revision.ts';
import { compareDecimals } from './decimal.ts';
import { type Finding, type GateInput, isCartOf, passed, personOf, record, skipped } from './gate-rule.ts';
import { sameAddress } from './recipient.ts';

const MINUTE_MS = 60_000;
/** By so much the clock of a store may be off ours. */
const CLOCK_TOLERANCE_MS = 10 * MINUTE_MS;

/** The cart has the contents it had, and is still the person's. */
export function cartUnchanged(input: GateInput): Finding {
  const { instance } = input.request;
  const { cart, person } = input.view;
  const evidence = record('commerce', 'ShoppingCart', instance.objectId);
  if (!cart) return skipped('The cart is not there any more.', evidence);
  if (person && !isCartOf(person, cart, sameAddress))
    return skipped('The cart does not belong to the customer any more.', evidence);
  const revision = cartRevision(cart.shoppingCartProducts);
  if (instance.revision !== null && instance.revision !== revision) {
    return skipped(`The cart has other contents (${revision}) than it had (${instance.revision}).`, evidence);
  }
  return passed('The cart has the contents it had.', evidence);
}

/** Nothing was ordered since the journey began, with any of the person's records. */
export function noOrderSince(input: GateInput): Finding {
  const { request, view } = input;
  const { cart } = view;
  const [latest] = personOf(input).salesOrders?.edges ?? [];
  if (latest && Date.parse(latest.node.orderedDate) >= orderedSince(input)) {
    const order = record('commerce', 'SalesOrder', latest.node.orderNumber);
    return skipped(`Order ${latest.node.orderNumber} was placed.`, order);
  }
  if (cart?.status === 'CONVERTED') {
    return skipped('The cart has become an order.', record('commerce', 'ShoppingCart', cart.id));
  }
  const evidence = latest ? record('commerce', 'SalesOrder', latest.node.orderNumber) : null;
  return passed(`No order since ${request.instance.enteredAt}.`, evidence);
}

/**
 * From when on an order counts. Orders and carts have the shop's clock: who ordered after having left the cart has ordered,
 * whatever our clock says. Without a cart the clocks may be off a little: the order counts rather than the message.
 */
function orderedSince({ request, view }: GateInput): number {
  const entered = Date.parse(request.instance.enteredAt);
  return view.cart ? Math.min(entered, Date.parse(view.cart.lastActivityDate)) : entered - CLOCK_TOLERANCE_MS;
}

/** The cart is not empty, is worth enough, and something of it is in stock. */
export function cartWorthIt({ request, view }: GateInput): Finding {
  const { cart } = view;
  const evidence = record('commerce', 'ShoppingCart', request.instance.objectId);
  if (!cart) return skipped('The cart is not there any more.', evidence);
  if (cart.shoppingCartProducts.length === 0) return skipped('The cart is empty.', evidence);
  const { minimumCartAmount } = request.definition.gates;
  if (compareDecimals(cart.totalProductAmount.amount, minimumCartAmount) < 0) {
    return skipped(`The cart is worth less than ${minimumCartAmount}.`, evidence);
  }
  if (!cart.shoppingCartProducts.some(isInStock)) return skipped('Nothing of the cart is in stock.', evidence);
  return passed('The cart is worth enough, and something of it is in stock.', evidence);
}

/** What the shop does not count is in stock; what it does not sell any more is not. */
export function isInStock({
  product,
}: {
  readonly product: { readonly availableQuantity: number | null } | null;
}): boolean {
  return product !== null && (product.availableQuantity === null || product.availableQuantity > 0);
}

/** Whom a discount would be granted to: the cart's record, else one of the person's; undefined when the shop knows none. */
export function discountCustomerOf({ view }: GateInput): string | undefined {
  const own = view.person?.identityLinks.find(({ dataSourceId }) => dataSourceId === 'commerce');
  return view.cart?.customerNumber ?? own?.sourceRecordId;
}
