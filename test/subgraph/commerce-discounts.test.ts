import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCloudReader } from '../../mapping/cloud-reader.ts';
import type { MappingDocument } from '../../mapping/document.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { createDiscountCodeGenerator, readDiscountCode } from '../../subgraphs/commerce/discounts/discount-code.ts';
import { type CloudFixture, codeOf, customer, openCloud, valueAt } from './cloud-fixture.ts';
import { fillCommerce, NOW } from './commerce-rows.ts';

let cloud: CloudFixture;

beforeAll(async () => {
  cloud = await openCloud('commerce', fillCommerce, NOW);
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.close());

let keys = 0;
const DAY_MS = 86_400_000;
const ADA = { subject: 'ada', roles: ['app'], scopes: [], records: { commerce: ['A1', 'G1'] } } as const;
const CODE =
  'code customerNumber cartId discountPercent grantedDate expirationDate redeemedDate orderNumber grantReference';

async function run(mutation: string, selection: string, input: object, principal?: Parameters<CloudFixture['run']>[2]) {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} } }`;
  return cloud.run(query, { input: { idempotencyKey: `key-${++keys}`, ...input } }, principal);
}

const grant = (input: object = {}) =>
  run('grantDiscountCode', `discountCode { ${CODE} }`, {
    customerNumber: 'A1',
    cartId: 'C1',
    discountPercent: 15,
    expirationDate: new Date(NOW + 3 * DAY_MS).toISOString(),
    ...input,
  });
const codeIn = (result: object): string => String(valueAt(result, 'data.grantDiscountCode.discountCode.code'));
const checkOut = (input: object, principal?: Parameters<typeof run>[3]) =>
  run(
    'checkOutShoppingCart',
    'salesOrder { orderNumber grandTotalAmount { amount } }',
    { cartId: 'C1', ...input },
    principal,
  );
const codesOf = async (recordIds: readonly string[], args = ''): Promise<unknown> =>
  valueAt(
    await cloud.entities([customer('commerce', recordIds)], `... on Customer { discountCodes${args} { ${CODE} } }`),
    'data._entities.0.discountCodes',
  );

describe('grantDiscountCode', () => {
  it('grants a code that can be typed and not be guessed, to a customer and a cart', async () => {
    const granted = valueAt(await grant({ idempotencyKey: 'for the mail' }), 'data.grantDiscountCode.discountCode');
    expect(granted).toEqual({
      code: expect.stringMatching(/^[2-9B-DF-HJ-NP-TV-Z]{4}-[2-9B-DF-HJ-NP-TV-Z]{4}-[2-9B-DF-HJ-NP-TV-Z]{4}$/),
      customerNumber: 'A1',
      cartId: 'C1',
      discountPercent: 15,
      grantedDate: '2026-03-01T12:00:00.000Z',
      expirationDate: '2026-03-04T12:00:00.000Z',
      redeemedDate: null,
      orderNumber: null,
      grantReference: 'for the mail',
    });
    expect(await codesOf(['A1', 'G1'])).toEqual([granted]);
    expect(await codesOf(['A2'])).toEqual([]);
  });

  it('gives the same code for the same key, also after years, and refuses it for something else', async () => {
    const first = codeIn(await grant({ idempotencyKey: 'again' }));
    const at = await Promise.all([1, 2, 3].map(() => grant({ idempotencyKey: 'again' })));
    expect(at.map(codeIn)).toEqual([first, first, first]);
    cloud.now.ms += 800 * DAY_MS;
    await grant({ idempotencyKey: 'sweeps', expirationDate: new Date(cloud.now.ms + DAY_MS).toISOString() });
    expect(codeIn(await grant({ idempotencyKey: 'again' }))).toBe(first);
    expect(codeOf(await grant({ idempotencyKey: 'again', discountPercent: 50 }))).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it.each([
    ['an unknown customer', { customerNumber: 'none' }, 'NOT_FOUND'],
    ["another customer's cart", { customerNumber: 'A2' }, 'NOT_FOUND'],
    ['an unknown cart', { cartId: 'none' }, 'NOT_FOUND'],
    ['a cart that is an order', { cartId: 'C2' }, 'CONFLICT'],
    ['nothing off', { discountPercent: 0 }, 'BAD_USER_INPUT'],
    ['more than all', { discountPercent: 101 }, 'BAD_USER_INPUT'],
    ['a time that has passed', { expirationDate: new Date(NOW).toISOString() }, 'BAD_USER_INPUT'],
  ])('refuses %s', async (_what, input, code) => {
    expect(codeOf(await grant(input))).toBe(code);
  });

  it("grants one for a visitor's cart to the account that the visitor has", async () => {
    expect(codeOf(await grant({ cartId: 'V1' }))).toBeUndefined();
  });

  it('tells of those granted since a time, latest first', async () => {
    const early = codeIn(await grant({}));
    cloud.now.ms += DAY_MS;
    const late = codeIn(await grant({ cartId: null }));
    const all = (await codesOf(['A1'])) as { code: string }[];
    expect(all.map(({ code }) => code)).toEqual([late, early]);
    const since = (await codesOf(['A1'], `(grantedFrom: "${new Date(cloud.now.ms).toISOString()}")`)) as object[];
    expect(since).toEqual([expect.objectContaining({ code: late, cartId: null })]);
  });
});

describe('checkOutShoppingCart with a discount code', () => {
  it('takes the percentage off and uses the code up, however it is typed', async () => {
    const code = codeIn(await grant());
    const typed = ` ${code.toLowerCase().replaceAll('-', ' ')} `;
    const result = await checkOut({ discountCode: typed }, ADA);
    expect(valueAt(result, 'data.checkOutShoppingCart.salesOrder')).toEqual({
      orderNumber: 'SO-000001',
      // 29.90 less 4.485, which is rounded to whole cents.
      grandTotalAmount: { amount: '25.41' },
    });
    expect(await codesOf(['A1'])).toEqual([
      expect.objectContaining({ redeemedDate: '2026-03-01T12:00:00.000Z', orderNumber: 'SO-000001' }),
    ]);
    const events = await cloud.database.query(`SELECT type FROM commerce.outbox WHERE key = $1`, [code]);
    expect(events).toEqual([{ type: 'DiscountCodeChanged' }, { type: 'DiscountCodeChanged' }]);
  });

  const second = async (input: object = {}): Promise<string> => {
    const added = await run('addShoppingCartProduct', 'shoppingCart { id }', {
      customerNumber: 'A1',
      productId: 'P1',
      ...input,
    });
    return String(valueAt(added, 'data.addShoppingCartProduct.shoppingCart.id'));
  };

  it('is refused the second time', async () => {
    const code = codeIn(await grant({ cartId: null }));
    await checkOut({ discountCode: code });
    expect(codeOf(await checkOut({ cartId: await second(), discountCode: code }))).toBe('CONFLICT');
  });

  it('is used once when two check out with it at the same time, and the other keeps cart and stock', async () => {
    const code = codeIn(await grant({ cartId: null }));
    await cloud.database.query(
      `INSERT INTO commerce.cart (cart_id, customer_no, state, currency, created_at, touched_at)
       VALUES ('C9', 'A1', 'open', 'EUR', now(), now())`,
    );
    await second({ cartId: 'C9' });
    const results = await Promise.all(['C1', 'C9'].map((cartId) => checkOut({ cartId, discountCode: code })));
    expect(results.map(codeOf).sort()).toEqual(['CONFLICT', undefined]);
    const [product] = await cloud.database.query(`SELECT stock FROM commerce.product WHERE product_id = 'P1'`);
    expect(product).toEqual({ stock: 9 });
    expect(await cloud.database.query(`SELECT FROM commerce.sales_order WHERE cart_id IN ('C1', 'C9')`)).toHaveLength(
      1,
    );
  });

  it("is refused for another cart, after its time, and when it is somebody else's or nobody's", async () => {
    const other = await second({ customerNumber: 'A2' });
    const code = codeIn(await grant());
    expect(codeOf(await checkOut({ cartId: other, discountCode: code }))).toBe('NOT_FOUND');
    expect(codeOf(await checkOut({ discountCode: 'AAAA-BBBB-CCCC' }, ADA))).toBe('NOT_FOUND');
    await cloud.database.query(`UPDATE commerce.discount SET cart_id = 'C2'`);
    expect(codeOf(await checkOut({ discountCode: code }))).toBe('CONFLICT');
    await cloud.database.query(`UPDATE commerce.discount SET cart_id = 'C1'`);
    cloud.now.ms += 3 * DAY_MS;
    expect(codeOf(await checkOut({ discountCode: code }))).toBe('CONFLICT');
    cloud.now.ms -= 1;
    expect(codeOf(await checkOut({ discountCode: code }))).toBeUndefined();
  });

  it('costs nothing with all of it off', async () => {
    const result = await checkOut({ discountCode: codeIn(await grant({ discountPercent: 100 })) });
    expect(valueAt(result, 'data.checkOutShoppingCart.salesOrder.grandTotalAmount.amount')).toBe('0.00');
  });
});

describe('beginCheckOut and identifyShoppingCart', () => {
  const CART = 'shoppingCart { id status checkOutStartedDate contactEmailAddress abandonedAt lastActivityDate }';

  it('notes the time until the contents change', async () => {
    const begun = await run('beginCheckOut', CART, { cartId: 'C1' }, ADA);
    expect(valueAt(begun, 'data.beginCheckOut.shoppingCart')).toMatchObject({
      status: 'ACTIVE',
      abandonedAt: null,
      checkOutStartedDate: '2026-03-01T12:00:00.000Z',
    });
    const changed = await run('setShoppingCartProductQuantity', CART, { cartId: 'C1', productId: 'P1', quantity: 2 });
    expect(valueAt(changed, 'data.setShoppingCartProductQuantity.shoppingCart.checkOutStartedDate')).toBeNull();
  });

  it("refuses an empty cart and somebody else's", async () => {
    expect(codeOf(await run('beginCheckOut', CART, { cartId: 'V1' }))).toBe('CONFLICT');
    const ben = { ...ADA, records: { commerce: ['A2'] } };
    expect(codeOf(await run('beginCheckOut', CART, { cartId: 'C1' }, ben))).toBe('NOT_FOUND');
  });

  it("notes the address of a visitor's cart for whoever has its key, and of no other cart", async () => {
    const left = { cartId: 'V1', contactEmailAddress: ' visitor@example.org ' };
    const result = await run('identifyShoppingCart', CART, left, ADA);
    expect(valueAt(result, 'data.identifyShoppingCart.shoppingCart')).toMatchObject({
      contactEmailAddress: 'visitor@example.org',
      lastActivityDate: '2026-03-01T12:00:00.000Z',
    });
    expect(codeOf(await run('identifyShoppingCart', CART, { ...left, cartId: 'C1' }, ADA))).toBe('NOT_FOUND');
    expect(codeOf(await run('identifyShoppingCart', CART, { ...left, cartId: 'C2' }))).toBe('CONFLICT');
    for (const contactEmailAddress of ['', 'nobody', 'a@b', 'a b@example.org', '<a@example.org>']) {
      expect(codeOf(await run('identifyShoppingCart', CART, { ...left, contactEmailAddress }))).toBe('BAD_USER_INPUT');
    }
  });
});

it("shows nobody a cart that has become somebody else's, also when they repeat what they did to it before", async () => {
  const left = { idempotencyKey: 'visitor', cartId: 'V1', contactEmailAddress: 'visitor@example.org' };
  const identify = () => run('identifyShoppingCart', 'shoppingCart { id customerNumber }', left, ADA);
  const seen = { data: { identifyShoppingCart: { shoppingCart: { id: 'V1', customerNumber: null } } } };
  expect(await identify()).toEqual(seen);
  expect(await identify()).toEqual(seen);
  const taken = { customerNumber: 'A2', cartId: 'V1', productId: 'P1' };
  expect((await run('addShoppingCartProduct', 'shoppingCart { id }', taken)).errors).toBeUndefined();
  expect(codeOf(await identify())).toBe('NOT_FOUND');
});

it('a shop that is mapped without discounts goes on: nobody has any', async () => {
  const text = readFileSync(join(PACKAGE_ROOT, 'subgraphs', 'commerce', 'mapping.json'), 'utf8');
  const { DiscountCode: _none, ...objects } = (JSON.parse(text) as MappingDocument).objects;
  const document = { ...(JSON.parse(text) as MappingDocument), objects };
  const reader = await createCloudReader({ database: cloud.database, document });
  const mapped = await cloud.withOptions({ reader, writable: false });
  const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) {
    ... on Customer { discountCodes { code } openShoppingCart { id checkOutStartedDate } } } }`;
  const result = await mapped.run(query, { representations: [customer('commerce', ['A1'])] });
  expect(valueAt(result, 'data._entities.0')).toEqual({
    discountCodes: [],
    openShoppingCart: { id: 'C1', checkOutStartedDate: null },
  });
});

it('codes are drawn from all signs, and read as they are typed', () => {
  const next = createDiscountCodeGenerator();
  const codes = Array.from({ length: 2_000 }, next);
  expect(new Set(codes).size).toBe(codes.length);
  const signs = new Set(codes.join('').replaceAll('-', ''));
  expect(signs.size).toBe(28);
  for (const code of codes.slice(0, 50))
    expect(readDiscountCode(`  ${code.toLowerCase().replaceAll('-', '')}`)).toBe(code);
});
