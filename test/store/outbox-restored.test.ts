import { createConsumer } from '../../database/consumer.ts';
import type { ConsumedEvent, Consumer, EventSource } from '../../database/consumer-contract.ts';
import type { Database } from '../../database/database.ts';
import { migrate } from '../../database/migrate.ts';
import { appendEvents } from '../../database/outbox.ts';
import { createOutboxReader } from '../../database/outbox-reader.ts';
import { createOutboxTail } from '../../database/outbox-tail.ts';
import { CodedError } from '../../schema/errors.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';

/** A log as its followers have it, by sequences. */
function sourceOf(database: Database): EventSource<ConsumedEvent> {
  const tail = createOutboxTail({ reader: createOutboxReader({ database, schema: 'shop' }) });
  const unknown = () => new CodedError('MALFORMED_ID', '`since` is no position that this log has reached.');
  return async function* (since, signal) {
    for await (const { position, events } of tail.follow(since === null ? undefined : Number(since), {
      signal,
      unknown,
    })) {
      const told = events.map(({ id, type, key, occurredAt }) => ({
        id,
        dataSourceId: 'shop',
        eventType: type,
        objectId: key,
        occurredAt,
      }));
      yield { cursor: String(position), events: told };
    }
  };
}

describe.each(availableEngines())('a log on %s that was restored to what it was before', (engine) => {
  let database: Database;
  let consumer: Consumer | undefined;
  let taken: string[] = [];
  beforeEach(async () => {
    taken = [];
    database = await openTestDatabase({ engine });
    await migrate(database, { schema: 'shop', migrations: [] });
    const before = follow();
    await before.caughtUp();
    await happen('a', 'b', 'c', 'd', 'e', 'f');
    await untilTaken(6);
    await before.stop();
    // As a copy of the store that was made after the second event: the sequence is set back with it.
    await database.query(`DELETE FROM shop.outbox WHERE key > 'b'`);
    await database.query(`SELECT setval('shop.outbox_sequence_seq', (SELECT max(sequence) FROM shop.outbox))`);
  });
  afterEach(async () => {
    await consumer?.stop();
    await database.close();
  });

  function follow(): Consumer {
    consumer = createConsumer<ConsumedEvent>(
      {
        name: 'follower',
        log: 'shop',
        source: sourceOf(database),
        apply: async (_transaction, events) => void taken.push(...events.map(({ objectId }) => objectId)),
      },
      { database, schema: 'shop', clock: Date.now },
    );
    consumer.start();
    return consumer;
  }
  const happen = (...keys: string[]) =>
    database.transaction(async (transaction) => {
      await appendEvents(
        transaction,
        'shop',
        keys.map((key) => ({ type: 'Changed', key })),
      );
    });
  async function untilTaken(count: number): Promise<void> {
    while (taken.length < count) await new Promise((resolve) => setImmediate(resolve));
  }

  it('is noticed by who is ahead of it, who stands still until told to go on from now', async () => {
    const ahead = follow();
    while (ahead.status().phase !== 'GAP') await new Promise((resolve) => setImmediate(resolve));
    expect(ahead.status().lastFailure).toBe('MALFORMED_ID');
    await new Promise((resolve) => setImmediate(resolve));
    ahead.skipGap();
    await ahead.caughtUp();
    await happen('g', 'h');
    await untilTaken(8);
    expect(taken.slice(6)).toEqual(['g', 'h']);
    expect(ahead.status().gaps).toBe(1);
  });

  it('tells everything new to everybody when it goes on beyond what it ever gave out, as the documentation says', async () => {
    await database.query(`SELECT setval('shop.outbox_sequence_seq', 1000000)`);
    const ahead = follow();
    await happen('g', 'h');
    await untilTaken(8);
    expect(taken.slice(6)).toEqual(['g', 'h']);
    expect(ahead.status()).toMatchObject({ gaps: 0, lastFailure: null });
  });
});
