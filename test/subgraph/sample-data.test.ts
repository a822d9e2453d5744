import { createHash } from 'node:crypto';
import { isValidPhoneNumber } from 'libphonenumber-js/min';
import { MAX_PEOPLE } from '../../subgraphs/sample-data/draw-person.ts';
import { PLACEHOLDER_EMAILS } from '../../subgraphs/sample-data/email.ts';
import { SAMPLE_CLOUDS, SAMPLE_PEOPLE, SAMPLE_SEED } from '../../subgraphs/sample-data/fill.ts';
import { samplePeople } from '../../subgraphs/sample-data/people.ts';
import type { Person } from '../../subgraphs/sample-data/person.ts';
import { PLACEHOLDER_PHONES } from '../../subgraphs/sample-data/phone.ts';
import { PROTAGONISTS } from '../../subgraphs/sample-data/protagonists.ts';
import type { SampleRow } from '../../subgraphs/sample-data/sample-cloud.ts';

const NOW = Date.UTC(2026, 2, 1, 12);
const DAY_MS = 86_400_000;

/** Every row of every table, `cloud.table` → rows. */
function allRows(options: { seed: number; now: number; people: number }): Map<string, SampleRow[]> {
  const tables = new Map<string, SampleRow[]>();
  for (const cloud of Object.values(SAMPLE_CLOUDS)) {
    const parts = [cloud.sharedRows(options)];
    for (const person of samplePeople(options)) parts.push(cloud.rowsOf(person, options));
    for (const table of cloud.tables) {
      tables.set(
        `${cloud.name}.${table}`,
        parts.flatMap((part) => part[table] ?? []),
      );
    }
  }
  return tables;
}

function groupBy<T, K>(list: readonly T[], keyOf: (entry: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const entry of list) groups.set(keyOf(entry), [...(groups.get(keyOf(entry)) ?? []), entry]);
  return groups;
}

function digest(tables: Map<string, SampleRow[]>): string {
  return createHash('sha256')
    .update(JSON.stringify([...tables]))
    .digest('hex');
}

const people = [...samplePeople({ seed: SAMPLE_SEED, people: SAMPLE_PEOPLE })];
const tables = allRows({ seed: SAMPLE_SEED, now: NOW, people: SAMPLE_PEOPLE });
const rowsOf = (table: string): SampleRow[] => tables.get(table) ?? [];
const valuesOf = (table: string, column: string): Set<unknown> => new Set(rowsOf(table).map((row) => row[column]));

/** The rows that one cloud has of one person, in the cloud's first table. */
function recordsOf(person: Person, cloud: keyof typeof SAMPLE_CLOUDS): readonly SampleRow[] {
  const { rowsOf: rows, tables: names } = SAMPLE_CLOUDS[cloud];
  return rows(person, { seed: SAMPLE_SEED, now: NOW })[names[0] ?? ''] ?? [];
}

describe('sample data', () => {
  it('is the same, byte for byte, for the same seed and time, and another for others', () => {
    const options = { seed: 7, now: NOW, people: 150 };
    const first = digest(allRows(options));
    expect(digest(allRows(options))).toBe(first);
    expect(digest(allRows({ ...options, seed: 8 }))).not.toBe(first);
    expect(digest(allRows({ ...options, now: NOW + 1 }))).not.toBe(first);
  });

  it('begins with the same people whatever their number', () => {
    expect([...samplePeople({ seed: SAMPLE_SEED, people: 50 })]).toEqual(people.slice(0, 50));
    expect(() => samplePeople({ seed: 1, people: MAX_PEOPLE + 1 }).next()).toThrow(RangeError);
    expect(() => samplePeople({ seed: 1, people: 1.5 }).next()).toThrow(RangeError);
  });

  it('has at least 2,000 people as 5,000 records in three clouds, everybody in at least one', () => {
    const records = ['commerce.account', 'marketing.subscriber', 'service.contact'].map(
      (table) => rowsOf(table).length,
    );
    expect(people.length).toBeGreaterThanOrEqual(2_000);
    expect(records.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(5_000);
    for (const count of records) expect(count).toBeGreaterThan(1_000);
    for (const { records: counts } of people) {
      expect(counts.accounts + counts.guests + counts.subscribers + counts.contacts).toBeGreaterThan(0);
    }
  });

  it('has every state, channel and kind that the tables allow', () => {
    expect(valuesOf('commerce.account', 'account_kind')).toEqual(new Set(['registered', 'guest']));
    expect(valuesOf('commerce.sales_order', 'state')).toEqual(
      new Set(['open', 'paid', 'shipped', 'complete', 'cancelled', 'returned']),
    );
    expect(valuesOf('commerce.cart', 'state')).toEqual(new Set(['open', 'abandoned', 'ordered']));
    expect(valuesOf('marketing.consent', 'channel')).toEqual(new Set(['E', 'S', 'P', 'T']));
    expect(valuesOf('marketing.consent', 'purpose')).toEqual(new Set(['promo', 'service', 'profile']));
    expect(valuesOf('marketing.consent', 'granted')).toEqual(new Set(['Y', 'N', '?']));
    expect(valuesOf('marketing.campaign', 'stage')).toEqual(new Set(['draft', 'live', 'done', 'stopped']));
    expect(valuesOf('marketing.campaign', 'channel')).toEqual(new Set(['E', 'S', 'P', 'T']));
    expect(valuesOf('marketing.email_event', 'kind')).toEqual(
      new Set(['sent', 'delivered', 'open', 'click', 'bounce', 'spam', 'unsub']),
    );
    expect(valuesOf('service.ticket', 'state')).toEqual(new Set([1, 2, 3, 4, 9]));
    expect(valuesOf('service.ticket', 'urgency')).toEqual(new Set([1, 2, 3, 4]));
    expect(valuesOf('service.ticket', 'channel')).toEqual(new Set(['tel', 'mail', 'web', 'chat', 'social']));
    expect(valuesOf('service.ticket', 'smiley')).toEqual(new Set([null, 1, 2, 3, 4, 5]));
  });

  it('has a shop with enough in it', () => {
    const products = rowsOf('commerce.product');
    expect(products.length).toBeGreaterThanOrEqual(60);
    expect(valuesOf('commerce.product', 'department').size).toBeGreaterThanOrEqual(6);
    expect(products.filter((product) => product['stock'] === 0).length).toBeGreaterThan(3);
    const orders = groupBy(rowsOf('commerce.sales_order'), (order) => order['customer_no']);
    expect(Math.max(...[...orders.values()].map((list) => list.length))).toBeGreaterThan(20);
    expect(rowsOf('commerce.account').some((account) => !orders.has(account['customer_no']))).toBe(true);
    expect(rowsOf('marketing.campaign').length).toBeGreaterThanOrEqual(8);
  });
});

describe('the conflicts of sample data', () => {
  const share = (count: number): number => count / people.length;
  const withAccounts = people.map((person) => ({ person, accounts: recordsOf(person, 'commerce') }));

  it('has people with several accounts, guests, and people in all clouds or in one only', () => {
    expect(people.filter(({ records }) => records.accounts > 1).length).toBeGreaterThan(100);
    expect(people.filter(({ records }) => records.guests > 0).length).toBeGreaterThan(300);
    expect(people.filter(({ records: r }) => r.accounts * r.subscribers * r.contacts > 0).length).toBeGreaterThan(200);
    expect(people.filter(({ records: r }) => r.accounts + r.guests + r.subscribers === 0).length).toBeGreaterThan(30);
  });

  it('has households that share a telephone or an e-mail address, and parents and children with one name', () => {
    const households = [...groupBy(people, (person) => person.householdIndex).values()];
    const shared = (pick: (person: Person) => string | undefined): number =>
      households.filter((members) => members.filter((member) => pick(member) !== undefined).length > 1).length;
    expect(shared((person) => person.landline)).toBeGreaterThan(100);
    expect(shared((person) => person.householdEmail)).toBeGreaterThan(20);
    expect(shared((person) => person.suffix)).toBeGreaterThan(10);
  });

  it('has changed surnames, nicknames and outdated addresses', () => {
    const renamed = withAccounts.filter(
      ({ person, accounts }) =>
        person.earlierFamilyName !== undefined &&
        accounts.some((account) => String(account['family_name']).includes(String(person.earlierFamilyName))),
    );
    const nicknamed = withAccounts.filter(({ person, accounts }) =>
      accounts.some((account) => account['given_name'] === person.nickname),
    );
    const moved = withAccounts.filter(({ person, accounts }) =>
      accounts.some((account) => account['street'] === person.earlierAddress?.line1 && account['street'] !== null),
    );
    expect(renamed.length).toBeGreaterThan(20);
    expect(nicknamed.length).toBeGreaterThan(50);
    expect(share(moved.length)).toBeGreaterThan(0.05);
  });

  it('has opt-outs, subscribers without names, and placeholders', () => {
    expect(rowsOf('marketing.consent').filter((consent) => consent['granted'] === 'N').length).toBeGreaterThan(500);
    const nameless = rowsOf('marketing.subscriber').filter(
      (subscriber) => !Object.hasOwn(subscriber['attributes'] as object, 'FirstName'),
    );
    expect(nameless.length).toBeGreaterThan(200);
    const emails = valuesOf('commerce.account', 'email');
    const phones = new Set([...valuesOf('commerce.account', 'phone'), ...valuesOf('service.contact', 'phone')]);
    for (const placeholder of PLACEHOLDER_EMAILS) expect(emails).toContain(placeholder);
    for (const placeholder of PLACEHOLDER_PHONES) expect(phones).toContain(placeholder);
    expect(valuesOf('commerce.account', 'given_name')).toContain('n/a');
    expect(valuesOf('service.contact', 'full_name')).toContain('n/a');
  });

  it('writes e-mail addresses and names in several ways', () => {
    const emails = rowsOf('commerce.account').map((account) => String(account['email']));
    expect(emails.filter((email) => /^[^a-z]+@[^a-z]+$/.test(email)).length).toBeGreaterThan(20);
    expect(emails.filter((email) => email.includes('+')).length).toBeGreaterThan(50);
    const names = rowsOf('service.contact').map((contact) => String(contact['full_name']));
    expect(names.filter((name) => name.includes(', ')).length).toBeGreaterThan(200);
    expect(names.filter((name) => /^(Mr|Ms|Mrs|Herr|Frau|M\.|Mme|Sr|Sig)/.test(name)).length).toBeGreaterThan(50);
  });

  it('writes telephone numbers for abroad, for the country and with punctuation', () => {
    const phones = rowsOf('commerce.account').map((account) => String(account['phone']));
    for (const form of [/^\+\d+$/, /^0\d+$/, /^\(\d{3}\) \d{3}-\d{4}$/, /^0\d+[ /-]\d/, /^[36]\d\d[ -]\d+/]) {
      expect(phones.filter((phone) => form.test(phone)).length).toBeGreaterThan(10);
    }
    expect(rowsOf('service.contact').some((contact) => /^00\d\d /.test(String(contact['phone'])))).toBe(true);
  });

  it('has different people of the same name', () => {
    const names = groupBy(people, (person) => `${person.givenName} ${person.familyName}`);
    expect([...names.values()].filter((namesakes) => namesakes.length > 1).length).toBeGreaterThan(20);
  });
});

describe('the truth behind sample data', () => {
  it('gives every record, order and event a key of its own, and every line a parent', () => {
    const keys: [string, string][] = [
      ['commerce.account', 'customer_no'],
      ['commerce.product', 'product_id'],
      ['commerce.sales_order', 'order_no'],
      ['commerce.order_line', 'line_id'],
      ['commerce.cart', 'cart_id'],
      ['commerce.cart_line', 'line_id'],
      ['commerce.loyalty_card', 'card_number'],
      ['marketing.subscriber', 'subscriber_key'],
      ['marketing.consent', 'consent_id'],
      ['marketing.campaign_member', 'member_id'],
      ['marketing.email_event', 'event_id'],
      ['service.contact', 'contact_id'],
      ['service.ticket', 'ticket_no'],
      ['service.ticket_note', 'note_id'],
    ];
    for (const [table, key] of keys) expect([table, valuesOf(table, key).size]).toEqual([table, rowsOf(table).length]);
    const parents: [string, string, string][] = [
      ['commerce.sales_order', 'customer_no', 'commerce.account'],
      ['commerce.cart', 'customer_no', 'commerce.account'],
      ['commerce.loyalty_card', 'customer_no', 'commerce.account'],
      ['marketing.consent', 'subscriber_key', 'marketing.subscriber'],
      ['marketing.email_event', 'subscriber_key', 'marketing.subscriber'],
      ['service.ticket', 'contact_id', 'service.contact'],
    ];
    for (const [table, key, parent] of parents) {
      const known = valuesOf(parent, key);
      expect(rowsOf(table).filter((row) => !known.has(row[key]))).toEqual([]);
    }
  });

  it('gives people numbers that are valid and addresses where nobody can be reached, and nobody else the same', () => {
    const owners = new Map<string, number>();
    for (const person of people) {
      for (const number of [...person.mobiles, ...(person.landline ? [person.landline] : [])]) {
        expect([number, isValidPhoneNumber(number)]).toEqual([number, true]);
      }
      for (const identifier of [...new Set([...person.emails, ...person.mobiles])]) {
        expect(owners.has(identifier)).toBe(false);
        owners.set(identifier, person.index);
      }
      for (const email of person.emails) expect(email).toMatch(/@([a-z]+\.example|example\.(com|org|net))$/);
    }
  });

  it('tells of nothing that has yet to happen but the start of a campaign', () => {
    const future = [...tables].flatMap(([table, rows]) =>
      table === 'marketing.campaign'
        ? []
        : rows.filter((row) =>
            Object.values(row).some(
              (value) => /^\d{4}-\d\d-\d\dT/.test(String(value)) && Date.parse(String(value)) > NOW,
            ),
          ),
    );
    expect(future).toEqual([]);
  });

  it('adds up', () => {
    const lines = groupBy(rowsOf('commerce.order_line'), (line) => line['order_no']);
    for (const order of rowsOf('commerce.sales_order')) {
      const sum = (lines.get(order['order_no']) ?? []).reduce((total, line) => total + Number(line['line_cents']), 0);
      expect(order['total_cents']).toBe(sum);
    }
  });
});

describe('the people that the README tells of', () => {
  const { alice, bob, carol, grace, erika, frank, hugoInMadrid, hugoInSevilla } = PROTAGONISTS;
  const row = (table: string, column: string, value: string): SampleRow | undefined =>
    rowsOf(table).find((candidate) => candidate[column] === value);

  it('has Alice in all clouds, under two surnames, with an open cart, an open case and no text messages', () => {
    expect(row('commerce.account', 'customer_no', alice.earlierAccount)?.['family_name']).toBe('Marsh');
    expect(row('commerce.account', 'customer_no', alice.account)?.['family_name']).toBe('Martin');
    expect(row('marketing.subscriber', 'subscriber_key', alice.subscriber)).toBeDefined();
    expect(row('service.contact', 'contact_id', alice.contact)?.['full_name']).toBe('Martin, Alice');
    for (const order of alice.orders) expect(row('commerce.sales_order', 'order_no', order)).toBeDefined();
    expect(row('commerce.cart', 'cart_id', alice.openCart)?.['state']).toBe('open');
    expect(row('service.ticket', 'ticket_id', alice.openTicket)?.['state']).toBe(2);
    expect(rowsOf('service.ticket_note').filter((note) => note['ticket_id'] === alice.openTicket)).toHaveLength(3);
    const sms = rowsOf('marketing.consent').filter(
      (consent) => consent['subscriber_key'] === alice.subscriber && consent['channel'] === 'S',
    );
    expect(sms.map((consent) => consent['granted'])).toEqual(['N']);
  });

  it('has carts that Bob left 45 minutes ago and Carol three hours ago, and only Bob wants to hear from us', () => {
    const minutesSince = (cart: string): number =>
      (NOW - Date.parse(String(row('commerce.cart', 'cart_id', cart)?.['touched_at']))) / (DAY_MS / 1440);
    expect(minutesSince(bob.abandonedCart)).toBe(45);
    expect(minutesSince(carol.abandonedCart)).toBe(180);
    const promo = (subscriber: string): unknown[] =>
      rowsOf('marketing.consent')
        .filter((consent) => consent['subscriber_key'] === subscriber && consent['purpose'] === 'promo')
        .map((consent) => consent['granted']);
    expect(new Set(promo(bob.subscriber))).toEqual(new Set(['Y']));
    expect(new Set(promo(carol.subscriber))).toEqual(new Set(['N']));
  });

  it('has two people with one telephone, two with one name, and one whom only the service desk knows', () => {
    expect(erika.phone).toBe(frank.phone);
    const names = [hugoInMadrid, hugoInSevilla].map(({ account }) => row('commerce.account', 'customer_no', account));
    expect(new Set(names.map((account) => `${account?.['given_name']} ${account?.['family_name']}`)).size).toBe(1);
    expect(names[0]?.['phone']).not.toBe(names[1]?.['phone']);
    const everything = JSON.stringify([rowsOf('commerce.account'), rowsOf('marketing.subscriber')]);
    expect(everything).not.toContain('Grace","family_name":"Dupont');
    expect(row('service.contact', 'contact_id', grace.contact)).toBeDefined();
  });
});
