import { type CloudFixture, customer, insertRows, openCloud, valueAt } from './cloud-fixture.ts';
import { fillCommerce, NOW } from './commerce-rows.ts';

/** A hop costs one statement, however many customers and fields it serves, and reads only what was selected. */
let cloud: CloudFixture;

beforeAll(async () => {
  cloud = await openCloud('commerce', fillMany, NOW);
});
afterAll(() => cloud.close());

const CUSTOMERS = 100;

async function fillMany(database: Parameters<typeof fillCommerce>[0]): Promise<void> {
  await fillCommerce(database);
  const at = new Date(NOW).toISOString();
  const numbers = Array.from({ length: CUSTOMERS }, (_, index) => `N${index}`);
  const account = { account_kind: 'registered', created_at: at, updated_at: at };
  await insertRows(
    database,
    'commerce.account',
    numbers.map((customer_no) => ({ ...account, customer_no })),
  );
  const order = { ordered_at: at, state: 'paid', total_cents: 100, currency: 'EUR' };
  await insertRows(
    database,
    'commerce.sales_order',
    numbers.map((customer_no) => ({ ...order, customer_no, order_no: `O-${customer_no}` })),
  );
  const line = { position: 1, product_id: 'P1', quantity: 1, unit_cents: 100, line_cents: 100, currency: 'EUR' };
  await insertRows(
    database,
    'commerce.order_line',
    numbers.map((customer_no) => ({ ...line, line_id: `L-${customer_no}`, order_no: `O-${customer_no}` })),
  );
}

const page = Array.from({ length: CUSTOMERS }, (_, index) => customer('commerce', [`N${index}`], index));

it('profiles, orders with lines and products, carts and loyalty of 100 customers are 1 statement', async () => {
  const result = await cloud.entities(
    page,
    `... on Customer {
       customer360Id
       commerceProfiles { sourceRecordId contactPointEmails { emailAddress } }
       salesOrders(first: 3) { edges { node { orderNumber salesOrderProducts { id product { productName } } } } }
       shipped: salesOrders(filter: {statuses: [SHIPPED]}) { edges { node { orderNumber } } }
       shoppingCarts { edges { node { id shoppingCartProducts { product { id } } } } }
       openShoppingCart { id }
       loyaltyProgramMembers { id }
     }`,
  );
  expect(cloud.statements()).toHaveLength(1);
  expect(result).not.toHaveProperty('errors');
  expect(valueAt(result, 'data._entities')).toHaveLength(CUSTOMERS);
  expect(valueAt(result, 'data._entities.57')).toMatchObject({
    commerceProfiles: [{ sourceRecordId: 'N57' }],
    salesOrders: {
      edges: [
        { node: { orderNumber: 'O-N57', salesOrderProducts: [{ id: 'L-N57', product: { productName: 'Kettle' } }] } },
      ],
    },
    shipped: { edges: [] },
    openShoppingCart: null,
  });
});

describe('only what is selected is read', () => {
  const statementOf = async (selection: string, variables: Record<string, unknown> = {}): Promise<string> => {
    await cloud.entities(
      page.slice(0, 1),
      `... on Customer { ${selection} }`,
      variables,
      '$yes: Boolean = true, $no: Boolean = false',
    );
    return cloud.statements().join('\n');
  };

  it.each([
    ['a relation that is not selected', 'salesOrders { edges { node { orderNumber } } }'],
    [
      'a relation that is skipped',
      'salesOrders { edges { node { orderNumber salesOrderProducts @skip(if: $yes) { id } } } }',
    ],
    [
      'a relation that is not included',
      'salesOrders { edges { node { orderNumber ... @include(if: $no) { salesOrderProducts { id } } } } }',
    ],
  ])('%s is not', async (_what, selection) => {
    const statement = await statementOf(
      `${selection} x: customer360Id @include(if: $yes) y: customer360Id @skip(if: $no)`,
    );
    expect(statement).toContain('sales_order');
    expect(statement).not.toContain('order_line');
  });

  it('a relation selected in fragments, under two aliases, is read whole', async () => {
    const statement = await statementOf(`salesOrders { edges {
      node { ... on SalesOrder { salesOrderProducts { id } } }
      node { again: salesOrderProducts { product { id } } }
    } } x: customer360Id @include(if: $yes) y: customer360Id @skip(if: $no)`);
    expect(statement).toContain('order_line');
    expect(statement).toContain('product');
  });
});
