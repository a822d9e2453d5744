import { openPglite } from '../../database/pglite.ts';
import { CLOUDS } from '../../schema/clouds.ts';
import { createCustomer360IdGenerator } from '../../schema/customer360-id.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { FetchOutcome } from '../../schema/subgraph-transport.ts';
import { executeSubgraph } from '../../subgraphs/execute.ts';
import { createIdentitySubgraph } from '../../subgraphs/identity/index.ts';
import type { NameSearcher } from '../../subgraphs/identity/name-search.ts';
import { createIdentifierRules } from '../../subgraphs/identity/resolution/rules/identifier-rules.ts';
import { loadDefaultMatchRuleset } from '../../subgraphs/identity/resolution/rules/match-ruleset.ts';
import type { Identifier, IdentityOperation } from '../../subgraphs/identity/store/repository.ts';
import { createSqlRepository } from '../../subgraphs/identity/store/sql.ts';
import { loadSurvivorship } from '../../subgraphs/identity/survivorship-document.ts';
import type { Subgraph } from '../../subgraphs/subgraph.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from '../store/identity-stores.ts';

const AT = '2026-01-01T00:00:00.000Z';
const nextId = createCustomer360IdGenerator(() => Date.parse(AT));
const ids = Array.from({ length: 120 }, nextId);
const [anne = '', merged = '', bo = '', cleo = ''] = ids;
const unknown = nextId();

const email = (normalizedValue: string): Identifier => ({ identifierType: 'EMAIL', normalizedValue });
const phone = (normalizedValue: string): Identifier => ({ identifierType: 'PHONE', normalizedValue });

function link(customer360Id: string, key: string, identifiers: readonly Identifier[] = []): IdentityOperation {
  const [dataSourceId = '', sourceRecordId = ''] = key.split('/');
  const record = { dataSourceId, sourceRecordId, dataSourceObjectId: 'record', identifiers, givenNameHash: null };
  return { kind: 'link', customer360Id, rule: 'EXACT_EMAIL', record };
}

/** Anne has four records, one of them by a merge; Bo shares her telephone; Cleo and the rest have one record each. */
const OPERATIONS: readonly IdentityOperation[] = [
  ...ids.map((customer360Id): IdentityOperation => ({ kind: 'create', customer360Id })),
  link(anne, 'commerce/A1', [email('anne@mail.org'), phone('+4930901820')]),
  link(anne, 'commerce/A2', [
    email('anne@mail.org'),
    { identifierType: 'PARTY_IDENTIFICATION', normalizedValue: 'LOYALTY|club|ab12' },
  ]),
  link(anne, 'marketing/S1', [
    email('anne@mail.org'),
    { identifierType: 'SOCIAL', normalizedValue: 'instagram|anne' },
    email('test@test.com'),
  ]),
  link(merged, 'service/C1'),
  link(bo, 'service/C2', [phone('+4930901820'), email('test@test.com')]),
  link(cleo, 'commerce/A4'),
  ...ids.slice(4).map((id, index) => link(id, `service/X${String(index).padStart(3, '0')}`, [email('many@mail.org')])),
  { kind: 'merge', mergeEventId: '6f1f7c1e-9d0e-4a44-9d07-2f0a4e2d6a10', survivor: anne, merged, rule: 'MANUAL' },
];

/** Clouds that know names; service answers only when the test lets it. */
let searchService: NameSearcher['searchNames'];
const clouds: readonly NameSearcher[] = [
  { dataSourceId: 'commerce', searchNames: async (text) => (text === 'anne' ? ['A1', 'A2', 'GONE'] : []) },
  { dataSourceId: 'service', searchNames: (...args) => searchService(...args) },
];

const LINKS = '{ dataSourceId sourceRecordId }';
const BY = 'query ($by: CustomerByInput!) { customerBy(by: $by) { customer360Id } }';
const SEARCH = `query ($search: CustomerSearchInput, $first: Int, $after: String) {
  customers(search: $search, first: $first, after: $after) {
    edges { cursor node { customer360Id } } unansweredDataSourceIds
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const ENTITIES = (selection: string): string =>
  `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${selection} } }`;

function profile(key: string, firstName: string, lastModifiedDate: string | null = null) {
  const [dataSourceId, sourceRecordId] = key.split('/');
  const names = { salutation: null, firstName, middleName: null, lastName: null, fullName: null, birthDate: null };
  const lists = {
    contactPointEmails: [{ emailAddress: `${firstName}@mail.org` }],
    contactPointPhones: [],
    contactPointAddresses: [],
    contactPointSocials: [],
    partyIdentifications: [],
  };
  return {
    dataSourceId,
    dataSourceObjectId: 'record',
    sourceRecordId,
    ...names,
    ...lists,
    createdDate: null,
    lastModifiedDate,
  };
}

describe.each(IDENTITY_STORES)('the identity subgraph on $name', (kind) => {
  let store: OpenIdentityStore;
  let subgraph: Subgraph;

  beforeAll(async () => {
    store = await kind.open();
    await store.repository.prepare();
    await store.empty();
    subgraph = await createIdentitySubgraph({
      repository: store.repository,
      clouds,
      survivorship: loadSurvivorship(CLOUDS.map(({ name }) => name)),
      ruleset: createIdentifierRules(loadDefaultMatchRuleset()),
      defaultCountry: 'DE',
      nameSearchTimeoutMs: 50,
    });
    await store.repository.apply({ operations: OPERATIONS, at: AT });
  });
  afterAll(() => store.close());
  beforeEach(() => {
    searchService = async () => [];
    store.statements.length = 0;
  });

  async function ask(
    query: string,
    variables: Record<string, unknown> = {},
    fetches: Record<string, FetchOutcome> = {},
  ): Promise<{ data: Record<string, unknown> | null | undefined; codes: unknown[] }> {
    const { data, errors } = await executeSubgraph(subgraph, {
      query,
      variables,
      fetches,
      principal: LOCAL_ADMINISTRATOR,
    });
    // Answers have no prototype, which toEqual would hold against them.
    return {
      data: JSON.parse(JSON.stringify(data ?? null)),
      codes: errors?.map(({ extensions }) => extensions['code']) ?? [],
    };
  }
  const entities = async (
    selection: string,
    representations: unknown[],
    fetches: Record<string, FetchOutcome> = {},
  ) => {
    const { data, codes } = await ask(ENTITIES(selection), { representations }, fetches);
    return codes.length > 0 ? codes : data?.['_entities'];
  };

  describe('customer', () => {
    const query = `query ($id: Customer360Id!) { customer(customer360Id: $id) {
      customer360Id resolvedFrom mergedCustomer360Ids createdDate identityLinks ${LINKS}
      commerceRecordIds marketingRecordIds serviceRecordIds
    } }`;

    it('is its records in one statement', async () => {
      const { data } = await ask(query, { id: anne });
      expect(data?.['customer']).toEqual({
        customer360Id: anne,
        resolvedFrom: null,
        mergedCustomer360Ids: [merged],
        createdDate: AT,
        identityLinks: [
          { dataSourceId: 'commerce', sourceRecordId: 'A1' },
          { dataSourceId: 'commerce', sourceRecordId: 'A2' },
          { dataSourceId: 'marketing', sourceRecordId: 'S1' },
          { dataSourceId: 'service', sourceRecordId: 'C1' },
        ],
        commerceRecordIds: ['A1', 'A2'],
        marketingRecordIds: ['S1'],
        serviceRecordIds: ['C1'],
      });
      expect(store.statements).toHaveLength(1);
    });

    it('by an id that was merged away is the survivor, and says so', async () => {
      const { data } = await ask(query, { id: merged });
      expect(data?.['customer']).toMatchObject({ customer360Id: anne, resolvedFrom: merged });
    });

    it('is null for an unknown id, and an error for a malformed one', async () => {
      expect(await ask(query, { id: unknown })).toEqual({ data: { customer: null }, codes: [] });
      const literal = '{ customer(customer360Id: "c360_nonsense") { customer360Id } }';
      for (const { data, codes } of [await ask(query, { id: 'c360_nonsense' }), await ask(literal)]) {
        expect([data ?? null, codes]).toEqual([null, ['MALFORMED_ID']]);
      }
    });

    it('has its identifiers, and tells which of them join nobody', async () => {
      const { data } = await ask(
        `query ($id: Customer360Id!) { customer(customer360Id: $id) {
        identifiers { identifierType normalizedValue isIgnored sources ${LINKS} }
      } }`,
        { id: anne },
      );
      const customer = data?.['customer'] as {
        identifiers: { normalizedValue: string; isIgnored: boolean; sources: unknown[] }[];
      };
      expect(customer.identifiers.map((one) => [one.normalizedValue, one.isIgnored, one.sources.length])).toEqual([
        ['anne@mail.org', false, 3],
        ['test@test.com', true, 1],
        ['LOYALTY|club|ab12', false, 1],
        ['+4930901820', false, 1],
        ['instagram|anne', false, 1],
      ]);
      expect(store.statements).toHaveLength(2);
      const many = await ask(
        `query ($id: Customer360Id!) { customer(customer360Id: $id) { identifiers { isIgnored } } }`,
        {
          id: ids[10],
        },
      );
      expect(many.data).toEqual({ customer: { identifiers: [{ isIgnored: true }] } });
    });
  });

  describe('customerBy', () => {
    it.each([
      ['a record', { sourceRecord: { dataSourceId: 'service', sourceRecordId: 'C1' } }],
      ['an e-mail address in any spelling', { emailAddress: ' ANNE+news@Mail.org' }],
      ['a social account', { socialAccount: { socialNetworkProvider: 'Instagram', socialHandleName: '@Anne' } }],
      [
        'an official number',
        { partyIdentification: { partyIdentificationType: 'loyalty', name: 'Club', identificationNumber: 'AB-12' } },
      ],
    ])('finds by %s', async (_way, by) => {
      expect(await ask(BY, { by })).toEqual({ data: { customerBy: { customer360Id: anne } }, codes: [] });
      expect(store.statements).toHaveLength(1);
    });

    it.each([
      ['an unknown record', { sourceRecord: { dataSourceId: 'crm', sourceRecordId: 'C1' } }],
      ['an unknown e-mail address', { emailAddress: 'nobody@mail.org' }],
      ['a placeholder', { emailAddress: 'test@test.com' }],
    ])('gives null for %s', async (_way, by) => {
      expect(await ask(BY, { by })).toEqual({ data: { customerBy: null }, codes: [] });
    });

    it.each([
      ['nothing', {}, 'BAD_USER_INPUT'],
      ['two ways', { emailAddress: 'a@b.org', telephoneNumber: '030 901820' }, 'BAD_USER_INPUT'],
      ['no e-mail address', { emailAddress: 'anne' }, 'BAD_USER_INPUT'],
      ['no number', { telephoneNumber: '12' }, 'BAD_USER_INPUT'],
      ['no handle', { socialAccount: { socialNetworkProvider: 'x', socialHandleName: '@' } }, 'BAD_USER_INPUT'],
      ['a telephone of two customers', { telephoneNumber: '030 901820' }, 'IDENTIFIER_AMBIGUOUS'],
    ])('refuses %s', async (_what, by, code) => {
      expect(await ask(BY, { by })).toEqual({ data: { customerBy: null }, codes: [code] });
    });
  });

  describe('customers', () => {
    const page = (
      data: unknown,
    ): { edges: { cursor: string }[]; pageInfo: Record<string, unknown>; unansweredDataSourceIds: string[] } =>
      (data as { customers: never }).customers;
    const found = async (search: object): Promise<string[]> => {
      return page((await ask(SEARCH, { search })).data).edges.map(({ cursor }) => cursor);
    };

    it('without a search are all, by id, page after page, each page one statement', async () => {
      const seen: string[] = [];
      let after: unknown = null;
      for (let pages = 0; pages < 3; pages += 1) {
        store.statements.length = 0;
        const { edges, pageInfo } = page((await ask(SEARCH, { first: 50, after })).data);
        expect(store.statements).toHaveLength(1);
        seen.push(...edges.map(({ cursor }) => cursor));
        expect(pageInfo).toEqual({
          hasNextPage: pages < 2,
          hasPreviousPage: pages > 0,
          startCursor: edges[0]?.cursor,
          endCursor: edges.at(-1)?.cursor,
        });
        after = pageInfo['endCursor'];
      }
      expect(seen).toEqual(ids.filter((id) => id !== merged));
    });

    it('match everything that is given', async () => {
      expect(await found({ telephoneNumber: '+49 30 901820' })).toEqual([anne, bo]);
      expect(await found({ telephoneNumber: '030/901820', emailAddress: 'Anne@mail.org' })).toEqual([anne]);
      expect(await found({ name: 'anne' })).toEqual([anne]);
      expect(await found({ name: 'anne', emailAddress: 'many@mail.org' })).toEqual([]);
      const { edges, pageInfo } = page(
        (await ask(SEARCH, { search: { emailAddress: 'many@mail.org' }, first: 100 })).data,
      );
      expect([edges.length, pageInfo['hasNextPage']]).toEqual([100, true]);
      const rest = page(
        (await ask(SEARCH, { search: { emailAddress: 'many@mail.org' }, after: pageInfo['endCursor'] })).data,
      );
      expect([rest.edges.length, rest.pageInfo['hasNextPage']]).toEqual([ids.length - 104, false]);
    });

    it('of a name are found in one statement, and a cloud that fails, hangs or has too many is named', async () => {
      const unanswered = async (): Promise<unknown> => {
        const { edges, unansweredDataSourceIds } = page((await ask(SEARCH, { search: { name: 'anne' } })).data);
        expect(edges[0]?.cursor).toBe(anne);
        return unansweredDataSourceIds;
      };
      expect(await unanswered()).toEqual([]);
      expect(store.statements).toHaveLength(1);
      searchService = async () => Promise.reject(new Error('down'));
      expect(await unanswered()).toEqual(['service']);
      searchService = () => new Promise(() => {});
      expect(await unanswered()).toEqual(['service']);
      searchService = async (_text, first) => Array.from({ length: first }, (_, index) => `N${index}`);
      expect(await unanswered()).toEqual(['service']);
    });

    it.each([
      [{ first: 0 }, 'BAD_USER_INPUT'],
      [{ first: 101 }, 'BAD_USER_INPUT'],
      [{ after: 'nonsense' }, 'MALFORMED_ID'],
      [{ search: { emailAddress: 'anne' } }, 'BAD_USER_INPUT'],
      [{ search: { telephoneNumber: '1' } }, 'BAD_USER_INPUT'],
      [{ search: { name: ' - ' } }, 'BAD_USER_INPUT'],
    ])('refuse %j', async (variables, code) => {
      expect((await ask(SEARCH, variables)).codes).toEqual([code]);
      expect(store.statements).toHaveLength(0);
    });
  });

  describe('as a part of the graph', () => {
    it('tells its SDL', async () => {
      const { data } = await ask('{ _service { sdl } }');
      expect(JSON.stringify(data)).toMatch(/type Customer.*@key/);
    });

    it('leads every type of every cloud back to its customer, all of a hop in one statement by records and one by ids', async () => {
      const keyOf: Record<string, string> = { commerce: 'A1', marketing: 'S1', service: 'C1' };
      const representations = CLOUDS.flatMap(({ name, entities: types }) =>
        types.map(({ type, key, customerKey }) => {
          const customer = customerKey === 'customer360Id' ? anne : keyOf[name];
          return { __typename: type, [key]: '1', [customerKey]: customer };
        }),
      );
      const selection = representations.map(({ __typename }) => `... on ${__typename} { customer { customer360Id } }`);
      expect(await entities(selection.join(' '), representations)).toEqual(
        representations.map(() => ({ customer: { customer360Id: anne } })),
      );
      expect(store.statements).toHaveLength(2);
    });

    it('gives null for a record it does not know yet, and for a cart of nobody', async () => {
      const selection = '... on ShoppingCart { customer { customer360Id } }';
      const cart = { __typename: 'ShoppingCart', id: '1' };
      expect(
        await entities(selection, [{ ...cart, customerNumber: 'NEW' }, { ...cart, customerNumber: null }, cart]),
      ).toEqual([{ customer: null }, { customer: null }, { customer: null }]);
    });

    it('finds references by id in one statement, null for unknown ones, in their order', async () => {
      const representations = [cleo, unknown, merged, ...ids.slice(20)].map((customer360Id) => {
        return { __typename: 'Customer', customer360Id };
      });
      const answer = (await entities('... on Customer { customer360Id resolvedFrom }', representations)) as unknown[];
      expect(answer.slice(0, 3)).toEqual([
        { customer360Id: cleo, resolvedFrom: null },
        null,
        { customer360Id: anne, resolvedFrom: merged },
      ]);
      expect(answer).toHaveLength(103);
      expect(store.statements).toHaveLength(1);
    });

    it.each([
      ['a malformed id', { __typename: 'Customer', customer360Id: 'nonsense' }, 'MALFORMED_ID'],
      ['no id', { __typename: 'Customer' }, 'MALFORMED_ID'],
      ['a foreign type', { __typename: 'Invoice', id: '1' }, 'BAD_USER_INPUT'],
      ['no type', { customer360Id: anne }, 'BAD_USER_INPUT'],
    ])('refuses a representation with %s', async (_what, representation, code) => {
      expect(await entities('__typename', [representation])).toEqual([code]);
    });
  });

  describe('the last hop', () => {
    const reconciled = '... on Customer { customer360Id fullName contactPointEmails { emailAddress isPrimary } }';
    const reference = (customer360Id: string, profiles: object) => ({
      __typename: 'Customer',
      customer360Id,
      ...profiles,
    });

    it('reconciles what the clouds said without a statement', async () => {
      const representations = ids.slice(4, 104).map((id) =>
        reference(id, {
          commerceProfiles: [profile('commerce/A1', 'Anne'), profile('commerce/A2', 'ANNE')],
          marketingProfiles: null,
          serviceProfiles: [profile('service/C1', 'Annie', AT)],
        }),
      );
      const answer = (await entities(reconciled, representations)) as unknown[];
      expect(answer).toHaveLength(100);
      expect(answer[0]).toEqual({
        customer360Id: ids[4],
        fullName: 'Anne',
        contactPointEmails: [
          { emailAddress: 'Anne@mail.org', isPrimary: true },
          { emailAddress: 'Annie@mail.org', isPrimary: false },
        ],
      });
      expect(store.statements).toHaveLength(0);
    });

    it('says how each cloud answered, for a page in one statement', async () => {
      const live = {
        commerceProfiles: [profile('commerce/A1', 'Anne'), profile('commerce/A2', 'Anne')],
        marketingProfiles: [profile('marketing/S1', 'Anne')],
        serviceProfiles: [profile('service/C1', 'Anne')],
      };
      const selection = '... on Customer { completeness { dataSourceId state linkedRecordCount } }';
      const representations = [
        reference(anne, live),
        reference(anne, { ...live, commerceProfiles: [profile('commerce/A1', 'Anne')], marketingProfiles: null }),
        reference(anne, { serviceProfiles: null }),
        reference(cleo, { commerceProfiles: [], marketingProfiles: [], serviceProfiles: null }),
      ];
      const answer = (await entities(selection, representations, {
        marketing: 'TIMEOUT',
        service: 'RATE_LIMITED',
      })) as {
        completeness: { dataSourceId: string; state: string; linkedRecordCount: number }[];
      }[];
      expect(answer.map(({ completeness }) => completeness.map(({ state }) => state).join(' '))).toEqual([
        'LIVE LIVE LIVE',
        'STALE TIMEOUT LIVE',
        'DOWN TIMEOUT RATE_LIMITED',
        'STALE NOT_LINKED NOT_LINKED',
      ]);
      expect(answer[0]?.completeness[0]).toEqual({ dataSourceId: 'commerce', state: 'LIVE', linkedRecordCount: 2 });
      expect(store.statements).toHaveLength(1);
    });

    it('gives provenance of the fields that are asked for, and refuses others', async () => {
      const representation = reference(anne, { commerceProfiles: [profile('commerce/A1', 'Anne', AT)] });
      const provenance = (fields: string) =>
        entities(
          `... on Customer { provenance${fields} { field rule winner { value lastModifiedDate source ${LINKS} } } }`,
          [representation],
        );
      expect(await provenance('(fields: ["firstName"])')).toEqual([
        {
          provenance: [
            {
              field: 'firstName',
              rule: 'MOST_FREQUENT',
              winner: {
                value: 'Anne',
                lastModifiedDate: AT,
                source: { dataSourceId: 'commerce', sourceRecordId: 'A1' },
              },
            },
          ],
        },
      ]);
      expect(await provenance('')).toMatchObject([{ provenance: { length: 10 } }]);
      expect(await provenance('(fields: ["shoeSize"])')).toEqual(['BAD_USER_INPUT']);
    });
  });
});

it("the identity subgraph says that its store can not answer, and tells the operator why without anybody's data", async () => {
  const database = await openPglite({ directory: null });
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  const survivorship = loadSurvivorship(CLOUDS.map(({ name }) => name));
  const orphan = await createIdentitySubgraph({
    repository: createSqlRepository({ database }),
    clouds,
    survivorship,
    ruleset: createIdentifierRules(loadDefaultMatchRuleset()),
    onWarning,
  });
  await database.close();
  const request = {
    query: BY,
    variables: { by: { emailAddress: 'secret@mail.org' } },
    principal: LOCAL_ADMINISTRATOR,
  };
  const { data, errors } = await executeSubgraph(orphan, request);
  expect(data).toMatchObject({ customerBy: null });
  expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['STORE_UNAVAILABLE']);
  expect(warnings).toHaveLength(1);
  expect(JSON.stringify([errors, warnings])).not.toContain('secret');
  await expect(orphan.checkReadiness()).rejects.toThrow();
});
