import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExecutionResult } from 'graphql';
import type { Database } from '../../database/database.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { Stores } from '../../database/stores.ts';
import { readConfig } from '../../gateway/config.ts';
import { createLog } from '../../gateway/log.ts';
import { type RunningCustomer360, startCustomer360 } from '../../gateway/main.ts';
import type { StartParts } from '../../gateway/start/parts.ts';
import type { Clock } from '../../schema/clock.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { availableEngines, createTestDatabase } from './databases.ts';
import { neo4jAddress, openTestNeo4j, wipeNeo4j } from './neo4j.ts';

/** A GraphQL answer as a client reads it. */
export interface ClientAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the parts that it has asked for
  readonly data?: any;
  readonly errors?: NonNullable<ReturnType<typeof JSON.parse> & ExecutionResult['errors']>;
}

/** The whole of Customer 360 in this process, on stores of its own, with what it logged and which statements it sent. */
export interface Whole {
  readonly running: RunningCustomer360;
  readonly log: readonly string[];
  /** Answers in this process, and says which statements that took, as `store: text`; those of background work are not among them. */
  askCounting(
    query: string,
    variables?: Record<string, unknown>,
  ): Promise<{ answer: ClientAnswer; statements: string[] }>;
  /** Direct access to a cloud's store, as the cloud's own system would have. */
  storeOf(cloud: string): Promise<Database>;
  /** Everything that identity keeps but what records are matched by, and every outbox, as one text. */
  dump(): Promise<string>;
  ask(query: string, variables?: Record<string, unknown>): Promise<ClientAnswer>;
  close(): Promise<void>;
}

/**
 * Starts it on the embedded store, or, when the environment names servers, on a new database for each cloud and on Neo4j.
 * `environment` is added to the configuration.
 */
export async function startWhole(options: {
  readonly people: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly embedded?: boolean;
  /** The time of the whole process; the system's when not given. */
  readonly clock?: Clock;
  /** How journeys wait. */
  readonly journeyWait?: StartParts['journeyWait'];
  /** Fills the commerce cloud's store before anything starts, as a system that was there first. */
  readonly fillCommerce?: (store: Database) => Promise<unknown>;
}): Promise<Whole> {
  const servers = options.embedded || !availableEngines().includes('postgresql') ? undefined : await createServers();
  // What a statement is sent for is known by the asynchronous context alone: the follower sends its own at any time.
  const counting = new AsyncLocalStorage<string[]>();
  const log: string[] = [];
  const stores = new Stores({
    directory: null,
    observe: (store, text) => counting.getStore()?.push(`${store}: ${text}`),
  });
  const environment: Record<string, string> = { ...servers?.environment, ...options.environment };
  if (options.fillCommerce) {
    const url = environment['COMMERCE_DATABASE_URL'];
    const store = url === undefined ? await stores.embedded() : await openPostgresql({ url, poolSize: 1 });
    await options.fillCommerce(store);
    if (url !== undefined) await store.close();
  }
  const running = await startCustomer360(
    readConfig({ PORT: '0', SUBGRAPH_TIMEOUT_MS: '5000', ...environment }, { data: 'memory' }),
    {
      log: createLog('debug', { write: (line) => log.push(line) }),
      stores,
      samplePeople: options.people,
      ...(options.clock && { clock: options.clock }),
      ...(options.journeyWait && { journeyWait: options.journeyWait }),
    },
  );
  const opened = new Map<string, Database>();
  const storeOf = async (cloud: string): Promise<Database> => {
    const url = environment[`${cloud.toUpperCase()}_DATABASE_URL`];
    if (url === undefined) return stores.embedded();
    const store = opened.get(cloud) ?? (await openPostgresql({ url, poolSize: 2 }));
    opened.set(cloud, store);
    return store;
  };
  return {
    running,
    log,
    async askCounting(query, variables) {
      const statements: string[] = [];
      const caller = { principal: LOCAL_ADMINISTRATOR, requestId: 'counting' };
      const answer = await counting.run(statements, () =>
        running.ask({ query, ...(variables && { variables }) }, caller),
      );
      return { answer: JSON.parse(JSON.stringify(answer)), statements };
    },
    storeOf,
    dump: async () => [await dumpIdentity(environment['NEO4J_URI'], storeOf), await dumpOutboxes(storeOf)].join('\n'),
    ask: (query, variables) => ask(running.origin, query, variables),
    async close() {
      await running.close();
      await Promise.all([...opened.values()].map((store) => store.close()));
      await servers?.drop();
    },
  };
}

/** Asks a running gateway. */
export async function ask(
  origin: string,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<ClientAnswer> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as ClientAnswer;
}

/** Asks again until the answer is as wished. Gives how long it took, milliseconds; fails after ten seconds. */
export async function until(isSo: () => Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await isSo())) {
    if (performance.now() - began > 10_000) throw new Error('It did not become so within ten seconds.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - began;
}

async function createServers(): Promise<{ environment: Record<string, string>; drop(): Promise<void> }> {
  const neo4j = neo4jAddress();
  const names = ['commerce', 'marketing', 'service', ...(neo4j ? [] : ['identity'])];
  const databases = await Promise.all(names.map(() => createTestDatabase()));
  const entries = names.map(
    (name, index) => [`${name.toUpperCase()}_DATABASE_URL`, databases[index]?.url ?? ''] as const,
  );
  if (neo4j) {
    const driver = openTestNeo4j();
    await wipeNeo4j(driver);
    await driver.close();
  }
  return {
    environment: {
      ...Object.fromEntries(entries),
      ...(neo4j && { NEO4J_URI: neo4j.uri, NEO4J_USER: neo4j.user, NEO4J_PASSWORD: neo4j.password }),
    },
    drop: async () => {
      await Promise.all(databases.map((database) => database.drop()));
    },
  };
}

async function dumpIdentity(neo4jUri: string | undefined, storeOf: Whole['storeOf']): Promise<string> {
  if (neo4jUri !== undefined) {
    const driver = openTestNeo4j();
    const { records } = await driver.executeQuery(
      'MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN n {.*, matchFeatures: null}, properties(r)',
    );
    await driver.close();
    return JSON.stringify(records.map((record) => record.toObject()));
  }
  return dumpTables(await storeOf('identity'), 'identity', '%');
}

async function dumpOutboxes(storeOf: Whole['storeOf']): Promise<string> {
  const clouds = ['commerce', 'marketing', 'service'];
  return (await Promise.all(clouds.map(async (cloud) => dumpTables(await storeOf(cloud), cloud, 'outbox')))).join('\n');
}

async function dumpTables(store: Database, schema: string, pattern: string): Promise<string> {
  const tables = await store.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables
     WHERE schemaname = $1 AND tablename LIKE $2 AND tablename <> 'match_feature'`,
    [schema, pattern],
  );
  const dumps = tables.map(({ name }) => store.query(`SELECT '${name}' AS of, t::text FROM ${schema}.${name} t`));
  return JSON.stringify(await Promise.all(dumps));
}
