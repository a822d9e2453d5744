import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChinookTables, loadChinook } from '../../examples/chinook/chinook-database.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { startWhole, until, type Whole } from '../support/whole.ts';

const FOLDER = join(PACKAGE_ROOT, 'examples/chinook');
const folder = mkdtempSync(join(tmpdir(), 'c360-chinook-'));
let whole: Whole;

beforeAll(async () => {
  const data = JSON.parse(readFileSync(join(FOLDER, 'data/chinook.json'), 'utf8')) as ChinookTables;
  // The document names a server; without its `database` the same shop is read from wherever the suite's stores are.
  const { database, ...document } = JSON.parse(readFileSync(join(FOLDER, 'commerce.mapping.json'), 'utf8'));
  expect(database).toMatch(/^postgresql:/);
  const mapping = join(folder, 'commerce.mapping.json');
  writeFileSync(mapping, JSON.stringify(document));
  whole = await startWhole({
    people: 5,
    environment: { COMMERCE_MAPPING: mapping },
    fillCommerce: (store) => loadChinook(store, data),
  });
}, 120_000);

afterAll(async () => {
  await whole.close();
  rmSync(folder, { recursive: true });
});

const LUIS = `{ customerBy(by: { emailAddress: "luisg@embraer.com.br" }) {
  fullName contactPointPhones { formattedE164PhoneNumber } completeness { dataSourceId state }
  salesOrders(first: 2) { edges { node { orderNumber grandTotalAmount { amount } salesOrderProducts { productName product { productName } } } } }
} }`;

describe('a shop that was there first, as the commerce cloud of the unified graph', () => {
  it('gives its customers with orders and lines, read live', async () => {
    const { data, errors } = await whole.ask(LUIS);
    expect(errors).toBeUndefined();
    expect(data.customerBy).toMatchObject({
      fullName: 'Luís Gonçalves',
      contactPointPhones: [{ formattedE164PhoneNumber: '+551239235555' }],
      completeness: [{ state: 'LIVE' }, { state: 'NOT_LINKED' }, { state: 'NOT_LINKED' }],
    });
    expect(data.customerBy.salesOrders.edges).toHaveLength(2);
    expect(data.customerBy.salesOrders.edges[0].node.salesOrderProducts[0].product).not.toBeNull();
  });

  it('joins them to the other clouds’ records as they appear there', async () => {
    const marketing = await whole.storeOf('marketing');
    await marketing.query(
      `INSERT INTO marketing.subscriber (subscriber_key, email_address, attributes, created_on, modified_on)
       VALUES ('sub_luis', 'luisg@embraer.com.br', '{"FirstName":"Luis"}', now(), now())`,
    );
    await until(async () => (await whole.ask(LUIS)).data.customerBy.completeness[1].state === 'LIVE');
  });

  it('is only read', async () => {
    const mutation =
      'mutation { addShoppingCartProduct(input: { idempotencyKey: "k", customerNumber: "1", productId: "1" }) { shoppingCart { id } } }';
    const { errors } = await whole.ask(mutation);
    expect(errors?.[0]?.extensions.code).toBe('NOT_SUPPORTED_BY_CLOUD');
    const commerce = await whole.storeOf('commerce');
    expect(await commerce.query("SELECT 1 FROM pg_namespace WHERE nspname = 'commerce'")).toEqual([]);
  });
});
