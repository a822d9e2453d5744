import { join } from 'node:path';
import DataLoader from 'dataloader';
import { type Database, StoreUnavailable } from '../../database/database.ts';
import { createCloudReader } from '../../mapping/cloud-reader.ts';
import { loadMapping } from '../../mapping/load.ts';
import type { CloudReader, HopReader, Order } from '../../mapping/reader.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { migrateClouds } from '../support/cloud-stores.ts';
import { openTestDatabase } from '../support/databases.ts';
import { explain, recorded, type SentStatement } from './mapping-oddities.ts';

const ROWS = `
INSERT INTO commerce.account (customer_no, account_kind, given_name, family_name, created_at, updated_at)
  SELECT 'C' || i, 'registered', 'Given' || i, 'Family' || i % 97, now(), now() FROM generate_series(1, 3000) i;
INSERT INTO commerce.product (product_id, sku, title, price_cents, currency, stock)
  SELECT 'P' || i, 'S' || i, 'Product', 100, 'EUR', 1 FROM generate_series(1, 2000) i;
INSERT INTO commerce.sales_order (order_no, customer_no, ordered_at, state, total_cents, currency)
  SELECT 'O' || i, 'C' || i % 300, now() - i * interval '1 hour', 'paid', 1, 'EUR' FROM generate_series(1, 9000) i;
INSERT INTO commerce.order_line (line_id, order_no, position, product_id, quantity, unit_cents, line_cents, currency)
  SELECT 'L' || i, 'O' || i, 1, 'P' || i % 2000, 1, 1, 1, 'EUR' FROM generate_series(1, 9000) i;
INSERT INTO commerce.cart (cart_id, customer_no, state, currency, created_at, touched_at)
  SELECT 'K' || i, 'C' || i % 300, 'open', 'EUR', now(), now() FROM generate_series(1, 3000) i;
INSERT INTO commerce.loyalty_card (card_id, customer_no, programme, card_number)
  SELECT 'Y' || i, 'C' || i, 'Rewards', 'N' || i FROM generate_series(1, 3000) i;
INSERT INTO marketing.subscriber (subscriber_key, attributes, created_on, modified_on)
  SELECT 'M' || i, json_build_object('FirstName', 'Given' || i, 'LastName', 'Family' || i % 97), now(), now()
  FROM generate_series(1, 3000) i;
INSERT INTO marketing.campaign (campaign_id, title, stage, channel, starts_on)
  SELECT 'A' || i, 'Campaign', 'live', 'E', now() - i * interval '1 hour' FROM generate_series(1, 3000) i;
INSERT INTO marketing.campaign_member (member_id, campaign_id, subscriber_key, added_on)
  SELECT 'B' || i, 'A1', 'M' || i % 300, now() FROM generate_series(1, 6000) i;
INSERT INTO marketing.email_event (event_id, subscriber_key, kind, happened_on)
  SELECT 'E' || i, 'M' || i % 300, 'open', now() - i * interval '1 minute' FROM generate_series(1, 6000) i;
INSERT INTO marketing.consent (consent_id, subscriber_key, channel, purpose, granted, captured_on)
  SELECT 'N' || i, 'M' || i, 'E', 'promo', 'Y', now() FROM generate_series(1, 3000) i;
INSERT INTO service.contact (contact_id, full_name, opened, last_edit)
  SELECT 'S' || i, 'Family' || i % 97 || ', Given' || i, now(), now() FROM generate_series(1, 3000) i;
INSERT INTO service.ticket (ticket_id, ticket_no, contact_id, topic, state, urgency, channel, opened)
  SELECT 'T' || i, 'N' || i, 'S' || i % 300, 'x', (ARRAY[1, 2, 3, 4, 9])[1 + i % 5], 1 + i % 4, 'web', now() - i * interval '1 hour'
  FROM generate_series(1, 6000) i;
INSERT INTO service.ticket_note (note_id, ticket_id, body, visible, written)
  SELECT 'O' || i, 'T' || i, 'x', true, now() FROM generate_series(1, 6000) i;
ANALYZE commerce.account, commerce.product, commerce.sales_order, commerce.order_line, commerce.cart, commerce.loyalty_card,
  marketing.subscriber, marketing.campaign, marketing.campaign_member, marketing.email_event, marketing.consent,
  service.contact, service.ticket, service.ticket_note;
`;

const CLOUDS = ['commerce', 'marketing', 'service'] as const;
const newest = (field: string): Order[] => [{ field, direction: 'descending' }];

let database: Database;
let sent: SentStatement[];
const readers = {} as Record<(typeof CLOUDS)[number], CloudReader>;
const warnings: string[] = [];

beforeAll(async () => {
  ({ database, sent } = recorded(await openTestDatabase()));
  await migrateClouds(database);
  await database.script(ROWS);
  for (const cloud of CLOUDS) {
    const { document } = loadMapping(join(PACKAGE_ROOT, 'subgraphs', cloud, 'mapping.json'));
    const onWarning = (warning: string) => warnings.push(warning);
    readers[cloud] = await createCloudReader({ database, document, onWarning });
  }
});
afterAll(() => database.close());
beforeEach(() => {
  sent.length = 0;
});

/** Everything that a customer's page asks of commerce. */
function commerceHop(hop: HopReader, customers: readonly string[]) {
  const groups = customers.map((customer) => [customer]);
  return Promise.all([
    hop.rows({ object: 'SourceProfile', by: 'sourceRecordId', values: customers }),
    hop.pages({
      object: 'SalesOrder',
      by: 'customerNumber',
      groups,
      orderBy: newest('orderedDate'),
      first: 3,
      children: { salesOrderProducts: { product: {} } },
    }),
    hop.pages({
      object: 'ShoppingCart',
      by: 'customerNumber',
      groups,
      orderBy: newest('lastActivityDate'),
      first: 1,
      where: [{ field: 'status', in: ['ACTIVE', 'ABANDONED'] }],
      children: { shoppingCartProducts: {} },
    }),
    hop.rows({ object: 'LoyaltyProgramMember', by: 'customerNumber', values: customers }),
  ]);
}

describe('our own clouds', () => {
  it('are mapped without a fault, and every look-up has its index', () => {
    expect(warnings.filter((warning) => warning.includes('No index'))).toEqual([]);
  });
});

describe('the reads of one tick', () => {
  it('are one statement, for one customer and for a hundred', async () => {
    const customers = Array.from({ length: 100 }, (_, index) => `C${index + 1}`);
    await commerceHop(readers.commerce.forOperation(), customers.slice(0, 1));
    const [profiles] = await commerceHop(readers.commerce.forOperation(), customers);
    expect(profiles).toHaveLength(100);
    expect(sent).toHaveLength(2);
    expect(sent[0]?.text).toBe(sent[1]?.text);
  });

  it('are one statement when loaders ask at different depths of promises', async () => {
    const hop = readers.commerce.forOperation();
    const loaders = Array.from(
      { length: 5 },
      (_, index) =>
        new DataLoader<string, unknown>((keys) =>
          hop.rows({
            object: 'Product',
            by: 'id',
            values: [...keys],
            where: index === 0 ? [] : [{ field: 'id', in: keys }],
          }),
        ),
    );
    const asked = loaders.map(async (loader, depth) => {
      for (let step = 0; step < depth * 4; step++) await null;
      return loader.load(`P${depth + 1}`);
    });
    expect(await Promise.all(asked)).toHaveLength(5);
    expect(sent).toHaveLength(1);
  });

  it('that need what was read before go out with the next hop', async () => {
    const hop = readers.commerce.forOperation();
    const [[order] = []] = await hop.rows({ object: 'SalesOrder', by: 'orderNumber', values: ['O1'] });
    await hop.rows({ object: 'SourceProfile', by: 'sourceRecordId', values: [String(order?.['customerNumber'])] });
    expect(sent).toHaveLength(2);
  });

  it('fail alike when the store does, and the next ones try again', async () => {
    const broken: Database = { ...database, query: () => Promise.reject(new StoreUnavailable('gone')) };
    const { document } = loadMapping(join(PACKAGE_ROOT, 'subgraphs/commerce/mapping.json'));
    await expect(createCloudReader({ database: broken, document })).rejects.toBeInstanceOf(StoreUnavailable);
    let isBroken = false;
    const flaky: Database = {
      ...database,
      query: (text, values) => (isBroken ? broken.query(text, values) : database.query(text, values)),
    };
    const hop = (await createCloudReader({ database: flaky, document })).forOperation();
    isBroken = true;
    const read = (id: string) => hop.rows({ object: 'Product', by: 'id', values: [id] });
    const results = await Promise.allSettled([read('P1'), read('P2')]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    isBroken = false;
    expect(await read('P1')).toMatchObject([[{ id: 'P1' }]]);
  });

  it('that never can succeed hurt nobody else', async () => {
    const hop = readers.commerce.forOperation();
    const bad = hop.page({ object: 'SalesOrder', orderBy: newest('orderedDate'), first: 1, after: 'bad' });
    const good = hop.rows({ object: 'Product', by: 'id', values: ['P1'] });
    await expect(bad).rejects.toMatchObject({ extensions: { code: 'MALFORMED_ID' } });
    expect(await good).toMatchObject([[{ id: 'P1' }]]);
  });
});

describe('plans', () => {
  const planOf = async (): Promise<string> => {
    const [statement] = sent.splice(0);
    if (!statement) throw new Error('No statement was sent.');
    const plan = await explain(database, statement);
    sent.length = 0;
    return plan;
  };

  it('of a hop in commerce read by index alone', async () => {
    await commerceHop(readers.commerce.forOperation(), ['C1', 'C2']);
    const plan = await planOf();
    expect(plan).not.toMatch(/Seq Scan/);
    for (const index of ['account_pkey', 'sales_order_of_customer', 'order_line_of_order', 'product_pkey']) {
      expect(plan).toContain(index);
    }
  });

  it('of a hop in marketing read by index alone', async () => {
    const hop = readers.marketing.forOperation();
    const by = 'subscriberKey';
    const groups = [['M1'], ['M2', 'M3']];
    await Promise.all([
      hop.rows({ object: 'SourceProfile', by: 'sourceRecordId', values: ['M1'] }),
      hop.rows({ object: 'ContactPointConsent', by, values: ['M1'] }),
      hop.pages({
        object: 'CampaignMember',
        by,
        groups,
        orderBy: newest('joinedDate'),
        first: 5,
        children: { campaign: {} },
      }),
      hop.pages({ object: 'EmailEngagement', by, groups, orderBy: newest('engagementDate'), first: 5 }),
      hop.page({ object: 'Campaign', orderBy: newest('startDate'), first: 5 }),
    ]);
    const plan = await planOf();
    expect(plan).not.toMatch(/Seq Scan/);
    expect(plan).toContain('campaign_by_start');
  });

  it('of a hop in service read by index alone, and so does the queue, from its middle too', async () => {
    const hop = readers.service.forOperation();
    const open = { field: 'status', in: ['NEW', 'WORKING', 'WAITING_ON_CUSTOMER', 'ESCALATED'] };
    const orderBy: Order[] = [
      { field: 'priority', direction: 'ascending' },
      { field: 'createdDate', direction: 'ascending' },
    ];
    const queue = { object: 'Case', where: [open], orderBy, first: 5 };
    const [first] = await Promise.all([
      hop.page(queue),
      hop.rows({ object: 'SourceProfile', by: 'sourceRecordId', values: ['S1'] }),
      hop.pages({
        object: 'Case',
        by: 'contactId',
        groups: [['S1']],
        orderBy: newest('createdDate'),
        first: 5,
        children: { caseUpdates: {} },
      }),
    ]);
    const plan = await planOf();
    expect(plan).not.toMatch(/Seq Scan/);
    expect(plan).toContain('ticket_by_urgency');
    await hop.page({ ...queue, after: first.pageInfo.endCursor ?? '' });
    expect(await planOf()).toMatch(/ticket_by_urgency[\s\S]*Index Cond: .*ROW\(urgency, opened, ticket_id\) >/);
  });

  it.each(CLOUDS)('of a search by name in %s use its text index', async (cloud) => {
    const hop = readers[cloud].forOperation();
    const found = await hop.page({ object: 'SourceProfile', orderBy: [], first: 20, nameSearch: 'given77 fam' });
    expect(found.edges.length).toBeGreaterThan(1);
    expect(await planOf()).toMatch(/Bitmap Index Scan on \w+_name_search/);
  });

  it('of a full read go along the key', async () => {
    const hop = readers.commerce.forOperation();
    const first = await hop.page({ object: 'SourceProfile', orderBy: [], first: 500 });
    sent.length = 0;
    await hop.page({ object: 'SourceProfile', orderBy: [], first: 500, after: first.pageInfo.endCursor ?? '' });
    expect(await planOf()).toMatch(/Index Scan using account_pkey[\s\S]*Index Cond: \(customer_no > /);
  });
});
