import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import type { MessageSteps } from '../../subgraphs/marketing/journeys/contract.ts';
import { createJourneyEngine } from '../../subgraphs/marketing/journeys/engine.ts';
import { enginePartsOf } from './journey-engine.ts';
import { createJourneyWorld } from './journey-world.ts';

/**
 * A process that may be killed at any point: takes the events of a log, whose carts are all left long ago, and sends. What is sent is
 * written into a table in the transaction in which the instance moves on.
 */
async function main(): Promise<void> {
  const [where = '', count = '0', at = '0'] = process.argv.slice(2);
  const database = where.startsWith('postgresql:')
    ? await openPostgresql({ url: where })
    : await openPglite({ directory: where });
  // Time goes on by hours, so that what waits is due in every process.
  const clock = { now: () => Number(at), advance: () => {} };
  const world = createJourneyWorld(clock.now);
  for (let number = 0; number < Number(count); number += 1) {
    const [id, customerNumber] = [`cart-${number}`, `C-${number}`];
    world.owners.set(`commerce ${customerNumber}`, `c360_01hzzzzzzzzzzzzzzzzz${String(number).padStart(6, '0')}`);
    const lines = [{ productId: 'P-1', quantity: 1 }];
    world.carts.set(id, { id, customerNumber, status: 'ACTIVE', lines, lastActivityMs: 0 });
    world.tell('commerce', {
      eventType: 'ShoppingCartChanged',
      objectId: id,
      sourceRecordId: customerNumber,
      occurredAt: new Date(1_000 + number).toISOString(),
    });
  }
  const messages: MessageSteps = {
    async run(request) {
      const outcome = { kind: 'SENT', messageKey: request.instance.objectId } as const;
      await database.transaction(async (transaction) => {
        if (!(await request.confirm(transaction)).isIn) return;
        await transaction.query('INSERT INTO marketing.sent_once (object_id) VALUES ($1)', [request.instance.objectId]);
        await request.conclude(transaction, outcome);
      });
      return outcome;
    },
  };
  const parts = enginePartsOf(
    { database, clock, world, sent: [], logged: [] },
    { messages, settings: { leaseMs: 200 } },
  );
  const engine = createJourneyEngine(parts);
  await engine.start();
  process.stdout.write('started\n');
  for (;;) {
    engine.wake();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [row] = await database.query<{ count: number }>('SELECT count(*) AS count FROM marketing.sent_once');
    if ((row?.count ?? 0) >= Number(count)) break;
  }
  await engine.stop();
  await database.close();
  process.stdout.write('done\n');
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
