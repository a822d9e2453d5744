import type { Database } from '../../database/database.ts';
import { readSmtpUrl } from '../../schema/smtp-address.ts';
import type { GateDecision } from '../../subgraphs/marketing/journeys/contract.ts';
import type { MessageStep } from '../../subgraphs/marketing/journeys/definition.ts';
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

const WITH_DISCOUNT: MessageStep = { ...CART_MAIL, discount: { percent: 10, validFor: 'P3D' } };
const SKIP: GateDecision = { ...LET_OUT, verdict: 'SKIP', decidedBy: 'NO_ORDER_SINCE', recipient: null };
const DEFER: GateDecision = {
  ...LET_OUT,
  verdict: 'DEFER',
  decidedBy: 'QUIET_HOURS',
  recipient: null,
  nextAllowedAt: '2026-03-02T07:00:00.000Z',
};

describe.each(availableEngines())('message steps on %s', (engine) => {
  let database: Database;
  let server: MailServer;
  let clock: ManualClock;
  let driver: MessageDriver;
  let provider: ReturnType<typeof createSmtpProvider>;
  let count = 0;
  let id = '';

  beforeAll(async () => {
    database = await openTestDatabase({ engine });
    await prepareDriverStore(database);
    server = await startMailServer();
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });
  beforeEach(async () => {
    clock = createManualClock();
    provider = createSmtpProvider(
      readSmtpUrl(`smtp://127.0.0.1:${server.port}?connectTimeout=2000&answerTimeout=300`),
      clock.now,
    );
    driver = createMessageDriver(database, { provider, clock: clock.now });
    server.taken.length = 0;
    for (const phase of ['CONNECT', 'MAIL', 'RCPT', 'DATA', 'END'] as const) server.misbehave(phase, undefined);
    id = `${engine}-${++count}`;
    await driver.enter(id);
  });
  afterEach(() => provider.close());

  const events = async (): Promise<unknown[]> => {
    const rows = await database.query<{ kind: string }>(
      `SELECT kind FROM marketing.email_event WHERE message_id = (
         SELECT message_id FROM marketing.journey_message WHERE instance_id = $1) ORDER BY kind`,
      [id],
    );
    return rows.map(({ kind }) => kind);
  };
  const decisions = async (): Promise<unknown[]> => {
    const rows = await database.query<{ verdict: string }>(
      'SELECT verdict FROM marketing.test_decision WHERE instance_id = $1 ORDER BY sequence',
      [id],
    );
    return rows.map(({ verdict }) => verdict);
  };
  const withoutProvider = (): MessageDriver => createMessageDriver(database, { provider: undefined, clock: clock.now });

  it('hands a mail over, writes down that it was sent, and moves the instance on', async () => {
    const outcome = await driver.run(id);
    expect(outcome).toMatchObject({ kind: 'SENT' });
    expect(await driver.outcomes(id)).toEqual([outcome]);
    expect(await events()).toEqual(['sent']);
    expect(await decisions()).toEqual(['SEND']);
    expect(await driver.message(id)).toMatchObject({ state: 'SENT', address: 'bob@example.com', doubt_until: null });
    const [mail] = server.taken;
    expect(server.taken).toHaveLength(1);
    expect(mail).toMatchObject({ from: 'bounces@example.com', to: ['bob@example.com'] });
    expect(mail?.raw).toMatch(/^From: The Shop <shop@example\.com>$/m);
    expect(mail?.raw).toMatch(/^Subject: Bob, your cart$/m);
    expect(mail?.raw).toMatch(/^Message-ID: <[0-9a-f]{32}@example\.com>$/m);
    expect(mail?.raw).toMatch(/^List-Unsubscribe: <https:\/\/shop\.example\.com\/unsubscribe\/[A-Za-z0-9_-]{43}>$/m);
    expect(mail?.raw).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click$/m);
    expect(mail?.raw).toMatch(/^Content-Type: multipart\/alternative;/m);
  });

  it('puts the mail into the local outbox in one transaction without a provider', async () => {
    const local = withoutProvider();
    expect(await local.run(id)).toMatchObject({ kind: 'SENT' });
    expect(await local.message(id)).toMatchObject({ state: 'SENT', subject: 'Bob, your cart', preparation: 1 });
    expect(await events()).toEqual(['sent']);
    expect(await local.outcomes(id)).toHaveLength(1);
    expect(server.taken).toEqual([]);
  });

  it.each([
    ['SMTP', true],
    ['the local outbox', false],
  ])('sends one mail by %s however many workers run the step at once', async (_name, isSmtp) => {
    const target = isSmtp ? driver : withoutProvider();
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => target.run(id)));
    expect(server.taken).toHaveLength(isSmtp ? 1 : 0);
    expect(await events()).toEqual(['sent']);
    expect(outcomes.filter(({ kind }) => kind === 'SENT').length).toBeGreaterThan(0);
    expect(outcomes.filter(({ kind }) => kind !== 'SENT' && kind !== 'RETRY')).toEqual([]);
    expect(await target.run(id)).toMatchObject({ kind: 'SENT' });
    expect(server.taken).toHaveLength(isSmtp ? 1 : 0);
  });

  it('asks the gates and writes down why nothing is sent', async () => {
    driver.decide = () => SKIP;
    expect(await driver.run(id)).toEqual({ kind: 'SKIPPED', decidedBy: 'NO_ORDER_SINCE' });
    driver.decide = () => DEFER;
    expect(await driver.run(id)).toEqual({ kind: 'DEFERRED', decidedBy: 'QUIET_HOURS', until: DEFER.nextAllowedAt });
    expect(await driver.outcomes(id)).toHaveLength(2);
    expect(await decisions()).toEqual(['SKIP', 'DEFER']);
    expect(await driver.message(id)).toBeUndefined();
    expect(server.taken).toEqual([]);
  });

  it('writes nothing when the engine no longer agrees, be it in the last moment', async () => {
    expect(await driver.run(id, { holder: 'another' })).toEqual({ kind: 'SKIPPED', decidedBy: 'STILL_IN_JOURNEY' });
    expect(driver.asked).toEqual([]);
    // The order comes in while the gates are asked.
    driver.decide = async (request) => {
      await database.query('UPDATE marketing.test_instance SET is_out = true WHERE instance_id = $1', [
        request.instance.id,
      ]);
      return LET_OUT;
    };
    expect(await driver.run(id)).toEqual({ kind: 'SKIPPED', decidedBy: 'STILL_IN_JOURNEY' });
    expect(await driver.outcomes(id)).toEqual([]);
    expect(server.taken).toEqual([]);
    expect(await driver.message(id)).toBeUndefined();
  });

  it('does not complete a message whose instance ends while the server has all of it but the end', async () => {
    const marking = { ...driver.parts };
    const ordering = createMessageDriver(database, {
      ...marking,
      provider: {
        ...provider,
        handOver: async (mail, mark) =>
          provider.handOver(mail, async () => {
            await database.query('UPDATE marketing.test_instance SET is_out = true WHERE instance_id = $1', [id]);
            return mark();
          }),
      },
    });
    const begun = server.begun();
    expect(await ordering.run(id)).toEqual({ kind: 'SKIPPED', decidedBy: 'STILL_IN_JOURNEY' });
    expect(server.begun()).toBe(begun + 1);
    expect(server.taken).toEqual([]);
    expect(await driver.message(id)).toMatchObject({ state: 'PREPARED' });
    // The next message has a connection of its own and is sent.
    await driver.enter(`${id}-next`);
    expect(await driver.run(`${id}-next`)).toMatchObject({ kind: 'SENT' });
  });

  it('asks the gates anew when the provider took longer than their answers hold', async () => {
    const slow = createMessageDriver(database, {
      ...driver.parts,
      provider: {
        ...provider,
        handOver: (mail, mark) => {
          clock.advance(31_000);
          return provider.handOver(mail, mark);
        },
      },
    });
    expect(await slow.run(id)).toMatchObject({ kind: 'RETRY' });
    expect(server.taken).toEqual([]);
    expect(await slow.outcomes(id)).toHaveLength(1);
    expect(await driver.run(id)).toMatchObject({ kind: 'SENT' });
    expect(driver.asked).toHaveLength(2);
  });

  it.each<[string, Parameters<MailServer['misbehave']>]>([
    ['is not greeted', ['CONNECT', { kind: 'ANSWER', code: 554, text: 'no' }]],
    ['is cut off before the greeting', ['CONNECT', { kind: 'HANG_UP' }]],
    ['is refused as a sender', ['MAIL', { kind: 'ANSWER', code: 530, text: '5.7.0 Authenticate first' }]],
    ['is cut off after MAIL', ['MAIL', { kind: 'HANG_UP' }]],
    ['is put off at RCPT', ['RCPT', { kind: 'ANSWER', code: 451, text: '4.7.1 Greylisted' }]],
    ['is cut off at RCPT', ['RCPT', { kind: 'HANG_UP' }]],
    ['hears nothing at RCPT', ['RCPT', { kind: 'SILENCE' }]],
    ['is cut off in the message', ['DATA', { kind: 'HANG_UP' }]],
    ['is put off after the message', ['END', { kind: 'ANSWER', code: 452, text: '4.3.1 Full' }]],
    ['is told to come again after the message', ['END', { kind: 'ANSWER', code: 421, text: '4.3.2 Going down' }]],
  ])('tries again later, with the same message, when it %s', async (_what, [phase, how]) => {
    server.misbehave(phase, how);
    const outcome = await driver.run(id);
    expect(outcome).toEqual({
      kind: 'RETRY',
      until: new Date(clock.now() + 30_000).toISOString(),
      error: expect.stringMatching(/^[A-Za-z ]+ (was answered \d{3}( \d\.\d\.\d)?|failed with E[A-Z]+)$/),
    });
    expect(server.taken).toEqual([]);
    const before = await driver.message(id);
    expect(before).toMatchObject({ state: 'PREPARED', attempts: 1 });
    server.misbehave(phase, undefined);
    expect(await driver.run(id)).toMatchObject({ kind: 'SENT' });
    expect(server.taken).toHaveLength(1);
    expect(server.taken[0]?.raw).toContain(String(before?.['header_message_id']));
    expect(driver.asked).toHaveLength(2);
    expect(await events()).toEqual(['sent']);
  });

  it.each<[string, number, string, boolean]>([
    ['550 5.1.1', 550, '5.1.1 <bob@example.com> does not exist', true],
    ['550', 550, 'No such user', true],
    ['553 5.1.3', 553, '5.1.3 Bad address', true],
    ['550 5.7.1', 550, '5.7.1 Blocked by policy', false],
    ['552 5.2.2', 552, '5.2.2 Mailbox full', false],
  ])('gives a message up that is refused at RCPT with %s', async (codes, code, text, isSuppressed) => {
    server.misbehave('RCPT', { kind: 'ANSWER', code, text });
    expect(await driver.run(id)).toEqual({ kind: 'FAILED', error: `RCPT TO was answered ${codes}` });
    expect(await events()).toEqual(isSuppressed ? ['bounce'] : []);
    expect(driver.suppressed).toEqual(
      isSuppressed ? [{ subscriberKey: 'M1', address: 'bob@example.com', reason: 'BOUNCED' }] : [],
    );
    server.misbehave('RCPT', undefined);
    expect(await driver.run(id)).toMatchObject({ kind: 'FAILED' });
    expect(server.taken).toEqual([]);
  });

  it('gives a message up that is refused after its end, and does not blame the address', async () => {
    server.misbehave('END', { kind: 'ANSWER', code: 554, text: '5.7.1 Spam' });
    expect(await driver.run(id)).toEqual({ kind: 'FAILED', error: 'DATA was answered 554 5.7.1' });
    expect(await driver.message(id)).toMatchObject({ state: 'FAILED', sent_at: null });
    expect(driver.suppressed).toEqual([]);
  });

  it.each<[string, Parameters<MailServer['misbehave']>, number]>([
    ['takes it and hangs up', ['END', { kind: 'TAKE_AND_HANG_UP' }], 1],
    ['hangs up without taking it', ['END', { kind: 'HANG_UP' }], 0],
    ['says nothing', ['END', { kind: 'SILENCE' }], 0],
  ])(
    'is in doubt when the server has the end and %s, and never sends it again by itself',
    async (_what, [phase, how], taken) => {
      server.misbehave(phase, how);
      const outcome = await driver.run(id);
      expect(outcome).toMatchObject({ kind: 'IN_DOUBT' });
      server.misbehave(phase, undefined);
      clock.advance(1);
      for (const _again of [1, 2]) expect(await driver.run(id)).toEqual(outcome);
      expect(server.taken).toHaveLength(taken);
      expect(await driver.message(id)).toMatchObject({ state: 'IN_DOUBT' });
      expect(await events()).toEqual([]);
    },
  );

  it('waits for the worker that hands it over before it calls a message in doubt', async () => {
    await driver.run(id);
    await database.query(
      `UPDATE marketing.journey_message SET state = 'IN_DOUBT', sent_at = NULL, doubt_until = $2 WHERE instance_id = $1`,
      [id, new Date(clock.now() + 60_000)],
    );
    expect(await driver.run(id)).toMatchObject({ kind: 'RETRY', until: new Date(clock.now() + 60_000).toISOString() });
    clock.advance(60_000);
    expect(await driver.run(id)).toMatchObject({ kind: 'IN_DOUBT' });
    expect(server.taken).toHaveLength(1);
  });

  it('leaves a provider alone that failed three times, and tries it again', async () => {
    server.misbehave('CONNECT', { kind: 'ANSWER', code: 421, text: 'no' });
    for (const _time of [1, 2, 3]) await driver.run(id);
    expect(driver.asked.map(({ isProviderHealthy }) => isProviderHealthy)).toEqual([true, true, true]);
    await driver.run(id);
    expect(driver.asked.at(-1)?.isProviderHealthy).toBe(false);
    clock.advance(60_000);
    server.misbehave('CONNECT', undefined);
    expect(await driver.run(id)).toMatchObject({ kind: 'SENT' });
    expect(driver.asked.at(-1)?.isProviderHealthy).toBe(true);
  });

  it('waits twice as long each time and gives up in the end', async () => {
    server.misbehave('RCPT', { kind: 'ANSWER', code: 451, text: '4.7.1 Later' });
    const pauses: unknown[] = [];
    for (let attempt = 1; attempt <= 20; attempt++) {
      const outcome = await driver.run(id);
      pauses.push(outcome.kind === 'RETRY' ? (Date.parse(outcome.until) - clock.now()) / 1_000 : outcome.kind);
    }
    expect(pauses.slice(0, 9)).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    expect(pauses.at(-1)).toBe('FAILED');
    expect(await driver.message(id)).toMatchObject({ state: 'FAILED' });
  });

  it('asks for the same discount however often it is asked, and sends its code', async () => {
    server.misbehave('RCPT', { kind: 'ANSWER', code: 451, text: '4.7.1 Later' });
    await driver.run(id, { step: WITH_DISCOUNT });
    const expires = new Date(clock.now() + 3 * 86_400_000).toISOString();
    clock.advance(600_000);
    server.misbehave('RCPT', undefined);
    expect(await driver.run(id, { step: WITH_DISCOUNT })).toMatchObject({ kind: 'SENT' });
    expect(driver.grants).toHaveLength(2);
    expect(driver.grants[1]).toEqual(driver.grants[0]);
    expect(driver.grants[0]).toMatchObject({
      customerNumber: 'C-1',
      cartId: 'cart-1',
      discountPercent: 10,
      expirationDate: expires,
    });
    expect(server.taken[0]?.raw).toContain('CODE-1');
    expect(await driver.message(id)).toMatchObject({ discount_code: 'CODE-1' });
    expect(await decisions()).toEqual(['SEND', 'SEND']);
  });

  it('asks for another discount, and writes the message anew, when the first has run out before it was sent', async () => {
    server.misbehave('RCPT', { kind: 'ANSWER', code: 451, text: '4.7.1 Later' });
    await driver.run(id, { step: WITH_DISCOUNT });
    clock.advance(3 * 86_400_000);
    server.misbehave('RCPT', undefined);
    expect(await driver.run(id, { step: WITH_DISCOUNT })).toMatchObject({ kind: 'SENT' });
    expect(server.taken[0]?.raw).toContain('CODE-2');
    expect(await driver.message(id)).toMatchObject({ discount_code: 'CODE-2', preparation: 2 });
  });

  it.each([
    ['STORE_UNAVAILABLE', 'RETRY'],
    ['NOT_FOUND', 'FAILED'],
  ])('without a discount for now (%s) nothing is sent: %s', async (code, kind) => {
    driver.grantError = code;
    expect(await driver.run(id, { step: WITH_DISCOUNT })).toMatchObject({ kind, error: expect.stringContaining(code) });
    expect(server.taken).toEqual([]);
    expect(await decisions()).toEqual(['SEND']);
  });

  it('writes the message anew when the person has another address by now', async () => {
    server.misbehave('RCPT', { kind: 'ANSWER', code: 451, text: '4.7.1 Later' });
    await driver.run(id);
    server.misbehave('RCPT', undefined);
    const recipient = { subscriberKey: 'M1', emailAddress: 'new@example.com', consentId: 'N1' };
    driver.decide = () => ({ ...LET_OUT, recipient });
    expect(await driver.run(id)).toMatchObject({ kind: 'SENT' });
    expect(server.taken.map(({ to }) => to)).toEqual([['new@example.com']]);
  });

  it('forgets a prepared message that the gates no longer let out', async () => {
    server.misbehave('RCPT', { kind: 'ANSWER', code: 451, text: '4.7.1 Later' });
    await driver.run(id);
    driver.decide = () => SKIP;
    expect(await driver.run(id)).toMatchObject({ kind: 'SKIPPED' });
    expect(await driver.message(id)).toBeUndefined();
  });

  it.each([
    'bob@example.com\r\nRCPT TO:<eve@example.com>',
    'bob@example.com, eve@example.com',
    'Bob <bob@example.com>',
    'bob',
  ])('sends nothing to %j, which is no address', async (emailAddress) => {
    driver.decide = () => ({ ...LET_OUT, recipient: { subscriberKey: 'M1', emailAddress, consentId: 'N1' } });
    expect(await driver.run(id)).toMatchObject({ kind: 'FAILED' });
    expect(server.taken).toEqual([]);
  });

  it('lets no name begin a header or another message', async () => {
    const firstName = 'Bob\r\nBcc: eve@example.com\r\n\r\n.\r\nMAIL FROM:<eve@example.com>\r\n';
    driver.decide = () => ({
      ...LET_OUT,
      model: LET_OUT.model && { ...LET_OUT.model, customer: { firstName, lastName: null, fullName: null } },
    });
    expect(await driver.run(id)).toMatchObject({ kind: 'SENT' });
    expect(server.taken).toHaveLength(1);
    expect(server.taken[0]?.to).toEqual(['bob@example.com']);
    expect(server.taken[0]?.raw.split('\r\n\r\n')[0]).not.toMatch(/^Bcc/m);
  });

  it('forgets the texts of messages after their time, and keeps that they were sent', async () => {
    await driver.run(id);
    clock.advance(91 * 86_400_000);
    await driver.enter(`${id}-later`);
    await driver.run(`${id}-later`);
    for (let later = 1; later < count; later++) {
      await driver.enter(`${id}-later-${later}`);
      await withoutProvider().run(`${id}-later-${later}`);
    }
    expect(await driver.message(id)).toMatchObject({ state: 'SENT', html_body: null, text_body: null });
    expect(await driver.message(`${id}-later`)).toMatchObject({ html_body: expect.any(String) });
  });
});
