import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../../database/database.ts';
import { type ChinookTables, loadChinook } from '../../examples/chinook/chinook-database.ts';
import { createChangeLog } from '../../mapping/change-log.ts';
import { createCloudReader } from '../../mapping/cloud-reader.ts';
import type { MappingDocument } from '../../mapping/document.ts';
import { MappingInvalid } from '../../mapping/faults.ts';
import { loadMapping } from '../../mapping/load.ts';
import type { CloudReader, PageOptions } from '../../mapping/reader.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { openTestDatabase } from '../support/databases.ts';
import { countStatements } from '../support/statements.ts';

const FOLDER = join(PACKAGE_ROOT, 'examples/chinook');
const statements = countStatements();
const warnings: string[] = [];
const { document } = loadMapping(join(FOLDER, 'commerce.mapping.json'));

let database: Database;
let reader: CloudReader;

beforeAll(async () => {
  database = await openTestDatabase({ observe: statements.observe });
  const data = JSON.parse(readFileSync(join(FOLDER, 'data/chinook.json'), 'utf8')) as ChinookTables;
  const counts = await loadChinook(database, data);
  expect(counts).toMatchObject({ Customer: 59, Invoice: 412, InvoiceLine: 2240, Track: 3503 });
  reader = await createCloudReader({ database, document, onWarning: (warning) => warnings.push(warning) });
});

afterAll(() => database.close());

const newestOrders: Omit<PageOptions, 'first'> & { by: string } = {
  object: 'SalesOrder',
  by: 'customerNumber',
  orderBy: [{ field: 'orderedDate', direction: 'descending' }],
  children: { salesOrderProducts: { product: {} } },
};

describe('Chinook as the commerce cloud', () => {
  it('says what its columns leave out, and nothing else', () => {
    expect(warnings).toEqual([]);
  });

  it('gives a customer as a profile with numbers in E.164', async () => {
    const [rows = []] = await reader
      .forOperation()
      .rows({ object: 'SourceProfile', by: 'sourceRecordId', values: ['1'] });
    const source = { dataSourceId: 'commerce', dataSourceObjectId: 'Customer', sourceRecordId: '1' };
    expect(rows[0]).toMatchObject({
      ...source,
      firstName: 'Luís',
      lastName: 'Gonçalves',
      contactPointEmails: [{ emailAddress: 'luisg@embraer.com.br', isPrimary: true, sources: [source] }],
      contactPointPhones: [{ telephoneNumber: '+55 (12) 3923-5555', formattedE164PhoneNumber: '+551239235555' }],
      contactPointAddresses: [{ cityName: 'São José dos Campos', postalCodeText: '12227-000', countryName: 'Brazil' }],
    });
  });

  it('gives the newest invoices of many customers with lines and tracks, in one statement', async () => {
    statements.reset();
    const groups = Array.from({ length: 59 }, (_, index) => [String(index + 1)]);
    const pages = await reader.forOperation().pages({ ...newestOrders, groups, first: 3 });
    expect(statements.texts).toHaveLength(1);
    expect(pages.map((page) => page.edges.length)).toEqual(groups.map(() => 3));
    const order = pages[1]?.edges[0]?.node;
    expect(order).toMatchObject({
      customerNumber: '2',
      salesOrderStatus: 'DELIVERED',
      grandTotalAmount: { currencyCode: 'USD' },
    });
    const [line] = (order?.['salesOrderProducts'] ?? []) as Record<string, unknown>[];
    const product = line?.['product'] as Record<string, unknown>;
    expect(line?.['productName']).toBe(product['productName']);
    expect(product).toMatchObject({ description: expect.stringMatching(/^.+, .+$/), productSku: null });
  });

  it('adds up: every invoice is the sum of its lines, page by page to the end', async () => {
    const hop = reader.forOperation();
    const seen = new Set<unknown>();
    let after: string | undefined;
    do {
      const page = await hop.page({ ...newestOrders, first: 100, ...(after === undefined ? {} : { after }) });
      for (const { node } of page.edges) {
        seen.add(node['orderNumber']);
        const lines = node['salesOrderProducts'] as { totalLineAmount: { amount: string } }[];
        const sum = lines.reduce((total, line) => total + Math.round(Number(line.totalLineAmount.amount) * 100), 0);
        expect(Math.round(Number((node['grandTotalAmount'] as { amount: string }).amount) * 100)).toBe(sum);
      }
      after = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? undefined) : undefined;
    } while (after !== undefined);
    expect(seen.size).toBe(412);
  });

  it('finds customers by the beginnings of their names, in any alphabet', async () => {
    const search = (nameSearch: string) =>
      reader.forOperation().page({ object: 'SourceProfile', orderBy: [], first: 10, nameSearch });
    expect((await search('gon lu')).edges.map(({ node }) => node['sourceRecordId'])).toContain('1');
    expect((await search('nobody')).edges).toEqual([]);
  });

  it('tells of changes that the shop itself makes', async () => {
    let reportWait: (end: () => void) => void = () => undefined;
    const waiting = new Promise<() => void>((resolve) => {
      reportWait = resolve;
    });
    const wait = () => new Promise<void>((resolve) => reportWait(resolve));
    const changes = await createChangeLog({ database, document, clock: Date.now, wait });
    const ending = new AbortController();
    const follower = changes.follow(await changes.head(), { signal: ending.signal })[Symbol.asyncIterator]();
    expect((await follower.next()).value).toMatchObject({ sourceRecordIds: [] });
    const next = follower.next();
    const endOfInterval = await waiting;
    await database.query(`UPDATE public."Customer" SET "Email" = 'new@example.com' WHERE "CustomerId" = 7`);
    endOfInterval();
    expect((await next).value).toMatchObject({ sourceRecordIds: ['7'] });
    ending.abort();
    await follower.return?.();
  });

  it('is refused with every fault when the mapping does not fit', async () => {
    const { SourceProfile, SalesOrder } = document.objects;
    if (!SourceProfile || !SalesOrder) throw new Error('The example maps customers and invoices.');
    const wrong: MappingDocument = {
      ...document,
      objects: {
        SourceProfile: { ...SourceProfile, key: 'Company', fields: { firstName: { column: 'FistName' } } },
        SalesOrder: {
          ...SalesOrder,
          fields: {
            ...SalesOrder.fields,
            orderedDate: { column: 'BillingCity' },
            customerNumber: { column: 'Client' },
          },
        },
        Product: { table: 'public.Tracks', key: 'TrackId', fields: { productName: { column: 'Name' } } },
      },
    };
    const refusal = createCloudReader({ database, document: wrong });
    await expect(refusal).rejects.toBeInstanceOf(MappingInvalid);
    await expect(refusal).rejects.toMatchObject({
      faults: [
        '/objects/SourceProfile/key: public.Customer has no primary key and no unique index on `Company` alone.',
        '/objects/SourceProfile/fields/firstName/column: public.Customer has no column `FistName`. Did you mean `FirstName`?',
        '/objects/SalesOrder/fields/customerNumber/column: public.Invoice has no column `Client`.',
        '/objects/SalesOrder/fields/orderedDate/column: `BillingCity` is of type character varying, which does not give a time: it needs a timestamp or a date.',
        '/objects/Product/table: The database has no table or view `public.Tracks`. Did you mean `public.Track`?',
      ],
    });
  });
});
