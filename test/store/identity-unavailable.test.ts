import { createServer, type Socket } from 'node:net';
import { StoreUnavailable } from '../../database/database.ts';
import { openPglite } from '../../database/pglite.ts';
import { openNeo4jRepository } from '../../subgraphs/identity/store/neo4j.ts';
import type { IdentityRepository } from '../../subgraphs/identity/store/repository.ts';
import { createSqlRepository } from '../../subgraphs/identity/store/sql.ts';

const SECRET = 'a-password-nobody-may-see';

/** Every call ends in StoreUnavailable, whose message and causes say what to check and carry no password. */
async function expectUnavailable(repository: IdentityRepository, message: RegExp): Promise<void> {
  const calls = [
    () => repository.checkReadiness(),
    () => repository.prepare(),
    () => repository.customersByIds(['c360_1']),
    () => repository.apply({ operations: [], at: '2026-01-01T00:00:00.000Z' }),
    () => repository.acquireLease('one', 1_000, 0),
    () => repository.renewLease({ holder: 'one', token: 1 }, 1_000, 0),
  ];
  for (const call of calls) {
    const error = await call().then(
      () => new Error('it answered'),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StoreUnavailable);
    if (!(error instanceof StoreUnavailable)) return;
    expect(error.message).toMatch(message);
    expect(`${error.stack} ${String(error.cause)}`).not.toContain(SECRET);
  }
}

/** Port on which nothing listens: one that was just given back. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 1;
}

it('Neo4j that does not listen is unavailable, within the time that retrying is given', async () => {
  const uri = `bolt://127.0.0.1:${await freePort()}`;
  const options = { uri, user: 'neo4j', password: SECRET, maxRetryMs: 100, acquisitionMs: 500 };
  const repository = openNeo4jRepository(options);
  try {
    await expectUnavailable(repository, /^Neo4j at 127\.0\.0\.1:\d+ can't be reached.*check NEO4J_URI/);
  } finally {
    await repository.close();
  }
});

it('Neo4j that accepts connections and never answers is unavailable, within the time that an answer is given', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 1;
  const options = { uri: `bolt://127.0.0.1:${port}`, user: 'neo4j', password: SECRET, answerMs: 100 };
  const repository = openNeo4jRepository(options);
  try {
    await expectUnavailable(repository, /^Neo4j at 127\.0\.0\.1:\d+ did not answer within \d+ ms\.$/);
  } finally {
    for (const socket of sockets) socket.destroy();
    await repository.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

it('an address that is none of Neo4j is refused without being repeated', () => {
  const open = () => openNeo4jRepository({ uri: `http://neo4j:${SECRET}@localhost`, user: 'neo4j', password: SECRET });
  expect(open).toThrow(StoreUnavailable);
  expect(open).not.toThrow(new RegExp(SECRET));
});

it('a closed embedded store is unavailable', async () => {
  const database = await openPglite({ directory: null });
  const repository = createSqlRepository({ database });
  await repository.prepare();
  await database.close();
  await expectUnavailable(repository, /closed/);
});

const uri = process.env['NEO4J_URI'];
(uri ? describe : describe.skip)('a real Neo4j', () => {
  it('that refuses the password is unavailable, and says which settings to check', async () => {
    const options = { uri: uri ?? '', user: 'neo4j', password: SECRET };
    const repository = openNeo4jRepository(options);
    try {
      const error = await repository.checkReadiness().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(String(error)).toMatch(/refused the login of user neo4j .*check NEO4J_USER and NEO4J_PASSWORD/);
      expect(String(error)).not.toContain(SECRET);
    } finally {
      await repository.close();
    }
  });

  it('without the database that is asked for is unavailable, and names it', async () => {
    const options = {
      uri: uri ?? '',
      user: process.env['NEO4J_USER'] ?? 'neo4j',
      password: process.env['NEO4J_PASSWORD'] ?? '',
      database: 'nowhere',
      maxRetryMs: 100,
    };
    const repository = openNeo4jRepository(options);
    try {
      const error = await repository.hashKey().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(String(error)).toMatch(/has no database nowhere/);
    } finally {
      await repository.close();
    }
  });
});
