import type { Queryable } from '../../../database/database.ts';
import { CodedError } from '../../../schema/errors.ts';
import { readDiscountCode } from './discount-code.ts';

/** Input of `grantDiscountCode`, checked. */
export interface GrantDiscount {
  readonly customerNumber: string;
  readonly cartId: string | undefined;
  readonly discountPercent: number;
  readonly expirationDate: string;
  /** Who grants it. */
  readonly grantedBy: string;
  /** The call's idempotency key: what it is granted for. */
  readonly grantKey: string;
}

type Discount = {
  code: string;
  customer_no: string;
  cart_id: string | null;
  percent: number;
  expires_at: Date;
  redeemed_at: Date | null;
};

const SELECT_DISCOUNT = 'SELECT code, customer_no, cart_id, percent, expires_at, redeemed_at FROM commerce.discount';

/**
 * Grants a discount in the transaction and gives its code. Granted before with the same key by the same principal, it is
 * the code from then. Throws NOT_FOUND, CONFLICT for a cart that can't have it, IDEMPOTENCY_KEY_REUSED.
 */
export async function grantDiscount(
  transaction: Queryable,
  input: GrantDiscount,
  now: Date,
  newCode: () => string,
): Promise<string> {
  const earlier = await findGranted(transaction, input);
  if (earlier !== undefined) return earlier;
  await checkReceiver(transaction, input);
  if (new Date(input.expirationDate) <= now) throw new CodedError('BAD_USER_INPUT', '`expirationDate` has passed.');
  const [granted] = await transaction.query<{ code: string }>(
    `INSERT INTO commerce.discount (code, customer_no, cart_id, percent, granted_at, expires_at, granted_by, grant_key)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (granted_by, grant_key) DO NOTHING RETURNING code`,
    [
      newCode(),
      input.customerNumber,
      input.cartId ?? null,
      input.discountPercent,
      now,
      new Date(input.expirationDate),
      input.grantedBy,
      input.grantKey,
    ],
  );
  const code = granted?.code ?? (await findGranted(transaction, input));
  if (code === undefined) throw new CodedError('CONFLICT', 'The discount is being granted by another call.');
  return code;
}

/**
 * Uses a discount for the order of a cart, in the transaction that makes the order: a code is used once, whoever comes at
 * the same time. Gives the percentage it takes off. Throws NOT_FOUND when the cart's customer has no such code, CONFLICT
 * when it was used, has run out, or is another cart's.
 */
export async function lockDiscount(
  transaction: Queryable,
  typed: string,
  cart: { readonly cart_id: string; readonly customer_no: string | null },
  now: Date,
): Promise<{ readonly code: string; readonly percent: number }> {
  const [discount] = await transaction.query<Discount>(
    `${SELECT_DISCOUNT} WHERE code = $1 AND customer_no = $2 FOR UPDATE`,
    [readDiscountCode(typed), cart.customer_no],
  );
  // That somebody else has the code is not told.
  if (!discount) throw new CodedError('NOT_FOUND', 'The customer has no such discount code.');
  if (discount.cart_id !== null && discount.cart_id !== cart.cart_id) {
    throw new CodedError('CONFLICT', 'The discount code is for another cart.');
  }
  if (discount.redeemed_at !== null) throw new CodedError('CONFLICT', 'The discount code has been used.');
  if (discount.expires_at <= now) throw new CodedError('CONFLICT', 'The discount code has run out.');
  return { code: discount.code, percent: discount.percent };
}

/** Notes the order that a locked discount was used for. */
export async function redeemDiscount(
  transaction: Queryable,
  code: string,
  { orderNo, now }: { readonly orderNo: string; readonly now: Date },
): Promise<void> {
  await transaction.query('UPDATE commerce.discount SET redeemed_at = $2, order_no = $3 WHERE code = $1', [
    code,
    now,
    orderNo,
  ]);
}

async function findGranted(transaction: Queryable, input: GrantDiscount): Promise<string | undefined> {
  const [earlier] = await transaction.query<Discount>(`${SELECT_DISCOUNT} WHERE granted_by = $1 AND grant_key = $2`, [
    input.grantedBy,
    input.grantKey,
  ]);
  if (!earlier) return undefined;
  const isTheSame =
    earlier.customer_no === input.customerNumber &&
    earlier.cart_id === (input.cartId ?? null) &&
    earlier.percent === input.discountPercent;
  if (!isTheSame) {
    throw new CodedError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used before for another discount.');
  }
  return earlier.code;
}

/** The cart is the customer's, or that of a visitor who is yet to sign in, and is still a cart. */
async function checkReceiver(transaction: Queryable, { customerNumber, cartId }: GrantDiscount): Promise<void> {
  const accounts = await transaction.query('SELECT FROM commerce.account WHERE customer_no = $1 FOR KEY SHARE', [
    customerNumber,
  ]);
  if (accounts.length === 0) throw new CodedError('NOT_FOUND', 'There is no customer with this number.');
  if (cartId === undefined) return;
  const [cart] = await transaction.query<{ customer_no: string | null; state: string }>(
    'SELECT customer_no, state FROM commerce.cart WHERE cart_id = $1 FOR SHARE',
    [cartId],
  );
  if (!cart || (cart.customer_no !== null && cart.customer_no !== customerNumber)) {
    throw new CodedError('NOT_FOUND', 'The customer has no cart with this key.');
  }
  if (cart.state === 'ordered') throw new CodedError('CONFLICT', 'The cart has become an order already.');
}
