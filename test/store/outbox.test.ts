import { randomUUID } from 'node:crypto';
import type { Database, Transaction } from '../../database/database.ts';
import { migrate } from '../../database/migrate.ts';
import { appendEvents, type OutboxEvent } from '../../database/outbox.ts';
import { createOutboxReader } from '../../database/outbox-reader.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';
import { countStatements } from '../support/statements.ts';

const TABLES = `
CREATE TABLE shop.product (sku text, name text, attributes json, price int, other text);
CREATE TABLE shop.line (id int PRIMARY KEY, cart text, note text);
SELECT shop.watch('product', 'ProductChanged', 'sku');
SELECT shop.watch('line', 'CartChanged', 'cart');
SELECT shop.watch('line', 'LineChanged', 'id');`;

const summary = (events: readonly OutboxEvent[]): string[] => events.map(({ type, key }) => `${type} ${key}`);
const keys = (events: readonly OutboxEvent[]): string[] => events.map(({ key }) => key);

/** A transaction that stays open until it is told to end. */
async function openTransaction(database: Database, work: (transaction: Transaction) => Promise<unknown>) {
  let end: (error?: Error) => void = () => undefined;
  const told = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  told.catch(() => undefined);
  let ended: Promise<unknown> = Promise.resolve();
  await new Promise<void>((begun, failed) => {
    ended = database.transaction(async (transaction) => {
      await work(transaction);
      begun();
      await told;
    });
    ended.catch(failed);
  });
  return {
    commit: async () => {
      end();
      await ended;
    },
    rollback: async () => {
      end(new Error('stop'));
      await ended.catch(() => undefined);
    },
  };
}

describe.each(availableEngines())('the outbox on %s', (engine) => {
  const statements = countStatements();
  let database: Database;

  beforeAll(async () => {
    database = await openTestDatabase({ engine, observe: statements.observe });
    await migrate(database, { schema: 'shop', migrations: [{ name: '0001-tables.sql', sql: TABLES }] });
  });
  afterAll(() => database.close());

  /** What the work rings for. */
  async function rungBy(...texts: string[]): Promise<string[]> {
    const reader = createOutboxReader({ database, schema: 'shop' });
    const before = await reader.head();
    for (const text of texts) await database.query(text);
    return summary(await reader.read(before, 100));
  }

  describe('a watched table', () => {
    beforeEach(() => database.script('TRUNCATE shop.product; TRUNCATE shop.line;'));

    it('rings once for each key of a bulk insert, in order', async () => {
      const text = `INSERT INTO shop.product (sku, price) SELECT 'p' || (n % 3), n FROM generate_series(1, 1000) AS n`;
      expect(await rungBy(text)).toEqual(['ProductChanged p0', 'ProductChanged p1', 'ProductChanged p2']);
    });

    it('rings for changed rows only, also of types that cannot be compared', async () => {
      await database.query(
        `INSERT INTO shop.product VALUES ('a', 'x', '{"n": 1}', 1), ('b', 'y', '{"n": 1}', 2), (NULL, 'z', NULL, 0)`,
      );
      expect(await rungBy(`UPDATE shop.product SET price = 1`)).toEqual(['ProductChanged b']);
      expect(await rungBy(`UPDATE shop.product SET attributes = '{"n": 2}' WHERE sku = 'a'`)).toEqual([
        'ProductChanged a',
      ]);
      expect(await rungBy(`UPDATE shop.product SET price = price, name = name`)).toEqual([]);
      expect(await rungBy(`UPDATE shop.product SET price = 5 WHERE sku = 'nobody'`)).toEqual([]);
    });

    it('rings for the old and the new key when the key changes, and for rows that swap their keys', async () => {
      await database.query(`INSERT INTO shop.product (sku, price) VALUES ('a', 1), ('b', 2)`);
      expect(await rungBy(`UPDATE shop.product SET sku = 'c' WHERE sku = 'a'`)).toEqual([
        'ProductChanged a',
        'ProductChanged c',
      ]);
      const swap = `UPDATE shop.product SET sku = CASE sku WHEN 'b' THEN 'c' ELSE 'b' END`;
      expect(await rungBy(swap)).toEqual(['ProductChanged b', 'ProductChanged c']);
    });

    it('rings for deleted rows and for a truncated table', async () => {
      await database.query(`INSERT INTO shop.product (sku) VALUES ('a'), ('b'), ('b'), ('c')`);
      expect(await rungBy(`DELETE FROM shop.product WHERE sku = 'c'`)).toEqual(['ProductChanged c']);
      expect(await rungBy('TRUNCATE shop.product')).toEqual(['ProductChanged a', 'ProductChanged b']);
    });

    it('may ring for several events, and is watched anew without ringing twice', async () => {
      await database.query("SELECT shop.watch('line', 'CartChanged', 'cart')");
      expect((await rungBy(`INSERT INTO shop.line VALUES (1, 'k'), (2, 'k')`)).sort()).toEqual([
        'CartChanged k',
        'LineChanged 1',
        'LineChanged 2',
      ]);
    });

    it('rings for INSERT … ON CONFLICT DO UPDATE', async () => {
      const upsert = (note: string) =>
        `INSERT INTO shop.line VALUES (1, 'k', '${note}') ON CONFLICT (id) DO UPDATE SET note = excluded.note`;
      expect((await rungBy(upsert('a'), upsert('a'), upsert('b'))).length).toBe(4);
    });

    it('refuses a table or a key column that is not there', async () => {
      await expect(database.query("SELECT shop.watch('nothing', 'X', 'id')")).rejects.toThrow('does not exist');
      await expect(database.query("SELECT shop.watch('line', 'X', 'nothing')")).rejects.toThrow('does not exist');
    });

    it('leaves nothing when the change is rolled back', async () => {
      const reader = createOutboxReader({ database, schema: 'shop' });
      const before = await reader.head();
      await database
        .transaction(async (transaction) => {
          await transaction.query(`INSERT INTO shop.product (sku) VALUES ('a')`);
          throw new Error('stop');
        })
        .catch(() => undefined);
      await database.query(`INSERT INTO shop.product (sku) VALUES ('b')`);
      expect(keys(await reader.read(before, 100))).toEqual(['b']);
    });
  });

  describe('events written by hand', () => {
    it('keep their order, id, time and payload', async () => {
      const reader = createOutboxReader({ database, schema: 'shop' });
      const before = await reader.head();
      const id = randomUUID();
      statements.reset();
      await database.transaction((transaction) =>
        appendEvents(transaction, 'shop', [
          { id, type: 'Merged', key: 'z', payload: { merged: ['a'] }, occurredAt: '2026-03-01T08:30:00.123Z' },
          { type: 'Linked', key: 'a' },
          { type: 'Linked', key: 'b' },
        ]),
      );
      expect(statements.texts.filter((text) => text.includes('outbox'))).toHaveLength(1);
      const [first, ...others] = await reader.read(before, 100);
      expect(first).toEqual({
        sequence: before + 1,
        id,
        type: 'Merged',
        key: 'z',
        payload: { merged: ['a'] },
        occurredAt: '2026-03-01T08:30:00.123Z',
      });
      expect(keys(others)).toEqual(['a', 'b']);
      expect(others[0]).toMatchObject({ payload: {}, occurredAt: expect.stringMatching(/^\d{4}-.*Z$/) });
    });
  });

  describe('following', () => {
    /** Never wakes by itself: what arrives has been rung for. */
    const untilRung = (_milliseconds: number, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

    it('gives what is there, wakes for what comes, and ends when it is told to', async () => {
      const reader = createOutboxReader({ database, schema: 'shop', wait: untilRung });
      const before = await reader.head();
      const stopping = new AbortController();
      await database.query(`INSERT INTO shop.product (sku) VALUES ('f1'), ('f2')`);
      const events = reader.follow(before, { signal: stopping.signal, batchSize: 1 });
      const next = async () => keys((await events.next()).value ?? []);
      expect([await next(), await next()]).toEqual([['f1'], ['f2']]);
      const waiting = next();
      await database.query(`INSERT INTO shop.product (sku) VALUES ('f3')`);
      expect(await waiting).toEqual(['f3']);
      const last = events.next();
      stopping.abort();
      expect(await last).toEqual({ done: true, value: undefined });
    });

    it('looks again after a while when a notification is lost, and ends with its consumer', async () => {
      const waits: number[] = [];
      const wait = async (milliseconds: number) => {
        waits.push(milliseconds);
        await database.query(`INSERT INTO shop.product (sku) VALUES ('polled')`);
      };
      const deaf: Database = { ...bind(database), listen: async () => async () => undefined };
      const reader = createOutboxReader({ database: deaf, schema: 'shop', wait });
      for await (const events of reader.follow(await reader.head(), { signal: new AbortController().signal })) {
        expect(keys(events)).toEqual(['polled']);
        break;
      }
      expect(waits).toEqual([1000]);
    });

    it('reads once for all followers at one place', async () => {
      const reader = createOutboxReader({ database, schema: 'shop', wait: untilRung });
      const before = await reader.head();
      const stopping = new AbortController();
      const followers = Array.from({ length: 50 }, () => reader.follow(before, { signal: stopping.signal }));
      const first = Promise.all(followers.map((follower) => follower.next()));
      await database.query(`INSERT INTO shop.product (sku) VALUES ('g1')`);
      await first;
      const second = followers.map((follower) => follower.next());
      // All of them sleep once the log was read after the first event.
      while (!(await database.query('SELECT 1')));
      statements.reset();
      await database.query(`INSERT INTO shop.product (sku) VALUES ('g2')`);
      for (const result of await Promise.all(second)) expect(keys(result.value ?? [])).toEqual(['g2']);
      expect(statements.texts.filter((text) => text.includes('ORDER BY sequence')).length).toBeLessThanOrEqual(2);
      stopping.abort();
      await Promise.all(followers.map((follower) => follower.next()));
    });
  });
});

function bind(database: Database): Database {
  return {
    engine: database.engine,
    query: (text, values) => database.query(text, values),
    transaction: (work) => database.transaction(work),
    script: (text) => database.script(text),
    listen: (channel, onNotify) => database.listen(channel, onNotify),
    close: () => database.close(),
  };
}

const onPostgresql = availableEngines().includes('postgresql') ? describe : describe.skip;

onPostgresql('the outbox under transactions that overlap', () => {
  let database: Database;
  const add = (key: string) => (on: { query: Database['query'] }) =>
    on.query("INSERT INTO shop.outbox (type, key) VALUES ('T', $1)", [key]);

  beforeAll(async () => {
    database = await openTestDatabase({ engine: 'postgresql' });
    await migrate(database, { schema: 'shop', migrations: [{ name: '0001-tables.sql', sql: TABLES }] });
  });
  afterAll(() => database.close());

  it('does not pass a gap that is filled later', async () => {
    const reader = createOutboxReader({ database, schema: 'shop' });
    const before = await reader.head();
    const slow = await openTransaction(database, add('slow'));
    await add('fast')(database);
    expect(await reader.read(before, 10)).toEqual([]);
    expect(await reader.read(before, 10)).toEqual([]);
    await slow.commit();
    expect(keys(await reader.read(before, 10))).toEqual(['slow', 'fast']);
  });

  it('does not pass a gap whose transaction got its number after the newest that committed', async () => {
    const reader = createOutboxReader({ database, schema: 'shop' });
    const before = await reader.head();
    // The fast one takes its transaction number first and its sequence last; the slow one the other way round.
    const fast = await openTransaction(database, (transaction) => transaction.query('SELECT pg_current_xact_id()'));
    const slow = await openTransaction(database, add('slow'));
    const later = await openTransaction(database, add('later'));
    await fast.commit();
    await later.commit();
    for (let times = 0; times < 3; times += 1) expect(await reader.read(before, 10)).toEqual([]);
    await slow.commit();
    expect(keys(await reader.read(before, 10))).toEqual(['slow', 'later']);
  });

  it('passes a gap that was rolled back, whatever else runs', async () => {
    const reader = createOutboxReader({ database, schema: 'shop' });
    const before = await reader.head();
    const unrelated = await openTransaction(database, async (transaction) => {
      await transaction.query('SELECT pg_current_xact_id()');
      await transaction.query('SELECT count(*) FROM shop.outbox');
    });
    const slow = await openTransaction(database, add('never'));
    await add('after')(database);
    expect(await reader.read(before, 10)).toEqual([]);
    await slow.rollback();
    expect(keys(await reader.read(before, 10))).toEqual(['after']);
    await unrelated.rollback();
  });

  it('waits for the writers of the gap and not for those that came later', async () => {
    const reader = createOutboxReader({ database, schema: 'shop' });
    const before = await reader.head();
    const first = await openTransaction(database, add('first'));
    await add('second')(database);
    expect(await reader.read(before, 10)).toEqual([]);
    const third = await openTransaction(database, add('third'));
    await add('fourth')(database);
    await first.commit();
    expect(keys(await reader.read(before, 10))).toEqual(['first', 'second']);
    await third.commit();
    expect(keys(await reader.read(before, 10))).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it('gives what comes before the gap', async () => {
    const reader = createOutboxReader({ database, schema: 'shop' });
    const before = await reader.head();
    await add('a')(database);
    const slow = await openTransaction(database, add('b'));
    await add('c')(database);
    expect(keys(await reader.read(before, 10))).toEqual(['a']);
    expect(keys(await createOutboxReader({ database, schema: 'shop' }).read(before, 10))).toEqual(['a']);
    await slow.commit();
  });

  it('begins before what still runs, so that following from the head misses nothing', async () => {
    const reader = createOutboxReader({ database, schema: 'shop' });
    await reader.head();
    const slow = await openTransaction(database, add('head slow'));
    await add('head fast')(database);
    const head = await reader.head();
    await slow.commit();
    expect(keys(await reader.read(head, 10))).toEqual(['head slow', 'head fast']);
    expect(await reader.read(await reader.head(), 10)).toEqual([]);
  });

  it('tells a follower of the end of a gap that rings for nobody', async () => {
    const waits: number[] = [];
    const slow = await openTransaction(database, add('never'));
    const wait = async (milliseconds: number) => {
      waits.push(milliseconds);
      await slow.rollback();
    };
    const deaf: Database = { ...bind(database), listen: async () => async () => undefined };
    await add('told')(database);
    const [last] = await database.query<{ sequence: number }>('SELECT max(sequence) AS sequence FROM shop.outbox');
    const reader = createOutboxReader({ database: deaf, schema: 'shop', wait });
    const events = reader.follow((last?.sequence ?? 0) - 2, { signal: new AbortController().signal });
    expect(keys((await events.next()).value ?? [])).toEqual(['told']);
    expect(waits).toEqual([50]);
    await events.return?.();
  });

  it('loses and repeats nothing under many writers, some of which roll back', async () => {
    const reader = createOutboxReader({ database, schema: 'shop' });
    const before = await reader.head();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let turn = 0; turn < 40; turn += 1) {
        await database
          .transaction(async (transaction) => {
            await appendEvents(transaction, 'shop', [{ type: 'T', key: `${writer} ${turn}` }]);
            await transaction.query('SELECT pg_sleep($1)', [((writer * 7 + turn * 3) % 5) / 1000]);
            if ((writer + turn) % 4 === 0) throw new Error('stop');
            await appendEvents(transaction, 'shop', [{ type: 'T', key: `${writer} ${turn} end` }]);
          })
          .catch(() => undefined);
      }
    });
    const expected = 8 * 40 * 0.75 * 2;
    const stopping = new AbortController();
    const followed: OutboxEvent[] = [];
    const following = (async () => {
      for await (const events of reader.follow(before, { signal: stopping.signal, batchSize: 7 })) {
        followed.push(...events);
        if (followed.length >= expected) break;
      }
    })();
    await Promise.all(writers);
    await following;
    expect(followed.map(({ sequence }) => sequence)).toEqual(
      [...new Set(followed.map(({ sequence }) => sequence))].sort((a, b) => a - b),
    );
    const stored = await database.query<{ sequence: number }>(
      'SELECT sequence FROM shop.outbox WHERE sequence > $1 ORDER BY sequence',
      [before],
    );
    expect(followed.map(({ sequence }) => sequence)).toEqual(stored.map(({ sequence }) => sequence));
    expect(followed).toHaveLength(expected);
  });
});
