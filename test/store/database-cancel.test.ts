import type { Database } from '../../database/database.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';

describe.each(availableEngines())('a statement of %s whose asker has gone', (engine) => {
  let database: Database;

  beforeAll(async () => {
    database = await openTestDatabase({ engine });
  });
  afterAll(() => database.close());

  it('is not sent', async () => {
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(database.query('SELECT 1', [], gone)).rejects.toThrow('gone');
  });

  it('answers as ever while the asker waits', async () => {
    const { signal } = new AbortController();
    expect(await database.query('SELECT $1::int AS a', [1], signal)).toEqual([{ a: 1 }]);
    await expect(database.query('SELECT nothing', [], signal)).rejects.toThrow();
  });
});

const onServer = availableEngines().includes('postgresql') ? it : it.skip;

onServer('a statement that runs on a server is cancelled, and only that one', async () => {
  const database = await openTestDatabase({ engine: 'postgresql' });
  const sleeping = async (): Promise<unknown[]> =>
    database.query("SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(4%'");
  const asker = new AbortController();
  const asked = [1, 2, 3].map((n) => database.query(`SELECT pg_sleep(4), ${n}`, [], asker.signal));
  for (;;) if ((await sleeping()).length === 3) break;
  const begun = performance.now();
  asker.abort(new Error('gone'));
  for (const each of asked) await expect(each).rejects.toThrow('gone');
  expect(await sleeping()).toEqual([]);
  expect(performance.now() - begun).toBeLessThan(1000);
  expect(await Promise.all(Array.from({ length: 20 }, () => database.query('SELECT 1 AS a')))).toHaveLength(20);
  await database.close();
});
