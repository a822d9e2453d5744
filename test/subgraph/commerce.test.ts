import { type CloudFixture, codeOf, customer, openCloud, valueAt } from './cloud-fixture.ts';
import { fillCommerce, NOW } from './commerce-rows.ts';

let cloud: CloudFixture;

beforeAll(async () => {
  cloud = await openCloud('commerce', fillCommerce, NOW);
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.close());

const ADA = customer('commerce', ['A1', 'G1']);

const ORDERS = `... on Customer { salesOrders { edges { node {
  orderNumber customerNumber salesOrderStatus grandTotalAmount { amount currencyCode }
  salesOrderProducts { id productName orderedQuantity totalLineAmount { amount } product { productSku availableQuantity } }
} } pageInfo { hasNextPage hasPreviousPage } } }`;

describe('what a customer owns', () => {
  it('orders of all records are one list, newest first, lines in their order, with the product of today', async () => {
    const result = await cloud.entities([ADA], ORDERS);
    const orders = valueAt(result, 'data._entities.0.salesOrders');
    expect(valueAt(orders, 'edges.0.node')).toMatchObject({
      orderNumber: 'O3',
      salesOrderProducts: [{ id: 'L3', productName: 'Whistle', product: null }],
    });
    expect(valueAt(orders, 'edges.1.node')).toMatchObject({ orderNumber: 'O2', salesOrderProducts: [] });
    expect(valueAt(orders, 'edges.2.node')).toEqual({
      orderNumber: 'O1',
      customerNumber: 'A1',
      salesOrderStatus: 'SHIPPED',
      grandTotalAmount: { amount: '49.40', currencyCode: 'EUR' },
      salesOrderProducts: [
        {
          id: 'L1',
          productName: 'Kettle',
          orderedQuantity: '1',
          totalLineAmount: { amount: '29.90' },
          product: { productSku: 'S-1', availableQuantity: 10 },
        },
        {
          id: 'L2',
          productName: 'Teapot',
          orderedQuantity: '1',
          totalLineAmount: { amount: '19.50' },
          product: { productSku: 'S-2', availableQuantity: 2 },
        },
      ],
    });
    expect(valueAt(orders, 'pageInfo')).toEqual({ hasNextPage: false, hasPreviousPage: false });
  });

  it('orders are filtered by state and by time', async () => {
    const numbers = async (filter: string): Promise<unknown> => {
      const result = await cloud.entities(
        [ADA],
        `... on Customer { salesOrders(filter: {${filter}}) { edges { node { orderNumber } } } }`,
      );
      return (valueAt(result, 'data._entities.0.salesOrders.edges') as object[]).map((edge) =>
        valueAt(edge, 'node.orderNumber'),
      );
    };
    expect(await numbers('statuses: [PENDING, PROCESSING]')).toEqual(['O3', 'O2']);
    expect(await numbers('statuses: []')).toEqual([]);
    expect(await numbers('orderedFrom: "2026-02-09T12:00:00Z"')).toEqual(['O3', 'O2']);
    expect(await numbers('orderedFrom: "2026-01-01T00:00:00Z", orderedBefore: "2026-02-09T12:00:00Z"')).toEqual(['O1']);
  });

  it('pages through all orders without gap or repeat', async () => {
    const seen: unknown[] = [];
    let after: unknown = null;
    for (let page = 0; page < 5; page++) {
      const result = await cloud.entities(
        [ADA],
        `... on Customer { salesOrders(first: 2, after: $after) {
           edges { cursor node { orderNumber } } pageInfo { hasNextPage hasPreviousPage endCursor } } }`,
        { after },
        '$after: String',
      );
      const orders = valueAt(result, 'data._entities.0.salesOrders');
      seen.push(...(valueAt(orders, 'edges') as object[]).map((edge) => valueAt(edge, 'node.orderNumber')));
      expect(valueAt(orders, 'pageInfo.hasPreviousPage')).toBe(page > 0);
      after = valueAt(orders, 'pageInfo.endCursor');
      if (!valueAt(orders, 'pageInfo.hasNextPage')) break;
    }
    expect(seen).toEqual(['O3', 'O2', 'O1']);
  });

  it('carts, the open cart and loyalty cards', async () => {
    const result = await cloud.entities(
      [ADA],
      `... on Customer {
         shoppingCarts { edges { node { id status abandonedAt } } }
         converted: shoppingCarts(statuses: [CONVERTED]) { edges { node { id } } }
         openShoppingCart { id totalProductAmount { amount } shoppingCartProducts { productId quantity product { productName } } }
         loyaltyProgramMembers { membershipNumber loyaltyTierName pointsBalance }
       }`,
    );
    expect(valueAt(result, 'data._entities.0')).toEqual({
      shoppingCarts: {
        edges: [
          { node: { id: 'C2', status: 'CONVERTED', abandonedAt: null } },
          { node: { id: 'C1', status: 'ABANDONED', abandonedAt: '2026-02-28T12:00:00.000Z' } },
        ],
      },
      converted: { edges: [{ node: { id: 'C2' } }] },
      openShoppingCart: {
        id: 'C1',
        totalProductAmount: { amount: '29.90' },
        shoppingCartProducts: [{ productId: 'P1', quantity: 1, product: { productName: 'Kettle' } }],
      },
      loyaltyProgramMembers: [{ membershipNumber: 'CR-1', loyaltyTierName: 'GOLD', pointsBalance: 120 }],
    });
  });

  it('is empty, and reads nothing, for a customer without records', async () => {
    const result = await cloud.entities(
      [customer('commerce', []), { __typename: 'Customer', customer360Id: ADA['customer360Id'] }],
      `... on Customer {
         commerceProfiles { sourceRecordId } salesOrders { edges { cursor } pageInfo { hasNextPage } }
         openShoppingCart { id } loyaltyProgramMembers { id } }`,
    );
    const empty = {
      commerceProfiles: [],
      salesOrders: { edges: [], pageInfo: { hasNextPage: false } },
      openShoppingCart: null,
      loyaltyProgramMembers: [],
    };
    expect(result).toEqual({ data: { _entities: [empty, empty] } });
    expect(cloud.statements()).toEqual([]);
  });
});

describe('arguments are checked before anything is read', () => {
  it.each([
    ['salesOrders(first: 0)', 'BAD_USER_INPUT'],
    ['salesOrders(first: 101)', 'BAD_USER_INPUT'],
    ['salesOrders(first: -1)', 'BAD_USER_INPUT'],
    ['salesOrders(after: "nonsense")', 'MALFORMED_ID'],
    ['salesOrders(after: "")', 'MALFORMED_ID'],
  ])('%s is %s', async (field, code) => {
    const result = await cloud.entities([ADA], `... on Customer { ${field} { pageInfo { hasNextPage } } }`);
    expect(codeOf(result)).toBe(code);
    expect(valueAt(result, 'data._entities.0')).toEqual({ salesOrders: null });
    expect(cloud.statements()).toEqual([]);
  });

  it('record ids that are no list of strings are MALFORMED_ID', async () => {
    const result = await cloud.entities(
      [{ ...ADA, commerceRecordIds: [1] }],
      '... on Customer { loyaltyProgramMembers { id } }',
    );
    expect(codeOf(result)).toBe('MALFORMED_ID');
  });
});

it('root fields give a row by its key, or null', async () => {
  const result = await cloud.run(`{
    salesOrder(orderNumber: "O1") { orderedDate salesOrderProducts { productId } }
    noOrder: salesOrder(orderNumber: "none") { orderNumber }
    shoppingCart(id: "V1") { customerNumber status }
    product(id: "P3") { productName listPriceAmount { amount currencyCode } description }
  }`);
  expect(result).toEqual({
    data: {
      salesOrder: {
        orderedDate: '2026-01-30T12:00:00.000Z',
        salesOrderProducts: [{ productId: 'P1' }, { productId: 'P2' }],
      },
      noOrder: null,
      shoppingCart: { customerNumber: null, status: 'ACTIVE' },
      product: { productName: 'Mug', listPriceAmount: { amount: '8.00', currencyCode: 'USD' }, description: null },
    },
  });
  expect(cloud.statements()).toHaveLength(1);
});

it('a text that no store can hold finds nothing, and is not written', async () => {
  expect(await cloud.run('{ product(id: "a\\u0000") { id } }')).toEqual({ data: { product: null } });
  const added = await cloud.run(`mutation { addShoppingCartProduct(
    input: {idempotencyKey: "k\\u0000", customerNumber: "A1", productId: "P1"}) { shoppingCart { id } } }`);
  expect(codeOf(added)).toBe('BAD_USER_INPUT');
});
