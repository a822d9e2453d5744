import { writeSync } from 'node:fs';
import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { runImport } from '../../subgraphs/import/run-import.ts';
import { migrateClouds } from './cloud-stores.ts';

const STATE = `SELECT
  (SELECT count(*)::int FROM commerce.account) AS accounts,
  (SELECT count(*)::int FROM commerce.outbox) AS rung,
  (SELECT count(DISTINCT key)::int FROM commerce.outbox) AS keys,
  (SELECT lines_done::int FROM commerce.import_progress) AS lines`;

/**
 * A process that says what the store holds and imports a file. In its n-th batch it kills itself, as `kill -9` does, when the
 * rows are written and the transaction is not yet committed; with 0 it comes to the end and says what came of it.
 */
async function main(store: string, cloud: string, file: string, killInBatch: number): Promise<void> {
  let batches = 0;
  const observe = (text: string): void => {
    if (text.includes('UPDATE commerce.import_progress') && text.includes('bytes_done = $3')) batches++;
    if (killInBatch > 0 && batches === killInBatch) process.kill(process.pid, 'SIGKILL');
  };
  const database = store.startsWith('postgresql:')
    ? await openPostgresql({ url: store, observe })
    : await openPglite({ directory: store, observe });
  await migrateClouds(database);
  say({ before: (await database.query(STATE))[0] });
  const refused: number[] = [];
  const report = await runImport({
    database,
    cloud,
    file,
    clock: Date.now,
    onRefused: (line) => refused.push(line.lineNumber),
  });
  say({ report, refused, after: (await database.query(STATE))[0] });
  await database.close();
}

/** Writes to the pipe at once: a killed process loses what it has not written. */
function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

const [store = '', cloud = '', file = '', killInBatch = '0'] = process.argv.slice(2);
void main(store, cloud, file, Number(killInBatch));
