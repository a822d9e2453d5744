import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv';
import documentSchema from '../../mapping/document.schema.json';
import { printDocumentSchema } from '../../mapping/document-schema.ts';
import { MappingInvalid } from '../../mapping/faults.ts';
import { loadMapping, readDocument } from '../../mapping/load.ts';
import { CLOUDS } from '../../schema/clouds.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';

type Json = Record<string, unknown>;

/** The smallest document, with some of its parts replaced. */
function document(changes: Json = {}, objects: Json = {}): Json {
  return {
    cloud: 'shop',
    changes: { kind: 'poll', everyMs: 1000 },
    objects: { SourceProfile: { table: 'public.client', key: 'id', fields: {} }, ...objects },
    ...changes,
  };
}

function product(productName: unknown, more: Json = {}): Json {
  return { Product: { table: 'public.article', key: 'id', fields: { productName, ...more } } };
}

function faultsOf(value: unknown): readonly string[] {
  try {
    return readDocument(value, 'test').faults;
  } catch (error) {
    if (error instanceof MappingInvalid) return error.faults;
    throw error;
  }
}

describe('a mapping document', () => {
  it.each(CLOUDS.map((cloud) => cloud.name))('of our own %s is accepted', (cloud) => {
    const loaded = loadMapping(join(PACKAGE_ROOT, 'subgraphs', cloud, 'mapping.json'));
    expect(loaded).toMatchObject({ document: { cloud }, faults: [] });
  });

  it('needs very little', () => expect(faultsOf(document())).toEqual([]));

  it.each<[string, unknown, string[]]>([
    ['no object', 7, ['/: It has to be an object, such as { "column": "…" }.']],
    ['everything missing', {}, ['/cloud: It is missing.', '/changes: It is missing.', '/objects: It is missing.']],
    ['no profiles', document({ objects: {} }), ['/objects/SourceProfile: It is missing.']],
    [
      'an unknown object',
      document({}, { SalesOrders: {} }),
      ['/objects/SalesOrders: There is no such property here. Did you mean `SalesOrder`?'],
    ],
    [
      'an unknown field',
      document({}, product({ column: 'n' }, { sku: { column: 's' } })),
      ['/objects/Product/fields/sku: There is no such property here.'],
    ],
    [
      'a required field left out',
      document({}, { Product: { table: 'public.article', key: 'id', fields: {} } }),
      ['/objects/Product/fields/productName: It is missing.'],
    ],
    [
      'a value that is no object',
      document({}, product('name')),
      ['/objects/Product/fields/productName: It has to be an object, such as { "column": "…" }.'],
    ],
    [
      'a value of nothing',
      document({}, product({ transforms: [{ kind: 'trim' }] })),
      [
        '/objects/Product/fields/productName: A value has exactly one of column, constant and concatenate; this has none.',
      ],
    ],
    [
      'a value of two things',
      document({}, product({ column: 'n', constant: 'x' })),
      [
        '/objects/Product/fields/productName: A value has exactly one of column, constant and concatenate; this has column and constant.',
      ],
    ],
    [
      'a path into nothing',
      document({}, product({ constant: 'x', path: ['a'] })),
      ['/objects/Product/fields/productName/path: A path goes into a column, and there is none.'],
    ],
    [
      'an unknown transform',
      document({}, product({ column: 'n', transforms: [{ kind: 'trimm' }] })),
      [
        '/objects/Product/fields/productName/transforms/0: `kind` has to be one of trim, lowercase, uppercase, phone, date, splitName, divide, multiply, values. Did you mean `trim`?',
      ],
    ],
    [
      'a transform with a parameter of another',
      document({}, product({ column: 'n', transforms: [{ kind: 'trim', by: 2 }] })),
      ['/objects/Product/fields/productName/transforms/0/by: There is no such property here.'],
    ],
    [
      'a format that is none, inside joined values',
      document(
        {},
        product({
          concatenate: { separator: ' ', values: [{ column: 'a', transforms: [{ kind: 'date', format: 'DD.MM.' }] }] },
        }),
      ),
      [
        '/objects/Product/fields/productName/concatenate/values/0/transforms/0/format: A format has YYYY, MM (or M) and DD (or D) once each and no other letters.',
      ],
    ],
    [
      'money without a currency',
      document({}, product({ column: 'n' }, { listPriceAmount: { amount: { column: 'p' } } })),
      ['/objects/Product/fields/listPriceAmount/currencyCode: It is missing.'],
    ],
    [
      'a composite without its required part',
      document({
        objects: {
          SourceProfile: {
            table: 'public.client',
            key: 'id',
            fields: { contactPointSocials: [{ socialNetworkProvider: { constant: 'x' } }] },
          },
        },
      }),
      ['/objects/SourceProfile/fields/contactPointSocials/0/socialHandleName: It is missing.'],
    ],
    [
      'codes that mean nothing',
      document(
        {},
        {
          Campaign: {
            table: 'public.c',
            key: 'id',
            fields: {
              name: { column: 'n' },
              status: { column: 's', transforms: [{ kind: 'values', map: { a: 'DONE' }, otherwise: 'NEW' }] },
              engagementChannelType: { constant: 'MAIL' },
            },
          },
        },
      ),
      [
        '/objects/Campaign/fields/status/transforms/0/map/a: It has to be one of PLANNED, IN_PROGRESS, COMPLETED, ABORTED.',
        '/objects/Campaign/fields/status/transforms/0/otherwise: It has to be one of PLANNED, IN_PROGRESS, COMPLETED, ABORTED.',
        '/objects/Campaign/fields/engagementChannelType/constant: It has to be one of EMAIL, SMS, PUSH, PHONE.',
      ],
    ],
    [
      'a table without its schema',
      document({}, { Product: { table: 'article', key: 'id', fields: { productName: { column: 'n' } } } }),
      ['/objects/Product/table: A table is named with its schema, such as `public.Invoice`.'],
    ],
    [
      'two joins of one name',
      document(
        {},
        {
          Product: {
            table: 'public.article',
            key: 'id',
            joins: [
              { table: 'public.a', as: 'a', column: 'x', key: 'id' },
              { table: 'public.b', as: 'a', column: 'y', key: 'id' },
            ],
            fields: { productName: { column: 'n' } },
          },
        },
      ),
      ['/objects/Product/joins/1/as: Another join has this alias.'],
    ],
    [
      'an unknown way of changes',
      document({ changes: { kind: 'push' } }),
      ['/changes: `kind` has to be one of outbox, poll.'],
    ],
    [
      'no country',
      document({ defaultCountry: 'Germany' }),
      ['/defaultCountry: It is no ISO 3166 code such as US or DE.'],
    ],
    [
      'another kind of store',
      document({ database: 'mysql://h/d' }),
      ['/database: It has the form `postgresql://host:port/database`.'],
    ],
  ])('is refused with %s', (_what, value, faults) => expect(faultsOf(value)).toEqual(faults));

  it.each(['postgresql://me:secret@h/d', 'postgresql://me@h/d', 'postgresql://h/d?password=secret', 'me:secret@h'])(
    'never carries a login, nor is one repeated: %s',
    (database) => {
      const faults = faultsOf(document({ database }));
      expect(faults).toContainEqual(expect.stringMatching(/^\/database: User and password do not belong/));
      expect(faults.join()).not.toMatch(/secret|me@/);
    },
  );

  it('is told all its faults at once', () => {
    const faults = faultsOf(
      document({ cloud: 'My Shop', defaultCountry: 'XX', extra: 1 }, product(3, { description: {} })),
    );
    expect(faults).toHaveLength(5);
  });
});

describe('a mapping file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mapping-'));

  it('that is missing or no JSON is refused with its path and the place', () => {
    const path = join(folder, 'broken.json');
    writeFileSync(path, '{\n  "cloud": "shop"\n  "database": "secret"\n}');
    expect(() => loadMapping(path)).toThrow(
      /broken\.json has 1 fault:\n {2}\/: The file is not JSON: line 3, column 3\./,
    );
    expect(() => loadMapping(path)).not.toThrow(/secret/);
    expect(() => loadMapping(join(folder, 'none.json'))).toThrow(/The file can't be read \(ENOENT\)/);
  });

  it('is described by a schema that fits the canonical model', () => {
    const committed = readFileSync(join(PACKAGE_ROOT, 'mapping/document.schema.json'), 'utf8');
    expect(committed).toBe(printDocumentSchema());
  });
});

describe('the schema of mapping documents', () => {
  it('is a valid JSON schema', () => {
    const ajv = new Ajv({ discriminator: true, strictRequired: false, strictTypes: false });
    expect(ajv.validateSchema(documentSchema)).toBe(true);
  });

  it('accepts the example in the documentation, which explains every transform', () => {
    const text = readFileSync(join(PACKAGE_ROOT, 'docs/mapping.md'), 'utf8');
    const example = /```json\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    expect(faultsOf(JSON.parse(example))).toEqual([]);
    const schema = readFileSync(join(PACKAGE_ROOT, 'mapping/document.schema.json'), 'utf8');
    for (const [, kind] of schema.matchAll(/"kind": \{\s*"const": "(\w+)"/g))
      expect(text).toContain(`"kind": "${kind}"`);
  });
});
