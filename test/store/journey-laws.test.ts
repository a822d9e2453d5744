import fc from 'fast-check';
import type { Row } from '../../database/database.ts';
import { createJourneyEngine } from '../../subgraphs/marketing/journeys/engine.ts';
import { readReport } from '../../subgraphs/marketing/journeys/reports/report.ts';
import { controlInstance } from '../../subgraphs/marketing/journeys/store/control.ts';
import { type EngineFixture, enginePartsOf, openEngine } from '../support/journey-engine.ts';
import type { WorldEvent } from '../support/journey-world.ts';

const MINUTE = 60_000;
const PEOPLE = ['a', 'b', 'c'].map((letter) => `c360_01hzzzzzzzzzzzzzzzzzzzzz${letter}${letter}`);
const CARTS = ['cart-0', 'cart-1', 'cart-2'];

/** A journey of a short wait and a message for each kind of trigger that the histories bring about. */
const journey = (kind: string) => ({
  id: kind.toLowerCase().replaceAll('_', '-'),
  name: kind,
  entry: { kind },
  exits: [{ on: 'ORDER_PLACED' }, { on: 'CART_EMPTIED' }, { on: 'CART_CHANGED' }, { on: 'COMPLAINT_OPENED' }],
  steps: [
    { id: 'wait', kind: 'WAIT', for: 'PT45M' },
    {
      id: 'mail',
      kind: 'MESSAGE',
      channel: 'EMAIL',
      purpose: 'MARKETING',
      template: { subject: 's', mjml: 'm', text: 't' },
    },
  ],
});

type Action =
  | { readonly kind: 'PUT' | 'EMPTY' | 'ORDER' | 'BEGIN_CHECKOUT'; readonly cart: number; readonly product: number }
  | { readonly kind: 'COMPLAIN'; readonly cart: number; readonly product: number };

interface Round {
  readonly actions: readonly Action[];
  readonly minutes: number;
}

interface Delivery {
  readonly skewMinutes: number;
  /** Tells each event so often, shuffled by this seed, with those of before. */
  readonly copies: number;
  readonly seed: number;
}

const REENTRIES = ['PER_OBJECT', 'NONE', 'AFTER_EXIT', 'ANYTIME'] as const;
const idOf = (reentry: string): string => `left-${reentry.toLowerCase().replace('_', '-')}`;

const IN_ORDER: Delivery = { skewMinutes: 0, copies: 1, seed: 0 };

const action = fc.record({
  kind: fc.constantFrom(
    'PUT' as const,
    'PUT' as const,
    'PUT' as const,
    'EMPTY' as const,
    'ORDER' as const,
    'BEGIN_CHECKOUT' as const,
    'COMPLAIN' as const,
  ),
  cart: fc.integer({ min: 0, max: 2 }),
  product: fc.integer({ min: 1, max: 2 }),
});
const histories = fc.array(
  fc.record({ actions: fc.array(action, { maxLength: 4 }), minutes: fc.integer({ min: 5, max: 50 }) }),
  { minLength: 2, maxLength: 5 },
);
const deliveries = fc.record({
  skewMinutes: fc.integer({ min: -10, max: 10 }),
  copies: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer(),
});

describe('the laws of journeys', () => {
  let fixture: EngineFixture;
  beforeAll(async () => {
    fixture = await openEngine();
  }, 60_000);
  afterAll(() => fixture.close());

  it('however events are delivered, the same people enter, leave and are written to', async () => {
    await fc.assert(
      fc.asyncProperty(histories, deliveries, async (history, delivery) => {
        const expected = await run(fixture, history, IN_ORDER);
        expect(await run(fixture, history, delivery)).toEqual(expected);
      }),
      { numRuns: 6 },
    );
  }, 120_000);

  it('however people are found to be one and apart, erased and handled, everything is whose record it is, and adds up', async () => {
    await fc.assert(
      fc.asyncProperty(steps, (history) => live(fixture, history)),
      { numRuns: 6 },
    );
  }, 120_000);

  it('two engines over one store do nothing twice', async () => {
    await fixture.reset();
    await fixture.save(journey('CART_ABANDONED'));
    const second = createJourneyEngine(enginePartsOf(fixture));
    await second.start();
    await second.caughtUp();
    const { world, clock } = fixture;
    for (let number = 0; number < 40; number += 1) {
      world.owners.set(`commerce C-${number}`, `c360_01hzzzzzzzzzzzzzzzzzzzz${String(number).padStart(3, '0')}`);
      const lines = [{ productId: 'P-1', quantity: 1 }];
      world.carts.set(`c-${number}`, {
        id: `c-${number}`,
        customerNumber: `C-${number}`,
        status: 'ACTIVE',
        lines,
        lastActivityMs: clock.now(),
      });
      world.tell('commerce', {
        eventType: 'ShoppingCartChanged',
        objectId: `c-${number}`,
        sourceRecordId: `C-${number}`,
      });
    }
    for (const minutes of [30, 45]) {
      await fixture.settle();
      clock.advance(minutes * MINUTE);
      second.wake();
      fixture.engine.wake();
      await Promise.all([second.idle(), fixture.engine.idle()]);
      await Promise.all([second.idle(), fixture.engine.idle()]);
    }
    await second.stop();
    expect(await fixture.rows('SELECT FROM marketing.journey_trigger')).toHaveLength(40);
    expect(new Set(fixture.sent).size).toBe(40);
    expect(fixture.sent).toHaveLength(40);
  }, 60_000);
});

/** What happens to people and by hand, one after the other. */
type Step =
  | { readonly kind: 'LEAVE' | 'ORDER' | 'EMPTY'; readonly record: number }
  | { readonly kind: 'MOVE'; readonly record: number; readonly person: number; readonly isToldFirst: boolean }
  | { readonly kind: 'ERASE'; readonly person: number }
  | { readonly kind: 'HAND'; readonly action: 'PAUSE' | 'RESUME' | 'EJECT' | 'SEND_NOW'; readonly instance: number }
  | { readonly kind: 'PASS'; readonly minutes: number };

const record = fc.integer({ min: 0, max: 3 });
const person = fc.integer({ min: 0, max: 2 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('LEAVE' as const), record }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('ORDER' as const, 'EMPTY' as const), record }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('MOVE' as const), record, person, isToldFirst: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('ERASE' as const), person }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('HAND' as const),
        action: fc.constantFrom('PAUSE' as const, 'RESUME' as const, 'EJECT' as const, 'SEND_NOW' as const),
        instance: fc.nat({ max: 20 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('PASS' as const), minutes: fc.constantFrom(1, 20, 31, 60) }),
    },
  ),
  { minLength: 6, maxLength: 14 },
);

interface Standing extends Row {
  readonly instance_id: string;
  readonly journey_id: string;
  readonly status: string;
  readonly customer360_id: string;
  readonly record_id: string;
  readonly folded_into: string | null;
}

/** Runs a history of people, and checks after each step what must hold whenever nothing is under way. */
async function live(fixture: EngineFixture, history: readonly Step[]): Promise<void> {
  await fixture.reset();
  for (const reentry of REENTRIES) await fixture.save({ ...journey('CART_ABANDONED'), id: idOf(reentry), reentry });
  const { world, clock } = fixture;
  for (const [index, id] of PEOPLE.entries()) world.owners.set(`commerce C-${index}`, id);
  world.owners.set('commerce C-3', PEOPLE[0] ?? '');
  for (const [index, step] of history.entries()) {
    await take(fixture, step, index);
    await fixture.settle();
    expect(await wrongs(fixture)).toEqual([]);
  }
  // Who moved while it was looked at is looked at once more.
  for (let rounds = 0; rounds < 3; rounds += 1) await fixture.pass(3 * 60 * MINUTE);
  expect(await wrongs(fixture)).toEqual([]);
  expect(new Set(fixture.sent).size).toBe(fixture.sent.length);
  expect(world.faults).toEqual([]);
  const waiting = "SELECT FROM marketing.journey_instance WHERE status IN ('WAITING', 'DEFERRED')";
  expect(await fixture.rows(waiting)).toEqual([]);
  expect(await fixture.rows('SELECT FROM marketing.journey_task WHERE wake_on <= $1', [new Date(clock.now())])).toEqual(
    [],
  );
}

async function take(fixture: EngineFixture, step: Step, index: number): Promise<void> {
  const { world, clock, database } = fixture;
  if (step.kind === 'PASS') return fixture.pass(step.minutes * MINUTE);
  if (step.kind === 'HAND') {
    const rows = await fixture.rows<Standing>('SELECT * FROM marketing.journey_instance ORDER BY instance_id');
    const instanceId = rows[step.instance % Math.max(1, rows.length)]?.instance_id;
    if (instanceId === undefined) return;
    const request = { instanceId, action: step.action, by: 'agent-1', reason: null };
    // What is over, or held already, is refused.
    await database
      .transaction((transaction) => controlInstance(transaction, request, clock.now()))
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'CONFLICT' }));
    return;
  }
  if (step.kind === 'ERASE') {
    const gone = PEOPLE[step.person] ?? '';
    for (const [key, owner] of world.owners) if (owner === gone) world.owners.delete(key);
    world.erased.add(gone);
    return world.tellIdentity({ eventType: 'CUSTOMER_ERASED', customer360Id: gone });
  }
  const customerNumber = `C-${step.record}`;
  if (step.kind === 'MOVE') {
    const [before, after] = [world.owners.get(`commerce ${customerNumber}`), PEOPLE[step.person] ?? ''];
    if (before === undefined || before === after || world.erased.has(after)) return;
    const event = { eventType: 'RECORD_LINKED', customer360Id: after, otherCustomer360Id: before };
    if (step.isToldFirst) world.tellIdentity(event);
    world.owners.set(`commerce ${customerNumber}`, after);
    world.tellIdentity(event);
    if (!step.isToldFirst) world.tellIdentity(event);
    return;
  }
  const id = `cart-${step.record}`;
  const known = world.carts.get(id);
  if (step.kind === 'ORDER') {
    if (!known || known.status === 'CONVERTED' || known.lines.length === 0) return;
    world.carts.set(id, { ...known, status: 'CONVERTED' });
    world.orders.set(`SO-${index}`, { customerNumber, orderedMs: clock.now() });
    const event = { objectId: `SO-${index}`, sourceRecordId: customerNumber, change: 'CREATED' };
    return world.tell('commerce', { eventType: 'SalesOrderChanged', ...event });
  }
  if (known?.status === 'CONVERTED') return;
  const lines = step.kind === 'EMPTY' ? [] : [{ productId: `P-${index}`, quantity: 1 }];
  world.carts.set(id, { id, customerNumber, status: 'ACTIVE', lines, lastActivityMs: clock.now() });
  world.tell('commerce', { eventType: 'ShoppingCartChanged', objectId: id, sourceRecordId: customerNumber });
}

/** Whoever is where they should not be. */
async function wrongs({ world, database, rows }: EngineFixture): Promise<string[]> {
  const all = await rows<Standing>('SELECT * FROM marketing.journey_instance ORDER BY entered_on, instance_id');
  const byId = new Map(all.map((row) => [row.instance_id, row]));
  const isActive = ({ status }: Standing): boolean => ['WAITING', 'DEFERRED', 'PAUSED'].includes(status);
  const isOnce = ({ journey_id }: Standing): boolean => [idOf('NONE'), idOf('AFTER_EXIT')].includes(journey_id);
  const active = all.filter(isActive);
  const found = all.flatMap((row) => {
    const owner = world.owners.get(`commerce ${row.record_id}`);
    const into = row.folded_into === null ? undefined : byId.get(row.folded_into);
    const twice = active.filter(
      (one) => one.journey_id === row.journey_id && one.customer360_id === row.customer360_id,
    );
    return [
      ...(owner !== undefined && owner !== row.customer360_id ? [`${row.instance_id} is not its record’s`] : []),
      ...(owner === undefined && isActive(row) ? [`${row.instance_id} is of somebody who was erased`] : []),
      ...(row.status === 'FOLDED' && !isOnce(row) ? [`${row.instance_id} is folded though its cart is its own`] : []),
      ...(into && owner !== undefined && into.customer360_id !== row.customer360_id
        ? [`${row.instance_id} is folded into another person’s`]
        : []),
      ...(isOnce(row) && isActive(row) && twice.length > 1 ? [`${row.instance_id} is one of two`] : []),
    ];
  });
  for (const reentry of REENTRIES) {
    const request = { journeyId: idOf(reentry), enteredFrom: null, enteredBefore: null };
    const told = await readReport(database, request, []);
    const { waitingCount, completedCount, exitedOnOrderCount, exitedOtherwiseCount, failedCount } = told;
    const sum = waitingCount + completedCount + exitedOnOrderCount + exitedOtherwiseCount + failedCount;
    if (sum !== told.enteredCount || exitedOtherwiseCount < 0) found.push(`${reentry}: ${sum} of ${told.enteredCount}`);
  }
  return found;
}

/** Runs a history in a new world, and gives what came of it. */
async function run(fixture: EngineFixture, history: readonly Round[], delivery: Delivery): Promise<object> {
  await fixture.reset();
  for (const kind of ['CART_ABANDONED', 'CHECKOUT_ABANDONED', 'ORDER_PLACED']) await fixture.save(journey(kind));
  const { world, clock } = fixture;
  world.skewMs = delivery.skewMinutes * MINUTE;
  for (const [index, id] of PEOPLE.entries()) world.owners.set(`commerce C-${index}`, id).set(`service K-${index}`, id);
  const random = createRandom(delivery.seed);
  const before: { readonly cloud: string; readonly event: WorldEvent }[] = [];
  for (const { actions, minutes } of history) {
    const fresh: typeof before = [];
    for (const one of actions) fresh.push(...act(fixture, one, before.length + fresh.length));
    const told = Array.from({ length: delivery.copies }, () => fresh).flat();
    if (delivery.copies > 1) told.push(...before.filter(() => random() < 0.3));
    if (delivery.copies > 1) shuffle(told, random);
    for (const { cloud, event } of told) world.tell(cloud, event);
    before.push(...fresh);
    await fixture.settle();
    // Nothing happens exactly when something is due.
    for (let passed = 0; passed < minutes; passed += 5) await fixture.pass(Math.min(5, minutes - passed) * MINUTE + 1);
  }
  await fixture.pass(2 * 60 * MINUTE);
  const triggers = await fixture.rows(
    'SELECT kind, object_id, revision, customer360_id FROM marketing.journey_trigger ORDER BY 1, 2, 3',
  );
  const instances = await fixture.rows(
    'SELECT journey_id, object_id, revision, status, end_reason FROM marketing.journey_instance ORDER BY 1, 2, 3',
  );
  expect(fixture.world.faults).toEqual([]);
  expect(new Set(fixture.sent).size).toBe(fixture.sent.length);
  expect(clock.now()).toBeGreaterThan(0);
  return { triggers, instances, sent: [...fixture.sent].sort() };
}

/** Changes the world, and gives what its clouds tell of it. */
function act({ world, clock }: EngineFixture, { kind, cart, product }: Action, number: number) {
  const id = CARTS[cart] ?? '';
  const now = clock.now() + world.skewMs;
  const known = world.carts.get(id);
  const told = (cloud: string, event: Partial<WorldEvent>) => [
    {
      cloud,
      event: {
        id: `00000000-0000-4000-a000-${String(number).padStart(12, '0')}`,
        dataSourceId: cloud,
        objectType: '',
        sourceRecordId: cloud === 'commerce' ? `C-${cart}` : `K-${cart}`,
        change: 'UPDATED',
        changedFields: [],
        occurredAt: new Date(cloud === 'commerce' ? now : clock.now()).toISOString(),
        ...event,
      } as WorldEvent,
    },
  ];
  const changed = () => told('commerce', { eventType: 'ShoppingCartChanged', objectId: id });
  if (kind === 'COMPLAIN') {
    world.cases.set(`case-${number}`, { contactId: `K-${cart}`, status: 'NEW', caseType: 'COMPLAINT', closedMs: null });
    return told('service', { eventType: 'CaseChanged', objectId: `case-${number}`, change: 'CREATED' });
  }
  if (kind === 'PUT') {
    if (known?.status === 'CONVERTED') return [];
    const lines = [{ productId: `P-${product}`, quantity: 1 }];
    world.carts.set(id, { id, customerNumber: `C-${cart}`, status: 'ACTIVE', lines, lastActivityMs: now });
    return changed();
  }
  if (!known || known.status === 'CONVERTED' || known.lines.length === 0) return [];
  if (kind === 'EMPTY') {
    world.carts.set(id, { ...known, lines: [], lastActivityMs: now, checkOutStartedMs: null });
    return changed();
  }
  if (kind === 'BEGIN_CHECKOUT') {
    world.carts.set(id, { ...known, checkOutStartedMs: now });
    return changed();
  }
  world.carts.set(id, { ...known, status: 'CONVERTED', lastActivityMs: now });
  world.orders.set(`SO-${number}`, { customerNumber: `C-${cart}`, orderedMs: now });
  return told('commerce', { eventType: 'SalesOrderChanged', objectId: `SO-${number}`, change: 'CREATED' });
}

function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function shuffle<T>(values: T[], random: () => number): void {
  for (let index = values.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    const [one, two] = [values[index], values[other]];
    if (one !== undefined && two !== undefined) [values[index], values[other]] = [two, one];
  }
}
