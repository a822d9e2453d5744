import type { Database } from '../../database/database.ts';
import { openPglite } from '../../database/pglite.ts';
import { openPostgresql } from '../../database/postgresql.ts';
import { readSmtpUrl } from '../../schema/smtp-address.ts';
import { createSmtpProvider } from '../../subgraphs/marketing/journeys/sending/smtp-provider.ts';
import { CART_MAIL, createMessageDriver, LET_OUT } from './message-driver.ts';

const NEXT = `UPDATE marketing.test_instance SET holder = $1 WHERE instance_id = (
  SELECT instance_id FROM marketing.test_instance AS waiting
  WHERE holder IS NULL AND NOT EXISTS (
    SELECT FROM marketing.test_outcome AS ended WHERE ended.instance_id = waiting.instance_id
      AND ended.outcome ->> 'kind' IN ('SENT', 'IN_DOUBT', 'FAILED', 'SKIPPED'))
  ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING instance_id`;

/**
 * A worker that sends what waits in a store through a mail server, two messages at a time. Before its n-th statement it kills itself,
 * as `kill -9` does; with 0 it works until nothing is left. Its clock is ahead by some milliseconds.
 */
async function main(store: string, port: string, killAtStatement: number, aheadMs: number): Promise<void> {
  let statements = 0;
  const observe = (): void => {
    statements += 1;
    if (statements === killAtStatement) process.kill(process.pid, 'SIGKILL');
  };
  const database: Database = store.startsWith('postgresql:')
    ? await openPostgresql({ url: store, observe, poolSize: 4 })
    : await openPglite({ directory: store, observe });
  // Nobody else can have an embedded store open: whoever had a message is dead.
  if (database.engine === 'pglite') await database.query('UPDATE marketing.test_instance SET holder = NULL');
  const clock = (): number => Date.now() + aheadMs;
  const provider = createSmtpProvider(readSmtpUrl(`smtp://127.0.0.1:${port}?answerTimeout=5000`), clock);
  const driver = createMessageDriver(database, { provider, clock });
  driver.decide = ({ instance }) => ({
    ...LET_OUT,
    recipient: { subscriberKey: instance.id, emailAddress: `${instance.id}@example.com`, consentId: 'N1' },
  });
  const holder = `worker-${process.pid}`;
  const work = async (): Promise<void> => {
    for (;;) {
      const [next] = await database.query<{ instance_id: string }>(NEXT, [holder]);
      if (!next) return;
      await driver.run(next.instance_id, { holder, step: CART_MAIL });
      await database.query('UPDATE marketing.test_instance SET holder = NULL WHERE instance_id = $1 AND holder = $2', [
        next.instance_id,
        holder,
      ]);
    }
  };
  await Promise.all([work(), work()]);
  await provider.close();
  await database.close();
}

const [store = '', port = '', killAtStatement = '0', aheadMs = '0'] = process.argv.slice(2);
void main(store, port, Number(killAtStatement), Number(aheadMs));
