import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openPglite } from '../../database/pglite.ts';
import { canonicalRecordOf } from '../../subgraphs/identity/durable/canonical-record.ts';
import { createEngine } from '../../subgraphs/identity/durable/create-engine.ts';
import { createDurableResolver } from '../../subgraphs/identity/durable/durable-resolver.ts';
import { normaliseRecord } from '../../subgraphs/identity/resolution/normalise/record.ts';
import { loadDefaultMatchRuleset } from '../../subgraphs/identity/resolution/rules/match-ruleset.ts';
import { type FollowPosition, type IdentityRepository, recordKey } from '../../subgraphs/identity/store/repository.ts';
import { createSqlRepository } from '../../subgraphs/identity/store/sql.ts';
import { recordsAfter } from '../support/follow-story.ts';

const ROOT = join(__dirname, '../..');
const TOLD_BEFORE = 300;
const STORY = 700;
/** After how many stored positions each process is killed; the first ones are killed while they read all records. */
const KILLS = [1, 3, 9, 20];

interface Line {
  readonly start?: FollowPosition | null;
  readonly stored?: FollowPosition;
  readonly warning?: object;
  readonly done?: boolean;
}

it('an engine that is killed again and again loses no record, repeats no merge, and is rebuilt as it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'follow-'));
  const story = join(folder, 'story');
  writeFileSync(story, Array.from({ length: TOLD_BEFORE }, (_, index) => `${index}\n`).join(''));
  try {
    const lines: Line[] = [];
    for (const kill of [...KILLS, Number.POSITIVE_INFINITY]) {
      lines.push(...(await runChild(join(folder, 'data'), story, kill)));
    }
    expect(lines.filter((line) => line.warning)).toEqual([]);
    expect(lines.at(-1)).toEqual({ done: true });
    expectNoStepBack(lines);
    await expectResult(join(folder, 'data'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);

/** Runs a child until it is done, or kills it with the given stored position. */
function runChild(data: string, story: string, killAtPosition: number): Promise<Line[]> {
  const hook = join(ROOT, 'test/support/run-typescript.cjs');
  const script = join(ROOT, 'test/support/durable-child.ts');
  const child = spawn(process.execPath, ['-r', hook, script, data, story, String(STORY)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Line[] = [];
  let positions = 0;
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      lines.push(line);
      if (line.stored) positions += 1;
      if (positions === killAtPosition) child.kill('SIGKILL');
    });
    child.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(lines);
      else reject(new Error(`The child ended with ${code ?? signal}.`));
    });
  });
}

/** No position comes twice: a process starts where the one before has stored its last position, or one further when it was killed in between. */
function expectNoStepBack(lines: readonly Line[]): void {
  let last = '';
  for (const line of lines) {
    const position = line.stored ?? line.start;
    if (!position) continue;
    const rank = position.phase === 'READING' ? `0 ${position.after}` : `1 ${position.since.slice(2).padStart(6, '0')}`;
    expect(line.stored ? rank > last : rank >= last).toBe(true);
    last = rank;
  }
}

async function expectResult(data: string): Promise<void> {
  const database = await openPglite({ directory: data });
  const repository = createSqlRepository({ database });
  const profiles = recordsAfter(STORY);
  const stored = await repository.listCustomers({ first: 1_000 });
  expect(stored.flatMap(({ records }) => records.map(recordKey)).sort()).toEqual(profiles.map(recordKey).sort());
  expect((await repository.featuresOf(profiles)).size).toBe(profiles.length);
  const engine = createEngine({ ruleset: loadDefaultMatchRuleset(), model: null });
  engine.load(profiles.map((profile) => normaliseRecord(canonicalRecordOf(profile))));
  const partition = (groups: readonly (readonly string[])[]) => groups.map((keys) => keys.toSorted().join(' ')).sort();
  expect(partition(stored.map(({ records }) => records.map(recordKey)))).toEqual(
    partition([...engine.clusters()].map(({ records }) => records)),
  );
  await expectNoMergeTwice(repository);
  const parts = { repository, createEngine, clock: Date.now };
  const ids = { newCustomer360Id: randomUUID, newMergeEventId: randomUUID, newHouseholdId: randomUUID };
  const resolver = createDurableResolver({ ...parts, ...ids });
  expect(await resolver.resolve({ changed: profiles, deleted: [], reconsider: true })).toEqual({ operations: 0 });
  await database.close();
}

/** A customer that was merged away is merged again only after that merge was taken back. */
async function expectNoMergeTwice(repository: IdentityRepository): Promise<void> {
  const merged = new Set<unknown>();
  let count = 0;
  for (let after = 0; ; ) {
    const events = await repository.events(after, 1_000);
    for (const { type, payload, sequence } of events) {
      after = sequence;
      if (type === 'CustomersUnmerged') merged.delete(payload['merged']);
      if (type !== 'CustomersMerged') continue;
      count += 1;
      expect(merged.has(payload['merged'])).toBe(false);
      merged.add(payload['merged']);
    }
    if (events.length < 1_000) break;
  }
  expect(count).toBeGreaterThan(0);
}
