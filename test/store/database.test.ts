import { setImmediate } from 'node:timers/promises';
import type { Database, Row } from '../../database/database.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';
import { countStatements } from '../support/statements.ts';

/** Each type with a text of it and what both engines give for it. */
const VALUES: readonly (readonly [string, string, unknown])[] = [
  ['int8', '9007199254740991', 9007199254740991],
  ['int4', '-7', -7],
  ['numeric', '12345678901234567890.10', '12345678901234567890.10'],
  ['float8', '0.1', 0.1],
  ['boolean', 'true', true],
  ['text', 'żółw "quoted" \\ back', 'żółw "quoted" \\ back'],
  ['date', '2024-02-29', '2024-02-29'],
  ['timestamptz', '2024-05-06 09:08:09.123+02', new Date('2024-05-06T07:08:09.123Z')],
  ['timestamptz', 'infinity', new Date(8.64e15)],
  ['timestamp', '2024-05-06 07:08:09', new Date('2024-05-06T07:08:09Z')],
  ['time', '07:08:09', '07:08:09'],
  ['interval', '1 day 02:00:00', '1 day 02:00:00'],
  ['uuid', '6f1c1e0a-3b43-4a53-9d66-0f7f1bb1a001', '6f1c1e0a-3b43-4a53-9d66-0f7f1bb1a001'],
  ['jsonb', '{"a": [1, null, "x"]}', { a: [1, null, 'x'] }],
  ['json', '[1, 2]', [1, 2]],
  ['bytea', '\\x00ff', Buffer.from([0, 255])],
  ['int8[]', '{1,NULL,3}', [1, null, 3]],
  ['text[]', '{"a,b",NULL,"NULL","q\\"uote","{}",""}', ['a,b', null, 'NULL', 'q"uote', '{}', '']],
  [
    'text[]',
    '{{a,b},{c,d}}',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['date[]', '{2024-02-29}', ['2024-02-29']],
  ['numeric[]', '{1.10}', ['1.10']],
  ['timestamptz[]', '{"2024-05-06 07:08:09+00"}', [new Date('2024-05-06T07:08:09Z')]],
  ['jsonb[]', '{"{\\"a\\": 1}"}', [{ a: 1 }]],
  ['int4[]', '[0:1]={5,6}', [5, 6]],
];

/** Values as programs hand them over, with the type they are for and what comes back. */
const PARAMETERS: readonly (readonly [string, unknown, unknown])[] = [
  ['text', null, null],
  ['text', undefined, null],
  ['text', '', ''],
  ['text', 5, '5'],
  ['int4', 5, 5],
  ['int8', 9007199254740991n, 9007199254740991],
  ['boolean', false, false],
  ['numeric', '1.50', '1.50'],
  ['timestamptz', new Date('2024-05-06T07:08:09.123Z'), new Date('2024-05-06T07:08:09.123Z')],
  ['bytea', new Uint8Array([1, 2, 255]), Buffer.from([1, 2, 255])],
  ['jsonb', { a: ['x', 1] }, { a: ['x', 1] }],
  ['jsonb', JSON.stringify(['x', 1]), ['x', 1]],
  ['text[]', ['a,b', '"', '\\', 'NULL', null, ''], ['a,b', '"', '\\', 'NULL', null, '']],
  ['int4[]', [], []],
  [
    'int4[]',
    [
      [1, 2],
      [3, 4],
    ],
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['timestamptz[]', [new Date(0)], [new Date(0)]],
];

describe.each(availableEngines())('a store on %s', (engine) => {
  const statements = countStatements();
  let database: Database;

  beforeAll(async () => {
    database = await openTestDatabase({ engine, observe: statements.observe });
    await database.script('CREATE TABLE item (id int PRIMARY KEY, name text, amount int CHECK (amount >= 0))');
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.script('TRUNCATE item');
    statements.reset();
  });

  const names = async (): Promise<unknown[]> =>
    (await database.query('SELECT name FROM item ORDER BY id')).map(({ name }) => name);
  const insert = (id: number, name: string) => ['INSERT INTO item (id, name) VALUES ($1, $2)', [id, name]] as const;

  it.each(VALUES)('gives %s %s as the contract says', async (type, text, expected) => {
    const [row] = await database.query(`SELECT $1::text::${type} AS value`, [text]);
    expect(row).toEqual({ value: expected });
  });

  it.each(PARAMETERS)('takes a %s parameter %p', async (type, value, expected) => {
    expect(await database.query(`SELECT $1::${type} AS value`, [value])).toEqual([{ value: expected }]);
  });

  it('gives no rows for a statement without any, and the rows of RETURNING', async () => {
    expect(await database.query('INSERT INTO item (id) VALUES (1)')).toEqual([]);
    expect(await database.query('UPDATE item SET amount = 3 RETURNING id, amount')).toEqual([{ id: 1, amount: 3 }]);
  });

  it('sends one statement for a query and tells the observer its text', async () => {
    for (let times = 0; times < 4; times += 1) await database.query('SELECT 1 AS one');
    expect(statements.texts).toEqual(Array(4).fill('SELECT 1 AS one'));
  });

  it('gives the same answer the first time and when the statement is prepared', async () => {
    for (let id = 1; id <= 8; id += 1) {
      await database.query(...insert(id, `name ${id}`));
      expect(await database.query('SELECT name FROM item WHERE id = $1', [id])).toEqual([{ name: `name ${id}` }]);
    }
  });

  it('goes on with a statement after its table was altered', async () => {
    const read = () => database.query('SELECT * FROM altered WHERE id = $1', [1]);
    await database.query('CREATE TABLE altered (id int)');
    await database.query('INSERT INTO altered VALUES (1)');
    for (let times = 0; times < 3; times += 1) expect(await read()).toEqual([{ id: 1 }]);
    await database.query('ALTER TABLE altered ADD COLUMN more text');
    expect(await read()).toEqual([{ id: 1, more: null }]);
    await database.script('ALTER TABLE altered ALTER COLUMN id TYPE text; ALTER TABLE altered DROP COLUMN more;');
    expect(await read()).toEqual([{ id: '1' }]);
  });

  it('commits a transaction', async () => {
    const result = await database.transaction(async (transaction) => {
      await transaction.query(...insert(1, 'a'));
      await transaction.script(
        "INSERT INTO item (id, name) VALUES (2, 'b'); INSERT INTO item (id, name) VALUES (3, 'c')",
      );
      return 'done';
    });
    expect(result).toBe('done');
    expect(await names()).toEqual(['a', 'b', 'c']);
  });

  it('rolls a transaction back when its work throws, and goes on', async () => {
    const work = database.transaction(async (transaction) => {
      await transaction.query(...insert(1, 'a'));
      throw new Error('stop');
    });
    await expect(work).rejects.toThrow('stop');
    expect(await names()).toEqual([]);
  });

  it('rolls back and says so when a failed statement was passed over', async () => {
    const work = database.transaction(async (transaction) => {
      await transaction.query(...insert(1, 'a'));
      await transaction.query('SELECT nothing').catch(() => undefined);
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(await names()).toEqual([]);
  });

  it('refuses a statement of a transaction that has ended', async () => {
    const escaped = await database.transaction(async (transaction) => transaction);
    await expect(escaped.query('SELECT 1')).rejects.toThrow('has ended');
  });

  it('keeps transactions that run at once apart', async () => {
    await database.query('INSERT INTO item (id, amount) VALUES (1, 0)');
    const addOne = () =>
      database.transaction(async (transaction) => {
        const [row] = await transaction.query<{ amount: number }>('SELECT amount FROM item WHERE id = 1 FOR UPDATE');
        await setImmediate();
        await transaction.query('UPDATE item SET amount = $1 WHERE id = 1', [(row?.amount ?? 0) + 1]);
      });
    await Promise.all(Array.from({ length: 12 }, addOne));
    expect(await database.query('SELECT amount FROM item')).toEqual([{ amount: 12 }]);
  });

  it('does not mix a statement beside a transaction into it', async () => {
    let beside: Promise<Row[]> = Promise.resolve([]);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const work = database.transaction(async (transaction) => {
      await transaction.query(...insert(1, 'a'));
      await held;
      throw new Error('stop');
    });
    beside = database.query(...insert(2, 'b'));
    release();
    await expect(work).rejects.toThrow('stop');
    await beside;
    expect(await names()).toEqual(['b']);
  });

  it('gives the error of a statement with its code and without the data', async () => {
    await database.query('INSERT INTO item (id, name) VALUES (77001, $1)', ['Jane Secret']);
    const failures = await Promise.all(
      [
        database.query('INSERT INTO item (id, name) VALUES (77001, $1)', ['Jane Secret']),
        database.query('INSERT INTO item (id, amount) VALUES (2, $1)', [-77001]),
        database.query('SELECT $1::text::int', ['Jane Secret']),
        database.query('SELECT $1::text::date', ['77001-99-99']),
        database.query('SELECT $1::text::jsonb', ['{"Jane Secret"']),
        database.query('SELECT $1::text::int', ['7700177001']),
      ].map((query) => query.then(() => 'no error').catch((error) => error)),
    );
    expect(failures.map(({ code }) => code)).toEqual(['23505', '23514', '22P02', '22008', '22P02', '22003']);
    expect(failures[0]).toMatchObject({ constraint: 'item_pkey' });
    for (const error of failures) {
      const everything = JSON.stringify([error, Object.entries(error), error.message, error.stack]);
      expect(everything).not.toMatch(/Jane|Secret|77001/);
    }
    expect(await names()).toEqual(['Jane Secret']);
  });

  it('calls a listener for every commit that notifies, from a transaction too, and no longer once stopped', async () => {
    let calls = 0;
    let wake: () => void = () => undefined;
    const called = (count: number) =>
      new Promise<void>((resolve) => {
        wake = () => calls >= count && resolve();
        wake();
      });
    const stop = await database.listen('Some_Channel', () => {
      calls += 1;
      wake();
    });
    await database.query("SELECT pg_notify('Some_Channel', '')");
    await called(1);
    await database
      .transaction(async (transaction) => {
        await transaction.query("SELECT pg_notify('Some_Channel', '')");
        throw new Error('stop');
      })
      .catch(() => undefined);
    await database.transaction((transaction) => transaction.query('NOTIFY "Some_Channel"'));
    await called(2);
    await stop();
    let second = 0;
    const heard = new Promise<void>((resolve) => {
      void database
        .listen('Some_Channel', () => {
          second += 1;
          resolve();
        })
        .then(() => database.query("SELECT pg_notify('Some_Channel', '')"));
    });
    await heard;
    expect([calls, second]).toEqual([2, 1]);
  });
});
