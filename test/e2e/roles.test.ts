import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { buildSchema } from 'graphql';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { CompositionFailed, composeOwnSupergraph, ownSubgraphs } from '../../schema/compose.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { PROTAGONISTS } from '../../subgraphs/sample-data/protagonists.ts';
import { randomOperation } from '../support/random-operation.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { type ClientAnswer, startWhole, type Whole } from '../support/whole.ts';

const folder = mkdtempSync(join(tmpdir(), 'c360-roles-'));
let whole: Whole;
let sign: CryptoKey;
/** By role: what is sent in `authorization`. */
let tokens: { readonly admin: string; readonly agent: string; readonly app: string; readonly stranger: string };
let own: Person;
let other: Person;
let productId: string;

interface Person {
  readonly customer360Id: string;
  readonly email: string;
  readonly commerce: string;
  readonly marketing: string;
  readonly service: string;
  readonly order: string;
  readonly cart: string;
  readonly case: string;
  /** All that is theirs, as text. */
  readonly everything: string;
}

const PERSON = `customer360Id firstName lastName contactPointEmails { emailAddress } contactPointPhones { telephoneNumber }
  identityLinks { dataSourceId sourceRecordId }
  salesOrders(first: 100) { edges { node { orderNumber salesOrderStatus } } }
  shoppingCarts(first: 100) { edges { node { id status totalProductAmount { amount } } } }
  contactPointConsents { id status }
  cases(first: 100) { edges { node { id caseNumber subject status caseUpdates { id commentBody isPublished } } } }`;

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  sign = privateKey;
  const keys = join(folder, 'keys.json');
  writeFileSync(keys, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: '1', alg: 'ES256' }] }));
  const environment = {
    AUTH_KEYS: keys,
    AUTH_ISSUER: 'https://login.example',
    AUTH_AUDIENCE: 'c360',
    LIMIT_ALIASES: '1000',
  };
  whole = await startWhole({ people: 40, environment });
  const admin = await token({ sub: 'root', roles: ['admin'] });
  own = await person(admin, PROTAGONISTS.alice.email);
  other = await someoneElse(admin, own.customer360Id);
  const { data } = await ask(
    admin,
    'query ($id: ID!) { shoppingCart(id: $id) { shoppingCartProducts { productId } } }',
    { id: other.cart },
  );
  productId = data.shoppingCart.shoppingCartProducts[0].productId;
  tokens = {
    admin,
    agent: await token({ sub: 'agent-7', roles: ['agent'] }),
    app: await token({ sub: 'alice', roles: ['app'], customer360Id: own.customer360Id }),
    stranger: await token({ sub: 'nobody', roles: ['app'] }),
  };
}, 120_000);

afterAll(async () => {
  await whole.close();
  rmSync(folder, { recursive: true, force: true });
});

function token(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT({ iss: 'https://login.example', aud: 'c360', exp: Math.floor(Date.now() / 1000) + 600, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: '1' })
    .sign(sign);
}

async function ask(
  bearer: string | undefined,
  query: string,
  variables = {},
): Promise<ClientAnswer & { text: string }> {
  const response = await fetch(`${whole.running.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  return { ...JSON.parse(text), text };
}

async function person(admin: string, email: string): Promise<Person> {
  const { data } = await ask(
    admin,
    `query ($email: String!) { customerBy(by: { emailAddress: $email }) { ${PERSON} } }`,
    { email },
  );
  return toPerson(data.customerBy);
}

/** Somebody with something in every cloud. */
async function someoneElse(admin: string, customer360Id: string): Promise<Person> {
  const { data } = await ask(admin, `{ customers(first: 100) { edges { node { ${PERSON} } } } }`);
  const people = data.customers.edges.map(({ node }: { node: ClientAnswer['data'] }) => toPerson(node)) as Person[];
  const found = people.find(
    (one) => one.customer360Id !== customer360Id && one.order && one.cart && one.case && one.marketing && one.service,
  );
  if (!found) throw new Error('There is nobody else with something in every cloud.');
  return found;
}

function toPerson(customer: ClientAnswer['data']): Person {
  const recordOf = (cloud: string): string =>
    customer.identityLinks.find(({ dataSourceId }: { dataSourceId: string }) => dataSourceId === cloud)?.sourceRecordId;
  return {
    customer360Id: customer.customer360Id,
    email: customer.contactPointEmails[0]?.emailAddress,
    commerce: recordOf('commerce'),
    marketing: recordOf('marketing'),
    service: recordOf('service'),
    order: customer.salesOrders.edges[0]?.node.orderNumber,
    cart: customer.shoppingCarts.edges.find(({ node }: ClientAnswer['data']) => node.status !== 'CONVERTED')?.node.id,
    case: customer.cases.edges[0]?.node.id,
    everything: JSON.stringify(customer),
  };
}

const codesOf = ({ errors }: ClientAnswer): string[] => [
  ...new Set(((errors ?? []) as { extensions: { code: string } }[]).map(({ extensions }) => extensions.code)),
];

describe('an app', () => {
  it('reads its own customer, by `me`, by the id, and by the keys of its own records', async () => {
    const { data, errors } = await ask(
      tokens.app,
      `query ($id: Customer360Id!, $order: ID!, $cart: ID!, $case: ID!) {
        me { customer360Id firstName contactPointEmails { emailAddress } completeness { state }
          salesOrders(first: 2) { edges { node { orderNumber customer { customer360Id } } } } }
        customer(customer360Id: $id) { customer360Id }
        salesOrder(orderNumber: $order) { orderNumber customer { customer360Id lastName } }
        shoppingCart(id: $cart) { id }
        case(id: $case) { id }
      }`,
      { id: own.customer360Id, order: own.order, cart: own.cart, case: own.case },
    );
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      me: {
        customer360Id: own.customer360Id,
        firstName: 'Alice',
        completeness: [{ state: 'LIVE' }, { state: 'LIVE' }, { state: 'LIVE' }],
      },
      customer: { customer360Id: own.customer360Id },
      salesOrder: { orderNumber: own.order, customer: { customer360Id: own.customer360Id } },
      shoppingCart: { id: own.cart },
      case: { id: own.case },
    });
  });

  it("is told nothing of somebody else's, not even that it is there", async () => {
    const query = `query ($id: Customer360Id!, $order: ID!, $cart: ID!, $case: ID!) {
      customer(customer360Id: $id) { customer360Id firstName }
      salesOrder(orderNumber: $order) { orderNumber customer { lastName } }
      shoppingCart(id: $cart) { id }
      case(id: $case) { id subject }
    }`;
    const absent = { id: 'c360_01hzy3v7k2n8q4r6t9w1x5z0ab', order: 'W0-0', cart: 'none', case: 'none' };
    const nothing = { customer: null, salesOrder: null, shoppingCart: null, case: null };
    const others = { id: other.customer360Id, order: other.order, cart: other.cart, case: other.case };
    for (const variables of [others, absent]) {
      expect(await ask(tokens.app, query, variables)).toMatchObject({ data: nothing });
      expect((await ask(tokens.app, query, variables)).errors).toBeUndefined();
    }
  });

  it.each([
    ['searching', '{ customers { edges { node { customer360Id } } } }'],
    ['looking up', '{ customerBy(by: { emailAddress: "x@example.org" }) { customer360Id } }'],
    ['the queue', '{ caseQueue { edges { node { id } } } }'],
    ['campaigns', '{ campaigns { edges { node { id } } } }'],
    ['how identity came to its answer', '{ me { identityLinks { sourceRecordId } } }'],
    ['who lives with them', '{ me { household { members { edges { node { firstName } } } } } }'],
    ['provenance below an order', '{ me { salesOrders { edges { node { customer { provenance { field } } } } } } }'],
    ['by an alias and a fragment', '{ me { ...A } } fragment A on Customer { mine: identifiers { normalizedValue } }'],
    [
      'earlier states',
      `query ($id: Customer360Id!) { customer(customer360Id: $id, asOf: "2026-01-01T00:00:00.000Z") { customer360Id } }`,
    ],
  ])('is refused %s', async (_what, query) => {
    const answer = await ask(tokens.app, query, query.includes('$id') ? { id: own.customer360Id } : {});
    expect(codesOf(answer)).toEqual(['FORBIDDEN']);
    expect(answer.text).not.toMatch(/example\.org|sub_|C-1/);
  });

  it('without a customer id of its own has nothing', async () => {
    const { data, errors } = await ask(
      tokens.stranger,
      'query ($order: ID!, $id: Customer360Id!) { me { firstName } customer(customer360Id: $id) { firstName } salesOrder(orderNumber: $order) { orderNumber } }',
      {
        order: own.order,
        id: own.customer360Id,
      },
    );
    expect([data, errors]).toEqual([{ me: null, customer: null, salesOrder: null }, undefined]);
  });

  it('changes its own records, sees what was published, and nothing else', async () => {
    const openOwn = await ask(
      tokens.app,
      'mutation ($input: OpenCaseInput!) { openCase(input: $input) { case { id customer { customer360Id } } } }',
      {
        input: { idempotencyKey: 'own-1', contactId: own.service, subject: 'Where is it?' },
      },
    );
    expect(openOwn.data.openCase.case.customer.customer360Id).toBe(own.customer360Id);
    const caseId: string = openOwn.data.openCase.case.id;
    const comment =
      'mutation ($input: CommentOnCaseInput!) { commentOnCase(input: $input) { case { caseUpdates { commentBody isPublished } } } }';
    await ask(tokens.agent, comment, {
      input: { idempotencyKey: 'agent-1', caseId, commentBody: 'A difficult one.', isPublished: false },
    });
    const { data } = await ask(tokens.app, comment, {
      input: { idempotencyKey: 'own-2', caseId, commentBody: 'Please hurry.' },
    });
    expect(data.commentOnCase.case.caseUpdates).toEqual([{ commentBody: 'Please hurry.', isPublished: true }]);
    expect(
      codesOf(
        await ask(tokens.app, 'mutation ($input: CloseCaseInput!) { closeCase(input: $input) { case { id } } }', {
          input: { idempotencyKey: 'own-3', caseId },
        }),
      ),
    ).toEqual(['FORBIDDEN']);
  });

  it("can't change somebody else's records", async () => {
    const before = (await person(tokens.admin, other.email)).everything;
    const attempts: readonly (readonly [string, string, Record<string, unknown>])[] = [
      ['addShoppingCartProduct', 'AddShoppingCartProductInput', { customerNumber: other.commerce, productId: 'p' }],
      [
        'addShoppingCartProduct',
        'AddShoppingCartProductInput',
        { customerNumber: own.commerce, cartId: other.cart, productId: 'p' },
      ],
      [
        'setShoppingCartProductQuantity',
        'SetShoppingCartProductQuantityInput',
        { cartId: other.cart, productId: 'p', quantity: 0 },
      ],
      ['checkOutShoppingCart', 'CheckOutShoppingCartInput', { cartId: other.cart }],
      [
        'setContactPointConsent',
        'SetContactPointConsentInput',
        {
          subscriberKey: other.marketing,
          engagementChannelType: 'EMAIL',
          dataUsePurpose: 'MARKETING',
          status: 'OPT_IN',
        },
      ],
      ['openCase', 'OpenCaseInput', { contactId: other.service, subject: 'Mine now' }],
      ['commentOnCase', 'CommentOnCaseInput', { caseId: other.case, commentBody: 'Hello' }],
    ];
    for (const [index, [field, type, input]] of attempts.entries()) {
      const query = `mutation ($input: ${type}!) { ${field}(input: $input) { __typename } }`;
      const answer = await ask(tokens.app, query, { input: { idempotencyKey: `evil-${index}`, ...input } });
      expect([field, codesOf(answer), answer.data]).toEqual([field, ['NOT_FOUND'], null]);
    }
    expect((await person(tokens.admin, other.email)).everything).toBe(before);
  });

  it('never gets anything of anybody else, whatever it asks', async () => {
    const schema = buildSchema(readFileSync(join(PACKAGE_ROOT, 'schema/generated/api.graphql'), 'utf8'));
    const ids = [other, own].flatMap((one) => [
      one.order,
      one.cart,
      one.case,
      one.commerce,
      one.marketing,
      one.service,
    ]);
    const literals = {
      ID: ids.map((id) => JSON.stringify(id)),
      String: [other.email, '2026', 'lastName', ...ids].map((text) => JSON.stringify(text)),
      Customer360Id: [other, own].map((one) => JSON.stringify(one.customer360Id)),
      DateTime: ['"2026-03-01T08:30:00.000Z"'],
      Cursor: ['"MA"'],
      Int: ['1', '5', '100'],
      Float: ['1.5'],
      Boolean: ['true', 'false'],
    };
    const secrets = await secretsOfOthers();
    expect(secrets.length).toBeGreaterThan(100);
    // The net has no holes: whoever may see it is seen seeing it.
    const seen = await Promise.all(
      fc
        .sample(randomOperation('query', { schema, literals, depth: 6 }), 40)
        .map(async (query) => (await ask(tokens.admin, query)).text),
    );
    expect(seen.some((text) => secrets.some((secret) => text.includes(secret)))).toBe(true);
    const isLeak = (text: string): string | undefined => secrets.find((secret) => text.includes(secret));
    await fc.assert(
      fc.asyncProperty(randomOperation('query', { schema, literals, depth: 6 }), async (query) => {
        const { text } = await ask(tokens.app, query);
        expect([query, isLeak(text)]).toEqual([query, undefined]);
      }),
      { numRuns: 150 },
    );
    const before = (await person(tokens.admin, other.email)).everything;
    await fc.assert(
      fc.asyncProperty(randomOperation('mutation', { schema, literals, depth: 5 }), async (query) => {
        const { text } = await ask(tokens.app, query);
        expect([query, isLeak(text)]).toEqual([query, undefined]);
      }),
      { numRuns: 80 },
    );
    expect((await person(tokens.admin, other.email)).everything).toBe(before);
  }, 120_000);
});

/** Keys and addresses that are only in other people's data, and quoted as an answer would. */
async function secretsOfOthers(): Promise<string[]> {
  const { data } = await ask(tokens.admin, `{ customers(first: 100) { edges { node { ${PERSON} } } } }`);
  const found = new Set<string>();
  for (const { node } of data.customers.edges) {
    if (node.customer360Id === own.customer360Id) continue;
    for (const [match] of JSON.stringify(node).matchAll(/"[^"]*[@\d][^"]{5,}"/g)) found.add(match);
  }
  const mine = (await person(tokens.admin, own.email)).everything;
  return [...found].filter((secret) => !mine.includes(secret));
}

describe('those who work for the company', () => {
  it('see everybody; rules and erasure are for administrators', async () => {
    const query = `query ($id: Customer360Id!) { customer(customer360Id: $id) { customer360Id identityLinks { sourceRecordId } }
      caseQueue(first: 1) { edges { node { id } } } erasureAlarms { edges { cursor } } }`;
    const agent = await ask(tokens.agent, query, { id: other.customer360Id });
    expect(agent.data.customer.customer360Id).toBe(other.customer360Id);
    expect(agent.errors).toEqual([
      { message: 'You have no right to this field.', path: ['erasureAlarms'], extensions: { code: 'FORBIDDEN' } },
    ]);
    expect((await ask(tokens.admin, query, { id: other.customer360Id })).errors).toBeUndefined();
  });
});

describe('why two records are one person', () => {
  const query = `query ($left: SourceRecordInput!, $right: SourceRecordInput!) { explainMatch(left: $left, right: $right) {
    isSameCustomer contributions { field leftValue rightValue } waterfall } }`;
  const variables = () => ({
    left: { dataSourceId: 'commerce', sourceRecordId: own.commerce },
    right: { dataSourceId: 'service', sourceRecordId: own.service },
  });

  it.each(['agent', 'admin'] as const)('is shown to an %s with the values that were compared', async (role) => {
    const { data, errors, text } = await ask(tokens[role], query, variables());
    expect(errors).toBeUndefined();
    expect(data.explainMatch.isSameCustomer).toBe(true);
    expect(data.explainMatch.waterfall).toContain('alice');
    expect(text).not.toContain('•••');
  });

  it('is shown to a program with the values masked, also in the text', async () => {
    const program = await token({ sub: 'warehouse', roles: ['service'] });
    const { data, errors, text } = await ask(program, query, variables());
    expect(errors).toBeUndefined();
    expect(data.explainMatch.isSameCustomer).toBe(true);
    const values = data.explainMatch.contributions.flatMap((each: Record<string, string | null>) => [
      each['leftValue'],
      each['rightValue'],
    ]);
    expect(new Set(values)).toEqual(new Set([null, '•••']));
    expect(text).not.toMatch(/alice|martin|@example/i);
  });

  it('is not shown to an app', async () => {
    const answer = await ask(tokens.app, query, variables());
    expect([codesOf(answer), answer.data]).toEqual([['FORBIDDEN'], { explainMatch: null }]);
  });
});

it('without a token nothing of our graph is open', async () => {
  const { data, errors } = await ask(undefined, '{ me { firstName } product(id: "x") { productName } __typename }');
  expect(data).toEqual({ me: null, product: null, __typename: 'Query' });
  expect(errors).toMatchObject([
    { path: ['me'], extensions: { code: 'UNAUTHENTICATED' } },
    { path: ['product'], extensions: { code: 'UNAUTHENTICATED' } },
  ]);
});

describe.each(['cartUpdated', 'caseUpdated'] as const)('an app that follows %s', (field) => {
  const isCart = field === 'cartUpdated';
  const query = isCart
    ? 'subscription { cartUpdated { cursor cartId shoppingCart { customerNumber customer { customer360Id } } } }'
    : 'subscription { caseUpdated { cursor caseId case { contactId customer { customer360Id } } } }';
  let count = 0;
  /** Something happens to a cart, or a case, of a person. */
  const change = async (person: Person): Promise<void> => {
    count += 1;
    const idempotencyKey = `${field}-${count}`;
    const answer = isCart
      ? await ask(
          tokens.admin,
          'mutation ($input: AddShoppingCartProductInput!) { addShoppingCartProduct(input: $input) { __typename } }',
          { input: { idempotencyKey, customerNumber: person.commerce, productId } },
        )
      : await ask(
          tokens.admin,
          'mutation ($input: CommentOnCaseInput!) { commentOnCase(input: $input) { __typename } }',
          { input: { idempotencyKey, caseId: person.case, commentBody: 'Hello.', isPublished: true } },
        );
    expect(answer.errors).toBeUndefined();
  };
  const ownerKey = ({ commerce, service }: Person): string => (isCart ? commerce : service);

  it('is told of what is theirs when it happens: more after a merge, and nothing of the other once it is taken back', async () => {
    const socket = await RawSocket.ready(`${whole.running.origin.replace('http', 'ws')}/graphql`, {
      authorization: `Bearer ${tokens.app}`,
    });
    socket.subscribe('1', query);
    // biome-ignore lint/suspicious/noExplicitAny: a test reads the parts that it has asked for
    const updates = (): any[] => socket.of('1').map((message: any) => message.payload?.data?.[field] ?? message);
    const owners = (): string[] =>
      updates().map(
        (update) => (isCart ? update.shoppingCart?.customerNumber : update.case?.contactId) ?? JSON.stringify(update),
      );
    while (updates().length === 0) {
      await change(own);
      await socket.settled();
    }
    expect(new Set(owners())).toEqual(new Set([ownerKey(own)]));

    const merge =
      'mutation ($input: MergeCustomersInput!) { mergeCustomers(input: $input) { mergeEvent { mergeEventId } } }';
    const merged = await ask(tokens.admin, merge, {
      input: {
        idempotencyKey: `${field}-merge`,
        customer360Id: own.customer360Id,
        otherCustomer360Id: other.customer360Id,
      },
    });
    expect(merged.errors).toBeUndefined();
    await change(other);
    await socket.until(() => owners().includes(ownerKey(other)));

    const taken = await ask(
      tokens.admin,
      'mutation ($input: UnmergeCustomersInput!) { unmergeCustomers(input: $input) { __typename } }',
      {
        input: {
          idempotencyKey: `${field}-unmerge`,
          mergeEventId: merged.data.mergeCustomers.mergeEvent.mergeEventId,
          doNotRematch: false,
        },
      },
    );
    expect(taken.errors).toBeUndefined();
    const before = updates().length;
    await change(other);
    await change(own);
    await socket.until(() => owners().slice(before).includes(ownerKey(own)));
    expect(new Set(owners().slice(before))).toEqual(new Set([ownerKey(own)]));
    socket.close();
  });
});

// The last one that asks: afterwards two of the people are one.
it('an app whose id was merged away is its survivor, with all that is theirs', async () => {
  const merge = 'mutation ($input: MergeCustomersInput!) { mergeCustomers(input: $input) { __typename } }';
  const input = { idempotencyKey: 'merge', customer360Id: own.customer360Id, otherCustomer360Id: other.customer360Id };
  expect((await ask(tokens.admin, merge, { input })).errors).toBeUndefined();
  const both = [own, other].map(({ customer360Id }) => customer360Id);
  for (const customer360Id of both) {
    const bearer = await token({ sub: `app of ${customer360Id}`, roles: ['app'], customer360Id });
    const query = `query ($one: Customer360Id!, $other: Customer360Id!, $first: ID!, $second: ID!) { me { customer360Id }
      one: customer(customer360Id: $one) { customer360Id } other: customer(customer360Id: $other) { customer360Id }
      first: salesOrder(orderNumber: $first) { orderNumber } second: salesOrder(orderNumber: $second) { orderNumber } }`;
    const variables = { one: both[0], other: both[1], first: own.order, second: other.order };
    const { data, errors } = await ask(bearer, query, variables);
    const survivor = { customer360Id: data.me.customer360Id };
    expect([errors, data]).toEqual([
      undefined,
      {
        me: survivor,
        one: survivor,
        other: survivor,
        first: { orderNumber: own.order },
        second: { orderNumber: other.order },
      },
    ]);
    expect(both).toContain(survivor.customer360Id);
  }
});

it('a field without a rule fails the build, and so does a rule without a field', () => {
  const subgraphs = ownSubgraphs().map((subgraph) =>
    subgraph.name === 'service'
      ? { ...subgraph, sdl: `${subgraph.sdl} extend type Query { openSecret: String } type Leak { a: Int }` }
      : subgraph,
  );
  expect(() => composeOwnSupergraph(subgraphs)).toThrow(CompositionFailed);
  expect(() => composeOwnSupergraph(subgraphs)).toThrow(/Query\.openSecret has no rule in schema\/access\.ts/);
  expect(() => composeOwnSupergraph(subgraphs)).toThrow(/Leak\.a has no rule/);
  expect(() => composeOwnSupergraph(subgraphs.filter(({ name }) => name !== 'service'))).toThrow();
  expect(() => composeOwnSupergraph()).not.toThrow();
});
