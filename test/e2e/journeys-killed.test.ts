import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audit, type Remains } from '../../bench/journeys/killed-audit.ts';
import { createDatabases } from '../../bench/journeys/killed-databases.ts';
import { type KilledStores, runKilled } from '../../bench/journeys/killed-run.ts';
import { availableEngines } from '../support/databases.ts';

/** Processes share a store only where it is a server. The long run is bench/journeys/killed.ts. */
const suite = availableEngines().includes('postgresql') ? describe : describe.skip;

/** Undoes what was done to the store. */
class Undone extends Error {}

const SOME_MESSAGE = `SELECT message_id FROM marketing.journey_message WHERE state = 'SENT' ORDER BY message_id LIMIT 1`;
const SOME_INSTANCE = `SELECT instance_id FROM marketing.journey_message WHERE message_id = (${SOME_MESSAGE})`;
const SOME_CART = `SELECT object_id FROM marketing.journey_instance WHERE instance_id = (${SOME_INSTANCE})`;
const WITHOUT_INSTANCE = `DELETE FROM marketing.journey_instance WHERE instance_id = (${SOME_INSTANCE})`;

/** Faults that are put into the stores, with what the audit has to say of each. */
const IN_STORES: readonly (readonly [name: string, store: 'commerce' | 'marketing', sql: string, fault: string])[] = [
  [
    'a change that no event tells of',
    'commerce',
    `DELETE FROM commerce.outbox WHERE sequence = (SELECT max(sequence) FROM commerce.outbox WHERE type = 'ShoppingCartChanged')`,
    'changes without their event',
  ],
  [
    'an event that is passed over',
    'marketing',
    `DELETE FROM marketing.consumed_event WHERE consumer = 'journeys:commerce' AND number = (
       SELECT max(number) FROM marketing.consumed_event WHERE consumer = 'journeys:commerce')`,
    'events that nobody took',
  ],
  [
    'an event that is taken and not acted on',
    'marketing',
    `DELETE FROM killed.acted WHERE object_id = (${SOME_CART})`,
    'events never acted on',
  ],
  [
    'an event that is acted on twice',
    'marketing',
    `UPDATE marketing.journey_task SET event_id = event_id WHERE kind = 'CART' AND object_id = (${SOME_CART})`,
    'events acted on twice',
  ],
  [
    'a count that is wrong',
    'marketing',
    `UPDATE marketing.consumer SET taken = taken + 1 WHERE name = 'journeys:commerce'`,
    'consumers that miscount',
  ],
  ['an instance that is gone', 'marketing', WITHOUT_INSTANCE, 'instances that vanished'],
  ['an instance that never began', 'marketing', WITHOUT_INSTANCE, 'triggers without an instance'],
  [
    'an instance that waits for ever',
    'marketing',
    `UPDATE marketing.journey_instance SET status = 'DEFERRED', ended_on = NULL, end_reason = NULL WHERE instance_id = (${SOME_INSTANCE})`,
    'instances that still wait',
  ],
  [
    'an instance that ended without its message',
    'marketing',
    `DELETE FROM marketing.journey_message WHERE message_id = (${SOME_MESSAGE})`,
    'instances at their end without an answer',
  ],
  [
    'a trigger that fired twice',
    'marketing',
    `INSERT INTO marketing.journey_trigger SELECT trigger_id || '-2', kind, due_on, written_on, object_type, object_id, revision,
       occasion || ' again', after_ms, customer360_id, source, record_id
     FROM marketing.journey_trigger WHERE object_type = 'ShoppingCart' LIMIT 1`,
    'triggers twice',
  ],
  [
    'a task that a dead worker has',
    'marketing',
    `UPDATE marketing.journey_task SET claim = 'dead', wake_on = now() + interval '1 day'
     WHERE kind = 'CART' AND object_id = (${SOME_CART})`,
    'tasks that still wait',
  ],
  [
    'a message that failed',
    'marketing',
    `UPDATE marketing.journey_message SET state = 'FAILED', sent_at = NULL WHERE message_id = (${SOME_MESSAGE})`,
    'neither sent nor in doubt',
  ],
  [
    'a message that was written and forgotten',
    'marketing',
    `UPDATE marketing.journey_message SET state = 'PREPARED', sent_at = NULL WHERE message_id = (${SOME_MESSAGE})`,
    'neither sent nor in doubt',
  ],
  [
    'an event that was set aside',
    'marketing',
    `INSERT INTO marketing.poison_event (consumer, event_id, event, tries, error, set_aside_at)
     VALUES ('journeys:commerce', 'x', '{}', 5, 'TypeError', now())`,
    'set aside',
  ],
  [
    'a code that two messages have',
    'marketing',
    `UPDATE marketing.journey_message SET discount_code = (
       SELECT discount_code FROM marketing.journey_message WHERE message_id = (${SOME_MESSAGE})) WHERE state = 'SENT'`,
    'codes twice',
  ],
  [
    'a discount that was granted twice',
    'commerce',
    `INSERT INTO commerce.discount SELECT 'TWICE', customer_no, cart_id, percent, granted_at, expires_at, NULL, NULL, 'somebody', grant_key
     FROM commerce.discount LIMIT 1`,
    'discounts twice',
  ],
];

suite('two processes and a mail server that are killed while a shop is written into', () => {
  let remains: Remains;
  let stores: KilledStores;
  let drop: (isKept: boolean) => Promise<void> = async () => {};
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'c360-killed-'));
    const created = await createDatabases();
    ({ stores, drop } = created);
    ({ remains } = await runKilled({
      ...{ kills: 6, events: 500, shoppers: 60, everyMs: 1_000, seed: 1 },
      ...{ abandonAfter: 'PT3S', wait: 'PT1S', quietSeconds: 3, isHurried: true },
      environment: created.environment,
      stores,
      folder,
      onProgress: () => {},
    }));
  }, 180_000);
  afterAll(async () => {
    await drop(false);
    await rm(folder, { recursive: true });
  });

  const found = async (among: Remains): Promise<string[]> => {
    const { faults } = await audit(among);
    return Object.entries(faults).flatMap(([name, found]) => (found.length > 0 ? [name] : []));
  };

  it('lose nothing, act on nothing twice, and mail nobody twice', async () => {
    const { faults, figures } = await audit(remains);
    expect(Object.fromEntries(Object.entries(faults).filter(([, found]) => found.length > 0))).toEqual({});
    expect(remains.kills).toBe(6);
    expect(figures['mails']).toBeGreaterThan(0);
  });

  it.each(IN_STORES)('would be seen to leave %s', async (_name, store, sql, fault) => {
    let faults: string[] = [];
    const spoilt = stores[store].transaction(async (transaction) => {
      await transaction.query(sql);
      faults = await found({ ...remains, stores: { ...stores, [store]: transaction } });
      throw new Undone();
    });
    await expect(spoilt).rejects.toThrow(Undone);
    expect(faults).toContain(fault);
  });

  it('would be seen to send twice, to another, too late, or not at all', async () => {
    const sent = await stores.marketing.query<{ address: string; id: string }>(
      `SELECT address, trim('<>' FROM header_message_id) AS id FROM marketing.journey_message WHERE state = 'SENT'`,
    );
    const mail = remains.mails.find(({ to, messageId }) =>
      sent.some(({ address, id }) => address === to && id === messageId),
    );
    if (!mail) throw new Error('Nothing was sent.');
    const others = remains.mails.filter((other) => other !== mail);
    const withMails = (...mails: Remains['mails']) => found({ ...remains, mails });
    expect(await withMails(...remains.mails, mail)).toContain('mails twice');
    const again = await withMails(...remains.mails, { ...mail, messageId: 'another' });
    expect(again).toEqual(expect.arrayContaining(['mails twice about the same cart', 'mails that nobody knows']));
    expect(await withMails(...others, { ...mail, subject: 'cart-K-1 x999' })).toContain('mails about another cart');
    expect(await withMails(...others)).toContain('sent that did not arrive');
    expect(await withMails()).toContain('nothing to look at');
    const shopperIs = (change: Partial<Remains['shoppers'][number]>) =>
      found({
        ...remains,
        shoppers: remains.shoppers.map((one) => (one.email === mail.to ? { ...one, ...change } : one)),
      });
    expect(await shopperIs({ orderedMs: 1 })).toContain('mails after an order');
    expect(await shopperIs({ optedOutMs: 1 })).toContain('mails after a withdrawal');
    expect(await shopperIs({ quantity: 999, orderedMs: undefined, optedOutMs: undefined } as object)).toContain(
      'carts without a trigger',
    );
  });

  it('would be seen to lose the order that a journey led to, and to call everything doubtful', async () => {
    const spoil = async (store: 'commerce' | 'marketing', sql: string, kills: number): Promise<string[]> => {
      let faults: string[] = [];
      const spoilt = stores[store].transaction(async (transaction) => {
        await transaction.query(sql);
        faults = await found({ ...remains, kills, stores: { ...stores, [store]: transaction } });
        throw new Undone();
      });
      await expect(spoilt).rejects.toThrow(Undone);
      return faults;
    };
    const [buyer] = await stores.marketing.query<{ record_id: string }>(
      `SELECT record_id FROM marketing.journey_instance WHERE instance_id = (${SOME_INSTANCE})`,
    );
    const order = `INSERT INTO commerce.sales_order (order_no, customer_no, ordered_at, state, total_cents, currency)
      VALUES ('O-lost', '${buyer?.record_id}', now(), 'paid', 1, 'EUR')`;
    expect(await spoil('commerce', order, remains.kills)).toContain('conversions lost');
    const doubt = `UPDATE marketing.journey_message SET state = 'IN_DOUBT', sent_at = NULL WHERE message_id = (${SOME_MESSAGE})`;
    expect(await spoil('marketing', doubt, 0)).toContain('in doubt without a reason');
  });
});
