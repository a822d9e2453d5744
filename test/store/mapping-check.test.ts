import type { Database } from '../../database/database.ts';
import { type Catalogue, readCatalogue } from '../../mapping/catalogue.ts';
import { checkMapping } from '../../mapping/check.ts';
import { createCloudReader } from '../../mapping/cloud-reader.ts';
import { MappingInvalid } from '../../mapping/faults.ts';
import { type LoadedMapping, readDocument } from '../../mapping/load.ts';
import { openTestDatabase } from '../support/databases.ts';
import { ODD_DOCUMENT, ODD_TABLES } from './mapping-oddities.ts';

const TABLES = `
CREATE SCHEMA sys;
CREATE TABLE sys.person (
  id integer PRIMARY KEY, code text, name text, data jsonb, tags text[], born date, seen timestamptz, ok boolean, twice integer);
CREATE UNIQUE INDEX ON sys.person (lower(code));
CREATE UNIQUE INDEX ON sys.person (twice) WHERE ok;
CREATE UNIQUE INDEX ON sys.person (name, born);
CREATE TABLE sys.sale (id integer PRIMARY KEY, person integer, at timestamptz NOT NULL, total numeric NOT NULL, state smallint NOT NULL);
CREATE VIEW sys.people AS SELECT * FROM sys.person;
`;

let database: Database;
let catalogue: Catalogue;
beforeAll(async () => {
  database = await openTestDatabase();
  await database.script(ODD_TABLES);
  await database.script(TABLES);
  catalogue = await readCatalogue(database, ODD_DOCUMENT);
});
afterAll(() => database.close());

type Json = Record<string, unknown>;

/** A document over `sys` with a profile and whatever else is given. */
function mapped(fields: Json, profile: Json = {}, objects: Json = {}) {
  const SourceProfile = { table: 'sys.person', key: 'id', fields, ...profile };
  return readDocument(
    { cloud: 'sys', changes: { kind: 'poll', everyMs: 1000 }, objects: { SourceProfile, ...objects } },
    'sys',
  ).document;
}

function sales(fields: Json): Json {
  const all = {
    customerNumber: { column: 'person' },
    orderedDate: { column: 'at' },
    salesOrderStatus: { constant: 'SHIPPED' },
    grandTotalAmount: { amount: { column: 'total' }, currencyCode: { constant: 'EUR' } },
    ...fields,
  };
  return { SalesOrder: { table: 'sys.sale', key: 'id', fields: all } };
}

async function faultsOf(document: ReturnType<typeof mapped>): Promise<readonly string[]> {
  try {
    await createCloudReader({ database, document });
    return [];
  } catch (error) {
    if (error instanceof MappingInvalid) return error.faults.map(shortened);
    throw error;
  }
}

describe('a mapping that fits', () => {
  it('is taken, with a warning for what will be slow or may be left out', async () => {
    const warnings: string[] = [];
    await createCloudReader({ database, document: ODD_DOCUMENT, onWarning: (warning) => warnings.push(warning) });
    expect(warnings).toContain(
      'Mapping of odd: /objects/Case/fields/contactId: No index of odd.ticket begins with `client`, so every look-up reads the whole table.',
    );
    expect(warnings).toContain(
      'Mapping of odd: /objects/Product/fields/productName: It is required, and `name` may be empty: rows without it are left out.',
    );
    expect(warnings.filter((warning) => warning.includes('/SalesOrder/'))).toEqual([
      'Mapping of odd: /objects/SalesOrder/fields/grandTotalAmount/currencyCode: It is required, and `cur` may be empty: rows without it are left out.',
    ]);
  });

  it('may read a view, whose key nobody checks', async () => {
    const warnings: string[] = [];
    const document = mapped({ firstName: { column: 'name' } }, { table: 'sys.people' });
    await createCloudReader({ database, document, onWarning: (warning) => warnings.push(warning) });
    expect(warnings).toEqual([
      'Mapping of sys: /objects/SourceProfile/key: sys.people is a view, so nobody checks that `id` is unique.',
    ]);
  });
});

describe('a mapping that does not fit', () => {
  it.each<[string, ReturnType<typeof mapped>, string[]]>([
    [
      'a table that is missing',
      mapped({}, { table: 'sys.persons' }),
      ['SourceProfile/table: The database has no table or view `sys.persons`. Did you mean `sys.person`?'],
    ],
    [
      'a table in another spelling',
      mapped({}, { table: 'sys.Person' }),
      ['SourceProfile/table: The database has no table or view `sys.Person`. Did you mean `sys.person`?'],
    ],
    [
      'columns that are missing, in lists, joined values, countries and factors',
      mapped(
        {
          firstName: { concatenate: { separator: ' ', values: [{ column: 'nam' }, { column: 'name' }] } },
          contactPointPhones: [
            {
              telephoneNumber: { column: 'tel' },
              formattedE164PhoneNumber: { column: 'name', transforms: [{ kind: 'phone', countryColumn: 'land' }] },
            },
          ],
        },
        { objectName: { column: 'kind' } },
        sales({
          grandTotalAmount: {
            amount: { column: 'total', transforms: [{ kind: 'multiply', column: 'quantity' }] },
            currencyCode: { column: 'currency' },
          },
        }),
      ),
      [
        'SourceProfile/objectName/column: sys.person has no column `kind`. Did you mean `id`?',
        'SourceProfile/fields/firstName/concatenate/values/0/column: sys.person has no column `nam`. Did you mean `name`?',
        'SourceProfile/fields/contactPointPhones/0/telephoneNumber/column: sys.person has no column `tel`.',
        'SourceProfile/fields/contactPointPhones/0/formattedE164PhoneNumber/transforms/0/countryColumn: sys.person has no column `land`.',
        'SalesOrder/fields/grandTotalAmount/amount/transforms/0/column: sys.sale has no column `quantity`.',
        'SalesOrder/fields/grandTotalAmount/currencyCode/column: sys.sale has no column `currency`.',
      ],
    ],
    [
      'keys that are not unique: by an expression, for some rows, together with another column',
      mapped({}, { key: 'code' }, { Campaign: campaign('twice'), Product: { ...product(), key: 'name' } }),
      [
        'SourceProfile/key: sys.person has no primary key and no unique index on `code` alone.',
        'Campaign/key: sys.person has no primary key and no unique index on `twice` alone.',
        'Product/key: sys.person has no primary key and no unique index on `name` alone.',
      ],
    ],
    [
      'a join that may give several rows',
      mapped(
        {},
        {},
        { Product: { ...product(), joins: [{ table: 'sys.sale', as: 's', column: 'id', key: 'person' }] } },
      ),
      ['Product/joins/0/key: sys.sale has no primary key and no unique index on `person` alone.'],
    ],
    [
      'types that give no such value',
      mapped({
        birthDate: { column: 'name' },
        createdDate: { column: 'id' },
        firstName: { column: 'tags' },
        lastName: { column: 'data' },
        middleName: { column: 'name', path: ['a'] },
        fullName: { column: 'seen', transforms: [{ kind: 'splitName', part: 'lastName' }] },
      }),
      [
        'SourceProfile/fields/birthDate/column: `name` is of type text, which does not give a calendar day.',
        'SourceProfile/fields/createdDate/column: `id` is of type integer, which does not give a time: it needs a timestamp or a date.',
        'SourceProfile/fields/firstName/column: `tags` is of type text[], which does not give a text.',
        'SourceProfile/fields/lastName/column: `data` is JSON: say by `path` what to read in it.',
        'SourceProfile/fields/middleName/path: `name` is of type text, not JSON, so it has no paths.',
        'SourceProfile/fields/fullName/transforms: `seen` is of type timestamp with time zone, which the transform `splitName` does not take.',
      ],
    ],
    [
      'fields that the database has to compare and cannot',
      mapped(
        {},
        {},
        {
          ...sales({
            customerNumber: { column: 'person', transforms: [{ kind: 'trim' }] },
            orderedDate: { column: 'total', transforms: [{ kind: 'date', format: 'YYYYMMDD' }] },
            salesOrderStatus: {
              column: 'state',
              transforms: [{ kind: 'values', map: { one: 'SHIPPED', 2: 'DELIVERED' } }],
            },
          }),
        },
      ),
      [
        'SalesOrder/fields/customerNumber: Rows are looked up by it, so it has to be a column as it is, without transforms.',
        "SalesOrder/fields/salesOrderStatus/transforms: The code `one` can't stand in a column of type smallint.",
        'SalesOrder/fields/orderedDate: Rows are filtered by it, so it has to be a column.',
        'SalesOrder/fields/orderedDate: Rows are ordered by it, so it has to be a column, translated by `values` at most.',
      ],
    ],
  ])('is refused for %s', async (_what, document, faults) => expect(await faultsOf(document)).toEqual(faults));
});

describe('a mapping that is wrong in itself and does not fit', () => {
  it('is refused with the faults of its shape, of its values and of the database at once', async () => {
    const loaded = read({
      cloud: 'sys',
      changes: { kind: 'push' },
      objects: {
        SourceProfile: {
          table: 'sys.person',
          key: 'code',
          joins: [
            { table: 'sys.gone', as: 'gone', column: 'id', key: 'id' },
            { table: 'sys.sale', as: 'sale', column: 'idd', key: 5 },
          ],
          fields: {
            firstName: { column: 'nam', transforms: [{ kind: 'trimm' }] },
            middleName: { colum: 'name' },
            lastName: { column: 'gone.name' },
            fullName: { column: 'sale.name' },
            birthDate: { column: 'name' },
            nickname: { column: 'nick' },
          },
        },
        Nonsense: {},
        ...sales({ salesOrderStatus: { constant: 'DONE' }, orderedDate: { column: 'state' } }),
        Campaign: { table: 'sys.campaign', fields: 3 },
      },
    });
    expect(await allFaultsOf(loaded)).toEqual([
      '/changes: `kind` has to be one of outbox, poll.',
      'Nonsense: There is no such property here.',
      'SourceProfile/joins/1/key: It has to be a text.',
      'SourceProfile/fields/nickname: There is no such property here.',
      'SourceProfile/fields/firstName/transforms/0: `kind` has to be one of trim, lowercase, uppercase, phone, date, splitName, divide, multiply, values. Did you mean `trim`?',
      'SourceProfile/fields/middleName/colum: There is no such property here. Did you mean `column`?',
      'Campaign/key: It is missing.',
      'Campaign/fields: It has to be an object, such as { "column": "…" }.',
      'SourceProfile/fields/middleName: A value has exactly one of column, constant and concatenate; this has none.',
      'SalesOrder/fields/salesOrderStatus/constant: It has to be one of PENDING, PROCESSING, SHIPPED, DELIVERED, CANCELLED, RETURNED.',
      'SourceProfile/joins/0/table: The database has no table or view `sys.gone`.',
      'SourceProfile/key: sys.person has no primary key and no unique index on `code` alone.',
      'SourceProfile/joins/1/column: sys.person has no column `idd`. Did you mean `id`?',
      'SourceProfile/fields/firstName/column: sys.person has no column `nam`. Did you mean `name`?',
      'SourceProfile/fields/fullName/column: sys.sale has no column `name`.',
      'SourceProfile/fields/birthDate/column: `name` is of type text, which does not give a calendar day.',
      'SalesOrder/fields/orderedDate/column: `state` is of type smallint, which does not give a time: it needs a timestamp or a date.',
      'Campaign/table: The database has no table or view `sys.campaign`. Did you mean `odd.campaign`?',
    ]);
  });

  it('is told nothing about the database that only a malformed part makes it seem', () => {
    for (const { place, changed } of withEachPlaceAs(ODD_DOCUMENT, [null])) {
      const loaded = tryRead(changed);
      if (!loaded) continue;
      expect(loaded.faults).not.toEqual([]);
      expect([place, checkMapping(loaded.document, catalogue, loaded.malformed).faults]).toEqual([place, []]);
    }
  });

  it('is refused in words, whatever stands wherever', () => {
    const oddities = [
      7,
      true,
      '',
      'constructor',
      [],
      [null],
      {},
      JSON.parse('{"__proto__":{},"toString":1,"valueOf":1}'),
    ];
    for (const { changed } of withEachPlaceAs(ODD_DOCUMENT, oddities)) {
      const loaded = tryRead(changed);
      if (loaded) checkMapping(loaded.document, catalogue, loaded.malformed);
    }
  });
});

function read(value: unknown): LoadedMapping {
  return readDocument(value, 'sys.json');
}

/** Undefined when nothing in it can be compared with a database. */
function tryRead(value: unknown): LoadedMapping | undefined {
  try {
    return read(value);
  } catch (error) {
    if (error instanceof MappingInvalid) return undefined;
    throw error;
  }
}

async function allFaultsOf(loaded: LoadedMapping): Promise<readonly string[]> {
  try {
    await createCloudReader({ database, ...loaded });
    return [];
  } catch (error) {
    if (error instanceof MappingInvalid) return error.faults.map(shortened);
    throw error;
  }
}

function shortened(fault: string): string {
  return fault.replace('/objects/', '');
}

/** Copies of a value in which one place after the other is something else. */
function* withEachPlaceAs(
  value: unknown,
  replacements: readonly unknown[],
): Generator<{ place: string; changed: unknown }> {
  for (const replacement of replacements) yield { place: '', changed: replacement };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    for (const { place, changed } of withEachPlaceAs(part, replacements)) {
      const copy = Array.isArray(value) ? [...value] : { ...value };
      Object.assign(copy, { [key]: changed });
      yield { place: `/${key}${place}`, changed: copy };
    }
  }
}

function product(): Json {
  return { table: 'sys.person', key: 'id', fields: { productName: { column: 'name' } } };
}

function campaign(key: string): Json {
  const fields = {
    name: { column: 'name' },
    status: { constant: 'PLANNED' },
    engagementChannelType: { constant: 'SMS' },
  };
  return { table: 'sys.person', key, fields };
}
