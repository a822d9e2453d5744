import fc from 'fast-check';
import { createJourneyEngine } from '../../subgraphs/marketing/journeys/engine.ts';
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
