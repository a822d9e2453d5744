import type { Queryable } from '../../database/database.ts';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import { type GrantDiscount, grantDiscount, lockDiscount, redeemDiscount } from './discounts/discount-store.ts';

/** Input of `addShoppingCartProduct`, checked. */
export interface AddProduct {
  readonly customerNumber: string;
  readonly cartId: string | undefined;
  readonly productId: string;
  readonly quantity: number;
}

/** Input of `setShoppingCartProductQuantity`, checked. */
export interface SetQuantity {
  readonly cartId: string;
  readonly productId: string;
  readonly quantity: number;
}

/** Input of `checkOutShoppingCart`. */
export interface CheckOut {
  readonly cartId: string;
  /** As the customer typed it. */
  readonly discountCode: string | undefined;
}

/**
 * The shop's own writes, each inside the transaction it is given. Rows are locked in one order everywhere, so that no two
 * writes wait for each other: account, cart, products by their keys, discount. Throws NOT_FOUND and CONFLICT.
 */
export interface CommerceStore {
  /** Uses the given cart, or the customer's open cart touched last, or a new one. Gives the cart's key. */
  addProduct(transaction: Queryable, input: AddProduct): Promise<string>;
  /** Sets the quantity of a line; 0 takes it out. */
  setQuantity(transaction: Queryable, input: SetQuantity): Promise<void>;
  /** Notes that checking out has begun: until the contents change. */
  beginCheckOut(transaction: Queryable, cartId: string): Promise<void>;
  /** Notes the address that a visitor left with a cart that has no account. */
  identifyCart(
    transaction: Queryable,
    input: { readonly cartId: string; readonly contactEmailAddress: string },
  ): Promise<void>;
  /** Grants a single-use discount, once for each key. Gives its code. */
  grantDiscount(transaction: Queryable, input: GrantDiscount): Promise<string>;
  /**
   * Turns the cart into an order that is not yet paid, takes its products from the stock and uses up the discount code.
   * Gives the order's number.
   */
  checkOut(transaction: Queryable, input: CheckOut): Promise<string>;
}

/** Most of one product in a cart. */
export const LINE_QUANTITY_LIMIT = 999;

const SELECT_CART = `SELECT cart_id, customer_no, state,
    CASE WHEN EXISTS (SELECT FROM commerce.cart_line line WHERE line.cart_id = cart.cart_id) THEN currency END AS currency
  FROM commerce.cart`;

type Cart = {
  cart_id: string;
  customer_no: string | null;
  state: 'open' | 'abandoned' | 'ordered';
  /** Null while the cart is empty: it then takes any. */
  currency: string | null;
};

type Product = {
  product_id: string;
  currency: string;
  stock: number;
};

/** Makes the shop's writes. `newId` gives the keys of new carts and lines, `newDiscountCode` codes nobody can guess. */
export function createCommerceStore(options: {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly newDiscountCode: () => string;
}): CommerceStore {
  const { clock, newId, newDiscountCode } = options;
  const now = (): Date => new Date(clock());
  return {
    addProduct: (transaction, input) => addProduct(transaction, input, now(), newId),
    setQuantity: (transaction, input) => setQuantity(transaction, input, now()),
    beginCheckOut: (transaction, cartId) => beginCheckOut(transaction, cartId, now()),
    identifyCart: (transaction, input) => identifyCart(transaction, input, now()),
    grantDiscount: (transaction, input) => grantDiscount(transaction, input, now(), newDiscountCode),
    checkOut: (transaction, input) => checkOut(transaction, input, now(), newId),
  };
}

async function addProduct(transaction: Queryable, input: AddProduct, now: Date, newId: () => string): Promise<string> {
  // The account's lock makes two first additions at once use one cart instead of beginning two.
  await one(
    transaction,
    'SELECT customer_no FROM commerce.account WHERE customer_no = $1 FOR NO KEY UPDATE',
    [input.customerNumber],
    'There is no customer with this number.',
  );
  const chosen = await chooseCart(transaction, input);
  const product = await lockProduct(transaction, input.productId);
  const cartId = chosen?.cart_id ?? newId();
  if (!chosen) {
    await transaction.query(
      `INSERT INTO commerce.cart (cart_id, customer_no, state, currency, created_at, touched_at)
       VALUES ($1, $2, 'open', $3, $4, $4)`,
      [cartId, input.customerNumber, product.currency, now],
    );
  } else if (chosen.currency !== null && chosen.currency !== product.currency) {
    throw new CodedError('CONFLICT', 'The cart holds products in another currency.');
  }
  const [line] = await transaction.query<{ quantity: number }>(
    `INSERT INTO commerce.cart_line
       (line_id, cart_id, position, product_id, product_title, quantity, unit_cents, line_cents, currency)
     SELECT $1::text, $2::text, (SELECT coalesce(max(position), 0) + 1 FROM commerce.cart_line WHERE cart_id = $2::text),
            product_id, title, $4::integer, price_cents, price_cents::bigint * $4::integer, currency
     FROM commerce.product WHERE product_id = $3
     ON CONFLICT (cart_id, product_id) DO UPDATE SET
       quantity = cart_line.quantity + excluded.quantity, product_title = excluded.product_title,
       unit_cents = excluded.unit_cents, line_cents = excluded.unit_cents::bigint * (cart_line.quantity + excluded.quantity)
     RETURNING quantity`,
    [newId(), cartId, input.productId, input.quantity],
  );
  checkQuantity(line?.quantity ?? 0, product.stock);
  await touchCart(transaction, cartId, now, input.customerNumber);
  return cartId;
}

/** The customer's own cart, or that of a visitor nobody knew: another customer's is as good as not there. */
async function chooseCart(transaction: Queryable, input: AddProduct): Promise<Cart | undefined> {
  if (input.cartId !== undefined) {
    const cart = await lockCart(transaction, input.cartId);
    if (cart.customer_no !== null && cart.customer_no !== input.customerNumber) throw noSuchCart();
    return cart;
  }
  const [latest] = await transaction.query<Cart>(
    `${SELECT_CART} WHERE customer_no = $1 AND state IN ('open', 'abandoned')
     ORDER BY touched_at DESC, cart_id DESC LIMIT 1 FOR UPDATE`,
    [input.customerNumber],
  );
  return latest;
}

async function setQuantity(transaction: Queryable, input: SetQuantity, now: Date): Promise<void> {
  const { cartId, productId, quantity } = input;
  await lockCart(transaction, cartId);
  if (quantity > 0) checkQuantity(quantity, (await lockProduct(transaction, productId)).stock);
  await one(
    transaction,
    quantity === 0
      ? 'DELETE FROM commerce.cart_line WHERE cart_id = $1 AND product_id = $2 RETURNING line_id'
      : `UPDATE commerce.cart_line SET quantity = $3::integer, line_cents = unit_cents::bigint * $3::integer
         WHERE cart_id = $1 AND product_id = $2 RETURNING line_id`,
    quantity === 0 ? [cartId, productId] : [cartId, productId, quantity],
    'The product is not in the cart.',
  );
  await touchCart(transaction, cartId, now, null);
}

async function beginCheckOut(transaction: Queryable, cartId: string, now: Date): Promise<void> {
  const cart = await lockCart(transaction, cartId);
  if (cart.currency === null) throw new CodedError('CONFLICT', 'The cart is empty.');
  await transaction.query(
    `UPDATE commerce.cart SET state = 'open', abandoned_at = NULL, touched_at = $2, checkout_started_at = $2
     WHERE cart_id = $1`,
    [cartId, now],
  );
}

async function identifyCart(
  transaction: Queryable,
  { cartId, contactEmailAddress }: { readonly cartId: string; readonly contactEmailAddress: string },
  now: Date,
): Promise<void> {
  const cart = await lockCart(transaction, cartId);
  // Whose it is otherwise is not told to whoever has its key.
  if (cart.customer_no !== null) throw new CodedError('NOT_FOUND', "There is no visitor's cart with this key.");
  await transaction.query(
    `UPDATE commerce.cart SET state = 'open', abandoned_at = NULL, touched_at = $2, contact_email = $3
     WHERE cart_id = $1`,
    [cartId, now, contactEmailAddress.trim()],
  );
}

async function checkOut(
  transaction: Queryable,
  { cartId, discountCode }: CheckOut,
  now: Date,
  newId: () => string,
): Promise<string> {
  const cart = await lockCart(transaction, cartId);
  if (cart.customer_no === null) throw new CodedError('CONFLICT', 'The cart belongs to no customer yet.');
  const lines = await transaction.query<{ product_id: string; quantity: number }>(
    'SELECT product_id, quantity FROM commerce.cart_line WHERE cart_id = $1',
    [cartId],
  );
  if (lines.length === 0) throw new CodedError('CONFLICT', 'The cart is empty.');
  await takeFromStock(transaction, cartId, lines);
  const discount = discountCode === undefined ? undefined : await lockDiscount(transaction, discountCode, cart, now);
  const { order_no: orderNo } = await one<{ order_no: string }>(
    transaction,
    `INSERT INTO commerce.sales_order (order_no, customer_no, ordered_at, state, total_cents, currency, cart_id)
     SELECT commerce.next_order_no(), customer_no, $2::timestamptz, 'open',
            (SELECT sum(line_cents) - round(sum(line_cents) * $3::numeric / 100)
             FROM commerce.cart_line WHERE cart_id = $1), currency, cart_id
     FROM commerce.cart WHERE cart_id = $1 RETURNING order_no`,
    [cartId, now, discount?.percent ?? 0],
    'The cart has gone.',
  );
  await transaction.query(
    `INSERT INTO commerce.order_line
       (line_id, order_no, position, product_id, product_title, quantity, unit_cents, line_cents, currency)
     SELECT $3::text || '-' || row_number() OVER (ORDER BY position, line_id), $2::text,
            row_number() OVER (ORDER BY position, line_id),
            product_id, product_title, quantity, unit_cents, line_cents, currency
     FROM commerce.cart_line WHERE cart_id = $1`,
    [cartId, orderNo, newId()],
  );
  await transaction.query(
    `UPDATE commerce.cart SET state = 'ordered', touched_at = $2, abandoned_at = NULL WHERE cart_id = $1`,
    [cartId, now],
  );
  if (discount) await redeemDiscount(transaction, discount.code, { orderNo, now });
  return orderNo;
}

async function takeFromStock(
  transaction: Queryable,
  cartId: string,
  lines: readonly { readonly product_id: string; readonly quantity: number }[],
): Promise<void> {
  const products = await transaction.query<Product>(
    `SELECT product_id, currency, stock FROM commerce.product
     WHERE product_id IN (SELECT product_id FROM commerce.cart_line WHERE cart_id = $1) ORDER BY product_id FOR UPDATE`,
    [cartId],
  );
  const stock = new Map(products.map((product) => [product.product_id, product.stock]));
  for (const line of lines) checkQuantity(line.quantity, stock.get(line.product_id) ?? 0);
  await transaction.query(
    `UPDATE commerce.product SET stock = stock - line.quantity
     FROM commerce.cart_line line WHERE line.cart_id = $1 AND line.product_id = product.product_id`,
    [cartId],
  );
}

/** A cart whose contents change is open again, is not being checked out, and its total is what its lines say. */
async function touchCart(
  transaction: Queryable,
  cartId: string,
  now: Date,
  customerNumber: string | null,
): Promise<void> {
  await transaction.query(
    `UPDATE commerce.cart SET state = 'open', abandoned_at = NULL, checkout_started_at = NULL, touched_at = $2,
       customer_no = coalesce(customer_no, $3),
       currency = coalesce((SELECT min(currency) FROM commerce.cart_line WHERE cart_id = $1), currency),
       total_cents = (SELECT coalesce(sum(line_cents), 0) FROM commerce.cart_line WHERE cart_id = $1)
     WHERE cart_id = $1`,
    [cartId, now, customerNumber],
  );
}

async function lockCart(transaction: Queryable, cartId: string): Promise<Cart> {
  const [cart] = await transaction.query<Cart>(`${SELECT_CART} WHERE cart_id = $1 FOR UPDATE`, [cartId]);
  if (!cart) throw noSuchCart();
  if (cart.state === 'ordered') throw new CodedError('CONFLICT', 'The cart has become an order already.');
  return cart;
}

async function lockProduct(transaction: Queryable, productId: string): Promise<Product> {
  return one<Product>(
    transaction,
    'SELECT product_id, currency, stock FROM commerce.product WHERE product_id = $1 FOR UPDATE',
    [productId],
    'There is no product with this key.',
  );
}

function checkQuantity(quantity: number, stock: number): void {
  if (quantity > LINE_QUANTITY_LIMIT) {
    throw new CodedError('CONFLICT', `A cart holds at most ${LINE_QUANTITY_LIMIT} of one product.`);
  }
  if (quantity > stock) throw new CodedError('CONFLICT', 'There are not that many of the product in stock.');
}

async function one<R extends Record<string, unknown>>(
  transaction: Queryable,
  text: string,
  values: readonly unknown[],
  absence: string,
): Promise<R> {
  const [row] = await transaction.query<R>(text, values);
  if (!row) throw new CodedError('NOT_FOUND', absence);
  return row;
}

function noSuchCart(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no cart with this key.');
}
