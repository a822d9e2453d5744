import { createHash } from 'node:crypto';
import type { Database } from '../database.ts';
import { quoteIdentifier, quoteLiteral } from '../identifiers.ts';

/** Letters and digits of a log's name in NATS. */
const LENGTH = 16;

/**
 * What tells a schema's log from every other one, also from that of a copy on another server: an id kept beside the log, made here
 * when it has none, with the server's own. Needs the right to make a table in the schema.
 */
export async function readLogId(database: Database, schema: string): Promise<string> {
  const table = `${quoteIdentifier(schema)}.outbox_identity`;
  await database.transaction(async (transaction) => {
    // Two that make it at the same time would fail.
    await transaction.query(`SELECT pg_advisory_xact_lock(hashtextextended(${quoteLiteral(table)}, 0))`);
    await transaction.script(
      `CREATE TABLE IF NOT EXISTS ${table} (
         is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
         id uuid NOT NULL DEFAULT gen_random_uuid()
       );
       INSERT INTO ${table} DEFAULT VALUES ON CONFLICT DO NOTHING;`,
    );
  });
  const [row] = await database.query<{ identity: string }>(
    `SELECT concat_ws(' ', (SELECT id FROM ${table}), (SELECT system_identifier FROM pg_control_system()),
       (SELECT oid FROM pg_database WHERE datname = current_database())) AS identity`,
  );
  return hashedLogId(row?.identity ?? '');
}

/** A log's identity as part of a name in NATS, from a text that only this log has. */
export function hashedLogId(identity: string): string {
  return createHash('sha256').update(`event log ${identity}`).digest('hex').slice(0, LENGTH);
}
