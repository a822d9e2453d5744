import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import fc from 'fast-check';
import type { Database } from '../../database/database.ts';
import { migrate } from '../../database/migrate.ts';
import { EventBus, type EventBusOptions } from '../../database/nats/event-bus.ts';
import { hashedLogId, readLogId } from '../../database/nats/log-id.ts';
import { appendEvents, type OutboxEvent } from '../../database/outbox.ts';
import { createOutboxReader, type OutboxReader } from '../../database/outbox-reader.ts';
import { parseNatsUrl } from '../../schema/nats-address.ts';
import { openTestDatabase } from '../support/databases.ts';
import { natsAvailable, TestNats } from '../support/nats.ts';

const SCHEMA = 'shop';
const DAY_MS = 86_400_000;
const suite = natsAvailable() ? describe : describe.skip;

/** The pauses of relays and readers, twenty times as short. */
const quick = (milliseconds: number, signal: AbortSignal) =>
  sleep(Math.min(milliseconds / 20, DAY_MS), undefined, { signal }).catch(() => undefined);

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

suite('events relayed to NATS', () => {
  let database: Database;
  let server: TestNats;
  let store: OutboxReader;
  let made = 0;
  const buses: EventBus[] = [];

  beforeAll(async () => {
    database = await openTestDatabase();
    await migrate(database, { schema: SCHEMA, migrations: [] });
    server = await TestNats.start();
    store = createOutboxReader({ database, schema: SCHEMA });
  });
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });

  const newLogId = () => {
    made += 1;
    return hashedLogId(String(made));
  };

  function write(keys: readonly string[], type = 'CartChanged', work?: () => void): Promise<unknown> {
    return database.transaction(async (transaction) => {
      const events = keys.map((key) => ({ type, key, payload: { recordId: key } }));
      await appendEvents(transaction, SCHEMA, events);
      work?.();
    });
  }

  /** Leaves a gap in the sequences. */
  const rollBack = (keys: readonly string[]) =>
    write(keys, 'CartChanged', () => {
      throw new Error('stop');
    }).catch(() => undefined);

  function open(logId: string, options: Partial<EventBusOptions> = {}, url = server.url) {
    const address = parseNatsUrl(url);
    if (!address) throw new Error('This is no address of NATS.');
    const told: string[] = [];
    const read = { nats: 0, store: 0 };
    const bus = new EventBus({
      address,
      name: 'test',
      prefix: 'test',
      retentionMs: 30 * DAY_MS,
      replicas: 1,
      clock: Date.now,
      wait: quick,
      log: { info: (message) => told.push(message), warn: (message) => told.push(message) },
      onRead: (_store, from, count) => {
        read[from] += count;
      },
      ...options,
    });
    buses.push(bus);
    const reader = bus.relay({ store: SCHEMA, reader: createOutboxReader({ database, schema: SCHEMA }) }, logId);
    return { bus, reader, told, read };
  }

  /** Follows until it has as many events. */
  function collect(reader: OutboxReader, after: number) {
    const events: OutboxEvent[] = [];
    const stopping = new AbortController();
    const following = (async () => {
      for await (const batch of reader.follow(after, { signal: stopping.signal, batchSize: 7 })) events.push(...batch);
    })();
    const stop = async (count: number) => {
      await until(() => events.length >= count);
      stopping.abort();
      await following;
      return events;
    };
    return { events, stop };
  }

  async function onServer<T>(work: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: `127.0.0.1:${server.port}` });
    try {
      return await work(await jetstreamManager(connection));
    } finally {
      await connection.close();
    }
  }

  const streamOf = (logId: string) => `test_${SCHEMA}_${logId}`;
  const lastSequence = (logId: string) =>
    onServer(async ({ streams }) => {
      const { state } = await streams.info(streamOf(logId));
      if (state.messages === 0) return 0;
      return Number((await streams.getMessage(streamOf(logId), { seq: state.last_seq }))?.header.get('C360-Sequence'));
    }).catch(() => 0);

  /** Writes until a follower is served by NATS. */
  async function served(read: { readonly nats: number }): Promise<void> {
    while (read.nats === 0) {
      await write(['wake']);
      await quick(200, new AbortController().signal);
    }
  }

  it('publishes each event once and in order, under its own id and type, whoever relays', async () => {
    const before = await store.head();
    const logId = newLogId();
    const relays = [open(logId), open(logId), open(logId)];
    for (let index = 0; index < 30; index += 1) {
      await write([`a${index}`, `b${index}`], index % 2 ? 'CartChanged' : 'OrderPlaced');
      if (index % 5 === 0) await rollBack(['gone']);
    }
    const wanted = await store.read(before, 1_000);
    await until(async () => (await lastSequence(logId)) === wanted.at(-1)?.sequence);
    const stored = await onServer(async ({ streams }) => {
      const { state, config } = await streams.info(streamOf(logId));
      expect(config).toMatchObject({ storage: 'file', max_age: 30 * DAY_MS * 1e6, duplicate_window: 120_000 * 1e6 });
      const numbers = Array.from(
        { length: state.last_seq - state.first_seq + 1 },
        (_, index) => state.first_seq + index,
      );
      return Promise.all(numbers.map((seq) => streams.getMessage(streamOf(logId), { seq })));
    });
    const ours = stored.slice(-wanted.length);
    expect(ours.map((message) => message?.json())).toEqual(wanted);
    expect(ours.map((message) => message?.header.get('Nats-Msg-Id'))).toEqual(wanted.map(({ id }) => id));
    expect(ours.map((message) => message?.subject)).toEqual(
      wanted.map(({ type }) => `test.${SCHEMA}.${logId}.${type}`),
    );
    await until(() => relays.filter(({ bus }) => bus.relays[0]?.isActive).length === 1);
    await until(() => relays.every(({ bus }) => bus.relays[0]?.lagSeconds === 0));
  });

  it('gives from every position what the store gives, by the same positions', async () => {
    const { reader, read } = open(newLogId());
    const waking = collect(reader, await store.head());
    await served(read);
    const step = fc.record({ count: fc.integer({ min: 1, max: 5 }), isRolledBack: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), fc.nat(), async (steps, random) => {
        const before = await store.head();
        for (const [index, { count, isRolledBack }] of steps.entries()) {
          const keys = Array.from({ length: count }, (_, key) => `${index} ${key}`);
          await (isRolledBack ? rollBack(keys) : write(keys));
        }
        const after = Math.max(0, before - 20) + (random % 30);
        const wanted = await store.read(after, 1_000);
        const { stop } = collect(reader, after);
        expect(await stop(wanted.length)).toEqual(wanted);
        const page = await reader.read(after, 3);
        expect(page).toEqual(wanted.slice(0, page.length));
        expect(page.length > 0).toBe(wanted.length > 0);
      }),
      { numRuns: 15 },
    );
    expect(read.nats).toBeGreaterThan(0);
    await waking.stop(0);
  });

  it('goes on from the store while the server is away, says so once, and comes back', async () => {
    const own = await TestNats.reserve();
    try {
      const before = await store.head();
      const { bus, reader, told, read } = open(newLogId(), {}, own.url);
      const { stop } = collect(reader, before);
      for (let index = 0; index < 3; index += 1) {
        read.nats = 0;
        const { store: fromStore } = read;
        await write([`away ${index}`]);
        await until(() => read.store > fromStore);
        expect(bus.isUp).toBe(false);
        await own.run();
        await served(read);
        await own.kill();
        await until(() => !bus.isUp);
      }
      const wanted = await store.read(before, 1_000);
      expect(await stop(wanted.length)).toEqual(wanted);
      const outage = `NATS at 127.0.0.1:${own.port} can't be reached`;
      expect(told.filter((text) => text.startsWith(outage))).toHaveLength(4);
      expect(told.filter((text) => text === 'NATS is there again.')).toHaveLength(3);
    } finally {
      await own.close();
    }
  });

  it('leaves what the stream no longer has to the store', async () => {
    const logId = newLogId();
    const before = await store.head();
    const { reader, read } = open(logId);
    await write(['one', 'two', 'three', 'four']);
    const wanted = await store.read(before, 10);
    await until(async () => (await lastSequence(logId)) === wanted.at(-1)?.sequence);
    const name = streamOf(logId);
    await onServer(async ({ streams }) => {
      const { state } = await streams.info(name);
      await streams.purge(name, { seq: state.last_seq - 1 });
    });
    expect(await reader.read(before, 10)).toEqual(wanted);
    expect(read.nats).toBe(0);
    expect(await collect(reader, before).stop(4)).toEqual(wanted);
    expect(await reader.read(wanted[1]?.sequence ?? 0, 10)).toEqual(wanted.slice(2));
    expect(read.nats).toBeGreaterThan(0);
  });

  it('gives an event that is too large for a message', async () => {
    const logId = newLogId();
    const before = await store.head();
    const { reader, read } = open(logId);
    const { stop } = collect(reader, before);
    await served(read);
    await write(['x'.repeat(2_000_000)]);
    await write(['after']);
    const wanted = await store.read(before, 100);
    expect(await stop(wanted.length)).toEqual(wanted);
  });

  it('makes the stream anew when its store was set back', async () => {
    const logId = newLogId();
    const first = open(logId);
    await write(['kept', 'lost']);
    const head = await store.head();
    await until(async () => (await lastSequence(logId)) === head);
    await first.bus.close();
    buses.splice(0);
    await database.query(`DELETE FROM ${SCHEMA}.outbox WHERE sequence = $1`, [head]);
    await database.query(`SELECT setval('${SCHEMA}.outbox_sequence_seq', $1, false)`, [head]);
    await write(['other']);
    const { told, reader } = open(logId);
    await until(async () => (await store.read(head - 1, 1))[0]?.key === 'other' && told.length > 0);
    await until(async () => (await lastSequence(logId)) === head);
    expect(told[0]).toContain('made anew');
    expect((await reader.read(head - 1, 1)).map(({ key }) => key)).toEqual(['other']);
  });

  it('keeps its position in a log in which nothing happens', async () => {
    const logId = newLogId();
    const first = open(logId);
    await write(['last']);
    const head = await store.head();
    await until(async () => (await lastSequence(logId)) === head);
    await first.bus.close();
    buses.splice(0);
    const messages = () => onServer(async ({ streams }) => (await streams.info(streamOf(logId))).state.messages);
    const before = await messages();
    const { reader } = open(logId, { clock: () => Date.now() + 25 * DAY_MS });
    await until(async () => (await messages()) === before + 1);
    expect(await lastSequence(logId)).toBe(head);
    await write(['next']);
    expect((await collect(reader, head - 1).stop(2)).map(({ key }) => key)).toEqual(['last', 'next']);
  });

  it('knows a log by an id that is kept in it', async () => {
    const id = await readLogId(database, SCHEMA);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(await readLogId(database, SCHEMA)).toBe(id);
    await migrate(database, { schema: 'other', migrations: [] });
    expect(await readLogId(database, 'other')).not.toBe(id);
  });
});
