import { type CloudFixture, codeOf, openCloud, valueAt } from './cloud-fixture.ts';
import { fillCommerce, NOW } from './commerce-rows.ts';

let cloud: CloudFixture;

beforeAll(async () => {
  cloud = await openCloud('commerce', fillCommerce, NOW);
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.close());

let keys = 0;
const nextKey = (): string => `key-${++keys}`;

const CART = `shoppingCart {
  id customerNumber status abandonedAt lastActivityDate totalProductAmount { amount currencyCode }
  shoppingCartProducts { productId quantity totalLineAmount { amount } } }`;

function add(input: Record<string, unknown>): Promise<object> {
  return cloud.run(
    `mutation ($input: AddShoppingCartProductInput!) { addShoppingCartProduct(input: $input) { ${CART} } }`,
    {
      input: { idempotencyKey: nextKey(), customerNumber: 'A1', productId: 'P1', ...input },
    },
  );
}

function set(input: Record<string, unknown>): Promise<object> {
  return cloud.run(
    `mutation ($input: SetShoppingCartProductQuantityInput!) { setShoppingCartProductQuantity(input: $input) { ${CART} } }`,
    { input: { idempotencyKey: nextKey(), cartId: 'C1', productId: 'P1', ...input } },
  );
}

function checkOut(input: Record<string, unknown>): Promise<object> {
  return cloud.run(
    `mutation ($input: CheckOutShoppingCartInput!) { checkOutShoppingCart(input: $input) { ${CART} salesOrder {
       orderNumber customerNumber orderedDate salesOrderStatus grandTotalAmount { amount currencyCode }
       salesOrderProducts { productId orderedQuantity totalLineAmount { amount } } } } }`,
    { input: { idempotencyKey: nextKey(), cartId: 'C1', ...input } },
  );
}

const stockOf = async (productId: string): Promise<unknown> =>
  valueAt(await cloud.run(`{ product(id: "${productId}") { availableQuantity } }`), 'data.product.availableQuantity');

describe('addShoppingCartProduct', () => {
  it('uses the abandoned cart, which is open again, and sums up', async () => {
    const result = await add({ productId: 'P2', quantity: 2 });
    expect(valueAt(result, 'data.addShoppingCartProduct.shoppingCart')).toEqual({
      id: 'C1',
      customerNumber: 'A1',
      status: 'ACTIVE',
      abandonedAt: null,
      lastActivityDate: '2026-03-01T12:00:00.000Z',
      totalProductAmount: { amount: '68.90', currencyCode: 'EUR' },
      shoppingCartProducts: [
        { productId: 'P1', quantity: 1, totalLineAmount: { amount: '29.90' } },
        { productId: 'P2', quantity: 2, totalLineAmount: { amount: '39.00' } },
      ],
    });
  });

  it('adds to the line that is there', async () => {
    const result = await add({ quantity: 3 });
    expect(valueAt(result, 'data.addShoppingCartProduct.shoppingCart.shoppingCartProducts')).toEqual([
      { productId: 'P1', quantity: 4, totalLineAmount: { amount: '119.60' } },
    ]);
  });

  it('begins one cart when two first additions come at once', async () => {
    const results = await Promise.all([
      add({ customerNumber: 'A2', productId: 'P1' }),
      add({ customerNumber: 'A2', productId: 'P2' }),
    ]);
    const ids = results.map((result) => valueAt(result, 'data.addShoppingCartProduct.shoppingCart.id'));
    expect(ids[0]).toEqual(ids[1]);
    const cart = await cloud.run(`{ shoppingCart(id: "${ids[0]}") { status shoppingCartProducts { productId } } }`);
    expect(valueAt(cart, 'data.shoppingCart.shoppingCartProducts')).toHaveLength(2);
  });

  it("takes over a visitor's cart, in whatever currency while it is empty", async () => {
    const result = await add({ cartId: 'V1', productId: 'P3' });
    expect(valueAt(result, 'data.addShoppingCartProduct.shoppingCart')).toMatchObject({
      customerNumber: 'A1',
      totalProductAmount: { amount: '8.00', currencyCode: 'USD' },
    });
  });

  it.each([
    ['an unknown customer', { customerNumber: 'none' }, 'NOT_FOUND'],
    ['an unknown product', { productId: 'none' }, 'NOT_FOUND'],
    ['an unknown cart', { cartId: 'none' }, 'NOT_FOUND'],
    ["another customer's cart", { customerNumber: 'A2', cartId: 'C1' }, 'NOT_FOUND'],
    ['a cart that is an order', { cartId: 'C2' }, 'CONFLICT'],
    ['more than the stock', { quantity: 10 }, 'CONFLICT'],
    ['another currency', { productId: 'P3' }, 'CONFLICT'],
    ['quantity 0', { quantity: 0 }, 'BAD_USER_INPUT'],
    ['quantity 1000', { quantity: 1000 }, 'BAD_USER_INPUT'],
    ['an empty idempotency key', { idempotencyKey: '' }, 'BAD_USER_INPUT'],
    ['a long idempotency key', { idempotencyKey: 'k'.repeat(201) }, 'BAD_USER_INPUT'],
  ])('refuses %s', async (_what, input, code) => {
    const before = await cloud.run('{ shoppingCart(id: "C1") { totalProductAmount { amount } lastActivityDate } }');
    expect(codeOf(await add(input))).toBe(code);
    expect(await cloud.run('{ shoppingCart(id: "C1") { totalProductAmount { amount } lastActivityDate } }')).toEqual(
      before,
    );
  });
});

describe('setShoppingCartProductQuantity', () => {
  it('sets a quantity, and takes the line out at 0', async () => {
    const five = await set({ quantity: 5 });
    expect(valueAt(five, 'data.setShoppingCartProductQuantity.shoppingCart')).toMatchObject({
      status: 'ACTIVE',
      totalProductAmount: { amount: '149.50' },
    });
    const none = await set({ quantity: 0 });
    expect(valueAt(none, 'data.setShoppingCartProductQuantity.shoppingCart')).toMatchObject({
      totalProductAmount: { amount: '0.00' },
      shoppingCartProducts: [],
    });
  });

  it.each([
    ['an unknown cart', { cartId: 'none', quantity: 1 }, 'NOT_FOUND'],
    ['a product that is not in the cart', { productId: 'P2', quantity: 1 }, 'NOT_FOUND'],
    ['taking out what is not in the cart', { productId: 'P2', quantity: 0 }, 'NOT_FOUND'],
    ['a cart that is an order', { cartId: 'C2', quantity: 1 }, 'CONFLICT'],
    ['more than the stock', { quantity: 11 }, 'CONFLICT'],
    ['a negative quantity', { quantity: -1 }, 'BAD_USER_INPUT'],
  ])('refuses %s', async (_what, input, code) => {
    expect(codeOf(await set(input))).toBe(code);
  });
});

describe('checkOutShoppingCart', () => {
  it('makes an order of the cart and takes its products from the stock', async () => {
    await add({ productId: 'P2', quantity: 2 });
    const result = await checkOut({});
    expect(valueAt(result, 'data.checkOutShoppingCart')).toMatchObject({
      shoppingCart: { id: 'C1', status: 'CONVERTED' },
      salesOrder: {
        orderNumber: 'SO-000001',
        customerNumber: 'A1',
        orderedDate: '2026-03-01T12:00:00.000Z',
        salesOrderStatus: 'PENDING',
        grandTotalAmount: { amount: '68.90', currencyCode: 'EUR' },
        salesOrderProducts: [
          { productId: 'P1', orderedQuantity: '1', totalLineAmount: { amount: '29.90' } },
          { productId: 'P2', orderedQuantity: '2', totalLineAmount: { amount: '39.00' } },
        ],
      },
    });
    expect([await stockOf('P1'), await stockOf('P2')]).toEqual([9, 0]);
  });

  it('skips order numbers that an import has brought', async () => {
    await cloud.database.query(`INSERT INTO commerce.sales_order (order_no, customer_no, ordered_at, state, total_cents, currency)
      SELECT 'SO-' || lpad(n::text, 6, '0'), 'A2', now(), 'paid', 1, 'EUR' FROM generate_series(1, 50) n`);
    expect(valueAt(await checkOut({}), 'data.checkOutShoppingCart.salesOrder.orderNumber')).toBe('SO-000051');
  });

  it('sells the last one once when two check out at the same time', async () => {
    await cloud.database.query('UPDATE commerce.product SET stock = 1');
    const other = valueAt(await add({ customerNumber: 'A2' }), 'data.addShoppingCartProduct.shoppingCart.id');
    const results = await Promise.all([checkOut({}), checkOut({ cartId: other })]);
    expect(results.map(codeOf).sort()).toEqual(['CONFLICT', undefined]);
    expect(await stockOf('P1')).toBe(0);
  });

  it.each([
    ['an unknown cart', { cartId: 'none' }, 'NOT_FOUND'],
    ['a cart that is an order', { cartId: 'C2' }, 'CONFLICT'],
    ["a visitor's cart", { cartId: 'V1' }, 'CONFLICT'],
  ])('refuses %s', async (_what, input, code) => {
    expect(codeOf(await checkOut(input))).toBe(code);
  });

  it('refuses an empty cart, and a cart with a product that has gone', async () => {
    await cloud.database.query(`UPDATE commerce.cart_line SET product_id = 'gone'`);
    expect(codeOf(await checkOut({}))).toBe('CONFLICT');
    await cloud.database.query('DELETE FROM commerce.cart_line');
    expect(codeOf(await checkOut({}))).toBe('CONFLICT');
  });
});

describe('idempotency keys', () => {
  it('a repeated call changes nothing and gives the first answer, read again', async () => {
    const first = await add({ idempotencyKey: 'again', quantity: 2 });
    expect(await add({ idempotencyKey: 'again', quantity: 2 })).toEqual(first);
    await set({ quantity: 9 });
    const later = await add({ idempotencyKey: 'again', quantity: 2 });
    expect(valueAt(later, 'data.addShoppingCartProduct.shoppingCart.shoppingCartProducts.0.quantity')).toBe(9);
  });

  it('calls that come at once with the same key are one', async () => {
    const results = await Promise.all([1, 2, 3].map(() => checkOut({ idempotencyKey: 'at once' })));
    expect(results.map((result) => valueAt(result, 'data.checkOutShoppingCart.salesOrder.orderNumber'))).toEqual(
      Array(3).fill('SO-000001'),
    );
    expect(await stockOf('P1')).toBe(9);
  });

  it('a key is not used for another input, another mutation, or by the failed attempt', async () => {
    await add({ idempotencyKey: 'used' });
    expect(codeOf(await add({ idempotencyKey: 'used', quantity: 2 }))).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(codeOf(await checkOut({ idempotencyKey: 'used' }))).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(codeOf(await add({ idempotencyKey: 'failed', productId: 'none' }))).toBe('NOT_FOUND');
    expect(codeOf(await add({ idempotencyKey: 'failed', productId: 'P2' }))).toBeUndefined();
  });

  it('belongs to whoever sent it', async () => {
    const asOther = { subject: 'another', roles: ['app'], scopes: [], records: { commerce: ['A1'] } } as const;
    await add({ idempotencyKey: 'mine' });
    const input = { idempotencyKey: 'mine', customerNumber: 'A1', productId: 'P2' };
    const mutation = `mutation ($input: AddShoppingCartProductInput!) { addShoppingCartProduct(input: $input) { ${CART} } }`;
    expect(codeOf(await cloud.run(mutation, { input }, asOther))).toBeUndefined();
  });

  it('is forgotten after a week, and holds nothing of the input', async () => {
    await add({ idempotencyKey: 'old' });
    const kept = await cloud.database.query('SELECT * FROM commerce.idempotency_key');
    expect(kept).toEqual([
      expect.objectContaining({ key: 'old', operation: 'addShoppingCartProduct', result: { cartId: 'C1' } }),
    ]);
    cloud.now.ms += 8 * 86_400_000;
    await add({ idempotencyKey: 'new' });
    expect(await cloud.database.query('SELECT key FROM commerce.idempotency_key')).toEqual([{ key: 'new' }]);
  });
});

it('many writes at once on the same products all end, and sell no more than there is', async () => {
  const customers = Array.from({ length: 8 }, (_, index) => `N${index}`);
  const at = new Date(NOW);
  for (const number of customers) {
    await cloud.database.query(
      `INSERT INTO commerce.account (customer_no, account_kind, created_at, updated_at) VALUES ($1, 'guest', $2, $2)`,
      [number, at],
    );
  }
  const shop = async (customerNumber: string, products: string[]): Promise<unknown[]> => {
    const [first = '', second = ''] = products;
    const begun = await add({ customerNumber, productId: first });
    const cartId = valueAt(begun, 'data.addShoppingCartProduct.shoppingCart.id');
    return [begun, await add({ customerNumber, cartId, productId: second }), await checkOut({ cartId })].map(codeOf);
  };
  const codes = await Promise.all(
    customers.map((number, index) => shop(number, index % 2 === 0 ? ['P1', 'P2'] : ['P2', 'P1'])),
  );
  expect(codes.flat().filter((code) => code !== undefined && code !== 'CONFLICT')).toEqual([]);
  expect(codes.flat()).toContain('CONFLICT');
  const sold = await cloud.database.query<{ product_id: string; quantity: number }>(
    `SELECT product_id, sum(quantity)::integer AS quantity FROM commerce.order_line WHERE order_no LIKE 'SO-%'
     GROUP BY product_id ORDER BY product_id`,
  );
  expect(sold).toEqual([
    { product_id: 'P1', quantity: 10 - Number(await stockOf('P1')) },
    { product_id: 'P2', quantity: 2 },
  ]);
  expect(await stockOf('P2')).toBe(0);
});

it('several mutations of one operation each answer with what they have done', async () => {
  const result = await cloud.run(`mutation {
    one: addShoppingCartProduct(input: {idempotencyKey: "1", customerNumber: "A1", productId: "P1"}) { ${CART} }
    two: addShoppingCartProduct(input: {idempotencyKey: "2", customerNumber: "A1", productId: "P1"}) { ${CART} }
  }`);
  expect(valueAt(result, 'data.one.shoppingCart.shoppingCartProducts.0.quantity')).toBe(2);
  expect(valueAt(result, 'data.two.shoppingCart.shoppingCartProducts.0.quantity')).toBe(3);
});

it('refuses mutations where another system is mapped', async () => {
  const mapped = await cloud.withOptions({ writable: false });
  const result = await mapped.run(
    'mutation { checkOutShoppingCart(input: {idempotencyKey: "k", cartId: "C1"}) { salesOrder { orderNumber } } }',
  );
  expect(codeOf(result)).toBe('NOT_SUPPORTED_BY_CLOUD');
});
