import type { Database } from '../../database/database.ts';
import { createCloudReader } from '../../mapping/cloud-reader.ts';
import type { CanonicalRow, CloudReader, Page, PageOptions } from '../../mapping/reader.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';
import { ODD_DOCUMENT, ODD_TABLES, recorded, type SentStatement } from './mapping-oddities.ts';

const ROWS = `
INSERT INTO odd."Cli""ent" VALUES
  (1, 'Frau Dr. Ada Lovelace', '{"mails": ["ADA@example.com"], "street": "Weg", "house": 7, "Home \\"Country\\"": "France"}',
   ' ada@example.com ', '0689 179 838', '10.12.1815', '2026-03-01 08:30:00.123456', 'prs'),
  (2, 'Hopper, Grace', '{"Home \\"Country\\"": "US"}', NULL, 'none', '31.02.1900', NULL, 'xxx'),
  (3, NULL, NULL, '', '', NULL, NULL, NULL);
INSERT INTO odd.sale VALUES
  (11, '1', '2026-03-01 08:30:00.000001+00', ' New ', 10.5, 'EUR'),
  (12, '1', '2026-03-01 08:30:00.000002+00', 'gone', 20.123, 'USD'),
  (13, '1', '2026-03-01 08:30:00.000002+00', NULL, 0, 'USD'),
  (9007199254740993, '2', '2026-03-02 00:00:00+02', 'it''s here', 99999999.999, 'EUR'),
  (15, '2', '2026-03-01 08:30:00+00', 'strange', 1, 'EUR'),
  (16, '2', '2026-03-03 08:30:00+00', 'new', 1, NULL),
  (17, 'nobody', '2026-03-01 08:30:00+00', 'new', 1, 'EUR');
INSERT INTO odd.sale_row (sale, art, qty, price) VALUES ('11', 5, 3, 0.1), ('11', NULL, 1, 2), ('12', 6, 1, 1), ('x', 5, 1, 1);
INSERT INTO odd."group" VALUES (1, 'Books');
INSERT INTO odd.article VALUES ('5', 'Notes', '1'), ('6', NULL, 'x'), ('7', 'Alone', '01');
INSERT INTO odd.campaign VALUES
  (1, 'a', 'plan', '2026-01-01'), (2, 'b', 'run', NULL), (3, 'c', 'run', '2026-02-01'), (4, 'd', 'plan', NULL), (5, 'e', 'odd', NULL);
INSERT INTO odd.card VALUES
  ('00000000-0000-4000-8000-00000000000a', 1, 'gold', 9007199254740991, '2020-02-29'),
  ('00000000-0000-4000-8000-00000000000b', 1, NULL, 0, NULL);
INSERT INTO odd.ticket VALUES
  (1, 1, 'a', 'open', '2026-01-05', 'x'), (2, 1, 'b', 'open', '2026-01-04', 'x'), (3, 2, 'b', 'open', '2026-01-03', 'x'),
  (4, 2, 'd', 'open', '2026-01-02', 'x'), (5, 3, 'c', 'shut', '2026-01-01', 'x'), (6, 3, 'z', 'open', '2026-01-01', 'x');
INSERT INTO odd.note VALUES (1, '2', 'second', 'y', '2026-01-07'), (2, '2', 'first', 'n', '2026-01-06'), (3, 'none', 'lost', NULL, '2026-01-06');
`;

describe.each(availableEngines())('the reader of a mapped cloud on %s', (engine) => {
  let database: Database;
  let sent: SentStatement[];
  let reader: CloudReader;
  const warnings: string[] = [];

  beforeAll(async () => {
    ({ database, sent } = recorded(await openTestDatabase({ engine })));
    await database.script(ODD_TABLES);
    await database.script(ROWS);
    reader = await createCloudReader({
      database,
      document: ODD_DOCUMENT,
      onWarning: (warning) => warnings.push(warning),
    });
  });
  afterAll(() => database.close());
  beforeEach(() => {
    sent.length = 0;
    warnings.length = 0;
  });

  const rows = (object: string, by: string, values: string[], children = {}) =>
    reader.forOperation().rows({ object, by, values, children });
  const page = (options: Partial<PageOptions> & { object: string; nameSearch?: string }) =>
    reader.forOperation().page({ orderBy: [], first: 10, ...options });
  const keys = (list: readonly CanonicalRow[] | Page, key = 'id') =>
    ('edges' in list ? list.edges.map((edge) => edge.node) : list).map((row) => row[key]);

  /** Every row of a list, read in pages of a size, each continued from the end of the one before. */
  async function throughPages(options: Partial<PageOptions> & { object: string }, first: number, key = 'id') {
    const found: unknown[] = [];
    let after: string | null = null;
    do {
      const next: Page = await page({ ...options, first, ...(after === null ? {} : { after }) });
      found.push(...keys(next, key));
      after = next.pageInfo.hasNextPage ? next.pageInfo.endCursor : null;
    } while (after !== null);
    return found;
  }

  describe('profiles', () => {
    it('are whole: names split, numbers read in their country, lists without empty or repeated entries', async () => {
      const [[ada] = [], [grace] = [], [nobody] = []] = await rows('SourceProfile', 'sourceRecordId', ['1', '2', '3']);
      const source = { dataSourceId: 'odd', dataSourceObjectId: 'person', sourceRecordId: '1' };
      expect(ada).toEqual({
        ...source,
        salutation: 'Frau Dr.',
        firstName: 'Ada',
        middleName: null,
        lastName: 'Lovelace',
        fullName: 'Frau Dr. Ada Lovelace',
        birthDate: '1815-12-10',
        createdDate: null,
        lastModifiedDate: '2026-03-01T08:30:00.123Z',
        contactPointEmails: [{ emailAddress: 'ada@example.com', isPrimary: true, sources: [source] }],
        contactPointPhones: [
          {
            telephoneNumber: '0689 179 838',
            formattedE164PhoneNumber: '+33689179838',
            isPrimary: true,
            sources: [source],
          },
        ],
        contactPointAddresses: [
          {
            addressLine1: 'Weg 7',
            addressLine2: null,
            cityName: null,
            stateProvinceName: null,
            postalCodeText: null,
            countryName: 'France',
            isPrimary: true,
            sources: [source],
          },
        ],
        contactPointSocials: [],
        partyIdentifications: [],
      });
      expect(grace).toMatchObject({
        dataSourceObjectId: 'Cli"ent',
        firstName: 'Grace',
        birthDate: null,
        contactPointPhones: [{ telephoneNumber: 'none', formattedE164PhoneNumber: null }],
        contactPointAddresses: [],
      });
      expect(nobody).toMatchObject({ firstName: null, contactPointEmails: [], contactPointPhones: [] });
    });

    it.each([
      ['grace', ['2']],
      ['HOP gr', ['2']],
      ['ove', []],
      ['lovel', ['1']],
      [`grace' & !(x | :*) <-> \\`, []],
      ["'", []],
      ['!!! ***', []],
    ])('are found by %j', async (nameSearch, found) => {
      expect(keys(await page({ object: 'SourceProfile', nameSearch }), 'sourceRecordId')).toEqual(found);
    });
  });

  describe('values', () => {
    it('keep every digit', async () => {
      const [[order] = []] = await rows('SalesOrder', 'orderNumber', ['9007199254740993']);
      expect(order).toMatchObject({
        orderNumber: '9007199254740993',
        orderedDate: '2026-03-01T22:00:00.000Z',
        grandTotalAmount: { amount: '99999999.999', currencyCode: 'EUR' },
        salesOrderStatus: 'DELIVERED',
      });
      const [cards = []] = await rows('LoyaltyProgramMember', 'customerNumber', ['1']);
      expect(cards[0]).toMatchObject({
        pointsBalance: 9007199254740991,
        loyaltyTierName: 'GOLD',
        enrollmentDate: '2020-02-29T00:00:00.000Z',
      });
    });

    it('that are required and missing leave the row out and are reported without naming it', async () => {
      const found = await page({ object: 'Campaign' });
      expect(keys(found)).toEqual(['1', '2', '3', '4']);
      expect(found.pageInfo.hasNextPage).toBe(false);
      expect(warnings).toEqual([
        'odd: Campaign.status is required and has no usable value in the source; rows left out so far: 1.',
      ]);
    });

    it('that are missing never stop a list: the page goes on behind the rows that were left out', async () => {
      expect(await throughPages({ object: 'Campaign' }, 1)).toEqual(['1', '2', '3', '4']);
      const last = await page({ object: 'Campaign', first: 4 });
      const next = await page({ object: 'Campaign', first: 4, after: last.pageInfo.endCursor ?? '' });
      expect(next).toMatchObject({ edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    });
  });

  describe('rows', () => {
    it('come in the order of the values asked for, and none for what no key of that type can be', async () => {
      const asked = ['2', 'abc', '1', '', '01', '1.0', '99999999999999999999', '-1', "1' OR '1'='1", '1\0', '2'];
      const found = await rows('SourceProfile', 'sourceRecordId', asked);
      expect(found.map((group) => keys(group, 'sourceRecordId'))).toEqual([
        ['2'],
        [],
        ['1'],
        ...Array.from({ length: 7 }, () => []),
        ['2'],
      ]);
      const card = '00000000-0000-4000-8000-00000000000a';
      expect((await rows('LoyaltyProgramMember', 'id', [card, 'x'])).map((group) => group.length)).toEqual([1, 0]);
      expect((await rows('SalesOrder', 'customerNumber', ['\0', 'nobody'])).map((group) => group.length)).toEqual([
        0, 1,
      ]);
    });

    it('of an object that the cloud lacks are none, without a statement', async () => {
      expect(await rows('ShoppingCart', 'customerNumber', ['1'])).toEqual([[]]);
      expect(await page({ object: 'ShoppingCart' })).toMatchObject({ edges: [] });
      expect(reader.forOperation().has('ShoppingCart')).toBe(false);
      expect(sent).toEqual([]);
    });

    it('bring their relations along, also where a key of one type stands in a column of another', async () => {
      const children = { salesOrderProducts: { product: {} } };
      const [[first] = [], [second] = []] = await rows('SalesOrder', 'orderNumber', ['11', '12'], children);
      expect(first?.['salesOrderProducts']).toHaveLength(2);
      expect(first?.['salesOrderProducts']).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            orderedQuantity: '3',
            unitPriceAmount: { amount: '0.1', currencyCode: 'EUR' },
            totalLineAmount: { amount: '0.3', currencyCode: 'EUR' },
            product: expect.objectContaining({ id: '5', productName: 'Notes', primaryProductCategory: 'Books' }),
          }),
          expect.objectContaining({ productId: null, product: null }),
        ]),
      );
      expect(second?.['salesOrderProducts']).toEqual([expect.objectContaining({ productId: '6', product: null })]);
      const [[ticket] = []] = await rows('Case', 'id', ['2'], { caseUpdates: {} });
      expect(ticket?.['caseUpdates']).toMatchObject([
        { commentBody: 'first', isPublished: false },
        { commentBody: 'second', isPublished: true },
      ]);
      expect(sent).toHaveLength(2);
    });
  });

  describe('pages', () => {
    const newest = { object: 'SalesOrder', orderBy: [{ field: 'orderedDate', direction: 'descending' }] } as const;

    it('merge the records of one customer and are cut for each customer', async () => {
      const groups = [['1', '2', '1', 'abc'], [], ['2'], ['0']];
      const options = { ...newest, by: 'customerNumber', groups };
      const [both, none, second, unknown] = await reader.forOperation().pages({ ...options, first: 3 });
      expect(both && keys(both, 'orderNumber')).toEqual(['9007199254740993', '13']);
      expect(both?.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
      expect(second && keys(second, 'orderNumber')).toEqual(['9007199254740993', '15']);
      for (const empty of [none, unknown]) {
        expect(empty).toMatchObject({ edges: [], pageInfo: { hasNextPage: false, endCursor: null } });
      }
      const after = both?.pageInfo.endCursor ?? '';
      const [rest] = await reader.forOperation().pages({ ...options, first: 3, after });
      expect(rest && keys(rest, 'orderNumber')).toEqual(['12', '11', '15']);
      expect(rest?.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    });

    it('neither repeat nor lose rows that differ by a microsecond, whatever the size', async () => {
      const all = ['9007199254740993', '13', '12', '11', '17', '15'];
      for (const first of [1, 2, 3, 100]) expect(await throughPages(newest, first, 'orderNumber')).toEqual(all);
    });

    it('put empty values last in either direction', async () => {
      const by = (direction: 'ascending' | 'descending') => ({
        object: 'Campaign',
        orderBy: [{ field: 'startDate', direction }],
      });
      for (const first of [1, 2, 5]) {
        expect(await throughPages(by('ascending'), first)).toEqual(['1', '3', '2', '4']);
        expect(await throughPages(by('descending'), first)).toEqual(['3', '1', '4', '2']);
      }
    });

    it('order translated codes by what they mean', async () => {
      const queue = (direction: 'ascending' | 'descending') => ({
        object: 'Case',
        where: [{ field: 'status', in: ['NEW'] }],
        orderBy: [
          { field: 'priority', direction },
          { field: 'createdDate', direction: 'ascending' as const },
        ],
      });
      for (const first of [1, 2, 10]) {
        expect(await throughPages(queue('ascending'), first)).toEqual(['3', '2', '4', '1']);
        expect(await throughPages(queue('descending'), first)).toEqual(['1', '4', '3', '2']);
      }
    });

    it('order nothing by what the cloud lacks or has fixed', async () => {
      const orderBy = [{ field: 'caseOrigin', direction: 'ascending' as const }];
      expect(await throughPages({ object: 'Case', orderBy }, 2)).toEqual(['1', '2', '3', '4', '5']);
    });

    it('refuse cursors that are foreign, changed or no cursors', async () => {
      const foreign = (await page({ ...newest, first: 1 })).pageInfo.endCursor ?? '';
      const [mark] = JSON.parse(Buffer.from(foreign, 'base64url').toString()) as string[];
      const forged = (...values: unknown[]) => Buffer.from(JSON.stringify([mark, ...values])).toString('base64url');
      const refused = [
        { object: 'Campaign', after: foreign },
        { ...newest, orderBy: [{ field: 'orderedDate', direction: 'ascending' as const }], after: foreign },
        ...['', 'x', '%%', forged(), forged('yesterday', '1'), forged(null, '1'), forged({}, 1), forged(1, "1'")].map(
          (after) => ({ ...newest, after }),
        ),
      ];
      for (const options of refused) {
        await expect(page(options)).rejects.toMatchObject({ extensions: { code: 'MALFORMED_ID' } });
      }
      expect(sent).toHaveLength(1);
    });
  });

  describe('filters', () => {
    const filtered = async (object: string, ...where: NonNullable<PageOptions['where']>) =>
      keys(await page({ object, where }), object === 'SalesOrder' ? 'orderNumber' : 'id');

    it('translate what is asked into the codes of the source', async () => {
      expect(await filtered('SalesOrder', { field: 'salesOrderStatus', in: ['PENDING'] })).toEqual(['11', '17']);
      expect(await filtered('SalesOrder', { field: 'salesOrderStatus', in: ['DELIVERED', 'SHIPPED'] })).toEqual([
        '12',
        '9007199254740993',
      ]);
      expect(await filtered('SalesOrder', { field: 'salesOrderStatus', in: ['PROCESSING'] })).toEqual(['13', '15']);
      expect(await filtered('SalesOrder', { field: 'salesOrderStatus', in: ['PROCESSING', 'PENDING'] })).toEqual([
        '11',
        '13',
        '15',
        '17',
      ]);
      expect(await filtered('SalesOrder', { field: 'salesOrderStatus', in: ['CANCELLED'] })).toEqual([]);
      expect(await filtered('SalesOrder', { field: 'salesOrderStatus', in: [] })).toEqual([]);
    });

    it('know what is fixed and what is lacking', async () => {
      expect(await filtered('Case', { field: 'caseOrigin', in: ['WEB', 'CHAT'] })).toHaveLength(5);
      expect(await filtered('Case', { field: 'caseOrigin', in: ['CHAT'] })).toEqual([]);
      expect(await filtered('Case', { field: 'satisfactionScore', in: [1] })).toEqual([]);
    });

    it('compare times to the end of their precision, with and without a zone', async () => {
      const field = 'orderedDate';
      expect(await filtered('SalesOrder', { field, from: '2026-03-01T22:00:00.000Z' })).toEqual(['9007199254740993']);
      expect(await filtered('SalesOrder', { field, before: '2026-03-01T08:30:00.000Z' })).toEqual([]);
      expect(
        await filtered('SalesOrder', { field, from: '2026-03-01T08:30:00Z', before: '2026-03-01T08:30:00.001Z' }),
      ).toEqual(['11', '12', '13', '15', '17']);
      expect(
        await filtered('Case', { field: 'createdDate', from: '2026-01-03T00:00:00Z', before: '2026-01-05T00:00:00Z' }),
      ).toEqual(['2', '3']);
      await expect(filtered('Case', { field: 'createdDate', from: 'soon' })).rejects.toMatchObject({
        extensions: { code: 'BAD_USER_INPUT' },
      });
    });

    it('take keys as they are', async () => {
      expect(await filtered('Case', { field: 'contactId', in: ['1', 'x'] })).toEqual(['1', '2']);
    });
  });
});
