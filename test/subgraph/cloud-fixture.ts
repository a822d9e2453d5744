import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionResult } from 'graphql';
import type { Database, Row } from '../../database/database.ts';
import { migrate, readMigrations } from '../../database/migrate.ts';
import { createChangeLog } from '../../mapping/change-log.ts';
import { createCloudReader } from '../../mapping/cloud-reader.ts';
import type { MappingDocument } from '../../mapping/document.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { LOCAL_ADMINISTRATOR, type Principal } from '../../schema/principal.ts';
import type { CloudOptions } from '../../subgraphs/cloud/cloud-subgraph.ts';
import { createCommerceSubgraph } from '../../subgraphs/commerce/index.ts';
import { executeSubgraph } from '../../subgraphs/execute.ts';
import { createMarketingSubgraph } from '../../subgraphs/marketing/index.ts';
import { createServiceSubgraph } from '../../subgraphs/service/index.ts';
import type { Subgraph } from '../../subgraphs/subgraph.ts';
import { openTestDatabase } from '../support/databases.ts';

const FACTORIES = {
  commerce: createCommerceSubgraph,
  marketing: createMarketingSubgraph,
  service: createServiceSubgraph,
};

/** A cloud with its store and rows, asked as the gateway asks it. */
export interface CloudFixture {
  readonly subgraph: Subgraph;
  readonly database: Database;
  /** The time that the cloud is told. */
  readonly now: { ms: number };
  readonly warnings: string[];
  /** Statements sent since the last call, or since the rows were filled in. */
  statements(): string[];
  run(query: string, variables?: Record<string, unknown>, principal?: Principal): Promise<ExecutionResult>;
  /** Asks `_entities` for a selection; `declared` are the declarations of the variables it uses. */
  entities(
    representations: readonly object[],
    selection: string,
    variables?: Record<string, unknown>,
    declared?: string,
  ): Promise<ExecutionResult>;
  /** How the store runs the statements of a query: the lines of their plans. */
  explain(query: string, variables?: Record<string, unknown>): Promise<string>;
  /** Fills the rows in anew. */
  reset(): Promise<void>;
  /** The same cloud made with other options. */
  withOptions(options: Partial<CloudOptions>): Promise<Pick<CloudFixture, 'run'>>;
  close(): Promise<void>;
}

/** Opens a cloud on a store of its own. `fill` writes its rows. */
export async function openCloud(
  name: keyof typeof FACTORIES,
  fill: (database: Database) => Promise<void>,
  time: number,
): Promise<CloudFixture> {
  const sent: string[] = [];
  const warnings: string[] = [];
  const now = { ms: time };
  const database = await openStore(name, (text) => sent.push(text));
  const mapping = readFileSync(join(PACKAGE_ROOT, 'subgraphs', name, 'mapping.json'), 'utf8');
  const document = JSON.parse(mapping) as MappingDocument;
  let ids = 0;
  const options: CloudOptions = {
    database,
    reader: await createCloudReader({ database, document }),
    changes: await createChangeLog({ database, document, clock: () => now.ms }),
    clock: () => now.ms,
    newId: () => `id-${++ids}`,
    writable: true,
    onWarning: (message) => warnings.push(message),
  };
  const subgraph = await FACTORIES[name](options);
  const runOn =
    (target: Subgraph): CloudFixture['run'] =>
    async (query, variables = {}, principal = LOCAL_ADMINISTRATOR) =>
      plain(await executeSubgraph(target, { query, variables, principal }));
  const run = runOn(subgraph);
  const reset = async (): Promise<void> => {
    await emptyTables(database, name);
    await fill(database);
    now.ms = time;
    sent.length = 0;
    warnings.length = 0;
  };
  await reset();
  return {
    subgraph,
    database,
    now,
    warnings,
    statements: () => sent.splice(0),
    run,
    entities: (representations, selection, variables = {}, declared = '') =>
      run(
        `query ($representations: [_Any!]!, ${declared}) { _entities(representations: $representations) { ${selection} } }`,
        { representations, ...variables },
      ),
    explain: async (query, variables) => {
      const plans: string[] = [];
      const send = database.query.bind(database);
      const asked: [string, readonly unknown[]][] = [];
      database.query = (text, values = []) => {
        asked.push([text, values]);
        return send(text, values);
      };
      await run(query, variables);
      database.query = send;
      for (const [text, values] of asked) {
        for (const line of await send(`EXPLAIN ${text}`, values)) plans.push(String(line['QUERY PLAN']));
      }
      return plans.join('\n');
    },
    reset,
    withOptions: async (changed) => ({ run: runOn(await FACTORIES[name]({ ...options, ...changed })) }),
    close: () => database.close(),
  };
}

/** A reference to a customer as the gateway makes it. */
export function customer(cloud: string, recordIds: readonly string[], index = 0): Record<string, unknown> {
  const customer360Id = `c360_01hzzzzzzzzzzzzzzzzzzzz${String(index).padStart(3, '0')}`;
  return { __typename: 'Customer', customer360Id, [`${cloud}RecordIds`]: recordIds };
}

/** The value at a path such as `data.case.id`, whatever it is. */
export function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

/** The code of an answer's first error. */
export function codeOf(result: unknown): unknown {
  return valueAt(result, 'errors.0.extensions.code');
}

/** Writes rows in a table's own columns; what a row leaves out is left to the table. */
export async function insertRows(database: Database, table: string, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const columns = Object.keys(row);
    const values = columns.map((_column, index) => `$${index + 1}`);
    await database.query(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values.join(', ')})`,
      Object.values(row),
    );
  }
}

async function emptyTables(database: Database, schema: string): Promise<void> {
  const kept = ['outbox', 'schema_migration'];
  const tables = await database.query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 AND NOT tablename = ANY($2)',
    [schema, kept],
  );
  await database.query(`TRUNCATE ${tables.map(({ name }) => `${schema}.${name}`).join(', ')}`);
  const sequences = await database.query<{ name: string }>(
    `SELECT sequencename AS name FROM pg_sequences WHERE schemaname = $1 AND sequencename IN ('order_number', 'ticket_number')`,
    [schema],
  );
  for (const { name } of sequences) await database.query(`ALTER SEQUENCE ${schema}.${name} RESTART`);
}

/** What a client would see: prototypes and undefined fields are gone. */
function plain(result: ExecutionResult): ExecutionResult {
  return JSON.parse(JSON.stringify(result)) as ExecutionResult;
}

async function openStore(name: string, observe: (text: string) => void): Promise<Database> {
  const database = await openTestDatabase({ observe });
  const migrations = readMigrations(join(PACKAGE_ROOT, 'subgraphs', name, 'migrations'));
  await migrate(database, { schema: name, migrations });
  return database;
}
