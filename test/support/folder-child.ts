import { openPglite } from '../../database/pglite.ts';

/**
 * A process that opens the embedded store of a folder, writes numbered rows as fast as it can and tells of each that was
 * committed, until it is killed. Says why when it can't open the folder.
 */
async function main(folder: string): Promise<void> {
  const database = await openPglite({ directory: folder });
  await database.script('CREATE TABLE IF NOT EXISTS written (number int PRIMARY KEY)');
  for (let number = 1; ; number += 1) {
    await database.query('INSERT INTO written VALUES ($1)', [number]);
    process.stdout.write(`${number}\n`);
  }
}

main(process.argv[2] ?? '').catch((error: Error) => {
  process.stdout.write(`${error.name}: ${error.message}\n`);
  process.exitCode = 1;
});
