import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Database } from '../../database/database.ts';
import { migrate } from '../../database/migrate.ts';
import { NatsLink } from '../../database/nats/link.ts';
import { createRelayedReader } from '../../database/nats/reader.ts';
import { appendEvents, type OutboxEvent } from '../../database/outbox.ts';
import { createOutboxReader, type OutboxReader } from '../../database/outbox-reader.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { parseNatsUrl } from '../../schema/nats-address.ts';
import { availableEngines, createTestDatabase } from '../support/databases.ts';
import { natsAvailable, TestNats } from '../support/nats.ts';

const ROOT = join(__dirname, '../..');
const SCHEMA = 'shop';
const LOG_ID = 'killed';
const STREAM = `test_${SCHEMA}_${LOG_ID}`;
/** `NATS_KILLS=200 NATS_EVENTS=100000` for a long run. */
const KILLS = Number(process.env['NATS_KILLS'] ?? 8);
const EVENTS = Number(process.env['NATS_EVENTS'] ?? 4_000);
const RELAYS = 2;
/** A relay needs a store that several processes open. */
const suite = natsAvailable() && availableEngines().includes('postgresql') ? describe : describe.skip;

const wait = (milliseconds: number, signal: AbortSignal) =>
  sleep(milliseconds, undefined, { signal }).catch(() => undefined);

suite('relays and servers that are killed', () => {
  let created: Awaited<ReturnType<typeof createTestDatabase>>;
  let database: Database;
  let server: TestNats;
  const relays: ChildProcess[] = [];

  beforeAll(async () => {
    created = await createTestDatabase();
    database = await openPostgresql({ url: created.url });
    await migrate(database, { schema: SCHEMA, migrations: [] });
    server = await TestNats.start();
    for (let index = 0; index < RELAYS; index += 1) relays.push(startRelay());
  });
  afterAll(async () => {
    await Promise.all(relays.map(killed));
    await server.close();
    await database.close();
    await created.drop();
  });

  function startRelay(): ChildProcess {
    const hook = join(ROOT, 'test/support/run-typescript.cjs');
    const script = join(ROOT, 'test/support/relay-child.ts');
    const args = ['-r', hook, script, created.url, server.url, SCHEMA, LOG_ID];
    return spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  }

  /** Writes transactions, some of which are rolled back, and kills in between at random, mostly after it has recovered. */
  async function writeAndKill(from: { readonly nats: number }): Promise<number> {
    let written = 0;
    let recoveredAt = 1;
    for (let index = 0, kills = 0; written < EVENTS || kills < KILLS; index += 1) {
      const count = 1 + Math.floor(Math.random() * 40);
      const isRolledBack = Math.random() < 0.05;
      await database
        .transaction(async (transaction) => {
          const keys = Array.from({ length: count }, (_, key) => `${index} ${key}`);
          await appendEvents(
            transaction,
            SCHEMA,
            keys.map((key) => ({ type: 'CartChanged', key })),
          );
          if (isRolledBack) throw new Error('stop');
        })
        .catch(() => undefined);
      if (!isRolledBack) written += count;
      await sleep(Math.random() * 20);
      if (kills === KILLS || from.nats < recoveredAt || Math.random() < 0.8) continue;
      await kill(kills);
      kills += 1;
      recoveredAt = Math.random() < 0.7 ? from.nats + 1 : 0;
    }
    return written;
  }

  async function kill(index: number): Promise<void> {
    if (index % 2 === 0) {
      await server.kill();
      await server.run();
    } else {
      const which = Math.floor(Math.random() * RELAYS);
      const relay = relays[which];
      if (relay) await killed(relay);
      relays[which] = startRelay();
    }
  }

  it(
    'lose nothing, repeat nothing and keep the order, for readers and in the stream',
    async () => {
      const address = parseNatsUrl(server.url);
      if (!address) throw new Error('This is no address of NATS.');
      const link = new NatsLink({ address, name: 'reader', log: { info: () => {}, warn: () => {} }, wait });
      const store = createOutboxReader({ database, schema: SCHEMA });
      const from = { nats: 0, store: 0 };
      const reader = createRelayedReader({
        link,
        place: { prefix: 'test', store: SCHEMA, logId: LOG_ID, retentionMs: 3_600_000, replicas: 1 },
        store,
        wait,
        onRead: (place, count) => {
          from[place] += count;
        },
      });
      const seen: OutboxEvent[] = [];
      const stopping = new AbortController();
      const following = (async () => {
        for await (const events of reader.follow(0, { signal: stopping.signal })) seen.push(...events);
      })();
      const written = await writeAndKill(from);
      while (seen.length < written) await sleep(5);
      stopping.abort();
      await following;
      await link.close();
      const wanted = await everything(store);
      expect(wanted).toHaveLength(written);
      expect(seen).toEqual(wanted);
      expect(from.nats).toBeGreaterThan(0);
      expect(await streamed(written)).toEqual(wanted.map(({ sequence, id }) => `${sequence} ${id}`));
    },
    60_000 + KILLS * 10_000,
  );

  async function everything(reader: OutboxReader): Promise<OutboxEvent[]> {
    const events: OutboxEvent[] = [];
    for (;;) {
      const page = await reader.read(events.at(-1)?.sequence ?? 0, 5_000);
      if (page.length === 0) return events;
      events.push(...page);
    }
  }

  /** What the stream holds, read by somebody who knows nothing of us, as soon as it holds as many. */
  async function streamed(count: number): Promise<string[]> {
    const connection = await connect({ servers: `127.0.0.1:${server.port}`, maxReconnectAttempts: -1 });
    try {
      const manager = await jetstreamManager(connection);
      while ((await manager.streams.info(STREAM)).state.messages < count) await sleep(20);
      const consumer = await manager.jetstream().consumers.get(STREAM);
      const messages = await consumer.consume({ max_messages: 1_000 });
      const lines: string[] = [];
      for await (const message of messages) {
        const { sequence } = message.json<OutboxEvent>();
        lines.push(`${sequence} ${message.headers?.get('Nats-Msg-Id')}`);
        if (message.info.pending === 0) break;
      }
      return lines;
    } finally {
      await connection.close();
    }
  }
});

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
