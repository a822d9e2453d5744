// Loads Chinook into a PostgreSQL database, as it is. After `npm run build`:
//
//   node examples/chinook/load.mjs postgresql://127.0.0.1:5432/chinook [path of chinook.json]
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openPostgresql } from '../../dist/database/postgresql.js';
import { loadChinook } from '../../dist/examples/chinook/chinook-database.js';

const [url, path = fileURLToPath(new URL('data/chinook.json', import.meta.url))] = process.argv.slice(2);
if (!url) {
  console.error('Usage: node examples/chinook/load.mjs postgresql://host:port/database [path of chinook.json]');
  process.exit(64);
}
const database = await openPostgresql({ url, statementTimeoutMs: 60_000 });
try {
  const counts = await loadChinook(database, JSON.parse(readFileSync(path, 'utf8')));
  for (const [table, rows] of Object.entries(counts)) console.log(`${table}: ${rows} rows`);
} finally {
  await database.close();
}
