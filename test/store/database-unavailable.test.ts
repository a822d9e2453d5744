import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { type Database, StoreUnavailable } from '../../database/database.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { availableEngines, createTestDatabase } from '../support/databases.ts';

/** A way to the server that can be cut and opened again. */
async function openRelay(target: { host: string; port: number }) {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => [client, upstream].map((one) => one.destroy()));
    }
    client.pipe(upstream).pipe(client);
  });
  const listen = async (port: number) => once(server.listen(port, '127.0.0.1'), 'listening');
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const cut = async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return { port, cut, open: () => listen(port) };
}

describe('a PostgreSQL server that is not there', () => {
  const failureOf = (url: string): Promise<Error> =>
    openPostgresql({ url, connectTimeoutMs: 500 }).then(
      () => new Error('it opened'),
      (error: Error) => error,
    );

  it.each([
    ['nothing listens', 'postgresql://jane:s3cr3t@127.0.0.1:9/shop', /127\.0\.0\.1:9, database shop, can't be reached/],
    [
      'the host is unknown',
      'postgresql://jane:s3cr3t@no-such-host.invalid/shop',
      /no-such-host\.invalid:5432.*can't be/,
    ],
    ['the URL is another', 'mysql://jane:s3cr3t@127.0.0.1/shop', /has the form postgresql:/],
    ['the URL is none', 'jane:s3cr3t at shop', /has the form postgresql:/],
  ])('is named without the login when %s', async (_, url, expected) => {
    const error = await failureOf(url);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error.message).toMatch(expected);
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toMatch(/s3cr3t|jane/);
  });

  it('that says nothing is given up after the time to connect', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const error = await failureOf(`postgresql://a:b@127.0.0.1:${(silent.address() as AddressInfo).port}/shop`);
    expect(error).toBeInstanceOf(StoreUnavailable);
    silent.close();
  });
});

const onPostgresql = availableEngines().includes('postgresql') ? describe : describe.skip;

onPostgresql('a PostgreSQL server that fails', () => {
  let created: { url: string; drop(): Promise<void> };
  const opened: Database[] = [];
  const open = async (url: string, options: { statementTimeoutMs?: number; poolSize?: number } = {}) => {
    const database = await openPostgresql({ url, connectTimeoutMs: 1_000, ...options });
    opened.push(database);
    return database;
  };

  beforeAll(async () => {
    created = await createTestDatabase();
  });
  afterAll(async () => {
    await Promise.all(opened.map((database) => database.close()));
    await created.drop();
  });

  it('refuses a wrong password, a wrong user and an unknown database', async () => {
    const change = (edit: (url: URL) => void) => {
      const url = new URL(created.url);
      edit(url);
      return open(url.href).catch((error) => error);
    };
    const [password, user, database] = await Promise.all([
      change((url) => {
        url.password = 'wr0ng';
      }),
      change((url) => {
        url.username = 'n0body';
      }),
      change((url) => {
        url.pathname = '/nothing';
      }),
    ]);
    expect(password.message).toMatch(/refuses the user or the password/);
    expect(user.message).toMatch(/refuses the user/);
    expect(database.message).toMatch(/database nothing, has no such database/);
    for (const error of [password, user, database]) {
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(`${error.message} ${error.stack}`).not.toMatch(/wr0ng/);
    }
  });

  it('cancels a statement that takes too long, and goes on', async () => {
    const database = await open(created.url, { statementTimeoutMs: 50 });
    await expect(database.query('SELECT pg_sleep(5)')).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: expect.stringContaining('took too long'),
    });
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('says when no connection gets free in time', async () => {
    const database = await open(created.url, { poolSize: 1 });
    await database.transaction(async () => {
      await expect(database.query('SELECT 1')).rejects.toBeInstanceOf(StoreUnavailable);
    });
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('survives connections that are broken off: idle, in a statement, in a transaction', async () => {
    const database = await open(created.url);
    const killer = await open(created.url);
    const others = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    await database.query('SELECT 1');
    await killer.query(others);
    const answer = await database.query('SELECT 2 AS two').catch((error) => error);
    expect(answer instanceof StoreUnavailable || answer[0].two === 2).toBe(true);

    const sleeping = database.query('SELECT pg_sleep(30)').catch((error) => error);
    while (
      (
        await killer.query(
          "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30%' AND pid <> pg_backend_pid()",
        )
      ).length === 0
    ) {
      await setImmediate();
    }
    await killer.query(others);
    expect(await sleeping).toBeInstanceOf(StoreUnavailable);

    const inside = database.transaction(async (transaction) => {
      await transaction.query('SELECT 1');
      await killer.query(others);
      await transaction.query('SELECT 2');
    });
    await expect(inside).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await database.query('SELECT 3 AS three')).toEqual([{ three: 3 }]);
  });

  it('is listened to again after it was away, and its listeners are called', async () => {
    const url = new URL(created.url);
    const relay = await openRelay({ host: url.hostname, port: Number(url.port) });
    url.port = String(relay.port);
    const database = await open(url.href);
    let calls = 0;
    let wake: () => void = () => undefined;
    const call = () => {
      calls += 1;
      wake();
    };
    const nextCall = () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      });
    await database.listen('bell', call);
    await relay.cut();
    await expect(database.query('SELECT 1')).rejects.toBeInstanceOf(StoreUnavailable);
    const reconnected = nextCall();
    await relay.open();
    await reconnected;
    const rung = nextCall();
    await (await open(created.url)).query("SELECT pg_notify('bell', '')");
    await rung;
    expect(calls).toBe(2);
    await database.close();
    await relay.cut();
  });
});
