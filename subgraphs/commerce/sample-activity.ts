import { Random } from '../sample-data/random.ts';
import {
  daysAgo,
  minutesAgo,
  type SampleContext,
  type SampleRow,
  type SampleRows,
} from '../sample-data/sample-cloud.ts';
import { CURRENCY, PRODUCTS, type SampleProduct } from './sample-catalogue.ts';
import type { SampleAccount } from './sample-profiles.ts';

/** What is known of an order or cart before its rows are written. */
export interface Basket {
  /** Order number or cart id. */
  readonly id: string;
  readonly customerNumber: string;
  readonly lines: readonly { readonly product: SampleProduct; readonly quantity: number }[];
}

/** The orders and carts of one account. */
export function activityOf(account: SampleAccount, context: SampleContext): SampleRows {
  const random = new Random(context.seed, 'commerce', 'activity', account.customerNumber);
  const digits = account.customerNumber.slice(2);
  const rows = {
    sales_order: [] as SampleRow[],
    order_line: [] as SampleRow[],
    cart: [] as SampleRow[],
    cart_line: [] as SampleRow[],
  };
  const ages = Array.from({ length: orderCount(account, random) }, () => random.next() * account.createdDaysAgo);
  ages.sort((older, newer) => newer - older);
  ages.forEach((age, place) => {
    const orderNumber = `W${digits}-${String(place + 1).padStart(2, '0')}`;
    const order = { id: orderNumber, customerNumber: account.customerNumber, lines: drawLines(random) };
    const cartId = random.chance(0.1) ? `cart_${digits}${String(place).padStart(2, '0')}` : null;
    const state = orderState(age, random);
    rows.sales_order.push(orderRow(order, { state, orderedAt: daysAgo(context, age), cartId }));
    rows.order_line.push(...orderLineRows(order));
    if (cartId) {
      const cart = { ...order, id: cartId };
      const touchedAt = daysAgo(context, age);
      rows.cart.push(
        cartRow(cart, { state: 'ordered', createdAt: daysAgo(context, age + 0.02), touchedAt, abandonedAt: null }),
      );
      rows.cart_line.push(...cartLineRows(cart));
    }
  });
  if (!account.isGuest && random.chance(0.3)) addCart(account, rows, random, context);
  return rows;
}

/** The row of an order. */
export function orderRow(
  order: Basket,
  details: { readonly state: string; readonly orderedAt: string; readonly cartId: string | null },
): SampleRow {
  return {
    order_no: order.id,
    customer_no: order.customerNumber,
    ordered_at: details.orderedAt,
    state: details.state,
    total_cents: totalCents(order),
    currency: CURRENCY,
    cart_id: details.cartId,
  };
}

/** The rows of an order's lines. */
export function orderLineRows(order: Basket): SampleRow[] {
  return lineRows(order).map((line) => ({ ...line, order_no: order.id }));
}

/** The row of a cart. */
export function cartRow(
  cart: Basket,
  details: {
    readonly state: 'open' | 'abandoned' | 'ordered';
    readonly createdAt: string;
    readonly touchedAt: string;
    readonly abandonedAt: string | null;
  },
): SampleRow {
  return {
    cart_id: cart.id,
    customer_no: cart.customerNumber,
    state: details.state,
    total_cents: totalCents(cart),
    currency: CURRENCY,
    created_at: details.createdAt,
    touched_at: details.touchedAt,
    abandoned_at: details.abandonedAt,
  };
}

/** The rows of a cart's lines. */
export function cartLineRows(cart: Basket): SampleRow[] {
  return lineRows(cart).map((line) => ({ ...line, cart_id: cart.id }));
}

function addCart(
  account: SampleAccount,
  rows: { readonly cart: SampleRow[]; readonly cart_line: SampleRow[] },
  random: Random,
  context: SampleContext,
): void {
  const cart = {
    id: `cart_${account.customerNumber.slice(2)}xx`,
    customerNumber: account.customerNumber,
    lines: random.chance(0.05) ? [] : drawLines(random),
  };
  const isOpen = random.chance(0.45);
  const touched = isOpen ? random.next() * random.next() * 2 * 1440 : 60 + random.next() * random.next() * 30 * 1440;
  rows.cart.push(
    cartRow(cart, {
      state: isOpen ? 'open' : 'abandoned',
      createdAt: minutesAgo(context, touched + random.between(1, 90)),
      touchedAt: minutesAgo(context, touched),
      abandonedAt: isOpen ? null : minutesAgo(context, touched - 30),
    }),
  );
  rows.cart_line.push(...cartLineRows(cart));
}

/** Most people order little, a few order a lot: 0 to 40. */
function orderCount(account: SampleAccount, random: Random): number {
  if (account.isGuest) return 1;
  const kind = random.pickWeighted({ none: 28, few: 52, some: 17, many: 3 });
  return { none: 0, few: random.between(1, 3), some: random.between(4, 9), many: random.between(10, 40) }[kind];
}

function orderState(age: number, random: Random): string {
  if (age < 1) return random.pick(['open', 'paid']);
  if (age < 6) return random.pick(['paid', 'shipped', 'shipped', 'complete']);
  return random.pickWeighted({ complete: 88, cancelled: 6, returned: 6 });
}

function drawLines(random: Random): Basket['lines'] {
  const count = Number(random.pickWeighted({ 1: 45, 2: 30, 3: 17, 6: 8 }));
  const products = new Set(Array.from({ length: count }, () => random.pick(PRODUCTS)));
  return [...products].map((product) => ({ product, quantity: random.chance(0.8) ? 1 : random.between(2, 4) }));
}

function totalCents(basket: Basket): number {
  return basket.lines.reduce((sum, line) => sum + line.product.priceCents * line.quantity, 0);
}

function lineRows(basket: Basket): SampleRow[] {
  return basket.lines.map(({ product, quantity }, place) => ({
    line_id: `${basket.id}-${place + 1}`,
    position: place + 1,
    product_id: product.productId,
    product_title: product.title,
    quantity,
    unit_cents: product.priceCents,
    line_cents: product.priceCents * quantity,
    currency: CURRENCY,
  }));
}
