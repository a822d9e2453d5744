import type { Database } from '../../database/database.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import type { KilledStores } from './killed-run.ts';

const CLOUDS = ['commerce', 'marketing', 'service', 'identity'] as const;
const POOL = 6;

/** Makes databases on the server of COMMERCE_DATABASE_URL, one for each store. */
export async function createDatabases(): Promise<{
  environment: Record<string, string>;
  stores: KilledStores;
  /** Closes them; they are gone unless they are kept. */
  drop(isKept: boolean): Promise<void>;
}> {
  const url = process.env['COMMERCE_DATABASE_URL'];
  if (url === undefined) throw new Error('COMMERCE_DATABASE_URL names no PostgreSQL server.');
  const admin = await openPostgresql({ url, poolSize: 1, statementTimeoutMs: 60_000 });
  const environment: Record<string, string> = {};
  const nameOf = (cloud: string): string => `bench_killed_${process.pid}_${cloud}`;
  for (const cloud of CLOUDS) {
    await admin.query(`CREATE DATABASE ${nameOf(cloud)}`);
    const own = new URL(url);
    own.pathname = `/${nameOf(cloud)}`;
    environment[`${cloud.toUpperCase()}_DATABASE_URL`] = own.href;
  }
  const open = (cloud: string): Promise<Database> =>
    openPostgresql({
      url: environment[`${cloud.toUpperCase()}_DATABASE_URL`] ?? '',
      poolSize: POOL,
      statementTimeoutMs: 60_000,
    });
  const [commerce, marketing, identity] = [await open('commerce'), await open('marketing'), await open('identity')];
  const stores = { commerce, marketing, identity };
  return {
    environment,
    stores,
    async drop(isKept) {
      await Promise.all([commerce, marketing, identity].map((store) => store.close()));
      for (const cloud of isKept ? [] : CLOUDS)
        await admin.query(`DROP DATABASE IF EXISTS ${nameOf(cloud)} WITH (FORCE)`);
      await admin.close();
    },
  };
}
