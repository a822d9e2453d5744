import fc from 'fast-check';
import { createConsumer } from '../../database/consumer.ts';
import {
  type ConsumedEvent,
  type Consumer,
  type ConsumerOptions,
  type EventBatch,
  NotNow,
} from '../../database/consumer-contract.ts';
import { consumerPositions, listPoisonEvents } from '../../database/consumer-store.ts';
import { type Database, type Queryable, StoreUnavailable, type Transaction } from '../../database/database.ts';
import { migrate } from '../../database/migrate.ts';
import { CodedError } from '../../schema/errors.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';
import { createManualClock } from '../support/manual-clock.ts';

const TABLES = 'CREATE TABLE shop.effect (number bigint GENERATED ALWAYS AS IDENTITY, run text, event_id text)';
const noWait = async (): Promise<void> => {};

/** A log in memory, which cursors number. */
class MemoryLog {
  readonly events: ConsumedEvent[] = [];
  readonly name: string;
  floor = 0;
  opened = 0;
  #wake: () => void = () => {};
  #changed = new Promise<void>((resolve) => {
    this.#wake = resolve;
  });

  constructor(name: string) {
    this.name = name;
  }

  add(count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.events.push({
        id: `${this.name}-${this.events.length + 1}`,
        dataSourceId: 'shop',
        eventType: 'CartChanged',
        objectId: 'k',
        occurredAt: '2026-03-01T08:30:00.000Z',
      });
    }
    this.#wake();
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Breaks into the source; `mischief` may add to what is told, or throw. */
  source = (
    batchSize = 3,
    mischief: (batch: EventBatch<ConsumedEvent>) => EventBatch<ConsumedEvent>[] = (batch) => [batch],
  ) =>
    async function* (
      this: MemoryLog,
      since: string | null,
      signal: AbortSignal,
    ): AsyncGenerator<EventBatch<ConsumedEvent>> {
      this.opened += 1;
      let position = since === null ? this.events.length : Number(since);
      if (position < this.floor) throw new CodedError('CURSOR_TOO_OLD', 'It is.');
      let isTold = false;
      while (!signal.aborted) {
        const events = this.events.slice(position, position + batchSize);
        if (events.length > 0) {
          position += events.length;
          yield* mischief({ cursor: String(position), events });
          continue;
        }
        if (!isTold) {
          isTold = true;
          yield { cursor: String(position), events: [] };
          continue;
        }
        const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve));
        await Promise.race([this.#changed, stopped]);
      }
    }.bind(this);
}

/** The same store, which breaks off at a step: a statement that is not sent any more, or a commit that nobody hears of. */
function breaking(database: Database, steps: { left: number }): Database {
  const step = (): void => {
    steps.left -= 1;
    if (steps.left === 0) throw new StoreUnavailable('The process is gone.');
  };
  const query = <R extends Record<string, unknown>>(on: Queryable, text: string, values?: readonly unknown[]) => {
    step();
    return on.query<R>(text, values);
  };
  return {
    engine: database.engine,
    query: async (text, values) => query(database, text, values),
    script: (text) => database.script(text),
    listen: (channel, onNotify) => database.listen(channel, onNotify),
    close: () => database.close(),
    transaction: async (work) => {
      const result = await database.transaction((transaction) =>
        work({
          query: async (text, values) => query(transaction, text, values),
          script: (text) => transaction.script(text),
        }),
      );
      step();
      return result;
    },
  };
}

describe.each(availableEngines())('a consumer on %s', (engine) => {
  let database: Database;
  let runs = 0;
  const consumers: Consumer[] = [];
  const warnings: string[] = [];
  const clock = createManualClock();

  beforeAll(async () => {
    database = await openTestDatabase({ engine });
    await migrate(database, { schema: 'shop', migrations: [{ name: '0001-tables.sql', sql: TABLES }] });
  });
  beforeEach(() => warnings.splice(0));
  afterEach(async () => {
    for (const consumer of consumers.splice(0)) await consumer.stop();
  });
  afterAll(() => database.close());

  const newLog = (): MemoryLog => new MemoryLog(`run${++runs}`);
  const write = (log: MemoryLog) => async (transaction: Queryable, events: readonly ConsumedEvent[]) => {
    await transaction.query(
      'INSERT INTO shop.effect (run, event_id) SELECT $1, id FROM unnest($2::text[]) WITH ORDINALITY AS e (id, place) ORDER BY place',
      [log.name, events.map(({ id }) => id)],
    );
  };

  function consume(
    log: MemoryLog,
    changed: Partial<ConsumerOptions<ConsumedEvent>> & { on?: Database } = {},
  ): Consumer {
    const { on = database, ...options } = changed;
    const consumer = createConsumer<ConsumedEvent>(
      { name: log.name, log: 'shop', source: log.source(), apply: write(log), ...options },
      { database: on, schema: 'shop', clock: clock.now, wait: noWait, onWarning: (message) => warnings.push(message) },
    );
    consumers.push(consumer);
    consumer.start();
    return consumer;
  }

  const effects = async (log: MemoryLog): Promise<string[]> =>
    (
      await database.query<{ event_id: string }>('SELECT event_id FROM shop.effect WHERE run = $1 ORDER BY number', [
        log.name,
      ])
    ).map(({ event_id }) => event_id);
  const ids = (log: MemoryLog, from = 1, to = log.events.length): string[] =>
    log.events.slice(from - 1, to).map(({ id }) => id);
  async function untilEffects(log: MemoryLog, count: number): Promise<string[]> {
    for (;;) {
      const found = await effects(log);
      if (found.length >= count) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  }

  it('takes what happens from its first day on, and goes on where it was', async () => {
    const log = newLog();
    log.add(2);
    const first = consume(log);
    await first.caughtUp();
    expect(first.status()).toMatchObject({ phase: 'FOLLOWING', position: '2', applied: 0, lagMs: null });
    clock.advance(250);
    log.add(5);
    expect(await untilEffects(log, 5)).toEqual(ids(log, 3));
    await until(() => first.status().applied === 5);
    expect(first.status().lagMs).toBe(250);
    await first.stop();
    expect(first.status().phase).toBe('STOPPED');
    log.add(4);
    const second = consume(log);
    await second.caughtUp();
    expect(await effects(log)).toEqual(ids(log, 3));
    expect(await consumerPositions(database, 'shop', 'shop')).toContain('11');
  });

  it('takes every event once, delivered twice, out of order, and killed between any two steps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }),
        fc.array(fc.record({ back: fc.integer({ min: 1, max: 8 }), shuffle: fc.boolean(), breaks: fc.boolean() }), {
          maxLength: 12,
        }),
        fc.integer({ min: 1, max: 5 }),
        async (crashes, tricks, batchSize) => {
          const log = newLog();
          const queue = [...tricks];
          const mischief = (batch: EventBatch<ConsumedEvent>): EventBatch<ConsumedEvent>[] => {
            const trick = queue.shift();
            if (trick?.breaks) throw new Error('The way is broken.');
            if (!trick) return [batch];
            const end = Number(batch.cursor);
            const again = log.events.slice(Math.max(0, end - trick.back), end);
            const told = {
              cursor: String(Math.max(0, end - trick.back)),
              events: trick.shuffle ? again.reverse() : again,
            };
            // What was not told yet comes in order; what was told may come again in any.
            return [batch, told, batch];
          };
          const start = consume(log);
          await start.caughtUp();
          await start.stop();
          log.add(12);
          for (const left of crashes) {
            const steps = { left };
            const killed = consume(log, { source: log.source(batchSize, mischief), on: breaking(database, steps) });
            let isOver = false;
            await Promise.race([killed.caughtUp(), until(() => isOver || steps.left <= 0)]);
            isOver = true;
            await killed.stop();
          }
          const last = consume(log, { source: log.source(batchSize, mischief) });
          await last.caughtUp();
          await last.stop();
          expect(await effects(log)).toEqual(ids(log));
        },
      ),
      { numRuns: engine === 'pglite' ? 40 : 15 },
    );
  }, 60_000);

  it('counts each event once, however often it is told, and forgets none that it may be told again', async () => {
    const log = newLog();
    const again = (batch: EventBatch<ConsumedEvent>): EventBatch<ConsumedEvent>[] => {
      const events = log.events.slice(0, Number(batch.cursor));
      return [batch, { ...batch, events: [...events, ...events].reverse() }, { ...batch, events }];
    };
    const consumer = consume(log, { source: log.source(2, again) });
    await consumer.caughtUp();
    log.add(7);
    await untilEffects(log, 7);
    await consumer.stop();
    const counted = await database.query(
      `SELECT taken, (SELECT count(*) FROM shop.consumed_event WHERE consumer = name) AS known,
         (SELECT max(number) FROM shop.consumed_event WHERE consumer = name) AS last
       FROM shop.consumer WHERE name = $1`,
      [log.name],
    );
    expect(counted).toEqual([{ taken: 7, known: 7, last: 7 }]);
    expect(await effects(log)).toEqual(ids(log));
  });

  it('takes every event once and in order, however many run under one name', async () => {
    const log = newLog();
    const all = Array.from({ length: 3 }, () => consume(log));
    await Promise.all(all.map((consumer) => consumer.caughtUp()));
    for (let times = 0; times < 20; times += 1) {
      log.add(7);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await untilEffects(log, 140)).toEqual(ids(log));
    await Promise.all(all.map((consumer) => consumer.stop()));
    expect(await effects(log)).toEqual(ids(log));
  });

  it('sets aside what fails five times, tells no value of it, lets the others pass, and takes it when it is replayed', async () => {
    const log = newLog();
    let tries = 0;
    let isMended = false;
    const waits: number[] = [];
    const consumer = createConsumer<ConsumedEvent>(
      {
        name: log.name,
        log: 'shop',
        source: log.source(10),
        apply: async (transaction, events) => {
          if (!isMended && events.some(({ id }) => id.endsWith('-2'))) {
            if (events.length === 1) tries += 1;
            await transaction.query(`SELECT 'Alice Martin'::integer`);
          }
          await write(log)(transaction, events);
        },
      },
      {
        database,
        schema: 'shop',
        clock: clock.now,
        wait: async (ms) => waits.push(ms),
        onWarning: (message) => warnings.push(message),
      },
    );
    consumers.push(consumer);
    consumer.start();
    await consumer.caughtUp();
    log.add(3);
    expect(await untilEffects(log, 2)).toEqual([...ids(log, 1, 1), ...ids(log, 3, 3)]);
    expect(tries).toBe(5);
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(1_000);
    const [id = ''] = ids(log, 2, 2);
    const { records } = await listPoisonEvents(database, 'shop', { first: 10 });
    expect(records).toEqual([
      {
        place: expect.any(Number),
        consumer: log.name,
        event: log.events[1],
        tries: 5,
        error: 'SQLSTATE 22P02',
        setAsideAt: new Date(clock.now()).toISOString(),
      },
    ]);
    expect(warnings).toEqual([expect.stringContaining(id)]);
    expect(warnings.join()).not.toContain('Alice');
    expect(consumer.status()).toMatchObject({ setAside: 1, position: '3' });

    expect(await consumer.replay([id, 'unknown'])).toEqual({
      replayedIds: [],
      failed: [{ ...records[0], place: undefined, tries: 6 }],
    });
    isMended = true;
    expect(await consumer.replay([id])).toEqual({ replayedIds: [id], failed: [] });
    expect(await consumer.replay([id])).toEqual({ replayedIds: [], failed: [] });
    expect((await effects(log)).sort()).toEqual(ids(log));
    expect((await listPoisonEvents(database, 'shop', { first: 10 })).records).toEqual([]);
  });

  it('waits for what is nobody’s fault, without setting anything aside', async () => {
    const log = newLog();
    let refusals = 9;
    const consumer = consume(log, {
      apply: async (transaction, events) => {
        if (refusals-- > 0) throw new NotNow('The graph does not answer.');
        await write(log)(transaction, events);
      },
    });
    await consumer.caughtUp();
    log.add(1);
    expect(await untilEffects(log, 1)).toEqual(ids(log));
    await until(() => consumer.status().phase === 'FOLLOWING');
    expect(consumer.status()).toMatchObject({ setAside: 0, failures: 0 });
    expect(warnings).toEqual([expect.stringContaining('NotNow')]);
  });

  it('stands still before a gap, tells of it, and skips it when it is told to', async () => {
    const log = newLog();
    const first = consume(log);
    await first.caughtUp();
    await first.stop();
    log.add(5);
    log.floor = 3;
    let wake = (): void => {};
    const consumer = createConsumer<ConsumedEvent>(
      { name: log.name, log: 'shop', source: log.source(), apply: write(log) },
      {
        database,
        schema: 'shop',
        clock: clock.now,
        wait: (_ms, signal) =>
          new Promise<void>((resolve) => {
            wake = resolve;
            signal.addEventListener('abort', () => resolve());
          }),
        onWarning: (message) => warnings.push(message),
      },
    );
    consumers.push(consumer);
    consumer.start();
    await until(() => consumer.status().phase === 'GAP');
    const opened = log.opened;
    wake();
    await until(() => log.opened > opened && consumer.status().phase === 'GAP');
    expect(consumer.status()).toMatchObject({ lastFailure: 'CURSOR_TOO_OLD', position: '0' });
    expect(warnings).toEqual([expect.stringContaining('CURSOR_TOO_OLD')]);
    await new Promise((resolve) => setImmediate(resolve));
    consumer.skipGap();
    await consumer.caughtUp();
    log.add(1);
    expect(await untilEffects(log, 1)).toEqual(ids(log, 6));
  });

  it('reads again what it keeps when events are lost, once, and misses nothing after that', async () => {
    const log = newLog();
    const first = consume(log);
    await first.caughtUp();
    await first.stop();
    log.add(5);
    log.floor = 3;
    let gaps = 0;
    const onGap = async (transaction: Queryable): Promise<void> => {
      gaps += 1;
      log.add(1);
      await transaction.query('INSERT INTO shop.effect (run, event_id) VALUES ($1, $2)', [log.name, 'read again']);
    };
    const [one, other] = [consume(log, { onGap }), consume(log, { onGap })];
    await Promise.all([one.caughtUp(), other.caughtUp()]);
    const found = await untilEffects(log, 1 + gaps);
    expect(found.filter((id) => id === 'read again')).toHaveLength(gaps);
    expect(found.filter((id) => id !== 'read again')).toEqual(ids(log, 6));
    expect(gaps).toBe(1);
    expect(one.status().gaps + other.status().gaps).toBe(1);
  });

  it('takes what is new when another process is far ahead, and not what it may have forgotten', async () => {
    const log = newLog();
    let release = (): void => {};
    let isHeld = true;
    const slow = consume(log, {
      source: (since, signal) => log.source(5, (batch) => [batch])(since, signal),
      apply: async (transaction: Queryable, events) => {
        await write(log)(transaction, events);
      },
      on: {
        ...bound(database),
        transaction: async <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> => {
          if (isHeld && log.events.length > 0) await new Promise<void>((resolve) => (release = resolve));
          return database.transaction(work);
        },
      },
    });
    await slow.caughtUp();
    log.add(5);
    const fast = consume(log);
    await untilEffects(log, 5);
    await until(() => fast.status().position === '5');
    await database.query(`UPDATE shop.consumer SET taken = taken + 1000000 WHERE name = $1`, [log.name]);
    await database.query('DELETE FROM shop.consumed_event WHERE consumer = $1', [log.name]);
    isHeld = false;
    release();
    log.add(1);
    expect(await untilEffects(log, 6)).toEqual(ids(log));
    await Promise.all([slow.stop(), fast.stop()]);
    expect(await effects(log)).toEqual(ids(log));
  });
});

function bound(database: Database): Database {
  return {
    engine: database.engine,
    query: (text, values) => database.query(text, values),
    transaction: (work) => database.transaction(work),
    script: (text) => database.script(text),
    listen: (channel, onNotify) => database.listen(channel, onNotify),
    close: () => database.close(),
  };
}
