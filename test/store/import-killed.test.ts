import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { availableEngines, createTestDatabase } from '../support/databases.ts';

const ROOT = join(__dirname, '../..');
const LINES = 4_200;

function runChild(store: string, file: string, task: string): { signal: string | null; answer: unknown } {
  const support = join(ROOT, 'test/support');
  const child = spawnSync(
    process.execPath,
    ['-r', join(support, 'run-typescript.cjs'), join(support, 'import-child.ts'), store, 'commerce', file, task],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (child.signal === null && child.status !== 0) throw new Error(child.stderr);
  return { signal: child.signal, answer: child.stdout === '' ? undefined : JSON.parse(child.stdout) };
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

  const state = (): unknown => runChild(store, '', 'state').answer;

  it('leaves whole batches only, goes on after them, and does nothing twice', async () => {
    const file = join(folder, 'export.ndjson');
    const line = (place: number): string =>
      place % 1_000 === 500 ? '{"id":' : JSON.stringify({ id: `k-${place}`, createdAt: '2024-01-01T08:00:00Z' });
    await writeFile(file, Array.from({ length: LINES }, (_, place) => `${line(place)}\n`).join(''));

    expect(runChild(store, file, '3').signal).toBe('SIGKILL');
    expect(state()).toEqual({ accounts: 1_998, rung: 1_998, keys: 1_998, lines: 2_000 });
    expect(runChild(store, file, '2').signal).toBe('SIGKILL');
    expect(state()).toEqual({ accounts: 2_997, rung: 2_997, keys: 2_997, lines: 3_000 });

    expect(runChild(store, file, '0').answer).toMatchObject({
      report: { resumedAfterLine: 3_000, lines: LINES, accepted: 4_196, inserted: 4_196, unchanged: 0, refused: 4 },
      refused: [501, 1_501, 2_501, 3_501],
    });
    expect(state()).toEqual({ accounts: 4_196, rung: 4_196, keys: 4_196, lines: LINES });
  });
});
