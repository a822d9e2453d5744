import neo4j, { type ProfiledPlan } from 'neo4j-driver';
import type { Database } from '../../database/database.ts';
import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { openNeo4jRepository } from '../../subgraphs/identity/store/neo4j.ts';
import type { IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import { createSqlRepository } from '../../subgraphs/identity/store/sql.ts';
import { dropTestDatabase } from '../support/databases.ts';

/** An identity store for tests. */
export interface OpenIdentityStore {
  readonly repository: IdentityRepository;
  /** Where another process finds the store; of PGlite empty, since it is kept in this process's memory. */
  readonly url: string;
  /** Every statement that was sent, by whichever repository of this store. */
  readonly statements: string[];
  /** A second repository on the same store, as another process would have; closed with the store. */
  another(): Promise<IdentityRepository>;
  /** Removes all data; tables and constraints stay. The store must be prepared again. */
  empty(): Promise<void>;
  /** Removes tables and constraints too. */
  demolish(): Promise<void>;
  /** True when the text stands anywhere in the store outside the events. */
  containsText(text: string): Promise<boolean>;
  /** Runs a statement and gives its plan as one text, and how many pages or graph entries it touched. */
  profile(text: string, values: unknown): Promise<{ plan: string; touched: number }>;
  /** Runs a statement without values and counts its rows. */
  countRows(text: string): Promise<number>;
  close(): Promise<void>;
}

/** A kind of store that the contract has to hold on. */
export interface IdentityStoreKind {
  readonly name: 'PGlite' | 'PostgreSQL' | 'Neo4j';
  open(): Promise<OpenIdentityStore>;
}

const neo4jUri = process.env['NEO4J_URI'];
const postgresqlUrl = process.env['IDENTITY_DATABASE_URL'] ?? process.env['COMMERCE_DATABASE_URL'];

/** The embedded store always; the real servers when the environment names them. */
export const IDENTITY_STORES: readonly IdentityStoreKind[] = [
  { name: 'PGlite', open: openOnPglite },
  ...(postgresqlUrl ? [{ name: 'PostgreSQL', open: () => openOnPostgresql(postgresqlUrl) } as const] : []),
  ...(neo4jUri ? [{ name: 'Neo4j', open: () => openOnNeo4j(neo4jUri) } as const] : []),
];

const TABLES = [
  'customer',
  'source_record',
  'identifier',
  'merge_event',
  'follow_position',
  'match_feature',
  'match_decision',
  'match_review',
  'document',
  'household',
  'household_member',
  'erasure',
  'tombstone',
  'idempotency_key',
];

async function openOnPglite(): Promise<OpenIdentityStore> {
  const statements: string[] = [];
  const database = await openPglite({ directory: null, observe: (text) => statements.push(text) });
  return sqlStore('', statements, database, async () => database);
}

/** A database of its own on the server, so that whatever else uses the server is left alone. */
async function openOnPostgresql(serverUrl: string): Promise<OpenIdentityStore> {
  const statements: string[] = [];
  const name = `identity_test_${process.pid}`;
  await dropTestDatabase(serverUrl, name);
  const server = await openPostgresql({ url: serverUrl, poolSize: 1, statementTimeoutMs: 60_000 });
  await server.query(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const connect = () => openPostgresql({ url: url.href, observe: (text) => statements.push(text) });
  await server.close();
  return sqlStore(url.href, statements, await connect(), connect, () => dropTestDatabase(serverUrl, name));
}

function sqlStore(
  url: string,
  statements: string[],
  database: Database,
  connect: () => Promise<Database>,
  afterClose: () => Promise<void> = async () => undefined,
): OpenIdentityStore {
  const opened = new Set([database]);
  return {
    url,
    repository: createSqlRepository({ database }),
    statements,
    async another() {
      const another = await connect();
      opened.add(another);
      return createSqlRepository({ database: another });
    },
    async empty() {
      await database.script(`TRUNCATE ${[...TABLES, 'outbox', 'secret'].map((table) => `identity.${table}`).join(', ')};
        UPDATE identity.lease SET holder = NULL, token = 0, expires_at = 0`);
    },
    demolish: () => database.script('DROP SCHEMA IF EXISTS identity CASCADE'),
    async containsText(text) {
      const queries = TABLES.map(
        (table) => `SELECT count(*) AS hits FROM identity.${table} t WHERE strpos(t::text, $1) > 0`,
      );
      const rows = await database.query<{ hits: number }>(queries.join(' UNION ALL '), [text]);
      return rows.some((row) => Number(row.hits) > 0);
    },
    async profile(text, values) {
      const rows = await database.query(`EXPLAIN (ANALYZE, BUFFERS) ${text}`, values as unknown[]);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      const pages = /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/.exec(plan);
      return { plan, touched: Number(pages?.[1] ?? 0) + Number(pages?.[2] ?? 0) };
    },
    countRows: async (text) => (await database.query(text)).length,
    async close() {
      await Promise.all([...opened].map((each) => each.close()));
      await afterClose();
    },
  };
}

async function openOnNeo4j(uri: string): Promise<OpenIdentityStore> {
  const statements: string[] = [];
  const user = process.env['NEO4J_USER'] ?? 'neo4j';
  const password = process.env['NEO4J_PASSWORD'] ?? '';
  const open = () => openNeo4jRepository({ uri, user, password, observe: (text) => statements.push(text) });
  const repository = open();
  const opened = [repository];
  const driver = neo4j.driver(uri, neo4j.auth.basic(user, password), { disableLosslessIntegers: true });
  const run = async (text: string, parameters: object = {}) => {
    const session = driver.session();
    try {
      return await session.run(text, parameters);
    } finally {
      await session.close();
    }
  };
  const empty = async () => {
    await run('MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1000 ROWS');
  };
  return {
    url: uri,
    repository,
    statements,
    async another() {
      const another = open();
      opened.push(another);
      return another;
    },
    empty,
    async demolish() {
      await empty();
      const constraints = await run('SHOW CONSTRAINTS YIELD name');
      for (const row of constraints.records) await run(`DROP CONSTRAINT ${row.get('name')} IF EXISTS`);
    },
    async containsText(text) {
      const result = await run(
        `MATCH (n) WHERE NOT n:IdentityEvent AND any(key IN keys(n) WHERE toString(n[key]) CONTAINS $text)
         RETURN count(n) AS hits`,
        { text },
      );
      return result.records[0]?.get('hits') > 0;
    },
    async profile(text, values) {
      const { summary } = await run(`PROFILE ${text}`, values as object);
      const steps = summary.profile ? stepsOf(summary.profile) : [];
      return {
        plan: steps.map((step) => step.operatorType).join('\n'),
        touched: steps.reduce((sum, step) => sum + step.dbHits, 0),
      };
    },
    countRows: async (text) => (await run(text)).records.length,
    async close() {
      await Promise.all(opened.map((repository) => repository.close()));
      await driver.close();
    },
  };
}

function stepsOf(plan: ProfiledPlan): ProfiledPlan[] {
  return [plan, ...plan.children.flatMap(stepsOf)];
}
