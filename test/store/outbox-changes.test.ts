import type { Database, Queryable } from '../../database/database.ts';
import { migrate } from '../../database/migrate.ts';
import { createOutboxReader } from '../../database/outbox-reader.ts';
import { OUTBOX_MIGRATIONS } from '../../database/outbox-schema.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';

const TABLES = `
CREATE TABLE shop.cart (cart_id text PRIMARY KEY, customer_no text, state text, total numeric, extra json);
CREATE TABLE shop.cart_line (
  line_id text PRIMARY KEY, cart_id text NOT NULL REFERENCES shop.cart ON DELETE CASCADE, quantity int, note text);
CREATE TABLE shop.card (card_id int PRIMARY KEY, customer_no text, points int);
SELECT shop.watch('cart', 'CartChanged', 'cart_id', 'customer_no');
SELECT shop.watch('cart_line', 'CartChanged', 'cart_id', 'cart.customer_no');
SELECT shop.watch('card', 'CustomerChanged', 'customer_no', 'customer_no');`;

describe.each(availableEngines())('what events tell on %s', (engine) => {
  let database: Database;

  beforeAll(async () => {
    database = await openTestDatabase({ engine });
    await migrate(database, { schema: 'shop', migrations: [{ name: '0001-tables.sql', sql: TABLES }] });
  });
  beforeEach(() =>
    database.script(`TRUNCATE shop.cart, shop.cart_line, shop.card;
      INSERT INTO shop.cart VALUES ('k1', 'c1', 'open', 1), ('k2', NULL, 'open', 2);
      INSERT INTO shop.cart_line VALUES ('l1', 'k1', 1), ('l2', 'k1', 1), ('l3', 'k2', 1);
      INSERT INTO shop.card VALUES (1, 'c1', 5);`),
  );
  afterAll(() => database.close());

  /** What one transaction of these statements tells: key, change, owner, columns. */
  async function toldBy(...work: (string | ((transaction: Queryable) => Promise<unknown>))[]): Promise<string[]> {
    const reader = createOutboxReader({ database, schema: 'shop' });
    const before = await reader.head();
    await database.transaction(async (transaction) => {
      for (const step of work) await (typeof step === 'string' ? transaction.query(step) : step(transaction));
    });
    return (await reader.read(before, 1_000)).map(({ key, payload }) =>
      [key, payload['change'], payload['recordId'], ...(payload['columns'] as string[])].join(' '),
    );
  }

  it('is what was done, whose it is, and which columns have another value', async () => {
    expect(await toldBy(`INSERT INTO shop.cart VALUES ('k3', 'c3', 'open', 0)`)).toEqual(['k3 CREATED c3']);
    expect(await toldBy(`UPDATE shop.cart SET state = 'x', total = 1.0 WHERE cart_id = 'k1'`)).toEqual([
      'k1 UPDATED c1 state',
    ]);
    expect(await toldBy(`UPDATE shop.cart SET total = total + 1, extra = '{"a": 1}'`)).toEqual([
      'k1 UPDATED c1 total extra',
      'k2 UPDATED  total extra',
      'k3 UPDATED c3 total extra',
    ]);
    expect(await toldBy(`DELETE FROM shop.cart WHERE cart_id = 'k3'`)).toEqual(['k3 DELETED c3']);
  });

  it('is, of a part, an update of the object, with the object’s owner', async () => {
    expect(await toldBy(`INSERT INTO shop.cart_line VALUES ('l4', 'k1', 1), ('l5', 'k2', 1)`)).toEqual([
      'k1 UPDATED c1 cart_line',
      'k2 UPDATED  cart_line',
    ]);
    expect(await toldBy(`UPDATE shop.cart_line SET quantity = 9, note = 'n' WHERE cart_id = 'k1'`)).toEqual([
      'k1 UPDATED c1 cart_line.note cart_line.quantity',
    ]);
    expect(await toldBy(`UPDATE shop.cart_line SET cart_id = 'k2' WHERE line_id = 'l1'`)).toEqual([
      'k1 UPDATED c1 cart_line.cart_id',
      'k2 UPDATED  cart_line.cart_id',
    ]);
    expect(await toldBy(`DELETE FROM shop.cart_line WHERE line_id = 'l1'`)).toEqual(['k2 UPDATED  cart_line']);
    expect(await toldBy('UPDATE shop.card SET points = 6')).toEqual(['c1 UPDATED c1 card.points']);
    expect(await toldBy('TRUNCATE shop.card')).toEqual(['c1 UPDATED c1 card']);
  });

  it('is one event for a transaction, a type and a key, whatever was touched in which order', async () => {
    const line = `UPDATE shop.cart_line SET quantity = quantity + 1 WHERE line_id = 'l1'`;
    const cart = `UPDATE shop.cart SET total = total + 1, customer_no = 'c9' WHERE cart_id = 'k1'`;
    expect(await toldBy(line, cart, line)).toEqual(['k1 UPDATED c9 cart_line.quantity customer_no total']);
    expect(
      await toldBy(
        `INSERT INTO shop.cart VALUES ('n', NULL, 'open', 0)`,
        `INSERT INTO shop.cart_line VALUES ('ln', 'n', 1)`,
        `UPDATE shop.cart SET customer_no = 'c2' WHERE cart_id = 'n'`,
      ),
    ).toEqual(['n CREATED c2']);
    expect(await toldBy(`DELETE FROM shop.cart WHERE cart_id = 'n'`)).toEqual(['n DELETED c2']);
    expect(await toldBy(line, 'UPDATE shop.card SET points = points + 1', line)).toEqual([
      'k1 UPDATED c9 cart_line.quantity',
      'c1 UPDATED c1 card.points',
    ]);
  });

  it('forgets what a savepoint takes back, and what another transaction did', async () => {
    const update = (total: number) => `UPDATE shop.cart SET total = ${total} WHERE cart_id = 'k1'`;
    expect(
      await toldBy(
        'SAVEPOINT s',
        update(7),
        'ROLLBACK TO SAVEPOINT s',
        `UPDATE shop.cart SET state = 'y' WHERE cart_id = 'k1'`,
      ),
    ).toEqual(['k1 UPDATED c1 state']);
    expect(await toldBy(update(8))).toEqual(['k1 UPDATED c1 total']);
    expect(await toldBy(update(9))).toEqual(['k1 UPDATED c1 total']);
  });

  it('is not merged any more in a transaction that touches many keys, and none is lost', async () => {
    const told = await toldBy(
      `INSERT INTO shop.cart SELECT 'b' || n, 'c', 'open', 0 FROM generate_series(1, 200) n`,
      `UPDATE shop.cart SET state = 'z' WHERE cart_id LIKE 'b%'`,
    );
    expect(told.length).toBe(400);
    expect(new Set(told).size).toBe(400);
  });

  it('is a new key and a lost key when the key of an object changes', async () => {
    expect(
      await toldBy(`DELETE FROM shop.cart_line`, `UPDATE shop.cart SET cart_id = 'k7' WHERE cart_id = 'k2'`),
    ).toEqual(['k1 UPDATED c1 cart_line', 'k2 DELETED ', 'k7 CREATED ']);
  });

  it('learns of columns that a later migration adds', async () => {
    const migrations = [
      { name: '0001-tables.sql', sql: TABLES },
      { name: '0002-more.sql', sql: 'ALTER TABLE shop.cart ADD COLUMN mood text' },
    ];
    await migrate(database, { schema: 'shop', migrations });
    expect(await toldBy(`UPDATE shop.cart SET mood = 'good' WHERE cart_id = 'k1'`)).toEqual(['k1 UPDATED c1 mood']);
  });

  it('comes to a store whose log is of the first version', async () => {
    const [first] = OUTBOX_MIGRATIONS;
    await database.script(`CREATE SCHEMA old; ${first?.sqlFor('old')};
      CREATE TABLE old.thing (id text PRIMARY KEY, name text);
      SELECT old.watch('thing', 'ThingChanged', 'id');
      CREATE TABLE old.schema_migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
      INSERT INTO old.schema_migration (name) VALUES ('${first?.name}');
      INSERT INTO old.thing VALUES ('t', 'before');`);
    await migrate(database, { schema: 'old', migrations: [] });
    await database.query(`UPDATE old.thing SET name = 'after'`);
    expect(await database.query('SELECT key, payload FROM old.outbox ORDER BY sequence')).toEqual([
      { key: 't', payload: {} },
      { key: 't', payload: { change: 'UPDATED', recordId: null, columns: ['name'] } },
    ]);
  });
});
