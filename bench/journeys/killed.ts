import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { audit } from './killed-audit.ts';
import { createDatabases } from './killed-databases.ts';
import { runKilled } from './killed-run.ts';

/**
 * Kills with -9: two gateways with their engines over one PostgreSQL, and the mail server, at random points while a shop is written
 * into; then counts what was lost and what was done twice, and ends with 1 if anything was. Needs COMMERCE_DATABASE_URL; makes
 * databases of its own on that server and drops them, unless it is told to keep them.
 *   node dist/bench/journeys/killed.js [--kills 200] [--events 100000] [--shoppers 2000] [--every 4] [--seed 1] [--keep]
 */
async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '200' },
      events: { type: 'string', default: '100000' },
      shoppers: { type: 'string', default: '2000' },
      every: { type: 'string', default: '4' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'c360-killed-'));
  const { stores, environment, drop } = await createDatabases();
  try {
    const { remains, figures } = await runKilled({
      kills: Number(values.kills),
      events: Number(values.events),
      shoppers: Number(values.shoppers),
      everyMs: Number(values.every) * 1_000,
      seed: Number(values.seed),
      abandonAfter: 'PT10S',
      wait: 'PT2S',
      quietSeconds: 15,
      isHurried: false,
      environment,
      stores,
      folder,
      onProgress: (text) => console.log(text),
    });
    if (values.keep) {
      const { shoppers, merged, mails, kills } = remains;
      writeFileSync(join(folder, 'remains.json'), JSON.stringify({ shoppers, merged, mails, kills }));
      console.log(
        `${folder} and the databases of ${environment['MARKETING_DATABASE_URL']?.split('/').at(-1)} are kept`,
      );
    }
    const found = await audit(remains);
    console.log(JSON.stringify({ ...figures, ...found.figures }));
    for (const [name, faults] of Object.entries(found.faults)) {
      console.log(`${name}: ${faults.length}${faults.length > 0 ? ` ${faults.slice(0, 5).join(' | ')}` : ''}`);
      if (faults.length > 0) process.exitCode = 1;
    }
  } finally {
    await drop(values.keep);
    if (!values.keep) rmSync(folder, { recursive: true, force: true });
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
