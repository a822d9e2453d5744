import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openPglite } from '../../database/pglite.ts';
import type { IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import { createSqlRepository } from '../../subgraphs/identity/store/sql.ts';
import { IDENTITY_STORES, type OpenIdentityStore } from './identity-stores.ts';

const ROOT = join(__dirname, '../..');
/** As the child writes them: 40 customers with a record each, every second merged into its neighbour. */
const RECORDS = 40;
const EVENTS = RECORDS * 2 + RECORDS / 2;
/** Each process is killed so many milliseconds after it has stored so many change sets: somewhere within a later one. */
const KILLS = [
  { stored: 1, laterMs: 3 },
  { stored: 2, laterMs: 0 },
  { stored: 3, laterMs: 11 },
];

interface Killable {
  /** Arguments by which the child opens the same store. */
  readonly childArguments: readonly string[];
  /** Opens the store after the child was killed, looks, and lets it go again. */
  inspect(look: (repository: IdentityRepository) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

async function openKillable(kind: (typeof IDENTITY_STORES)[number]): Promise<Killable> {
  if (kind.name === 'PGlite') return openKillableFolder();
  const store: OpenIdentityStore = await kind.open();
  await store.demolish();
  return {
    childArguments: kind.name === 'Neo4j' ? ['neo4j'] : ['postgresql', store.url],
    inspect: (look) => look(store.repository),
    close: () => store.close(),
  };
}

function openKillableFolder(): Killable {
  const folder = mkdtempSync(join(tmpdir(), 'identity-'));
  return {
    childArguments: ['pglite', folder],
    async inspect(look) {
      const database = await openPglite({ directory: folder });
      try {
        await look(createSqlRepository({ database }));
      } finally {
        await database.close();
      }
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs a child, kills it with -9 and gives the last number that it had stored for certain. */
function runAndKill(childArguments: readonly string[], kill: { stored: number; laterMs: number }): Promise<number> {
  const hook = join(ROOT, 'test/support/run-typescript.cjs');
  const script = join(ROOT, 'test/support/identity-writer-child.ts');
  const child = spawn(process.execPath, ['-r', hook, script, ...childArguments], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = 0;
  let stored = 0;
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = Number(line);
      stored += 1;
      if (stored === kill.stored) setTimeout(() => child.kill('SIGKILL'), kill.laterMs);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === null) resolve(last);
      else reject(new Error(`The child ended by itself with ${code}.`));
    });
  });
}

/** What the store says has been told is there, complete, and nothing beyond it. */
async function expectWholeChangeSets(repository: IdentityRepository, certain: number): Promise<number> {
  const position = await repository.positionOf('commerce');
  const told = position?.phase === 'FOLLOWING' ? Number(position.since) : 0;
  expect(told).toBeGreaterThanOrEqual(certain);
  const keys: string[] = [];
  for (let page = await repository.listRecordKeys('commerce', { first: 1_000 }); page.length > 0; ) {
    keys.push(...page);
    page = await repository.listRecordKeys('commerce', { first: 1_000, after: page.at(-1) ?? '' });
  }
  const numbers = Array.from({ length: told }, (_, index) => index + 1);
  const expected = numbers.flatMap((number) =>
    Array.from({ length: RECORDS }, (_, index) => `${number}-${String(index).padStart(2, '0')}`),
  );
  expect(keys.sort()).toEqual(expected.sort());
  const events = await repository.events(0, 100_000);
  expect(events).toHaveLength(told * EVENTS);
  expect(events.at(-1)).toMatchObject({ type: 'CustomersMerged', payload: { mergeEventId: `m-${told}-39` } });
  for (const number of numbers) {
    const merged = `c360_${number}-39`;
    const customer = (await repository.customersByIds([merged])).get(merged);
    expect(customer).toMatchObject({ customer360Id: `c360_${number}-38`, mergedCustomer360Ids: [merged] });
    expect(customer?.records).toHaveLength(2);
  }
  return told;
}

it.each(IDENTITY_STORES)(
  'a process killed while it writes leaves whole change sets on $name',
  async (kind) => {
    const killable = await openKillable(kind);
    try {
      let certain = 0;
      for (const kill of KILLS) {
        const stored = await runAndKill(killable.childArguments, kill);
        await killable.inspect(async (repository) => {
          expect(stored).toBeGreaterThan(certain);
          certain = await expectWholeChangeSets(repository, stored);
        });
      }
    } finally {
      await killable.close();
    }
  },
  180_000,
);
