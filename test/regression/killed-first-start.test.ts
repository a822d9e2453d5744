import { join } from 'node:path';
import type { Database } from '../../database/database.ts';
import { migrate, readMigrations } from '../../database/migrate.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { startWhole } from '../support/whole.ts';

const migrateShop = (store: Database) =>
  migrate(store, {
    schema: 'commerce',
    migrations: readMigrations(join(PACKAGE_ROOT, 'subgraphs/commerce/migrations')),
  });

it('a first start that was killed between making the tables and filling them is made up for by the next', async () => {
  const whole = await startWhole({ people: 5, fillCommerce: migrateShop });
  try {
    const store = await whole.storeOf('commerce');
    const [row] = await store.query<{ count: number }>('SELECT count(*)::int AS count FROM commerce.account');
    expect(row?.count).toBeGreaterThan(5);
  } finally {
    await whole.close();
  }
});

it('a store that something was written to gets no sample data, also when it is empty again', async () => {
  const whole = await startWhole({
    people: 5,
    fillCommerce: async (store) => {
      await migrateShop(store);
      await store.query(
        "INSERT INTO commerce.account (customer_no, account_kind, created_at, updated_at) VALUES ('C-1', 'guest', now(), now())",
      );
      await store.query("DELETE FROM commerce.account WHERE customer_no = 'C-1'");
    },
  });
  try {
    const store = await whole.storeOf('commerce');
    expect(await store.query('SELECT FROM commerce.account')).toHaveLength(0);
  } finally {
    await whole.close();
  }
});
