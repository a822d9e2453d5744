import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, type GraphQLSchema, getIntrospectionQuery, parse } from 'graphql';
import { CUSTOMER_IDS, PAGE_OF_CUSTOMERS, UNIFIED_CUSTOMER } from '../../bench/queries.ts';
import { createGuardRules, type GuardOptions } from '../../gateway/guard-rules.ts';
import { Refused } from '../../gateway/operation.ts';
import { ManifestInvalid, readManifest } from '../../gateway/persisted/manifest.ts';
import { PersistedOperations } from '../../gateway/persisted/persisted-operations.ts';
import { readStories } from '../../gateway/playground/playground.ts';
import { guard } from '../../gateway/stages/guard.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { buildApiSchema } from '../../schema/compose.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { LOCAL_ADMINISTRATOR, type Principal } from '../../schema/principal.ts';
import { startTinyGateway, type TinyGateway } from '../support/tiny-gateway.ts';
import { localTiny, TinyWorld } from '../support/tiny-supergraph.ts';

const NOTHING_LINKED = 'schema { query: Query }';
const SDL = `
  type Query { node(id: ID, first: Int): Node  nodes(first: Int = 5, last: Int): [Node!]!  search(by: Filter): [Node!]!
    page(first: Int = 20): Page }
  type Page { edges: [Edge!]!  hasMore: Boolean }
  type Edge { node: Node! }
  input Filter { name: String  all: [Filter!] }
  type Node { id: ID!  name: String  node: Node  nodes: [Node!]!  colour: Colour }
  type Mutation { touch: Node }
  enum Colour { RED }`;

function rulesOf(
  options: Partial<GuardOptions> & { introspection?: boolean; linked?: string; schema?: GraphQLSchema } = {},
) {
  const { linked = NOTHING_LINKED, schema = buildSchema(SDL), introspection = true, ...rest } = options;
  return createGuardRules({ document: parse(linked), apiSchema: schema }, { introspection, ...rest });
}

function askAs(principal: Principal, query: string, rules = rulesOf(), variables = {}) {
  return guard({ query, variables }, { principal }, rules);
}

/** Code of the refusal and the CPU time it took, milliseconds: the machine may have other work. */
function refusalOf(query: string, rules = rulesOf(), variables = {}): { code: unknown; took: number; message: string } {
  const began = process.cpuUsage();
  try {
    askAs(LOCAL_ADMINISTRATOR, query, rules, variables);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const took = millisecondsSince(began);
    return { code: error.errors[0]?.extensions['code'], took, message: error.message };
  }
  return { code: undefined, took: millisecondsSince(began), message: '' };
}

function millisecondsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

const repeat = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
const nested = (levels: number, inner: string): string => `${'node { '.repeat(levels)}${inner}${' }'.repeat(levels)}`;
/** Each fragment spreads the next one twice: 2^count fields from a few lines. */
const exploding = (count: number): string =>
  `{ node { ...F0 } } ${repeat(count, (index) => `fragment F${index} on Node { node { ...F${index + 1} } ...F${index + 1} }`)} fragment F${count} on Node { id }`;

const HOSTILE: readonly (readonly [string, string, string])[] = [
  ['tokens', `{ ${repeat(2100, () => 'node')} }`, 'TOO_MANY_TOKENS'],
  [
    'a string literal of 250 KiB is one token, a comment none',
    `{ node(id: "${'x'.repeat(250_000)}") { id nope } }`,
    'GRAPHQL_VALIDATION_FAILED',
  ],
  ['levels', `{ ${nested(13, 'id')} }`, 'OPERATION_TOO_DEEP'],
  [
    'levels through fragments',
    `{ ${nested(6, '...F')} } fragment F on Node { ${nested(7, 'id')} }`,
    'OPERATION_TOO_DEEP',
  ],
  ['levels that no stack holds', `{ ${'node{'.repeat(990)}`, 'GRAPHQL_PARSE_FAILED'],
  ['aliases', `{ node { ${repeat(31, (index) => `a${index}: id`)} } }`, 'TOO_MANY_ALIASES'],
  ['a thousand aliases', `{ ${repeat(600, (index) => `a${index}: node`)} }`, 'TOO_MANY_ROOT_FIELDS'],
  ['a thousand aliases below', `{ node { ${repeat(600, (index) => `a${index}: name`)} } }`, 'TOO_MANY_ALIASES'],
  [
    'aliases through fragments',
    `{ node { ...A node { ...A node { ...A } } } } fragment A on Node { ${repeat(11, (index) => `a${index}: id`)} }`,
    'TOO_MANY_ALIASES',
  ],
  ['fields at the top', `{ ${repeat(21, () => 'node { id }')} }`, 'TOO_MANY_ROOT_FIELDS'],
  [
    'fields at the top through fragments',
    `{ ...A ...A ...A } fragment A on Query { ${repeat(7, () => 'node { id }')} }`,
    'TOO_MANY_ROOT_FIELDS',
  ],
  ['directives', `{ node { ${repeat(51, () => 'id @include(if: true)')} } }`, 'TOO_MANY_DIRECTIVES'],
  ['directives in one place', `{ node ${repeat(60, () => '@include(if: true)')} { id } }`, 'TOO_MANY_DIRECTIVES'],
  ['exploding fragments', exploding(9), 'TOO_MANY_OVERLAPPING_FIELDS'],
  ['exploding fragments without end', exploding(90), 'OPERATION_TOO_DEEP'],
  [
    'flat exploding fragments',
    `{ node { ...F0 } } ${repeat(60, (index) => `fragment F${index} on Node { ...F${index + 1} ...F${index + 1} }`)} fragment F60 on Node { id }`,
    'TOO_MANY_FIELDS',
  ],
  [
    'exploding fragments that nobody spreads',
    `{ node { id } } ${repeat(60, (index) => `fragment F${index} on Node { ...F${index + 1} ...F${index + 1} }`)} fragment F60 on Node { id }`,
    'TOO_MANY_FIELDS',
  ],
  ['a fragment in itself', '{ node { ...A } } fragment A on Node { node { ...A } }', 'CIRCULAR_FRAGMENTS'],
  [
    'fragments in each other',
    '{ node { id } } fragment A on Node { ...B } fragment B on Node { ...C } fragment C on Node { ...A }',
    'CIRCULAR_FRAGMENTS',
  ],
  ['overlapping fields', `{ node { ${repeat(900, () => 'id')} } }`, 'TOO_MANY_OVERLAPPING_FIELDS'],
  ['overlapping objects', `{ node { ${repeat(300, () => 'node { id name }')} } }`, 'TOO_MANY_OVERLAPPING_FIELDS'],
  [
    'overlapping fragments',
    `{ node { ${repeat(140, (index) => `...F${index}`)} } } ${repeat(140, (index) => `fragment F${index} on Node { id name }`)}`,
    'TOO_MANY_OVERLAPPING_FIELDS',
  ],
];

describe('the size of an operation', () => {
  it.each(HOSTILE)('refuses %s', (_what, query, code) => {
    expect(query.length).toBeLessThan(256 * 1024);
    expect(refusalOf(query).code).toBe(code);
    // Once more, warm: it is the work that counts, not the loading of this test.
    const times = [1, 2, 3, 4, 5].map(() => refusalOf(query).took);
    expect(Math.min(...times)).toBeLessThan(10);
  });

  it('never lets validation stall, whatever stays within the limits', () => {
    const within = [
      `{ node { ${repeat(70, () => 'node { id }')} } }`,
      `{ node { ${repeat(40, (index) => `...F${index}`)} } } ${repeat(40, (index) => `fragment F${index} on Node { id name node { id } nodes { id } }`)}`,
      `${repeat(130, (index) => `query Q${index} { ...F }`)} fragment F on Query { node { id name } }`,
      `{ search(by: ${'{ all: ['.repeat(150)}${'] }'.repeat(150)}) { id } }`,
    ];
    const took = within.map((query) => {
      refusalOf(query);
      // The least of many: what the compiler and the collector take in between is not the work.
      return Math.min(...Array.from({ length: 10 }, () => refusalOf(query, rulesOf()).took));
    });
    expect(Math.max(...took)).toBeLessThan(50);
  });

  it.each([
    ['tokens', { tokens: 5 }, '{ node { id name } }'],
    ['depth', { depth: 1 }, '{ node { id } }'],
    ['aliases', { aliases: 0 }, '{ a: node { id } }'],
    ['rootFields', { rootFields: 1 }, '{ node { id } nodes { id } }'],
    [
      'rootFields, of which a look at the schema is ten',
      { rootFields: 10 },
      '{ node { id } __schema { description } }',
    ],
    ['directives', { directives: 0 }, '{ node { id @skip(if: false) } }'],
    ['fields', { fields: 2 }, '{ node { id name } }'],
    ['overlaps', { overlaps: 0 }, '{ node { id id } }'],
  ])('is measured by what the configuration says: %s', (_name, limits, query) => {
    expect(refusalOf(query).code).toBeUndefined();
    expect(refusalOf(query, rulesOf({ limits })).code).toMatch(/^(TOO_MANY_|OPERATION_TOO_DEEP)/);
  });

  it('leaves room for everything that this project asks', () => {
    const supergraph = readFileSync(join(PACKAGE_ROOT, 'schema/generated/supergraph.graphql'), 'utf8');
    const rules = rulesOf({ linked: supergraph, schema: buildApiSchema(supergraph) });
    const readme = /```graphql\n([\s\S]*?)```/.exec(readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8'))?.[1] ?? '';
    const own = [readme, UNIFIED_CUSTOMER, PAGE_OF_CUSTOMERS, CUSTOMER_IDS, ...readStories().map(({ query }) => query)];
    const introspection = getIntrospectionQuery({
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    });
    for (const query of [...own, introspection]) {
      const refusal = refusalOf(query, rules, { id: 'c360_01hzy3v7k2n8q4r6t9w1x5z0ab' });
      expect([refusal.code, refusal.message]).toEqual([undefined, '']);
    }
  });
});

const COSTS = `schema @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@listSize", { name: "@cost", as: "@weight" }]) { query: Query }
  type Query {
    node(id: ID): Node
    nodes(first: Int = 5, last: Int): [Node!]! @listSize(slicingArguments: ["first", "last"], requireOneSlicingArgument: false)
    search(by: Filter @weight(weight: 3)): [Node!]! @listSize(assumedSize: 7)
    page(first: Int = 20): Page @listSize(slicingArguments: ["first"], sizedFields: ["edges"])
  }
  input Filter { name: String @weight(weight: 4) all: [Filter!] }
  enum Colour @weight(weight: 2) { RED }
  type Node { name: String @weight(weight: 5) }`;

describe('the cost of an operation', () => {
  const costOf = (query: string, variables = {}): number => {
    const rules = rulesOf({ linked: COSTS, budgets: { byRole: {}, otherwise: -1 } });
    const refusal = refusalOf(query, rules, variables);
    expect(refusal.code).toBe('OPERATION_TOO_COSTLY');
    return Number(/cost (\d+);/.exec(refusal.message)?.[1]);
  };

  it.each([
    ['an object costs 1, a scalar nothing', '{ node { id } }', {}, 1],
    ['a weighted field costs its weight', '{ node { id name } }', {}, 6],
    ['a weighted enum costs its weight', '{ node { colour } }', {}, 3],
    ['a list costs its slicing argument times its items', '{ nodes(first: 8) { id name } }', {}, 48],
    ['the largest slicing argument counts', '{ nodes(first: 8, last: 9) { id } }', {}, 9],
    ['a default counts', '{ nodes { id } }', {}, 5],
    ['a variable counts', 'query ($n: Int) { nodes(first: $n) { id } }', { n: 40 }, 40],
    ['a default of the operation counts', 'query ($n: Int = 12) { nodes(first: $n) { id } }', {}, 12],
    [
      'an assumed size counts, and weighted arguments',
      '{ search(by: { name: "a", all: [{ name: "b" }, { name: "c" }] }) { id } }',
      {},
      7 + 3 + 12,
    ],
    ['inputs by variable count', 'query ($by: Filter) { search(by: $by) { id } }', { by: { name: 'a' } }, 7 + 3 + 4],
    ['a list of which nothing is said counts 10', '{ node { nodes { id } } }', {}, 11],
    ['a field below is the list', '{ page(first: 30) { edges { node { id } } hasMore } }', {}, 1 + 30 * 2],
    [
      'fragments count where they are spread',
      '{ node { ...F node { ...F } } } fragment F on Node { nodes { id } }',
      {},
      1 + 10 + 1 + 10,
    ],
    [
      'what is skipped costs nothing',
      'query ($no: Boolean!) { node { id nodes @include(if: $no) { id } } }',
      { no: false },
      1,
    ],
    ['a mutation costs 10 more', 'mutation { touch { id } }', {}, 11],
    ['a negative size is none', '{ nodes(first: -4) { id } }', {}, 0],
  ])('%s', (_what, query, variables, cost) => {
    expect(costOf(query, variables)).toBe(cost);
  });

  it('is within a budget for each role, and the refusal tells both', () => {
    const rules = rulesOf({ linked: COSTS, budgets: { byRole: { agent: 50, admin: 500 }, otherwise: 5 } });
    const query = '{ nodes(first: 100) { id } }';
    const asking =
      (...roles: string[]) =>
      () =>
        askAs({ subject: 's', roles, scopes: [] }, query, rules);
    expect(asking('admin')).not.toThrow();
    expect(asking('agent', 'admin')).not.toThrow();
    expect(asking('agent')).toThrow('The operation is estimated to cost 100; 50 are allowed.');
    expect(asking()).toThrow('5 are allowed');
  });

  it('needs one slicing argument where the schema says so', () => {
    const linked = COSTS.replace('["first", "last"], requireOneSlicingArgument: false', '["first", "last"]');
    const rules = rulesOf({ linked });
    expect(refusalOf('{ nodes(first: 1, last: 2) { id } }', rules).code).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(refusalOf('query ($n: Int) { nodes(last: $n) { id } }', rules, { n: 1 }).message).toContain('exactly one');
  });

  it('does not count in a supergraph that says nothing of costs, unless there is a budget', () => {
    const query = '{ nodes(first: 1000000) { nodes { nodes { nodes { nodes { id } } } } } }';
    expect(refusalOf(query).code).toBeUndefined();
    expect(refusalOf(query, rulesOf({ budgets: { byRole: {}, otherwise: 1000 } })).code).toBe('OPERATION_TOO_COSTLY');
  });
});

describe('what is told of the schema', () => {
  it('can be nothing', () => {
    const hidden = rulesOf({ introspection: false });
    expect(refusalOf('{ __schema { types { name } } }', hidden).code).toBe('GRAPHQL_VALIDATION_FAILED');
    for (const query of ['{ nod { id } }', '{ node(i: 1) { id } }', '{ node { id } } fragment F on Nod { id }']) {
      expect(refusalOf(query).message).toContain('Did you mean');
      expect(refusalOf(query, hidden).message).not.toContain('Did you mean');
    }
    const variables = 'query ($by: Filter) { search(by: $by) { id } }';
    expect(refusalOf(variables, rulesOf(), { by: { nam: 1 } }).message).toContain('Did you mean');
    expect(refusalOf(variables, hidden, { by: { nam: 1 } }).message).not.toContain('Did you mean');
  });
});

describe('persisted operations', () => {
  const query = '{ node { id } }';
  const hash = createHash('sha256').update(query).digest('hex');
  const find = (rules: ReturnType<typeof rulesOf>, request: { query?: string; documentId?: string }) =>
    guard({ query: '', ...request }, { principal: LOCAL_ADMINISTRATOR }, rules).query;

  it('are remembered by their hash once they were found good', () => {
    const rules = rulesOf();
    expect(() => find(rules, { documentId: hash })).toThrow('PersistedQueryNotFound');
    expect(() => find(rules, { query, documentId: hash.replace(/^./, 'x') })).toThrow('not the SHA-256');
    expect(find(rules, { query, documentId: hash })).toBe(query);
    expect(find(rules, { documentId: hash })).toBe(query);
    const bad = '{ nope }';
    const badHash = createHash('sha256').update(bad).digest('hex');
    expect(() => find(rules, { query: bad, documentId: badHash })).toThrow('Cannot query field');
    expect(() => find(rules, { documentId: badHash })).toThrow('PersistedQueryNotFound');
  });

  it('are kept within a bound, those used last', () => {
    const persisted = new PersistedOperations({ capacity: 100, capacityCharacters: 2000 });
    const rules = rulesOf({ persisted });
    for (let index = 0; index < 500; index += 1) {
      const each = `{ node { id } } # ${index} ${' '.repeat(index % 50)}`;
      find(rules, { query: each, documentId: createHash('sha256').update(each).digest('hex') });
    }
    expect(persisted.size).toBeLessThanOrEqual(100);
    expect(persisted.size).toBeGreaterThan(20);
  });

  it('can be the only ones', () => {
    const registered = readManifest(JSON.stringify({ shown: query }));
    const rules = rulesOf({ persisted: new PersistedOperations({ registered, onlyRegistered: true }) });
    expect(find(rules, { documentId: 'shown' })).toBe(query);
    expect(find(rules, { query })).toBe(query);
    expect(() => find(rules, { query: '{ node { name } }' })).toThrow('Only registered operations');
    expect(() => find(rules, { query: '{ node { name } }', documentId: 'shown' })).toThrow(
      'Only registered operations',
    );
    expect(() => find(rules, { documentId: hash })).toThrow('PersistedQueryNotSupported');
  });

  it('come from a manifest in either form', () => {
    const operations = [{ id: 'a1', name: 'Node', type: 'query', body: query }];
    const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations };
    expect([...readManifest(JSON.stringify(manifest))]).toEqual([['a1', query]]);
    for (const wrong of ['nope', '[]', '{"a": 1}', '{"format":"apollo-persisted-query-manifest","version":2}']) {
      expect(() => readManifest(wrong)).toThrow(ManifestInvalid);
    }
  });
});

describe('over HTTP', () => {
  let tiny: TinyGateway;
  const world = new TinyWorld();
  beforeAll(async () => {
    tiny = await startTinyGateway({
      transports: {
        hub: createInProcessTransport(localTiny('hub', world)),
        shop: createInProcessTransport(localTiny('shop', world)),
        desk: createInProcessTransport(localTiny('desk', world)),
      },
      gateway: { allowedOrigins: ['https://shop.example'] },
    });
  });
  afterAll(() => tiny.close());

  const send = async (init: RequestInit, search = '') => {
    const response = await fetch(`${tiny.server.origin}/graphql${search}`, init);
    const body =
      response.status === 204
        ? {}
        : ((await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] });
    return { response, status: response.status, data: body.data, code: body.errors?.[0]?.extensions.code };
  };
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    send({ method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

  it('refuses a list of operations and a body above 256 KiB', async () => {
    expect(await post([{ query: '{ __typename }' }])).toMatchObject({ status: 400, code: 'BATCHING_NOT_SUPPORTED' });
    const large = await post({ query: `{ __typename } # ${'x'.repeat(256 * 1024)}` });
    expect(large).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
  });

  it('tells limits by status only to clients that expect it', async () => {
    const query = `{ ${repeat(21, () => '__typename')} }`;
    expect(await post({ query })).toMatchObject({ status: 200, code: 'TOO_MANY_ROOT_FIELDS' });
    const modern = { accept: 'application/graphql-response+json' };
    expect(await post({ query }, modern)).toMatchObject({ status: 400, code: 'TOO_MANY_ROOT_FIELDS' });
  });

  it('keeps automatic persisted queries by GET and POST', async () => {
    const query = '{ people { id } }';
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    expect(await post({ extensions })).toMatchObject({ status: 200, code: 'PERSISTED_QUERY_NOT_FOUND' });
    expect(await post({ query, extensions })).toMatchObject({ status: 200, code: undefined });
    const search = `?extensions=${encodeURIComponent(JSON.stringify(extensions))}`;
    expect(await send({}, search)).toMatchObject({
      status: 200,
      data: { people: [{ id: '1' }, { id: '2' }, { id: '3' }] },
    });
    expect(await post({ documentId: sha256Hash })).toMatchObject({ status: 200, code: undefined });
  });

  it('refuses what another site makes a browser send', async () => {
    const search = `?query=${encodeURIComponent('{ people { id } }')}`;
    const before = world.asked.length;
    const browser = { 'user-agent': 'Mozilla/5.0' };
    for (const headers of [
      { ...browser, 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      browser,
    ]) {
      expect(await send({ headers }, search)).toMatchObject({ status: 403, code: 'CROSS_SITE_REQUEST' });
    }
    const forged = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    expect(await post({ query: '{ people { id } }' }, forged)).toMatchObject({
      status: 403,
      code: 'CROSS_SITE_REQUEST',
    });
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain; application/json',
    ]) {
      const simple = await send({
        method: 'POST',
        headers: { 'content-type': type },
        body: '{"query":"{ people { id } }"}',
      });
      expect(simple.status).toBe(415);
    }
    expect(world.asked.length).toBe(before);
    const mutation = `?query=${encodeURIComponent('mutation { placeOrder(total: 1) { id } }')}`;
    expect((await send({}, mutation)).status).toBe(405);
    expect(world.placed).toBe(0);
  });

  it('answers whoever can show that no page forged the request', async () => {
    const search = `?query=${encodeURIComponent('{ people { id } }')}`;
    for (const headers of [
      {},
      { 'user-agent': 'Mozilla/5.0', 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'cross-site', 'apollo-require-preflight': 'true' },
      { 'sec-fetch-site': 'cross-site', 'x-graphql-csrf': '1' },
      { 'sec-fetch-site': 'cross-site', origin: 'https://shop.example' },
    ] as Record<string, string>[]) {
      expect(await send({ headers }, search)).toMatchObject({ status: 200, code: undefined });
    }
  });

  it('grants a preflight to allowed origins only', async () => {
    const preflight = (origin: string) =>
      send({
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
      });
    const granted = (await preflight('https://shop.example')).response.headers;
    expect(granted.get('access-control-allow-origin')).toBe('https://shop.example');
    expect(granted.get('access-control-allow-headers')).toContain('content-type');
    expect(granted.get('access-control-allow-credentials')).toBeNull();
    const refused = (await preflight('https://evil.example')).response.headers;
    expect(refused.get('access-control-allow-origin')).toBeNull();
    expect(refused.get('vary')).toBe('origin');
  });

  it('sends security headers, and the page a policy of its own', async () => {
    const { headers } = (await post({ query: '{ __typename }' })).response;
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    const page = await fetch(`${tiny.server.origin}/graphql`, { headers: { accept: 'text/html' } });
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.headers.get('x-frame-options')).toBe('DENY');
  });
});
