import * as cypher from '../../subgraphs/identity/store/neo4j-cypher.ts';
import * as cypherHistory from '../../subgraphs/identity/store/neo4j-history.ts';
import type { IdentityOperation } from '../../subgraphs/identity/store/repository.ts';
import * as sqlHistory from '../../subgraphs/identity/store/sql-history.ts';
import * as lookups from '../../subgraphs/identity/store/sql-lookups.ts';
import { AFFECTED_STATE } from '../../subgraphs/identity/store/sql-writes.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const SMALL = 2_000;
const LARGE = 20_000;
const ASKED = 100;
const SHARED = 10_000;

const customer = (number: number): string => `c360_${String(number).padStart(26, '0')}`;
const names = (form: (number: number) => string): string[] =>
  Array.from({ length: ASKED }, (_, index) => form(index * 17));
const keyed = (keys: readonly string[]) => keys.map((key, position) => ({ key, position }));

/** Statements with values, by what they are for. */
type Statements = Readonly<Record<string, readonly [text: string, values: unknown]>>;

const sources = names(() => 'commerce');
const records = names((number) => `A-${number}`);
const emails = names((number) => `person${number}@example.org`);
const types = names(() => 'EMAIL');

const SQL: Statements = {
  'customers by ids': [lookups.CUSTOMERS_BY_IDS, [names(customer)]],
  'customers by records': [lookups.CUSTOMERS_BY_RECORDS, [sources, records]],
  'customers by identifiers': [lookups.CUSTOMERS_BY_IDENTIFIERS, [types, emails, 10]],
  'list of customers': [lookups.LIST_CUSTOMERS, [customer(500), ASKED]],
  'records by identifiers': [lookups.RECORDS_BY_IDENTIFIERS, [types, emails, 10]],
  'list of record keys': [lookups.LIST_RECORD_KEYS, ['commerce', 'A-5', ASKED]],
  'customers of the past': [sqlHistory.TREE_AT, [customer(17), '2026-06-01T00:00:00.000Z']],
  'links of the past': [sqlHistory.LINKS_AT, [[customer(17)], '2026-06-01T00:00:00.000Z']],
  'features of records': [lookups.FEATURES_OF_RECORDS, [sources, records]],
  'what a change set names': [AFFECTED_STATE, [names(customer), ['m1'], sources, records]],
};
const CYPHER: Statements = {
  'customers by ids': [cypher.CUSTOMERS_BY_IDS, { asked: keyed(names(customer)) }],
  'customers by records': [cypher.CUSTOMERS_BY_RECORDS, { asked: keyed(records.map((id) => `commerce|${id}`)) }],
  'customers by identifiers': [cypher.CUSTOMERS_BY_IDENTIFIERS, byEmail(10)],
  'list of customers': [cypher.LIST_CUSTOMERS, { after: customer(500), first: whole(ASKED) }],
  'records by identifiers': [cypher.RECORDS_BY_IDENTIFIERS, byEmail(10)],
  'list of record keys': [cypher.LIST_RECORD_KEYS, { from: 'commerce|A-5', to: 'commerce}', first: whole(ASKED) }],
  'customers of the past': [cypherHistory.TREE_AT, { id: customer(17), at: '2026-06-01T00:00:00.000Z' }],
  'links of the past': [cypherHistory.LINKS_AT, { ids: [customer(17)], at: '2026-06-01T00:00:00.000Z' }],
  'features of records': [cypher.FEATURES_OF_RECORDS, { keys: records.map((id) => `commerce|${id}`) }],
  'customers that a change set names': [cypher.AFFECTED_CUSTOMERS, { customers: names(customer), merges: ['m1'] }],
  'records that a change set names': [cypher.AFFECTED_RECORDS, { keys: records.map((id) => `commerce|${id}`) }],
};
const SHARED_PHONE = {
  sql: {
    customers: [lookups.CUSTOMERS_BY_IDENTIFIERS, [['PHONE'], ['+41448000000'], 10]],
    records: [lookups.RECORDS_BY_IDENTIFIERS, [['PHONE'], ['+41448000000'], 10]],
  },
  neo4j: {
    customers: [cypher.CUSTOMERS_BY_IDENTIFIERS, { asked: keyed(['PHONE|+41448000000']), limit: whole(10) }],
    records: [cypher.RECORDS_BY_IDENTIFIERS, { asked: keyed(['PHONE|+41448000000']), limit: whole(10) }],
  },
} as const;

function whole(number: number): bigint {
  return BigInt(number);
}

function byEmail(limit: number) {
  return { asked: keyed(emails.map((value) => `EMAIL|${value}`)), limit: whole(limit) };
}

describe.each(IDENTITY_STORES)('identity lookups on $name', (kind) => {
  let store: OpenIdentityStore;
  let statements: Statements;
  const touchedWhenSmall = new Map<string, number>();

  beforeAll(async () => {
    store = await kind.open();
    statements = store.repository.engine === 'sql' ? SQL : CYPHER;
    await store.demolish();
    await store.repository.prepare();
    await fill(0, SMALL);
    for (const [name, [text, values]] of Object.entries(statements)) {
      touchedWhenSmall.set(name, (await store.profile(text, values)).touched);
    }
    await fill(SMALL, LARGE);
  }, 300_000);
  afterAll(() => store?.close());

  /** Every customer has a record with an e-mail address; half of them share one phone number. */
  async function fill(from: number, to: number): Promise<void> {
    for (let start = from; start < to; start += 1_000) {
      const operations = Array.from({ length: 1_000 }, (_, index) => start + index).flatMap((number) =>
        newCustomer(number),
      );
      await store.repository.apply({ operations, at: '2026-01-01T00:00:00.000Z' });
    }
  }

  it.each(Object.keys(SQL))('find %s by an index, at a cost that does not grow with the store', async (name) => {
    for (const [own, [text, values]] of Object.entries(statements)) {
      if (own !== name && !(name === 'what a change set names' && own.endsWith('that a change set names'))) continue;
      const { plan, touched } = await store.profile(text, values);
      expect(plan).not.toMatch(/Seq Scan|AllNodesScan|NodeByLabelScan/);
      expect(touched).toBeGreaterThan(0);
      expect(touched).toBeLessThanOrEqual((touchedWhenSmall.get(own) ?? 0) * 1.5 + 10);
    }
  });

  it('do not get slow by an identifier that 10,000 records share', async () => {
    const { customers, records: carriers } = SHARED_PHONE[store.repository.engine];
    const few = await store.profile(carriers[0], carriers[1]);
    expect(few.touched).toBeLessThan(500);
    const capped = await store.profile(customers[0], customers[1]);
    expect(capped.touched).toBeLessThan(SHARED);
    const found = await store.repository.customersByIdentifiers(
      [{ identifierType: 'PHONE', normalizedValue: '+41448000000' }],
      10,
    );
    expect(found.get('PHONE|+41448000000')).toHaveLength(10);
  });
});

function newCustomer(number: number): IdentityOperation[] {
  const record = {
    dataSourceId: 'commerce',
    sourceRecordId: `A-${number}`,
    dataSourceObjectId: 'account',
    givenNameHash: null,
    identifiers: [
      { identifierType: 'EMAIL', normalizedValue: `person${number}@example.org` },
      ...(number % 2 ? [{ identifierType: 'PHONE', normalizedValue: '+41448000000' } as const] : []),
    ],
  } as const;
  return [
    { kind: 'create', customer360Id: customer(number) },
    { kind: 'link', record, customer360Id: customer(number), rule: 'NEW_CUSTOMER' },
  ];
}
