import { StoreUnavailable } from '../../database/database.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { availableEngines, createTestDatabase } from '../support/databases.ts';

const onPostgresql = availableEngines().includes('postgresql') ? it : it.skip;

onPostgresql(
  'a database that an operator closed to connections is an unavailable store, not a fault of ours',
  async () => {
    const created = await createTestDatabase();
    const name = new URL(created.url).pathname.slice(1);
    const server = new URL(created.url);
    server.pathname = '/postgres';
    const operator = await openPostgresql({ url: server.href, poolSize: 1 });
    try {
      await operator.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      await expect(openPostgresql({ url: created.url })).rejects.toThrow(StoreUnavailable);
    } finally {
      await operator.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      await operator.close();
      await created.drop();
    }
  },
);
