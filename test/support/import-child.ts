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
 * A process that imports a file and kills itself, as `kill -9` does, in the middle of its n-th batch: the rows are written,
 * the transaction is not committed. With 0 it comes to the end and says what came of it as one JSON object; with `state` it
 * imports nothing and says what the store holds.
 */
async function main(store: string, cloud: string, file: string, task: string): Promise<void> {
  const killInBatch = Number(task);
  let batches = 0;
  const observe = (text: string): void => {
    if (text.includes('UPDATE commerce.import_progress') && text.includes('bytes_done = $3')) batches++;
    if (killInBatch > 0 && batches === killInBatch) process.kill(process.pid, 'SIGKILL');
  };
  const database = store.startsWith('postgresql:')
    ? await openPostgresql({ url: store, observe })
    : await openPglite({ directory: store, observe });
  await migrateClouds(database);
  if (task === 'state') {
    const [row] = await database.query(STATE);
    await database.close();
    process.stdout.write(JSON.stringify(row));
    return;
  }
  const refused: number[] = [];
  const report = await runImport({
    database,
    cloud,
    file,
    clock: Date.now,
    onRefused: (line) => refused.push(line.lineNumber),
  });
  await database.close();
  process.stdout.write(JSON.stringify({ report, refused }));
}

const [store = '', cloud = '', file = '', task = '0'] = process.argv.slice(2);
void main(store, cloud, file, task);
