import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { availableEngines, createTestDatabase } from '../support/databases.ts';

const ROOT = join(__dirname, '../..');
const LINES = 4_200;

/** What the child said, one object after the other, and the signal that ended it. */
function runChild(store: string, file: string, killInBatch: number): { signal: string | null; said: unknown[] } {
  const support = join(ROOT, 'test/support');
  const script = ['-r', join(support, 'run-typescript.cjs'), join(support, 'import-child.ts')];
  const child = spawnSync(process.execPath, [...script, store, 'commerce', file, String(killInBatch)], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (child.signal === null && child.status !== 0) throw new Error(child.stderr);
  const said = child.stdout.split('\n').filter((line) => line !== '');
  return { signal: child.signal, said: said.map((line) => JSON.parse(line)) };
}

describe.each(availableEngines())('an import into %s that is killed', (engine) => {
  let folder = '';
  let store = '';
  let drop = async (): Promise<void> => undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'c360-import-killed-'));
    if (engine === 'pglite') store = join(folder, 'data');
    else ({ url: store, drop } = await createTestDatabase());
  });
  afterAll(async () => {
    await drop();
    await rm(folder, { recursive: true });
  });

  it('leaves whole batches only, goes on after them, and does nothing twice', async () => {
    const file = join(folder, 'export.ndjson');
    const line = (place: number): string =>
      place % 1_000 === 500 ? '{"id":' : JSON.stringify({ id: `k-${place}`, createdAt: '2024-01-01T08:00:00Z' });
    await writeFile(file, Array.from({ length: LINES }, (_, place) => `${line(place)}\n`).join(''));

    const done = (records: number, lines: number | null): object => ({
      accounts: records,
      rung: records,
      keys: records,
      lines,
    });
    expect(runChild(store, file, 3)).toEqual({ signal: 'SIGKILL', said: [{ before: done(0, null) }] });
    expect(runChild(store, file, 2)).toEqual({ signal: 'SIGKILL', said: [{ before: done(1_998, 2_000) }] });
    expect(runChild(store, file, 0).said).toMatchObject([
      { before: done(2_997, 3_000) },
      {
        report: { resumedAfterLine: 3_000, lines: LINES, accepted: 4_196, inserted: 4_196, unchanged: 0, refused: 4 },
        refused: [501, 1_501, 2_501, 3_501],
        after: done(4_196, LINES),
      },
    ]);
  }, 120_000);
});
