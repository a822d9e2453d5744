import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '../../database/database.ts';
import { migrate, readMigrations } from '../../database/migrate.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { availableEngines, createTestDatabase, openTestDatabase } from '../support/databases.ts';

const first = { name: '0001-first.sql', sql: "CREATE TABLE s.a (id text); INSERT INTO s.a VALUES ('it''s; one');" };
const second = { name: '0002-second.sql', sql: "-- rings; from here on\nSELECT s.watch('a', 'Changed', 'id');" };
const broken = { name: '0003-broken.sql', sql: "INSERT INTO s.a VALUES ('half'); SELECT nothing;" };

describe('migrations in a folder', () => {
  it('are read in the order of their numbers, other files left aside', () => {
    const folder = mkdtempSync(join(tmpdir(), 'migrations-'));
    for (const name of ['0010-b.sql', '0002-a.sql', 'README.md', '3-c.sql']) writeFileSync(join(folder, name), name);
    expect(readMigrations(folder)).toEqual([
      { name: '0002-a.sql', sql: '0002-a.sql' },
      { name: '0010-b.sql', sql: '0010-b.sql' },
    ]);
    rmSync(folder, { recursive: true });
  });
});

describe.each(availableEngines())('migrate on %s', (engine) => {
  let database: Database;
  beforeAll(async () => {
    database = await openTestDatabase({ engine });
  });
  afterAll(() => database.close());
  beforeEach(() => database.script('DROP SCHEMA IF EXISTS s CASCADE'));

  const ids = async () => (await database.query('SELECT id FROM s.a ORDER BY id')).map(({ id }) => id);

  it('makes the schema once, and runs what is missing, each once', async () => {
    const to = (...migrations: (typeof first)[]) => migrate(database, { schema: 's', migrations });
    expect(await to(first)).toEqual({ createdSchema: true, applied: ['0001-first.sql'] });
    expect(await to(first)).toEqual({ createdSchema: false, applied: [] });
    expect(await to(first, second)).toEqual({ createdSchema: false, applied: ['0002-second.sql'] });
    expect(await ids()).toEqual(["it's; one"]);
    await database.query("INSERT INTO s.a VALUES ('two')");
    expect(await database.query('SELECT type, key FROM s.outbox')).toEqual([{ type: 'Changed', key: 'two' }]);
  });

  it('leaves nothing of a migration that fails, and keeps those before it', async () => {
    await expect(migrate(database, { schema: 's', migrations: [first, broken] })).rejects.toMatchObject({
      code: '42703',
    });
    expect(await ids()).toEqual(["it's; one"]);
    const repaired = { ...broken, sql: "INSERT INTO s.a VALUES ('whole');" };
    expect((await migrate(database, { schema: 's', migrations: [first, repaired] })).applied).toEqual([
      '0003-broken.sql',
    ]);
    expect(await ids()).toEqual(["it's; one", 'whole']);
  });

  it('uses a schema that was made for it', async () => {
    await database.script('CREATE SCHEMA s');
    const done = await migrate(database, { schema: 's', migrations: [first] });
    expect(done).toEqual({ createdSchema: false, applied: ['0001-first.sql'] });
  });

  it('runs everything once when several start at the same time', async () => {
    const starts = Array.from({ length: 5 }, () => migrate(database, { schema: 's', migrations: [first, second] }));
    const results = await Promise.all(starts);
    expect(results.filter(({ createdSchema }) => createdSchema)).toHaveLength(1);
    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(['0001-first.sql', '0002-second.sql']);
    expect(await ids()).toEqual(["it's; one"]);
  });

  it('refuses a name that is none', async () => {
    await expect(migrate(database, { schema: 'x"; DROP', migrations: [] })).rejects.toThrow('no name for a schema');
  });
});

const onPostgresql = availableEngines().includes('postgresql') ? describe : describe.skip;

onPostgresql('migrate by processes of their own', () => {
  it('takes turns over connections, longer than a statement may take', async () => {
    const created = await createTestDatabase();
    const slow = { name: '0001-slow.sql', sql: 'SELECT pg_sleep(0.4); CREATE TABLE s.a (id text);' };
    const processes = await Promise.all(
      [1, 2, 3].map(() => openPostgresql({ url: created.url, statementTimeoutMs: 200 })),
    );
    const results = await Promise.all(
      processes.map((one) => migrate(one, { schema: 's', migrations: [slow, second] })),
    );
    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(['0001-slow.sql', '0002-second.sql']);
    await Promise.all(processes.map((one) => one.close()));
    await created.drop();
  });
});
