import type { Database } from '../../database/database.ts';
import { insertRows } from './cloud-fixture.ts';

/** Time of the fixture's rows: everything lies before it. */
export const NOW = Date.parse('2026-03-01T12:00:00.000Z');

const at = (day: number): string => new Date(NOW - day * 86_400_000).toISOString();

/** Two people, Ada with an account and a guest record, a visitor's cart, and three products. */
export async function fillCommerce(database: Database): Promise<void> {
  const account = { account_kind: 'registered', created_at: at(900), updated_at: at(10) };
  await insertRows(database, 'commerce.account', [
    {
      ...account,
      customer_no: 'A1',
      title: 'Ms',
      given_name: 'Ada',
      family_name: 'Berg',
      email: 'ada@example.com',
      phone: '+49 30 1234567',
      country_code: 'DE',
    },
    {
      ...account,
      customer_no: 'G1',
      account_kind: 'guest',
      given_name: 'A.',
      family_name: 'Berg',
      email: 'ada.b@example.org',
    },
    { ...account, customer_no: 'A2', given_name: 'Ben', family_name: 'Cole', email: 'ben@example.com' },
  ]);
  await insertRows(database, 'commerce.product', [
    { product_id: 'P1', sku: 'S-1', title: 'Kettle', price_cents: 2990, currency: 'EUR', stock: 10 },
    { product_id: 'P2', sku: 'S-2', title: 'Teapot', price_cents: 1950, currency: 'EUR', stock: 2 },
    { product_id: 'P3', sku: 'S-3', title: 'Mug', price_cents: 800, currency: 'USD', stock: 100 },
  ]);
  const order = { state: 'shipped', total_cents: 4940, currency: 'EUR' };
  await insertRows(database, 'commerce.sales_order', [
    { ...order, order_no: 'O1', customer_no: 'A1', ordered_at: at(30) },
    { ...order, order_no: 'O2', customer_no: 'G1', ordered_at: at(20), state: 'open' },
    { ...order, order_no: 'O3', customer_no: 'A1', ordered_at: at(10), state: 'paid' },
    { ...order, order_no: 'O4', customer_no: 'A2', ordered_at: at(5) },
  ]);
  const line = { quantity: 1, currency: 'EUR' };
  await insertRows(database, 'commerce.order_line', [
    {
      ...line,
      line_id: 'L2',
      order_no: 'O1',
      position: 2,
      product_id: 'P2',
      product_title: 'Teapot',
      unit_cents: 1950,
      line_cents: 1950,
    },
    {
      ...line,
      line_id: 'L1',
      order_no: 'O1',
      position: 1,
      product_id: 'P1',
      product_title: 'Kettle',
      unit_cents: 2990,
      line_cents: 2990,
    },
    {
      ...line,
      line_id: 'L3',
      order_no: 'O3',
      position: 1,
      product_id: 'gone',
      product_title: 'Whistle',
      unit_cents: 100,
      line_cents: 100,
    },
  ]);
  const cart = { currency: 'EUR', created_at: at(4) };
  await insertRows(database, 'commerce.cart', [
    {
      ...cart,
      cart_id: 'C1',
      customer_no: 'A1',
      state: 'abandoned',
      total_cents: 2990,
      touched_at: at(2),
      abandoned_at: at(1),
    },
    { ...cart, cart_id: 'C2', customer_no: 'A1', state: 'ordered', total_cents: 0, touched_at: at(0.5) },
    { ...cart, cart_id: 'V1', customer_no: null, state: 'open', total_cents: 0, touched_at: at(1) },
  ]);
  await insertRows(database, 'commerce.cart_line', [
    {
      ...line,
      line_id: 'CL1',
      cart_id: 'C1',
      position: 1,
      product_id: 'P1',
      product_title: 'Kettle',
      unit_cents: 2990,
      line_cents: 2990,
    },
  ]);
  await insertRows(database, 'commerce.loyalty_card', [
    {
      card_id: 'K1',
      customer_no: 'A1',
      programme: 'Customer Rewards',
      card_number: 'CR-1',
      tier: 'GOLD',
      points: 120,
      joined_at: at(400),
    },
  ]);
}
