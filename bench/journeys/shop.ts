import type { Database } from '../../database/database.ts';

/** A shopper: a record in commerce and one in marketing, with one address. */
export interface Shopper {
  readonly customerNumber: string;
  readonly email: string;
  readonly cartId: string;
  /** Lines' quantity, 0 for no cart yet: its contents. */
  quantity: number;
  /** When the last order had been committed, milliseconds. */
  orderedMs?: number;
  /** When the withdrawal of consent had been committed, milliseconds. */
  optedOutMs?: number;
}

/** The stores that a shop writes into. */
export interface ShopStores {
  readonly commerce: Database;
  readonly marketing: Database;
}

/** Numbers that come again with the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Makes shoppers with consent, each with a record in both stores. */
export async function openShop({ commerce, marketing }: ShopStores, count: number): Promise<Shopper[]> {
  await commerce.query(
    `INSERT INTO commerce.product (product_id, sku, title, department, price_cents, currency, stock)
     VALUES ('P-1', 'SKU-1', 'Kettle', 'Kitchen', 4990, 'EUR', 1000000) ON CONFLICT DO NOTHING`,
  );
  await commerce.query(
    `INSERT INTO commerce.account (customer_no, account_kind, given_name, family_name, email, country_code, created_at, updated_at)
     SELECT 'K-' || n, 'registered', 'Given' || n, 'Family' || n, 'shopper' || n || '@killed.example', 'DE', now(), now()
     FROM generate_series(1, $1::int) AS n`,
    [count],
  );
  await marketing.query(
    `INSERT INTO marketing.subscriber (subscriber_key, email_address, attributes, created_on, modified_on)
     SELECT 'S-' || n, 'shopper' || n || '@killed.example',
       jsonb_build_object('FirstName', 'Given' || n, 'LastName', 'Family' || n, 'Country', 'DE'), now(), now()
     FROM generate_series(1, $1::int) AS n`,
    [count],
  );
  await marketing.query(
    `INSERT INTO marketing.consent (consent_id, subscriber_key, channel, purpose, address, granted, captured_on, captured_by)
     SELECT 'N-' || n, 'S-' || n, 'E', 'promo', 'shopper' || n || '@killed.example', 'Y', now(), 'bench'
     FROM generate_series(1, $1::int) AS n`,
    [count],
  );
  return Array.from({ length: count }, (_, index) => ({
    customerNumber: `K-${index + 1}`,
    email: `shopper${index + 1}@killed.example`,
    cartId: `cart-K-${index + 1}`,
    quantity: 0,
  }));
}

/** Something happens to a shopper: mostly to the cart. Gives how many events that makes. */
export async function happen(stores: ShopStores, shopper: Shopper, chance: number): Promise<number> {
  if (shopper.orderedMs === undefined && shopper.quantity > 0 && chance < 0.01) return order(stores.commerce, shopper);
  if (shopper.optedOutMs === undefined && chance > 0.997) return optOut(stores.marketing, shopper);
  if (chance > 0.97) {
    await stores.commerce.query('UPDATE commerce.account SET city = $2, updated_at = now() WHERE customer_no = $1', [
      shopper.customerNumber,
      `City ${Math.floor(chance * 1e6)}`,
    ]);
    return 1;
  }
  if (shopper.orderedMs !== undefined) {
    await stores.marketing.query(
      `UPDATE marketing.subscriber SET attributes = attributes || jsonb_build_object('City', $2::text), modified_on = now() WHERE email_address = $1`,
      [shopper.email, `City ${Math.floor(chance * 1e6)}`],
    );
    return 1;
  }
  return fill(stores.commerce, shopper);
}

/** A shopper puts one more into the cart: each time other contents. */
async function fill(commerce: Database, shopper: Shopper): Promise<number> {
  await commerce.transaction(async (transaction) => {
    const quantity = shopper.quantity + 1;
    await transaction.query(
      `INSERT INTO commerce.cart (cart_id, customer_no, state, total_cents, currency, created_at, touched_at)
       VALUES ($1, $2, 'open', $3, 'EUR', now(), now())
       ON CONFLICT (cart_id) DO UPDATE SET total_cents = excluded.total_cents, touched_at = now()`,
      [shopper.cartId, shopper.customerNumber, quantity * 4_990],
    );
    await transaction.query(
      `INSERT INTO commerce.cart_line (line_id, cart_id, position, product_id, product_title, quantity, unit_cents, line_cents, currency)
       VALUES ($1 || '-1', $1, 1, 'P-1', 'Kettle', $2, 4990, $3, 'EUR')
       ON CONFLICT (line_id) DO UPDATE SET quantity = excluded.quantity, line_cents = excluded.line_cents`,
      [shopper.cartId, quantity, quantity * 4_990],
    );
  });
  shopper.quantity += 1;
  return 1;
}

async function order(commerce: Database, shopper: Shopper): Promise<number> {
  await commerce.transaction(async (transaction) => {
    await transaction.query(
      `INSERT INTO commerce.sales_order (order_no, customer_no, ordered_at, state, total_cents, currency, cart_id)
       VALUES ('O-' || $1, $1, now(), 'paid', $2, 'EUR', $3)`,
      [shopper.customerNumber, shopper.quantity * 4_990, shopper.cartId],
    );
    await transaction.query(`UPDATE commerce.cart SET state = 'ordered', touched_at = now() WHERE cart_id = $1`, [
      shopper.cartId,
    ]);
  });
  shopper.orderedMs = Date.now();
  return 2;
}

async function optOut(marketing: Database, shopper: Shopper): Promise<number> {
  await marketing.query(
    `UPDATE marketing.consent SET granted = 'N', captured_on = now() WHERE address = $1 AND channel = 'E' AND purpose = 'promo'`,
    [shopper.email],
  );
  shopper.optedOutMs = Date.now();
  return 1;
}
