import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { availableEngines, createTestDatabase } from '../support/databases.ts';
import { type MailMoment, type MailServer, startMailServer } from '../support/mail-server.ts';
import { prepareDriverStore } from '../support/message-driver.ts';

const ROOT = join(__dirname, '../..');
/** `MESSAGE_KILLS=200 npm test -- test/store/message-killed` for the long run. An embedded store takes long to open. */
const KILLS = { pglite: 5, postgresql: 16 };
const MOMENTS: readonly MailMoment[] = ['CONNECTED', 'MAIL', 'RCPT', 'BEGUN', 'HELD', 'ENDED', 'TAKEN', 'ANSWERED'];

function startChild(store: string, port: number, killAtStatement: number, aheadMs: number): ChildProcess {
  const support = join(ROOT, 'test/support');
  const script = ['-r', join(support, 'run-typescript.cjs'), join(support, 'message-child.ts')];
  const args = [...script, store, String(port), String(killAtStatement), String(aheadMs)];
  return spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
}

describe.each(availableEngines())('workers on %s that are killed while they send', (engine) => {
  const kills = Number(process.env['MESSAGE_KILLS'] ?? KILLS[engine]);
  const messages = 3 * kills;
  let folder = '';
  let store = '';
  let server: MailServer;
  let drop = async (): Promise<void> => undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'c360-message-killed-'));
    if (engine === 'pglite') store = join(folder, 'data');
    else ({ url: store, drop } = await createTestDatabase());
    server = await startMailServer();
  });
  afterAll(async () => {
    await server.close();
    await drop();
    await rm(folder, { recursive: true });
  });

  const withStore = async <Result>(work: (database: Awaited<ReturnType<typeof openPglite>>) => Promise<Result>) => {
    const database =
      engine === 'pglite' ? await openPglite({ directory: store }) : await openPostgresql({ url: store });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  };

  it('send each message at most once, and know of each what became of it', async () => {
    await withStore(async (database) => {
      await prepareDriverStore(database);
      await database.query(
        `INSERT INTO marketing.test_instance (instance_id) SELECT 'i' || n FROM generate_series(1, $1::int) AS n`,
        [messages],
      );
    });
    // Each in turn: at a statement of the worker's, or when the server has come to a certain moment of a message.
    const killed: string[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < kills) {
        const turn = next++;
        const moment = turn % 2 === 0 ? undefined : MOMENTS[(turn >> 1) % MOMENTS.length];
        const child = startChild(store, server.port, moment ? 0 : 3 + ((turn * 7) % 40), 0);
        if (moment) server.atMoment(moment, 1 + (turn % 3), () => child.kill('SIGKILL'));
        const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
        if (signal === 'SIGKILL') killed.push(moment ?? 'STATEMENT');
        // As when leases are over, also those of workers that are still at work.
        if (engine === 'postgresql') {
          await withStore((database) => database.query('UPDATE marketing.test_instance SET holder = NULL'));
        }
      }
    };
    await Promise.all(engine === 'postgresql' ? [lane(), lane(), lane()] : [lane()]);
    server.atMoment(undefined, 0, () => {});
    await withStore((database) => database.query('UPDATE marketing.test_instance SET holder = NULL'));
    // Ten minutes later nobody waits for an answer any more.
    const last = startChild(store, server.port, 0, 600_000);
    expect(await once(last, 'exit')).toEqual([0, null]);

    const rows = await withStore((database) =>
      database.query<{ state: string; address: string }>('SELECT state, address FROM marketing.journey_message'),
    );
    const times = new Map<string, number>();
    for (const { to } of server.taken) times.set(to[0] ?? '', (times.get(to[0] ?? '') ?? 0) + 1);
    const count = (state: string): number => rows.filter((row) => row.state === state).length;
    expect([...times.values()].filter((time) => time > 1)).toEqual([]);
    expect(rows).toHaveLength(messages);
    expect(count('SENT') + count('IN_DOUBT')).toBe(messages);
    expect(rows.filter(({ state, address }) => state === 'SENT' && times.get(address) !== 1)).toEqual([]);
    expect(killed.length).toBeGreaterThan(kills / 2);
    if (process.env['MESSAGE_KILLS']) {
      const inDoubt = rows.filter(({ state }) => state === 'IN_DOUBT');
      const arrived = inDoubt.filter(({ address }) => times.has(address)).length;
      process.stderr.write(
        `${engine}: ${killed.length} kills, ${messages} messages, ${count('SENT')} sent, ${inDoubt.length} in doubt of which ${arrived} had arrived\n`,
      );
    }
  }, 600_000);
});
