import { readStories } from '../../gateway/playground/playground.ts';
import { PROTAGONISTS } from '../../subgraphs/sample-data/protagonists.ts';
import { startWhole, until, type Whole } from '../support/whole.ts';

const { alice } = PROTAGONISTS;
let whole: Whole;

beforeAll(async () => {
  whole = await startWhole({ people: 130 });
}, 120_000);

afterAll(() => whole.close());

const EVERYTHING = `
  customer360Id fullName firstName lastName birthDate
  contactPointEmails { emailAddress } contactPointPhones { telephoneNumber } contactPointAddresses { cityName }
  provenance { field winner { value } losers { reason } }
  completeness { dataSourceId state linkedRecordCount }
  salesOrders(first: 3) { edges { node { orderNumber salesOrderProducts { productName product { productSku } } } } }
  openShoppingCart { id shoppingCartProducts { productName } } loyaltyProgramMembers { loyaltyTierName }
  contactPointConsents { engagementChannelType status } campaignMembers(first: 3) { edges { node { campaign { id } } } }
  emailEngagements(first: 3) { edges { node { engagementType } } }
  cases(first: 3) { edges { node { caseNumber caseUpdates { commentBody } } } }`;
const BY_EMAIL = `query ($email: String!) { customerBy(by: { emailAddress: $email }) { ${EVERYTHING} } }`;
const LIVE = ['commerce', 'marketing', 'service'].map((dataSourceId) =>
  expect.objectContaining({ dataSourceId, state: 'LIVE' }),
);

/** How many statements an operation takes, by store and schema, and its answer. */
async function work(query: string, variables?: Record<string, unknown>) {
  const { answer, statements } = await whole.askCounting(query, variables);
  const counts: Record<string, number> = {};
  for (const statement of statements) {
    const store = /\b(commerce|marketing|service|identity)\b/.exec(statement)?.[1] ?? statement;
    counts[store] = (counts[store] ?? 0) + 1;
  }
  return { answer, counts };
}

async function insert(cloud: string, table: string, row: Record<string, unknown>): Promise<void> {
  const store = await whole.storeOf(cloud);
  const columns = Object.keys(row);
  const values = columns.map((_, index) => `$${index + 1}`);
  await store.query(`INSERT INTO ${cloud}.${table} (${columns}) VALUES (${values})`, Object.values(row));
}

const account = (row: Record<string, unknown>) =>
  insert('commerce', 'account', { account_kind: 'registered', created_at: new Date(), updated_at: new Date(), ...row });

describe('one customer over three live clouds', () => {
  it('is one answer, read from all of them', async () => {
    const { data, errors } = await whole.ask(BY_EMAIL, { email: ` ${alice.email.toUpperCase()} ` });
    expect(errors).toBeUndefined();
    expect(data.customerBy).toMatchObject({ firstName: alice.firstName, lastName: alice.lastName });
    expect(data.customerBy.completeness).toEqual(LIVE);
    expect(data.customerBy.openShoppingCart.id).toBe(alice.openCart);
    expect(data.customerBy.salesOrders.edges).toHaveLength(3);
    expect(data.customerBy.cases.edges).toHaveLength(2);
    expect(data.customerBy.contactPointConsents).toContainEqual({ engagementChannelType: 'SMS', status: 'OPT_OUT' });
  });

  it('is found by each of its records, by telephone and by card', async () => {
    const by = async (input: object) =>
      (await whole.ask('query ($by: CustomerByInput!) { customerBy(by: $by) { customer360Id } }', { by: input })).data
        .customerBy;
    const expected = await by({ emailAddress: alice.email });
    expect(expected.customer360Id).toMatch(/^c360_/);
    const records = [
      ['commerce', alice.account],
      ['commerce', alice.earlierAccount],
      ['marketing', alice.subscriber],
      ['service', alice.contact],
    ];
    for (const [dataSourceId, sourceRecordId] of records) {
      expect(await by({ sourceRecord: { dataSourceId, sourceRecordId } })).toEqual(expected);
    }
    expect(await by({ telephoneNumber: alice.phone })).toEqual(expected);
  });

  it('stands behind every order, cart, consent and case', async () => {
    const { data, errors } = await whole.ask(`{
      salesOrder(orderNumber: "${alice.orders[0]}") { customer { fullName } }
      shoppingCart(id: "${alice.openCart}") { customer { fullName } }
      case(id: "${alice.openTicket}") { customer { fullName openShoppingCart { id } } }
    }`);
    expect(errors).toBeUndefined();
    const customer = { fullName: 'Alice Martin' };
    expect(data).toEqual({
      salesOrder: { customer },
      shoppingCart: { customer },
      case: { customer: { ...customer, openShoppingCart: { id: alice.openCart } } },
    });
  });

  it('answers the stories of the playground', async () => {
    for (const { name, query } of readStories()) {
      const { errors } = await whole.ask(query);
      expect([name, errors]).toEqual([name, undefined]);
    }
  });
});

/** Identity has two hops: which records are this customer, and what to make of what the clouds said of them. */
describe('the work of a query', () => {
  const page = `{ customers(first: 100) { edges { node { ${EVERYTHING} } } } }`;

  it('is one statement a store and hop, for one customer', async () => {
    const { counts } = await work(BY_EMAIL, { email: alice.email });
    expect(counts).toEqual({ identity: 2, commerce: 1, marketing: 1, service: 1 });
  });

  it('is the same for a page of a hundred', async () => {
    const { answer, counts } = await work(page);
    expect(answer.errors).toBeUndefined();
    expect(answer.data.customers.edges).toHaveLength(100);
    expect(counts).toEqual({ identity: 2, commerce: 1, marketing: 1, service: 1 });
  });

  it('is the same from an agent’s queue, with one hop more for the queue itself', async () => {
    const queue = `{ caseQueue(first: 20) { edges { node { subject customer { ${EVERYTHING} } } } } }`;
    expect((await work(queue)).counts).toEqual({ service: 2, identity: 2, commerce: 1, marketing: 1 });
  });
});

describe('nothing is replicated', () => {
  it('a change made in a cloud is in the next answer', async () => {
    const store = await whole.storeOf('commerce');
    await store.query('UPDATE commerce.account SET family_name = $1, updated_at = $2 WHERE customer_no = $3', [
      'Newname',
      new Date(),
      alice.account,
    ]);
    const { data } = await whole.ask(BY_EMAIL, { email: alice.email });
    expect(data.customerBy.lastName).toBe('Newname');
    await store.query('UPDATE commerce.account SET family_name = $1 WHERE customer_no = $2', [
      alice.lastName,
      alice.account,
    ]);
    const again = await whole.ask(BY_EMAIL, { email: alice.email });
    expect(again.data.customerBy.lastName).toBe(alice.lastName);
  });

  it('a cart changed through the graph is changed for everybody', async () => {
    const add = `mutation ($key: String!) { addShoppingCartProduct(input: { idempotencyKey: $key, customerNumber: "${alice.account}", productId: "pan-003" }) {
      shoppingCart { customer { openShoppingCart { id shoppingCartProducts { productName quantity } } } } } }`;
    for (const key of ['once', 'once']) {
      const { data, errors } = await whole.ask(add, { key });
      expect(errors).toBeUndefined();
      const { customer } = data.addShoppingCartProduct.shoppingCart;
      expect(customer.openShoppingCart.shoppingCartProducts).toContainEqual({
        productName: 'Sea salt flakes',
        quantity: 1,
      });
    }
  });

  it('values that are no identifiers leave no trace in the events, the log, or identity outside what it matches by', async () => {
    const canary = (what: string) => `Canary${what}`;
    await account({
      customer_no: 'C-CANARY',
      title: canary('Title'),
      given_name: canary('Given'),
      family_name: canary('Family'),
      email: 'bird@example.org',
      street: canary('Street'),
      city: canary('City'),
      region: canary('Region'),
      postal_code: canary('Postcode'),
      birth_date: '1901-02-03',
    });
    await insert('commerce', 'cart', {
      cart_id: 'cart-canary',
      customer_no: 'C-CANARY',
      state: 'open',
      total_cents: 77_777_77,
      currency: 'EUR',
      created_at: new Date(),
      touched_at: new Date(),
    });
    await insert('marketing', 'subscriber', {
      subscriber_key: 'sub_canary',
      email_address: 'bird@example.org',
      attributes: JSON.stringify({
        FirstName: canary('Given'),
        LastName: canary('Family'),
        City: canary('Town'),
        BirthDate: '02/03/1901',
      }),
      created_on: new Date(),
      modified_on: new Date(),
    });
    await insert('marketing', 'consent', {
      consent_id: 'consent-canary',
      subscriber_key: 'sub_canary',
      channel: 'E',
      purpose: 'promo',
      granted: 'Y',
      captured_by: canary('Source'),
      captured_on: new Date(),
    });
    await insert('service', 'contact', {
      contact_id: '003-canary',
      full_name: `${canary('Given')} ${canary('Family')}`,
      email: 'bird@example.org',
      dob: '03.02.1901',
      mailing: JSON.stringify({ street: canary('Road'), town: canary('Village') }),
      opened: new Date(),
      last_edit: new Date(),
    });
    await insert('service', 'ticket', {
      ticket_id: 'T-CANARY',
      ticket_no: '0000000001',
      contact_id: '003-canary',
      topic: canary('Topic'),
      details: canary('Details'),
      state: 1,
      urgency: 4,
      channel: 'web',
      opened: new Date(),
    });
    await until(async () => {
      const { data } = await whole.ask(BY_EMAIL, { email: 'bird@example.org' });
      return (
        data.customerBy?.completeness.every(
          ({ linkedRecordCount }: { linkedRecordCount: number }) => linkedRecordCount === 1,
        ) ?? false
      );
    });
    const { data } = await whole.ask(BY_EMAIL, { email: 'bird@example.org' });
    expect(JSON.stringify(data)).toContain(canary('Village'));
    await whole.ask(
      'mutation { openCase(input: { idempotencyKey: "canary", contactId: "003-canary", subject: "CanarySubject" }) { case { id } } }',
    );
    const dump = await whole.dump();
    expect(dump).toContain('C-CANARY');
    expect(dump).toContain('bird@example.org');
    expect(dump).not.toMatch(/Canary[A-Z]|1901-02-03|03\.02\.1901|7777777/i);
    expect(whole.log.join('')).not.toMatch(/Canary[A-Z]|bird@example|1901-02-03|02\/03\/1901|03\.02\.1901/);
  });
});

describe('doorbells', () => {
  const found = (email: string) => async () => (await whole.ask(BY_EMAIL, { email })).data.customerBy !== null;

  it('a new record is resolved within a second', async () => {
    const subscriber = { attributes: '{"FirstName":"Nora"}', created_on: new Date(), modified_on: new Date() };
    await insert('marketing', 'subscriber', {
      ...subscriber,
      subscriber_key: 'sub_new',
      email_address: 'nora.new@example.org',
    });
    expect(await until(found('nora.new@example.org'))).toBeLessThan(1000);
  });

  it('a changed and a deleted record are resolved within a second', async () => {
    await account({ customer_no: 'C-CHANGED', given_name: 'Olga', email: 'olga.old@example.org' });
    await until(found('olga.old@example.org'));
    const store = await whole.storeOf('commerce');
    await store.query("UPDATE commerce.account SET email = 'olga.new@example.org' WHERE customer_no = 'C-CHANGED'");
    expect(await until(found('olga.new@example.org'))).toBeLessThan(1000);
    await store.query("DELETE FROM commerce.account WHERE customer_no = 'C-CHANGED'");
    expect(await until(async () => !(await found('olga.new@example.org')()))).toBeLessThan(1000);
  });

  it('customers found to be one keep the older id, and the merged id still resolves and says so', async () => {
    const record = { given_name: 'Paula', family_name: 'Twice' };
    await account({ ...record, customer_no: 'C-ONE', email: 'paula.one@example.org' });
    await until(found('paula.one@example.org'));
    await account({ ...record, family_name: 'Formerly', customer_no: 'C-TWO', email: 'paula.two@example.org' });
    await until(found('paula.two@example.org'));
    const idOf = async (email: string) => (await whole.ask(BY_EMAIL, { email })).data.customerBy.customer360Id;
    const [older, younger] = [await idOf('paula.one@example.org'), await idOf('paula.two@example.org')];
    expect(older).not.toBe(younger);
    const store = await whole.storeOf('commerce');
    await store.query("UPDATE commerce.account SET email = 'paula.one@example.org' WHERE customer_no = 'C-TWO'");
    const query =
      'query ($id: Customer360Id!) { customer(customer360Id: $id) { customer360Id resolvedFrom mergedCustomer360Ids identityLinks { sourceRecordId } } }';
    await until(async () => (await whole.ask(query, { id: younger })).data.customer.resolvedFrom !== null);
    const { data } = await whole.ask(query, { id: younger });
    expect(data.customer).toEqual({
      customer360Id: older,
      resolvedFrom: younger,
      mergedCustomer360Ids: [younger],
      identityLinks: [{ sourceRecordId: 'C-ONE' }, { sourceRecordId: 'C-TWO' }],
    });
  });
});

describe('bad input gets a code', () => {
  const UNKNOWN = 'c360_00000000000000000000000000';
  it.each([
    ['an unknown id', `{ customer(customer360Id: "${UNKNOWN}") { customer360Id } }`, undefined],
    ['a malformed id', '{ customer(customer360Id: "c360_x") { customer360Id } }', 'MALFORMED_ID'],
    ['first out of range', '{ customers(first: 101) { edges { cursor } } }', 'BAD_USER_INPUT'],
    ['first of zero', '{ caseQueue(first: 0) { edges { cursor } } }', 'BAD_USER_INPUT'],
    ['nothing to look for', '{ customerBy(by: {}) { customer360Id } }', 'BAD_USER_INPUT'],
    ['a foreign cursor', '{ customers(after: "nonsense") { edges { cursor } } }', 'MALFORMED_ID'],
    ['a wrong type', '{ customers(first: "ten") { edges { cursor } } }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a cart that is not there',
      'mutation { checkOutShoppingCart(input: { idempotencyKey: "k", cartId: "no" }) { shoppingCart { id } } }',
      'NOT_FOUND',
    ],
    [
      'an identifier of several',
      '{ customerBy(by: { telephoneNumber: "+493023900005" }) { customer360Id } }',
      'IDENTIFIER_AMBIGUOUS',
    ],
    ['a subscription', 'subscription { identityChanged { id } }', 'OPERATION_NOT_SUPPORTED'],
  ])('%s', async (_what, query, code) => {
    const { data, errors } = await whole.ask(query);
    expect(errors?.[0]?.extensions.code).toBe(code);
    if (code === undefined) expect(data).toEqual({ customer: null });
  });

  it('a malformed id in a variable is refused before anything is read', async () => {
    const query = 'query ($id: Customer360Id!) { customer(customer360Id: $id) { customer360Id } }';
    const { answer, counts } = await work(query, { id: 'C360_01M867D55D8XSVX3HQBYP9R13T' });
    expect(answer.errors?.[0]?.extensions.code).toBe('MALFORMED_ID');
    expect(counts).toEqual({});
  });
});
