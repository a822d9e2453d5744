import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { lockFolder } from '../../database/folder-lock.ts';
import { openPglite } from '../../database/pglite.ts';

const ROOT = join(__dirname, '../..');

describe('the folder of the embedded store', () => {
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'embedded-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) await kill(child);
    rmSync(folder, { recursive: true, force: true });
  });

  function startChild(): { child: ChildProcess; lines: Interface } {
    const hook = join(ROOT, 'test/support/run-typescript.cjs');
    const args = ['--no-warnings', '-r', hook, join(ROOT, 'test/support/folder-child.ts'), folder];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return { child, lines: createInterface(child.stdout) };
  }

  async function kill(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  it('serves one process, and names the variables for servers to the second', async () => {
    const first = startChild();
    await once(first.lines, 'line');
    const refused = await openPglite({ directory: folder }).catch((error) => error);
    expect(refused).toMatchObject({ name: 'FolderLocked' });
    expect(refused.message).toContain(`in use by process ${first.child.pid}`);
    for (const store of ['COMMERCE', 'MARKETING', 'SERVICE', 'IDENTITY']) {
      expect(refused.message).toContain(`${store}_DATABASE_URL`);
    }
    const second = startChild();
    expect(String(await once(second.lines, 'line'))).toMatch(/^FolderLocked: /);
  });

  it('is taken over from a killed process with every row that it had told of', async () => {
    const { child, lines } = startChild();
    let told = 0;
    for await (const line of lines) {
      told = Number(line);
      if (told === 200) await kill(child);
    }
    expect(told).toBeGreaterThanOrEqual(200);
    const database = await openPglite({ directory: folder });
    const [row] = await database.query<{ count: number }>('SELECT count(*) AS count FROM written WHERE number <= $1', [
      told,
    ]);
    expect(row?.count).toBe(told);
    await database.close();
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  it('serves the same process again after close, and not twice at once', async () => {
    const database = await openPglite({ directory: folder });
    await expect(openPglite({ directory: folder })).rejects.toThrow('in use by process');
    await database.script('CREATE TABLE kept (id int)');
    await database.close();
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ name: 'StoreUnavailable' });
    const again = await openPglite({ directory: folder });
    expect(await again.query('SELECT * FROM kept')).toEqual([]);
    await again.close();
  });

  it('begins anew in a folder that was left half unpacked', async () => {
    const database = await openPglite({ directory: folder });
    await database.close();
    rmSync(join(folder, 'pglite.complete'));
    rmSync(join(folder, 'pglite/global/pg_control'));
    const again = await openPglite({ directory: folder });
    expect(await again.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await again.close();
  });

  describe('its lock', () => {
    const write = (text: string) => writeFileSync(join(folder, 'lock'), text);

    it.each([
      ['of a number that no process has', JSON.stringify({ pid: 2 ** 30, begin: '1' })],
      ['of another, earlier process with our number', JSON.stringify({ pid: process.pid, begin: '1' })],
      ['that is no lock', 'half writt'],
      ['that is empty', ''],
    ])('is taken over from one %s', (_, text) => {
      write(text);
      const unlock = lockFolder(folder);
      expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid });
      unlock();
      expect(existsSync(join(folder, 'lock'))).toBe(false);
    });

    it('is kept for a process whose begin is not known', () => {
      write(JSON.stringify({ pid: process.pid, begin: null }));
      expect(() => lockFolder(folder)).toThrow('in use by process');
    });

    it('is not taken from whoever took it over first', () => {
      write('');
      writeFileSync(join(folder, 'lock.takeover'), JSON.stringify({ pid: 1, begin: null }));
      expect(() => lockFolder(folder)).toThrow('in use by process 1');
    });

    it('is not removed when another process has it by now', () => {
      const unlock = lockFolder(folder);
      write(JSON.stringify({ pid: 1, begin: null }));
      unlock();
      expect(existsSync(join(folder, 'lock'))).toBe(true);
    });
  });
});
