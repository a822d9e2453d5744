import { join } from 'node:path';
import { createConsumer } from '../../database/consumer.ts';
import type { Consumer } from '../../database/consumer-contract.ts';
import { type Database, StoreUnavailable } from '../../database/database.ts';
import { migrate, readMigrations } from '../../database/migrate.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { CloudContext } from '../../subgraphs/cloud/context.ts';
import { createIdempotentWrite } from '../../subgraphs/cloud/idempotent-writes.ts';
import { createPoisonResolvers } from '../../subgraphs/marketing/journeys/graph/poison.ts';
import { openTestDatabase } from '../support/databases.ts';

const IDS = ['poison-1', 'poison-2'];
let database: Database;
let isBroken = true;
const taken: string[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
  const migrations = readMigrations(join(PACKAGE_ROOT, 'subgraphs', 'marketing', 'migrations'));
  await migrate(database, { schema: 'marketing', migrations });
  await database.query(
    `INSERT INTO marketing.consumer (name, log, moved_at) VALUES ('journeys:commerce', 'commerce', now())`,
  );
  await database.query(
    `INSERT INTO marketing.poison_event (consumer, event_id, event, tries, error, set_aside_at)
     SELECT 'journeys:commerce', id, jsonb_build_object('id', id, 'eventType', 'ShoppingCartChanged'), 5, 'TypeError', now()
     FROM unnest($1::text[]) AS given (id)`,
    [IDS],
  );
}, 60_000);
afterAll(() => database.close());

/** The process goes with the first event tried again: after the key was written, before the second one's turn. */
function dying(consumer: Consumer): Consumer {
  return {
    ...consumer,
    replay: async (eventIds) => {
      if (!isBroken) return consumer.replay(eventIds);
      isBroken = false;
      await consumer.replay(eventIds.slice(0, 1));
      throw new StoreUnavailable('The process is gone.');
    },
  };
}

it('a replay that was killed half way is gone on with by the same call, and what failed again is not tried once more', async () => {
  const clock = Date.now;
  const onWarning = (): void => {};
  const consumer = createConsumer(
    {
      name: 'journeys:commerce',
      log: 'commerce',
      async *source() {},
      apply: async (_transaction, events) => {
        taken.push(...events.map(({ id }) => id));
        if (events.some(({ id }) => id === 'poison-1')) throw new TypeError('It still can not be taken.');
      },
    },
    { database, schema: 'marketing', clock },
  );
  const write = createIdempotentWrite({ cloud: 'marketing', database, clock, writable: true, onWarning });
  const resolvers = createPoisonResolvers({ database, clock, write, onWarning, consumers: [dying(consumer)] });
  const replay = resolvers['Mutation']?.['replayPoisonEvents'] as (
    source: unknown,
    args: object,
    context: CloudContext,
  ) => Promise<{ replayedIds: string[]; poisonEvents: { id: string; tries: number }[] }>;
  const context = { principal: LOCAL_ADMINISTRATOR, reads: { forget: () => {} } } as unknown as CloudContext;
  const input = { idempotencyKey: 'once', ids: IDS };

  await expect(replay(null, { input }, context)).rejects.toMatchObject({ extensions: { code: 'STORE_UNAVAILABLE' } });
  const answer = await replay(null, { input }, context);
  expect(answer).toMatchObject({ replayedIds: ['poison-2'], poisonEvents: [{ id: 'poison-1', tries: 6 }] });
  expect(await replay(null, { input }, context)).toEqual(answer);
  expect(taken).toEqual(['poison-1', 'poison-2']);
});
