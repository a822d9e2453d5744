import type { ExecutionResult } from 'graphql';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { subscribeSubgraph } from '../../subgraphs/execute.ts';
import { type CloudFixture, codeOf, customer, openCloud, valueAt } from './cloud-fixture.ts';
import { fillCommerce, NOW } from './commerce-rows.ts';
import { fillMarketing } from './marketing-rows.ts';
import { fillService } from './service-rows.ts';

/** What the contract's cases need to know of each cloud's rows. */
const CLOUDS = [
  {
    cloud: 'commerce',
    fill: fillCommerce,
    records: ['A1', 'A2', 'G1'],
    search: 'ber ad',
    found: ['A1'],
    entity: { type: 'SalesOrder', key: 'orderNumber', keys: ['O2', 'O1'] },
    rename: "UPDATE commerce.account SET given_name = 'Adele' WHERE customer_no = $1",
  },
  {
    cloud: 'marketing',
    fill: fillMarketing,
    records: ['M1', 'M2', 'M3'],
    search: 'BEN',
    found: ['M3'],
    entity: { type: 'EmailEngagement', key: 'id', keys: ['E3', 'E1'] },
    rename:
      'UPDATE marketing.subscriber SET attributes = attributes || \'{"FirstName": "Adele"}\' WHERE subscriber_key = $1',
  },
  {
    cloud: 'service',
    fill: fillService,
    records: ['1001', '1002'],
    search: 'co',
    found: ['1002'],
    entity: { type: 'Case', key: 'id', keys: ['T4', 'T1'] },
    rename: "UPDATE service.contact SET full_name = 'Berg, Adele' WHERE contact_id = $1",
  },
] as const;

describe.each(CLOUDS)('$cloud', ({ cloud: name, fill, records, search, found, entity, rename }) => {
  let cloud: CloudFixture;
  const [first = ''] = records;
  const SOURCE = `${name}SourceRecords`;

  beforeAll(async () => {
    cloud = await openCloud(name, fill, NOW);
  });
  beforeEach(() => cloud.reset());
  afterAll(() => cloud.close());

  const sourceRecords = async (args: string, fields: string): Promise<unknown> =>
    valueAt(await cloud.run(`{ ${SOURCE}${args} { ${fields} } }`), `data.${SOURCE}`);
  const idsOf = (page: unknown): unknown[] =>
    (valueAt(page, 'records') as object[]).map((record) => valueAt(record, 'sourceRecordId'));

  describe('as a federation subgraph', () => {
    it('tells its SDL, keys and internal fields included', async () => {
      const sdl = String(valueAt(await cloud.run('{ _service { sdl } }'), 'data._service.sdl'));
      expect(sdl).toMatch(/^extend type Customer\s*@key\(fields: "customer360Id"\)/m);
      expect(sdl).toMatch(new RegExp(`${name}RecordIds: RecordIds @external`));
      expect(sdl).toMatch(new RegExp(`type ${entity.type}\\s*@key\\(fields: "${entity.key}"\\)`));
      expect(sdl).toContain('https://specs.apollo.dev/federation/v2');
    });

    it('describes every type, field, argument and value of its own', () => {
      expect(undescribed(cloud)).toEqual([]);
    });

    it('resolves references in one batch, in their order, an unknown one as null', async () => {
      const [one, other] = entity.keys;
      const references = [one, 'unknown', other, one].map((key) => ({ __typename: entity.type, [entity.key]: key }));
      const result = await cloud.entities(
        [...references, { __typename: entity.type }, customer(name, records)],
        `__typename ... on ${entity.type} { key: ${entity.key} } ... on Customer { ${name}Profiles { sourceRecordId } }`,
      );
      const row = (key: string): object => ({ __typename: entity.type, key });
      expect(result).toEqual({
        data: {
          _entities: [
            row(one),
            null,
            row(other),
            row(one),
            null,
            { __typename: 'Customer', [`${name}Profiles`]: records.map((sourceRecordId) => ({ sourceRecordId })) },
          ],
        },
      });
      expect(cloud.statements()).toHaveLength(1);
    });

    it('refuses references to what it does not have', async () => {
      for (const reference of [{ __typename: 'Spaceship', id: '1' }, { id: '1' }]) {
        expect(codeOf(await cloud.entities([reference], '__typename'))).toBe('BAD_USER_INPUT');
      }
    });
  });

  describe('profiles', () => {
    const PROFILE = `dataSourceId dataSourceObjectId sourceRecordId firstName lastName birthDate lastModifiedDate
      contactPointEmails { emailAddress isPrimary sources { dataSourceId dataSourceObjectId sourceRecordId } }`;

    it('give what each record says, and leave out a record that has gone', async () => {
      const result = await cloud.entities(
        [customer(name, [first, 'gone'])],
        `... on Customer { ${name}Profiles { ${PROFILE} } }`,
      );
      const source = { dataSourceId: name, dataSourceObjectId: expect.any(String), sourceRecordId: first };
      expect(valueAt(result, `data._entities.0.${name}Profiles`)).toEqual([
        expect.objectContaining({
          ...source,
          firstName: 'Ada',
          lastName: 'Berg',
          contactPointEmails: [{ emailAddress: 'ada@example.com', isPrimary: true, sources: [source] }],
        }),
      ]);
    });
  });

  describe('source records', () => {
    it('come page by page, in the order of their keys', async () => {
      const seen: unknown[] = [];
      let after = '';
      for (;;) {
        const page = await sourceRecords(`(first: 1${after})`, 'records { sourceRecordId } endCursor hasNextPage');
        seen.push(...idsOf(page));
        if (!valueAt(page, 'hasNextPage')) break;
        after = `, after: ${JSON.stringify(valueAt(page, 'endCursor'))}`;
      }
      expect(seen).toEqual(records);
    });

    it('come by their keys, in the order asked, without those that do not exist', async () => {
      const keys = JSON.stringify([...records].reverse().flatMap((key) => [key, 'unknown', key]));
      const page = await sourceRecords(`(ids: ${keys})`, 'records { sourceRecordId } endCursor hasNextPage');
      expect(page).toEqual({
        records: [...records].reverse().map((sourceRecordId) => ({ sourceRecordId })),
        endCursor: null,
        hasNextPage: false,
      });
      expect(await sourceRecords('(ids: [])', 'records { sourceRecordId }')).toEqual({ records: [] });
    });

    it('come by the beginnings of the words of their names', async () => {
      expect(idsOf(await sourceRecords(`(nameSearch: "${search}")`, 'records { sourceRecordId }'))).toEqual(found);
      expect(idsOf(await sourceRecords('(nameSearch: "nobody")', 'records { sourceRecordId }'))).toEqual([]);
    });

    it.each([
      ['(first: 0)', 'BAD_USER_INPUT'],
      ['(first: 1001)', 'BAD_USER_INPUT'],
      ['(after: "nonsense")', 'MALFORMED_ID'],
      ['(nameSearch: " ")', 'BAD_USER_INPUT'],
      ['(ids: ["1"], nameSearch: "a")', 'BAD_USER_INPUT'],
      [`(ids: ${JSON.stringify(Array(1001).fill('1'))})`, 'BAD_USER_INPUT'],
    ])('refuse %.40s', async (args, code) => {
      expect(codeOf(await cloud.run(`{ ${SOURCE}${args} { hasNextPage } }`))).toBe(code);
      expect(cloud.statements()).toEqual([]);
    });
  });

  describe('the doorbell', () => {
    const FIELD = `${name}SourceRecordChanged`;
    const subscribe = (since: unknown, signal?: AbortSignal): AsyncIterableIterator<ExecutionResult> =>
      subscribeSubgraph(cloud.subgraph, {
        query: `subscription ($since: Cursor) { ${FIELD}(since: $since) { cursor sourceRecordIds } }`,
        variables: { since },
        principal: LOCAL_ADMINISTRATOR,
        ...(signal ? { signal } : {}),
      }) as AsyncIterableIterator<ExecutionResult>;

    /** The next change with keys: one without says that everything up to now has been told. */
    const ring = async (ringing: AsyncIterator<ExecutionResult>): Promise<unknown> => {
      for (;;) {
        const change = valueAt((await ringing.next()).value, `data.${FIELD}`);
        if (valueAt(change, 'sourceRecordIds.0') !== undefined) return change;
      }
    };

    it('tells of what changed since the first page was read, and goes on from a cursor', async () => {
      const since = valueAt(await sourceRecords('(first: 1)', 'changesSince'), 'changesSince');
      await cloud.database.query(rename, [first]);
      const ringing = subscribe(since);
      const change = await ring(ringing);
      expect(change).toEqual({ cursor: expect.any(String), sourceRecordIds: [first] });
      const [, second = ''] = records;
      const next = ring(ringing);
      await cloud.database.query(rename, [second]);
      expect(valueAt(await next, 'sourceRecordIds')).toEqual([second]);
      await ringing.return?.();
      const again = subscribe(valueAt(change, 'cursor'));
      expect(valueAt(await ring(again), 'sourceRecordIds')).toEqual([second]);
      await again.return?.();
    });

    it('says when everything has been told, and ends at once when nobody listens any more', async () => {
      const ringing = subscribe(null);
      const told = valueAt((await ringing.next()).value, `data.${FIELD}`);
      expect(told).toEqual({ cursor: expect.any(String), sourceRecordIds: [] });
      const waiting = ringing.next();
      await ringing.return?.();
      expect((await waiting).done).toBe(true);
      const leaving = new AbortController();
      const cancelled = subscribe(null, leaving.signal);
      await cancelled.next();
      const pending = cancelled.next();
      leaving.abort();
      expect((await pending).done).toBe(true);
    });

    it('refuses a cursor that it never gave', async () => {
      const ringing = subscribe('nonsense');
      expect(codeOf((await ringing.next()).value)).toBe('MALFORMED_ID');
      expect((await ringing.next()).done).toBe(true);
    });
  });

  it('says STORE_UNAVAILABLE, and no more, when its store fails; the rest of the answer stands', async () => {
    const table = { commerce: 'loyalty_card', marketing: 'consent', service: 'ticket' }[name];
    const field = {
      commerce: 'loyaltyProgramMembers { id }',
      marketing: 'contactPointConsents { id }',
      service: 'cases { edges { cursor } }',
    }[name];
    await cloud.database.query(`ALTER TABLE ${name}.${table} RENAME TO away`);
    const result = await cloud.entities([customer(name, records)], `... on Customer { customer360Id ${field} }`);
    await cloud.database.query(`ALTER TABLE ${name}.away RENAME TO ${table}`);
    expect(codeOf(result)).toBe('STORE_UNAVAILABLE');
    expect(valueAt(result, 'errors.0.message')).toBe(`The store of ${name} can't answer at the moment.`);
    expect(valueAt(result, 'data._entities.0')).toMatchObject({ customer360Id: expect.stringMatching(/^c360_/) });
    expect(cloud.warnings).toEqual([`The store of ${name} failed: SQLSTATE 42P01.`]);
  });
});

/** Names of what the cloud's own SDL leaves without a description. */
function undescribed(cloud: CloudFixture): string[] {
  const types = Object.values(cloud.subgraph.schema.getTypeMap()).filter((type) => /^[A-Z]/.test(type.name));
  return types.flatMap((type) => {
    if (['String', 'Int', 'Float', 'Boolean', 'ID'].includes(type.name)) return [];
    const fields = 'getFields' in type ? Object.values(type.getFields()) : 'getValues' in type ? type.getValues() : [];
    const missing = fields.filter((field) => !field.name.startsWith('_') && !field.description);
    return [
      ...(type.description || ['Customer', 'Subscription'].includes(type.name) ? [] : [type.name]),
      ...missing.map((field) => `${type.name}.${field.name}`),
    ];
  });
}
