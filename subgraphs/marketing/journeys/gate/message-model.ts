import type { MessageModel } from '../contract.ts';
import { isInStock } from './cart-gates.ts';
import type { LiveCart, LiveOrder, LiveView } from './live-view.ts';

/** What templates may use, of what was read at the instant of sending; null without a person. `timeZone` is where they live. */
export function messageModelOf(
  { person, cart, order, case: supportCase }: LiveView,
  timeZone: string,
): MessageModel | null {
  if (!person) return null;
  const { firstName, lastName, fullName } = person;
  const latest = order ?? person.salesOrders?.edges[0]?.node ?? null;
  return {
    timeZone,
    customer: { firstName, lastName, fullName },
    cart: cart && cartModel(cart),
    order: latest && orderModel(latest),
    case: supportCase && { caseNumber: supportCase.caseNumber, subject: supportCase.subject },
  };
}

function cartModel(cart: LiveCart): NonNullable<MessageModel['cart']> {
  return {
    id: cart.id,
    customerNumber: cart.customerNumber,
    totalAmount: cart.totalProductAmount.amount,
    currencyCode: cart.totalProductAmount.currencyCode,
    products: cart.shoppingCartProducts.map((line) => ({
      productId: line.productId,
      productName: line.productName,
      quantity: line.quantity,
      unitPriceAmount: line.unitPriceAmount.amount,
      totalLineAmount: line.totalLineAmount.amount,
      isInStock: isInStock(line),
    })),
  };
}

function orderModel({ orderNumber, orderedDate, grandTotalAmount }: LiveOrder): NonNullable<MessageModel['order']> {
  return {
    orderNumber,
    orderedDate,
    totalAmount: grandTotalAmount.amount,
    currencyCode: grandTotalAmount.currencyCode,
  };
}
