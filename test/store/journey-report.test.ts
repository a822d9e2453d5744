import { join } from 'node:path';
import fc from 'fast-check';
import type { Database } from '../../database/database.ts';
import { migrate, readMigrations } from '../../database/migrate.ts';
import type { JourneyGate } from '../../schema/generated/marketing.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import {
  type OrderFact,
  reconcileConversions,
  recordConversions,
} from '../../subgraphs/marketing/journeys/reports/conversions.ts';
import { type JourneyReportFigures, readReport } from '../../subgraphs/marketing/journeys/reports/report.ts';
import { availableEngines, openTestDatabase } from '../support/databases.ts';
import { countStatements } from '../support/statements.ts';

const DAY = 86_400_000;
const BEGIN = Date.parse('2026-03-01T12:00:00Z');
const GATES: readonly JourneyGate[] = ['CONSENT', 'QUIET_HOURS', 'NOT_HELD_OUT', 'DISCOUNT_NOT_GRANTED'];
const at = (days: number): string => new Date(BEGIN + days * DAY).toISOString();

/** Somebody in the journey, and what happened. Times are days after the beginning. */
interface Case {
  readonly person: string;
  readonly status: string;
  readonly enteredAt: number;
  readonly sentAt?: number;
  readonly keptBack?: { readonly gate: JourneyGate; readonly at: number };
  readonly deferrals?: number;
  readonly isOrdered?: boolean;
}

const ownerOf = (customer360Id: string) => ({ customer360Id, customerNumber: null });
const order = (orderNumber: string, days: number, more: Partial<OrderFact> = {}): OrderFact => ({
  orderNumber,
  orderedDate: at(days),
  amount: '10.50',
  currencyCode: 'EUR',
  isVoid: false,
  ...more,
});

describe.each(availableEngines())('the report of a journey on %s', (engine) => {
  const statements = countStatements();
  let database: Database;
  let made = 0;

  beforeAll(async () => {
    database = await openTestDatabase({ engine, observe: statements.observe });
    const migrations = readMigrations(join(PACKAGE_ROOT, 'subgraphs/marketing/migrations'));
    await migrate(database, { schema: 'marketing', migrations });
    await database.query(
      `INSERT INTO marketing.journey (journey_id, name, status, reentry, version, entry_kind, modified_on)
       SELECT id, id, 'ACTIVE', 'ANYTIME', 1, 'CART_ABANDONED', now() FROM unnest(ARRAY['j', 'other']) AS id`,
    );
    await database.query(
      `INSERT INTO marketing.journey_trigger (trigger_id, kind, due_on, written_on, object_type, object_id, occasion)
       VALUES ('t', 'CART_ABANDONED', now(), now(), 'ShoppingCart', 'c', 'o')`,
    );
  });
  beforeEach(() => database.query('DELETE FROM marketing.journey_instance').then(clear));
  afterAll(() => database.close());

  const clear = async (): Promise<void> => {
    await database.query('DELETE FROM marketing.journey_decision');
    await database.query('DELETE FROM marketing.journey_message');
  };

  const enter = async (one: Case, journeyId = 'j'): Promise<string> => {
    made += 1;
    const id = `i${made}`;
    await database.query(
      `INSERT INTO marketing.journey_instance (instance_id, journey_id, version, trigger_id, customer360_id, object_type,
         object_id, status, entered_on, counts_until, is_held_out, is_single, end_reason)
       VALUES ($1, $2, 1, 't', $3, 'ShoppingCart', 'c', $4, $5::timestamptz, $5::timestamptz + interval '7 days', false, false, $6)`,
      [id, journeyId, one.person, one.status, at(one.enteredAt), one.isOrdered ? 'ORDERED' : null],
    );
    const decide = (gate: JourneyGate | null, verdict: string, days: number) => {
      made += 1;
      return database.query(
        `INSERT INTO marketing.journey_decision (decision_id, instance_id, step, decided_at, verdict, decided_by, is_held_out, reasons)
         VALUES ($1, $2, 'mail', $3, $4, $5, false, '[]')`,
        [`d${made}`, id, at(days), verdict, gate],
      );
    };
    for (let index = 0; index < (one.deferrals ?? 0); index += 1) await decide('QUIET_HOURS', 'DEFER', one.enteredAt);
    if (one.keptBack) await decide(one.keptBack.gate, 'SKIP', one.keptBack.at);
    if (one.sentAt !== undefined) {
      await decide(null, 'SEND', one.sentAt);
      await database.query(
        `INSERT INTO marketing.journey_message (message_id, idempotency_key, journey_id, instance_id, step, channel, purpose, state,
           planned_at, prepared_at, sent_at, subscriber_key, address, header_message_id, subject)
         VALUES ($1, $1, $2, $1, 'mail', 'E', 'promo', 'SENT', $3, $3, $3, 's', 'a@example.org', 'm', 'x')`,
        [id, journeyId, at(one.sentAt)],
      );
    }
    return id;
  };
  const report = (from: string | null = null, before: string | null = null): Promise<JourneyReportFigures> =>
    readReport(database, { journeyId: 'j', enteredFrom: from, enteredBefore: before }, GATES);

  it('counts who entered, waits, left, was written to and was kept from it', async () => {
    await enter({ person: 'a', status: 'COMPLETED', enteredAt: 0, sentAt: 1, deferrals: 2 });
    await enter({ person: 'b', status: 'WAITING', enteredAt: 0 });
    await enter({ person: 'c', status: 'DEFERRED', enteredAt: 0, deferrals: 1 });
    await enter({ person: 'd', status: 'EXITED', enteredAt: 0, isOrdered: true });
    await enter({ person: 'e', status: 'COMPLETED', enteredAt: 0, keptBack: { gate: 'CONSENT', at: 1 } });
    await enter({ person: 'f', status: 'COMPLETED', enteredAt: 0, keptBack: { gate: 'NOT_HELD_OUT', at: 1 } });
    await enter({ person: 'a', status: 'COMPLETED', enteredAt: 0, sentAt: 1 }, 'other');
    expect(await report()).toMatchObject({
      enteredCount: 6,
      waitingCount: 2,
      sentCount: 1,
      exitedOnOrderCount: 1,
      heldOutCount: 1,
      suppressions: [
        { gate: 'CONSENT', skippedCount: 1, deferredCount: 0 },
        { gate: 'QUIET_HOURS', skippedCount: 0, deferredCount: 3 },
        { gate: 'NOT_HELD_OUT', skippedCount: 1, deferredCount: 0 },
      ],
      treated: { peopleCount: 1, convertedCount: 0, conversionRate: 0 },
      heldOut: { peopleCount: 1, convertedCount: 0, conversionRate: 0 },
      lift: 0,
    });
  });

  it('is of those who entered in the time asked for, and has no rate without people', async () => {
    for (const days of [0, 1, 2]) await enter({ person: `p${days}`, status: 'WAITING', enteredAt: days });
    expect(await report(at(1), at(2))).toMatchObject({ enteredCount: 1, lift: null, liftLow: null, liftHigh: null });
    expect((await report()).treated).toEqual({ peopleCount: 0, convertedCount: 0, conversionRate: null });
  });

  it('counts an order in the time that counts, for whoever is or was in the journey, treated or held out', async () => {
    const treated = await enter({ person: 'a', status: 'COMPLETED', enteredAt: 0, sentAt: 1 });
    await enter({ person: 'b', status: 'COMPLETED', enteredAt: 0, keptBack: { gate: 'NOT_HELD_OUT', at: 1 } });
    await recordConversions(database, ownerOf('a'), [
      order('before', -1),
      order('early', 0.5),
      order('in', 3),
      order('late', 8),
    ]);
    await recordConversions(database, ownerOf('b'), [order('b1', 2, { amount: '99.00' })]);
    await recordConversions(database, ownerOf('nobody'), [order('n', 2)]);
    const rows = await database.query(
      'SELECT order_number FROM marketing.journey_conversion WHERE instance_id = $1 ORDER BY 1',
      [treated],
    );
    expect(rows).toEqual([{ order_number: 'early' }, { order_number: 'in' }]);
    // What was ordered before the message came is not its merit, nor is what the held out ordered.
    expect(await report()).toMatchObject({
      treated: { peopleCount: 1, convertedCount: 1, conversionRate: 1 },
      heldOut: { peopleCount: 1, convertedCount: 1, conversionRate: 1 },
      lift: 0,
      attributedRevenue: [{ amount: '10.50', currencyCode: 'EUR' }],
    });
  });

  it('leaves out what was cancelled or returned, and adds up by currency exactly', async () => {
    await enter({ person: 'a', status: 'COMPLETED', enteredAt: 0, sentAt: 0 });
    const orders = [
      order('1', 1, { amount: '0.10' }),
      order('2', 1, { amount: '0.20' }),
      order('3', 2, { amount: '5.00', currencyCode: 'GBP' }),
      order('4', 2, { amount: '7.00' }),
    ];
    await recordConversions(database, ownerOf('a'), orders);
    await recordConversions(database, ownerOf('a'), [order('4', 2, { amount: '7.00', isVoid: true })]);
    const { attributedRevenue, treated } = await report();
    expect(attributedRevenue).toEqual([
      { amount: '0.30', currencyCode: 'EUR' },
      { amount: '5.00', currencyCode: 'GBP' },
    ]);
    expect(treated).toMatchObject({ peopleCount: 1, convertedCount: 1 });
  });

  it('counts a person once when two customers are found to be one, and an order once', async () => {
    const first = await enter({ person: 'a', status: 'COMPLETED', enteredAt: 0, sentAt: 1 });
    const second = await enter({
      person: 'b',
      status: 'COMPLETED',
      enteredAt: 0,
      keptBack: { gate: 'NOT_HELD_OUT', at: 1 },
    });
    await recordConversions(database, ownerOf('a'), [order('1', 2)]);
    await database.query("UPDATE marketing.journey_instance SET customer360_id = 'ab'");
    await reconcileConversions(database, { customer360Id: 'ab', since: at(0), orders: [order('1', 2), order('2', 3)] });
    expect(await report()).toMatchObject({
      enteredCount: 2,
      treated: { peopleCount: 1, convertedCount: 1 },
      heldOut: { peopleCount: 0 },
      lift: null,
      attributedRevenue: [{ amount: '21.00', currencyCode: 'EUR' }],
    });
    await database.query('UPDATE marketing.journey_instance SET customer360_id = $2 WHERE instance_id = $1', [
      first,
      'a',
    ]);
    await database.query('UPDATE marketing.journey_instance SET customer360_id = $2 WHERE instance_id = $1', [
      second,
      'b',
    ]);
    await reconcileConversions(database, { customer360Id: 'a', since: at(0), orders: [order('1', 2)] });
    await reconcileConversions(database, { customer360Id: 'b', since: at(0), orders: [order('2', 3)] });
    expect(await report()).toMatchObject({
      treated: { peopleCount: 1, convertedCount: 1 },
      heldOut: { peopleCount: 1, convertedCount: 1 },
      attributedRevenue: [{ amount: '10.50', currencyCode: 'EUR' }],
    });
  });

  it('takes what a folded instance sent for sent, and not for an entry', async () => {
    await enter({ person: 'a', status: 'WAITING', enteredAt: 0 });
    await enter({ person: 'a', status: 'FOLDED', enteredAt: 0, sentAt: 1 });
    expect(await report()).toMatchObject({ enteredCount: 1, sentCount: 1, treated: { peopleCount: 1 } });
  });

  it('says the same as counting one by one, in one statement', async () => {
    const gate = fc.constantFrom(...GATES);
    const one: fc.Arbitrary<Case> = fc.record({
      person: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      status: fc.constantFrom('WAITING', 'DEFERRED', 'PAUSED', 'COMPLETED', 'FOLDED', 'EXITED', 'EJECTED', 'FAILED'),
      isOrdered: fc.boolean(),
      enteredAt: fc.integer({ min: 0, max: 3 }),
      keptBack: fc.option(fc.record({ gate, at: fc.integer({ min: 0, max: 5 }) }), { nil: undefined }),
      sentAt: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    }) as fc.Arbitrary<Case>;
    const orders = fc.array(
      fc.record({
        person: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        days: fc.integer({ min: 0, max: 12 }),
        isVoid: fc.boolean(),
      }),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 12 }), orders, async (cases, placed) => {
        await database.query('DELETE FROM marketing.journey_instance');
        await clear();
        for (const each of cases) await enter(each);
        for (const [index, { person, days, isVoid }] of placed.entries()) {
          await recordConversions(database, ownerOf(person), [order(`o${index}`, days, { isVoid })]);
        }
        const before = statements.texts.length;
        const figures = await report();
        expect(statements.texts.length - before).toBe(1);
        expect(figures).toMatchObject(countOneByOne(cases, placed));
      }),
      { numRuns: 15 },
    );
  });
});

function countOneByOne(
  cases: readonly Case[],
  placed: readonly { readonly person: string; readonly days: number; readonly isVoid: boolean }[],
): object {
  const people = [...new Set(cases.map(({ person }) => person))].flatMap((person) => {
    const own = cases.filter((one) => one.person === person);
    const sent = own.flatMap(({ sentAt }) => sentAt ?? []);
    const held = own.flatMap(({ keptBack }) => (keptBack?.gate === 'NOT_HELD_OUT' ? [keptBack.at] : []));
    if (sent.length + held.length === 0) return [];
    const since = Math.min(...(sent.length > 0 ? sent : held));
    const bought = placed.filter(
      (one) =>
        one.person === person &&
        !one.isVoid &&
        one.days >= since &&
        own.some(({ enteredAt }) => one.days >= enteredAt && one.days <= enteredAt + 7),
    );
    return [{ isTreated: sent.length > 0, orders: bought.length }];
  });
  const group = (isTreated: boolean) => {
    const members = people.filter((one) => one.isTreated === isTreated);
    return { peopleCount: members.length, convertedCount: members.filter(({ orders }) => orders > 0).length };
  };
  const are = (...statuses: readonly string[]) => cases.filter(({ status }) => statuses.includes(status));
  const count = people.filter(({ isTreated }) => isTreated).reduce((sum, { orders }) => sum + orders, 0);
  return {
    enteredCount: cases.filter(({ status }) => status !== 'FOLDED').length,
    waitingCount: are('WAITING', 'DEFERRED', 'PAUSED').length,
    completedCount: are('COMPLETED').length,
    exitedOnOrderCount: are('EXITED').filter(({ isOrdered }) => isOrdered).length,
    exitedOtherwiseCount: are('EJECTED').length + are('EXITED').filter(({ isOrdered }) => !isOrdered).length,
    failedCount: are('FAILED').length,
    sentCount: cases.filter(({ sentAt }) => sentAt !== undefined).length,
    heldOutCount: cases.filter(({ keptBack }) => keptBack?.gate === 'NOT_HELD_OUT').length,
    treated: group(true),
    heldOut: group(false),
    attributedRevenue: count === 0 ? [] : [{ amount: (count * 10.5).toFixed(2), currencyCode: 'EUR' }],
  };
}
