import { randomBytes } from 'node:crypto';
import type { Database, StatementObserver } from '../../database/database.ts';
import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';

/**
 * Engines that a contract suite can run on here: PostgreSQL when a server is named, and PGlite, unless TEST_SERVERS_ONLY says that
 * it has had its turn.
 */
export function availableEngines(): Database['engine'][] {
  if (serverUrl() === undefined) return ['pglite'];
  return process.env['TEST_SERVERS_ONLY'] ? ['postgresql'] : ['pglite', 'postgresql'];
}

/** A fresh, empty store of the engine; on PostgreSQL a database of its own that `close()` drops. */
export async function openTestDatabase({
  engine = serverUrl() === undefined ? 'pglite' : 'postgresql',
  observe,
}: {
  engine?: Database['engine'];
  observe?: StatementObserver;
} = {}): Promise<Database> {
  if (engine === 'pglite') return openPglite({ directory: null, ...(observe && { observe }) });
  const created = await createTestDatabase();
  const database = await openPostgresql({ url: created.url, ...(observe && { observe }) });
  const close = database.close.bind(database);
  database.close = async () => {
    await close();
    await created.drop();
  };
  return database;
}

/** A fresh database on the PostgreSQL server, by its URL, for processes that open it themselves. */
export async function createTestDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = serverUrl();
  if (server === undefined) throw new Error('COMMERCE_DATABASE_URL names no PostgreSQL server.');
  const name = `c360_test_${randomBytes(8).toString('hex')}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.toString(), drop: () => dropTestDatabase(server, name) };
}

/** Drops a database of the server's, with whatever of ours is still connected to it. */
export async function dropTestDatabase(server: string, name: string): Promise<void> {
  // Not FORCE: it is refused as long as the server's own vacuum, which it may not end, is at work there.
  await onServer(
    server,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND usename = current_user`,
  );
  await onServer(server, `DROP DATABASE IF EXISTS ${name}`);
}

async function onServer(url: string, statement: string): Promise<void> {
  const server = await openPostgresql({ url, poolSize: 1, statementTimeoutMs: 60_000 });
  try {
    await server.query(statement);
  } finally {
    await server.close();
  }
}

function serverUrl(): string | undefined {
  return process.env['COMMERCE_DATABASE_URL'];
}
