import type { Database } from '../../database/database.ts';
import { readSmtpUrl } from '../../schema/smtp-address.ts';
import { createSmtpProvider } from '../../subgraphs/marketing/journeys/sending/smtp-provider.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import {
  CART_MAIL,
  createMessageDriver,
  LET_OUT,
  type MessageDriver,
  prepareDriverStore,
} from '../support/message-driver.ts';

/** The person whose instances the driver runs. */
const CUSTOMER_360_ID = 'c360_01hzzzzzzzzzzzzzzzzzzzz000';

describe.each(availableEngines())('messages of several journeys to one person on %s', (engine) => {
  let database: Database;
  let server: MailServer;
  let clock: ManualClock;
  const statements: string[] = [];

  beforeAll(async () => {
    database = await openTestDatabase({ engine, observe: (text) => statements.push(text) });
    await prepareDriverStore(database);
    server = await startMailServer();
    await database.query(
      `INSERT INTO marketing.journey (journey_id, name, status, reentry, version, entry_kind, modified_on)
       VALUES ('turns', 'Turns', 'ACTIVE', 'ANYTIME', 1, 'CART_ABANDONED', now())`,
    );
    await database.query(
      `INSERT INTO marketing.journey_trigger (trigger_id, kind, due_on, written_on, object_type, object_id, occasion)
       VALUES ('turns', 'CART_ABANDONED', now(), now(), 'ShoppingCart', 'cart-1', 'turns')`,
    );
  });
  beforeEach(async () => {
    clock = createManualClock();
    server.taken.length = 0;
    await database.query('DELETE FROM marketing.journey_message');
    await database.query('DELETE FROM marketing.journey_instance');
    await database.query('DELETE FROM marketing.test_instance');
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });

  async function enter(driver: MessageDriver, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, index) => `turn-${index}`);
    for (const id of ids) {
      await driver.enter(id);
      await database.query(
        `INSERT INTO marketing.journey_instance (instance_id, journey_id, version, trigger_id, customer360_id, object_type,
           object_id, status, entered_on, counts_until, is_held_out, is_single)
         VALUES ($1, 'turns', 1, 'turns', $2, 'ShoppingCart', $1, 'WAITING', $3, $3, false, false)`,
        [id, CUSTOMER_360_ID, new Date(clock.now())],
      );
    }
    return ids;
  }

  it.each([
    ['SMTP', true],
    ['the local outbox', false],
  ])('let one out by %s, though the gates let out all that were asked about at once', async (_name, isSmtp) => {
    const provider = isSmtp ? createSmtpProvider(readSmtpUrl(`smtp://127.0.0.1:${server.port}`), clock.now) : undefined;
    const driver = createMessageDriver(database, { provider, clock: clock.now });
    const ids = await enter(driver, 8);
    const outcomes = await Promise.all(ids.map((id) => driver.run(id)));
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual([...Array(7).fill('RETRY'), 'SENT']);
    expect(server.taken).toHaveLength(isSmtp ? 1 : 0);
    const sent = await database.query(`SELECT FROM marketing.journey_message WHERE state = 'SENT'`);
    expect(sent).toHaveLength(1);
    provider?.close();
  });

  it('let as many out as the cap allows, and those that people need always', async () => {
    const driver = createMessageDriver(database, { provider: undefined, clock: clock.now });
    const [first = '', ...others] = await enter(driver, 4);
    expect(await driver.run(first)).toMatchObject({ kind: 'SENT' });
    const needed = { ...CART_MAIL, purpose: 'TRANSACTIONAL' } as const;
    expect(await Promise.all(others.slice(0, 2).map((id) => driver.run(id, { step: needed })))).toEqual([
      expect.objectContaining({ kind: 'SENT' }),
      expect.objectContaining({ kind: 'SENT' }),
    ]);
    expect(await driver.run(others[2] ?? '')).toMatchObject({ kind: 'RETRY' });
    clock.advance(16 * 3_600_000);
    expect(await driver.run(others[2] ?? '')).toMatchObject({ kind: 'SENT' });
  });

  it('are read together before the gates, and made certain with seven statements in one transaction each', async () => {
    const driver = createMessageDriver(database, { provider: undefined, clock: clock.now });
    const ids = await enter(driver, 8);
    for (const [index, id] of ids.entries()) {
      await database.query('UPDATE marketing.journey_instance SET customer360_id = $2 WHERE instance_id = $1', [
        id,
        `c360_01hzzzzzzzzzzzzzzzzzzzz10${index}`,
      ]);
    }
    // The first has more to do: it compiles the template, and takes old texts out.
    await driver.run(ids[0] ?? '');
    statements.length = 0;
    await Promise.all(ids.slice(1).map((id) => driver.run(id)));
    const known = statements.filter((text) => text.startsWith('SELECT * FROM marketing.journey_message'));
    expect(known).toHaveLength(1);
    const ofTheEngine = statements.filter((text) => text.includes('test_instance'));
    // BEGIN, whose turn it is, the cap, message with engagement, decision, outcome, COMMIT.
    expect((statements.length - known.length - ofTheEngine.length) / 7).toBe(7);
  });

  it('know two for one whose merge the journeys have not heard of yet', async () => {
    const [one, other] = [0, 1].map(() => createMessageDriver(database, { provider: undefined, clock: clock.now }));
    if (!one || !other) throw new Error('There are two workers.');
    const [first = '', second = ''] = await enter(one, 2);
    const survivor = 'c360_01hzzzzzzzzzzzzzzzzzzzz000';
    await database.query('UPDATE marketing.journey_instance SET customer360_id = $2 WHERE instance_id = $1', [
      second,
      'c360_01hzzzzzzzzzzzzzzzzzzzz999',
    ]);
    const person = { customer360Id: survivor, subscriberKeys: ['M1', 'M2'] };
    one.decide = () => ({ ...LET_OUT, person });
    other.decide = () => ({
      ...LET_OUT,
      person,
      recipient: { subscriberKey: 'M2', emailAddress: 'robert@example.com', consentId: 'N2' },
    });
    const outcomes = await Promise.all([one.run(first), other.run(second)]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['RETRY', 'SENT']);
  });

  it.each([
    [
      'the consent is withdrawn',
      `INSERT INTO marketing.consent (consent_id, subscriber_key, channel, purpose, granted, captured_on)
       VALUES ('N1', 'M1', 'E', 'promo', 'N', now())`,
      "DELETE FROM marketing.consent WHERE consent_id = 'N1'",
    ],
    [
      'the address is suppressed',
      `INSERT INTO marketing.suppression (suppression_id, subscriber_key, channel, address, cause, suppressed_on)
       VALUES ('late', 'M1', 'E', 'Bob@example.com', 'spam', now())`,
      "DELETE FROM marketing.suppression WHERE suppression_id = 'late'",
    ],
  ])('ask anew when %s between the gates and the sending', async (_what, happens, undo) => {
    const driver = createMessageDriver(database, {
      provider: createSmtpProvider(readSmtpUrl(`smtp://127.0.0.1:${server.port}`), clock.now),
      clock: clock.now,
    });
    const [id = ''] = await enter(driver, 1);
    driver.decide = async () => {
      await database.query(happens);
      return LET_OUT;
    };
    try {
      expect(await driver.run(id)).toMatchObject({ kind: 'RETRY' });
      expect(server.taken).toEqual([]);
    } finally {
      await database.query(undo);
      await driver.parts.provider?.close();
    }
  });

  it('have one discount granted of two that are asked for in the same instant', async () => {
    const driver = createMessageDriver(database, { provider: undefined, clock: clock.now });
    const [first = '', second = ''] = await enter(driver, 2);
    const step = { ...CART_MAIL, discount: { percent: 10, validFor: 'P3D' } };
    const outcomes = await Promise.all([driver.run(first, { step }), driver.run(second, { step })]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['RETRY', 'SENT']);
    expect(driver.grants).toHaveLength(1);
  });
});
