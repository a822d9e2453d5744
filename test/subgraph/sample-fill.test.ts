import type { Database } from '../../database/database.ts';
import { fillSampleData, SAMPLE_CLOUDS, type SampleProgress } from '../../subgraphs/sample-data/fill.ts';
import { PROTAGONISTS } from '../../subgraphs/sample-data/protagonists.ts';
import { migrateClouds } from '../support/cloud-stores.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';

const NOW = Date.UTC(2026, 2, 1, 12);

describe.each(availableEngines())('sample data in %s', (engine) => {
  let database: Database;
  let written: Awaited<ReturnType<typeof fillSampleData>>;
  const progress: SampleProgress[] = [];
  beforeAll(async () => {
    database = await openTestDatabase({ engine });
    await migrateClouds(database);
    const onProgress = (step: SampleProgress): number => progress.push(step);
    written = await fillSampleData({ databases: databases(), now: NOW, people: 600, onProgress });
  });
  afterAll(() => database.close());

  const databases = (): Record<keyof typeof SAMPLE_CLOUDS, Database> => ({
    commerce: database,
    marketing: database,
    service: database,
  });
  const count = async (table: string): Promise<unknown> =>
    (await database.query(`SELECT count(*)::int AS rows FROM ${table}`))[0]?.['rows'];

  it('fills every table, once, and tells how far it is', async () => {
    for (const { name, tables } of Object.values(SAMPLE_CLOUDS)) {
      for (const table of tables) {
        const rows = await count(`${name}.${table}`);
        expect(rows).toBeGreaterThan(0);
        expect([table, written[name as keyof typeof SAMPLE_CLOUDS]?.[table]]).toEqual([table, rows]);
      }
    }
    expect(progress.filter((step) => step.cloud === 'service').map((step) => step.peopleDone)).toEqual([500, 600]);
    const accounts = await count('commerce.account');
    expect(await fillSampleData({ databases: databases(), now: NOW, people: 900 })).toEqual({});
    expect(await count('commerce.account')).toBe(accounts);
  });

  it('rings for the records of people and for nothing else, and leaves the other bells working', async () => {
    for (const { name, tables } of Object.values(SAMPLE_CLOUDS)) {
      const rung = await database.query(`SELECT DISTINCT type FROM ${name}.outbox`);
      expect(rung.map((row) => row['type'])).toEqual(['SourceRecordChanged']);
      expect(await count(`${name}.outbox`)).toBe(await count(`${name}.${tables[0]}`));
    }
    await database.query(`UPDATE commerce.cart SET state = 'abandoned' WHERE cart_id = $1`, [
      PROTAGONISTS.alice.openCart,
    ]);
    const [last] = await database.query('SELECT type, key FROM commerce.outbox ORDER BY sequence DESC LIMIT 1');
    expect(last).toEqual({ type: 'ShoppingCartChanged', key: PROTAGONISTS.alice.openCart });
  });

  it('lets the planner know what it has', async () => {
    const [row] = await database.query(
      `SELECT reltuples::int AS rows FROM pg_class WHERE oid = 'commerce.sales_order'::regclass`,
    );
    expect(row?.['rows']).toBe(await count('commerce.sales_order'));
  });

  it('leaves a cloud empty when the filling is cut off', async () => {
    for (const { name, tables } of Object.values(SAMPLE_CLOUDS)) {
      await database.query(`TRUNCATE ${tables.map((table) => `${name}.${table}`).join(', ')}`);
    }
    await database.query(`ALTER TABLE marketing.email_event ADD CONSTRAINT none CHECK (kind <> 'open')`);
    await expect(fillSampleData({ databases: databases(), now: NOW, people: 50 })).rejects.toThrow();
    expect(await count('commerce.account')).toBeGreaterThan(0);
    expect(await count('marketing.subscriber')).toBe(0);
    await database.query('ALTER TABLE marketing.email_event DROP CONSTRAINT none');
    expect(Object.keys(await fillSampleData({ databases: databases(), now: NOW, people: 50 }))).toEqual([
      'marketing',
      'service',
    ]);
  });
});
