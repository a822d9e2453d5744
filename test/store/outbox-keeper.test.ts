import type { Database } from '../../database/database.ts';
import { migrate } from '../../database/migrate.ts';
import { appendEvents } from '../../database/outbox.ts';
import { createOutboxKeeper, type OutboxKeeperOptions } from '../../database/outbox-keeper.ts';
import { createOutboxReader } from '../../database/outbox-reader.ts';
import { createOutboxTail, type OutboxBatch } from '../../database/outbox-tail.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';
import { createManualClock } from '../support/manual-clock.ts';

const DAY_MS = 86_400_000;
const unknown = () => new Error('unknown');

describe.each(availableEngines())('the keeper of a log on %s', (engine) => {
  let database: Database;
  const clock = createManualClock();

  beforeAll(async () => {
    database = await openTestDatabase({ engine });
    await migrate(database, { schema: 'shop', migrations: [] });
  });
  beforeEach(() => database.script('TRUNCATE shop.outbox, shop.outbox_floor'));
  afterAll(() => database.close());

  /** Events of so many days ago; gives the sequence before the first. */
  async function write(...daysAgo: number[]): Promise<number> {
    const events = daysAgo.map((days) => ({
      type: 'T',
      key: `${days} days`,
      occurredAt: new Date(clock.now() - days * DAY_MS).toISOString(),
    }));
    const last = await database.transaction((transaction) => appendEvents(transaction, 'shop', events));
    return (last ?? 0) - daysAgo.length;
  }
  const keeper = (options: Partial<OutboxKeeperOptions> = {}) =>
    createOutboxKeeper({ database, schema: 'shop', retentionMs: 30 * DAY_MS, clock: clock.now, ...options });
  const left = async (): Promise<string[]> =>
    (await database.query<{ key: string }>('SELECT key FROM shop.outbox ORDER BY sequence')).map(({ key }) => key);

  it('deletes what is older than the retention, but never the newest event', async () => {
    await write(40, 31, 29, 1);
    expect(await keeper().prune()).toBe(2);
    expect(await left()).toEqual(['29 days', '1 days']);
    expect(await keeper().prune()).toBe(0);
    clock.advance(60 * DAY_MS);
    expect(await keeper().prune()).toBe(1);
    expect(await left()).toHaveLength(1);
  });

  it('works in small batches, from the oldest on', async () => {
    await database.query(
      `INSERT INTO shop.outbox (type, key, occurred_at) SELECT 'T', n::text, $1 FROM generate_series(1, 2500) n`,
      [new Date(clock.now() - 40 * DAY_MS)],
    );
    await write(0);
    expect(await keeper().prune()).toBe(2_500);
    expect(await left()).toEqual(['0 days']);
  });

  it('keeps what somebody has not taken yet, up to twice as long', async () => {
    const before = await write(70, 50, 40, 1);
    expect(await keeper({ holds: async () => [before + 1_000, before] }).prune()).toBe(1);
    expect(await left()).toEqual(['50 days', '40 days', '1 days']);
    expect(await keeper({ holds: async () => [before + 2] }).prune()).toBe(1);
    expect(await left()).toEqual(['40 days', '1 days']);
  });

  it('asks nobody what they hold while nothing is old', async () => {
    await write(3, 1);
    let asked = 0;
    await keeper({
      holds: async () => {
        asked += 1;
        return [];
      },
    }).prune();
    expect(asked).toBe(0);
  });

  it('makes a cursor too old whose next event it has deleted, and leaves the others as they are', async () => {
    const before = await write(50, 40, 1, 0);
    const reader = createOutboxReader({ database, schema: 'shop' });
    const tail = createOutboxTail({ reader });
    await keeper().prune();
    const { signal } = new AbortController();
    const follow = (after: number) => tail.follow(after, { signal, unknown });
    for (const after of [before, before + 1]) {
      await expect(reader.read(after, 10)).rejects.toMatchObject({ code: 'CURSOR_TOO_OLD' });
      await expect(follow(after).next()).rejects.toMatchObject({ code: 'CURSOR_TOO_OLD' });
    }
    await expect(follow(before + 100_000).next()).rejects.toThrow('unknown');
    const following = follow(before + 2);
    const batch = (await following.next()).value as OutboxBatch;
    expect(batch.events.map(({ key }) => key)).toEqual(['1 days', '0 days']);
    expect((await following.next()).value).toEqual({ position: before + 4, events: [] });
    await following.return(undefined);
    expect(await reader.head()).toBe(before + 4);
  });

  it('tells a follower that it was overtaken', async () => {
    const before = await write(50, 50, 50);
    const reader = createOutboxReader({ database, schema: 'shop' });
    const following = createOutboxTail({ reader }).follow(before, {
      signal: new AbortController().signal,
      unknown,
      batchSize: 1,
    });
    expect(((await following.next()).value as OutboxBatch).position).toBe(before + 1);
    await write(50, 0);
    await keeper().prune();
    await expect(following.next()).rejects.toMatchObject({ code: 'CURSOR_TOO_OLD' });
  });

  it('looks again and again until it is stopped, and tells of a store that fails without a value', async () => {
    await write(40, 1);
    const warnings: string[] = [];
    let looks = 0;
    const failing: Database = {
      ...database,
      query: async () => {
        throw Object.assign(new Error('Alice Martin'), { code: '57014' });
      },
    };
    let ended = (): void => {};
    const done = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const kept = keeper({
      database: failing,
      onWarning: (message) => warnings.push(message),
      wait: async (_ms, signal) => {
        looks += 1;
        if (looks < 4) return;
        ended();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    });
    kept.start();
    kept.start();
    await done;
    await kept.stop();
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toBe('The log of shop could not be pruned: SQLSTATE 57014.');
  });
});
