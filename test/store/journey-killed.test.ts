import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, readMigrations } from '../../database/migrate.ts';
import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { readDefinition } from '../../subgraphs/marketing/journeys/check-definition.ts';
import { saveJourney } from '../../subgraphs/marketing/journeys/store/journeys.ts';
import { availableEngines, createTestDatabase } from '../support/databases.ts';

const CARTS = 200;
const KILLS = 3;
/** So long after the first event that every cart is left, and so soon that everybody may enter. */
const BEGIN_MS = 40 * 60_000;

const DOCUMENT = JSON.stringify({
  id: 'left-cart',
  name: 'Left cart',
  entry: { kind: 'CART_ABANDONED' },
  steps: [
    {
      id: 'mail',
      kind: 'MESSAGE',
      channel: 'EMAIL',
      purpose: 'MARKETING',
      template: { subject: 's', mjml: 'm', text: 't' },
    },
  ],
});

/** Runs a worker until it is through, or is killed so many milliseconds after it began to work. */
function runChild(store: string, at: number, killAfterMs: number | null): Promise<string | null> {
  const support = join(PACKAGE_ROOT, 'test/support');
  const script = ['-r', join(support, 'run-typescript.cjs'), join(support, 'journey-child.ts')];
  const child = spawn(process.execPath, [...script, store, String(CARTS), String(at)], { cwd: PACKAGE_ROOT });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdout.on('data', () => {
    if (killAfterMs !== null) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (code, signal) => (code === 0 || signal !== null ? resolve(signal) : reject(new Error(said))));
  });
}

describe.each(availableEngines())('workers of journeys on %s that are killed', (engine) => {
  let folder = '';
  let store = '';
  let drop = async (): Promise<void> => undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'c360-journeys-killed-'));
    if (engine === 'pglite') store = join(folder, 'data');
    else ({ url: store, drop } = await createTestDatabase());
  });
  afterAll(async () => {
    await drop();
    await rm(folder, { recursive: true });
  });
  const open = () => (engine === 'pglite' ? openPglite({ directory: store }) : openPostgresql({ url: store }));

  it('lose nothing and send nothing twice', async () => {
    const database = await open();
    const migrations = readMigrations(join(PACKAGE_ROOT, 'subgraphs', 'marketing', 'migrations'));
    await migrate(database, { schema: 'marketing', migrations });
    await database.query('CREATE TABLE marketing.sent_once (object_id text PRIMARY KEY)');
    await database.query(
      `INSERT INTO marketing.consumer (name, log, position, moved_at) VALUES ('journeys:commerce', 'commerce', '0', now())`,
    );
    const version = { definition: readDefinition(DOCUMENT), document: DOCUMENT, isActive: true, by: 'test' };
    await database.transaction((transaction) => saveJourney(transaction, version, BEGIN_MS));
    await database.close();
    let killed = 0;
    for (let round = 0; round < KILLS; round += 1) {
      // A second later each: what the one before had taken up is due again.
      const signal = await runChild(store, BEGIN_MS + round * 1_000, 20 + ((round * 137) % 400));
      if (signal !== null) killed += 1;
    }
    await runChild(store, BEGIN_MS + KILLS * 1_000, null);
    expect(killed).toBeGreaterThan(0);
    const after = await open();
    const [counts] = await after.query(
      `SELECT (SELECT count(*) FROM marketing.journey_trigger) AS triggers,
         (SELECT count(*) FROM marketing.journey_instance WHERE status = 'COMPLETED') AS completed,
         (SELECT count(*) FROM marketing.sent_once) AS sent,
         (SELECT count(*) FROM marketing.outbox WHERE type = 'JourneyTriggered') AS told`,
    );
    await after.close();
    expect(counts).toEqual({ triggers: CARTS, completed: CARTS, sent: CARTS, told: CARTS });
  }, 180_000);
});
