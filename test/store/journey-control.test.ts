import { controlInstance } from '../../subgraphs/marketing/journeys/store/control.ts';
import { controlJourney } from '../../subgraphs/marketing/journeys/store/journeys.ts';
import { availableEngines } from '../support/databases.ts';
import { type EngineFixture, openEngine, sendingSteps } from '../support/journey-engine.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BOB = 'c360_01hzzzzzzzzzzzzzzzzzzzzb0b';

const MAIL = {
  kind: 'MESSAGE',
  channel: 'EMAIL',
  purpose: 'MARKETING',
  template: { subject: 's', mjml: 'm', text: 't' },
};
const journey = (changes: object = {}) => ({
  id: 'left-cart',
  name: 'Left cart',
  entry: { kind: 'CART_ABANDONED' },
  exits: [{ on: 'ORDER_PLACED' }],
  steps: [
    { id: 'wait', kind: 'WAIT', for: 'PT1H' },
    { id: 'mail', ...MAIL },
  ],
  ...changes,
});

describe.each(availableEngines())('journeys in somebody’s hand on %s', (engineName) => {
  let fixture: EngineFixture;
  beforeAll(async () => {
    fixture = await openEngine({}, engineName);
  }, 60_000);
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.reset();
    fixture.world.owners.set('commerce C-1', BOB);
  });
  afterEach(() => expect(fixture.world.faults).toEqual([]));

  const leaveCart = (id = 'cart-1', productId = 'P-1') => {
    const { world, clock } = fixture;
    const lines = [{ productId, quantity: 1 }];
    world.carts.set(id, { id, customerNumber: 'C-1', status: 'ACTIVE', lines, lastActivityMs: clock.now() });
    world.tell('commerce', { eventType: 'ShoppingCartChanged', objectId: id, sourceRecordId: 'C-1' });
    return fixture.pass(30 * MINUTE);
  };
  const instances = () =>
    fixture.rows<{ instance_id: string; status: string; version: number; end_reason: string | null }>(
      'SELECT * FROM marketing.journey_instance ORDER BY entered_on, instance_id',
    );
  const control = async (action: 'PAUSE' | 'RESUME' | 'EJECT' | 'SEND_NOW') => {
    const [instance] = await instances();
    const request = { instanceId: instance?.instance_id ?? '', action, by: 'agent-1', reason: null };
    await fixture.database.transaction((transaction) => controlInstance(transaction, request, fixture.clock.now()));
    await fixture.settle();
  };
  const controlWhole = async (action: 'PAUSE' | 'RESUME' | 'STOP') => {
    const request = { journeyId: 'left-cart', action, by: 'admin-1' } as const;
    await fixture.database.transaction((transaction) => controlJourney(transaction, request, fixture.clock.now()));
    await fixture.settle();
  };

  it('holds an instance, whose wait runs on, and lets it go on', async () => {
    await fixture.save(journey());
    await leaveCart();
    await control('PAUSE');
    await fixture.pass(2 * HOUR);
    expect(fixture.sent).toHaveLength(0);
    await control('RESUME');
    expect(fixture.sent).toHaveLength(1);
    expect(await instances()).toMatchObject([{ status: 'COMPLETED' }]);
  });

  it('sends now, and takes out', async () => {
    await fixture.save(
      journey({ steps: [...journey().steps, { id: 'later', kind: 'WAIT', for: 'P1D' }, { id: 'again', ...MAIL }] }),
    );
    await leaveCart();
    await control('SEND_NOW');
    expect(fixture.sent).toHaveLength(1);
    await control('EJECT');
    expect(await instances()).toMatchObject([{ status: 'EJECTED', end_reason: 'EJECTED' }]);
    await expect(control('EJECT')).rejects.toThrow(/EJECTED/);
    const timeline = await fixture.rows(
      'SELECT entry_type, by_subject FROM marketing.journey_timeline ORDER BY entry_id',
    );
    expect(timeline).toEqual([
      { entry_type: 'ENTERED', by_subject: null },
      { entry_type: 'WAITED', by_subject: null },
      { entry_type: 'HURRIED', by_subject: 'agent-1' },
      { entry_type: 'SENT', by_subject: null },
      { entry_type: 'WAITED', by_subject: null },
      { entry_type: 'EJECTED', by_subject: 'agent-1' },
    ]);
  });

  it('pauses a journey: nobody enters or goes on; after it, what waited is worked off', async () => {
    await fixture.save(journey());
    await leaveCart();
    await controlWhole('PAUSE');
    await fixture.pass(2 * HOUR);
    await leaveCart('cart-2');
    expect(fixture.sent).toHaveLength(0);
    expect(await instances()).toHaveLength(1);
    await controlWhole('RESUME');
    expect(fixture.sent).toHaveLength(1);
    await leaveCart('cart-3');
    expect(await instances()).toHaveLength(2);
    await controlWhole('STOP');
    expect(await instances()).toMatchObject([{ status: 'COMPLETED' }, { status: 'EJECTED' }]);
    await expect(controlWhole('RESUME')).rejects.toThrow(/STOPPED/);
  });

  it('is saved as a draft before anybody may enter only, and is told why not later', async () => {
    await fixture.save(journey(), false);
    await fixture.save(journey(), false);
    await fixture.save(journey());
    await expect(fixture.save(journey(), false)).rejects.toThrow(/^People enter this journey:/);
    await controlWhole('PAUSE');
    await expect(fixture.save(journey(), false)).rejects.toThrow(/^This journey is paused, with people in it:/);
    await controlWhole('STOP');
    await expect(fixture.save(journey(), false)).rejects.toThrow(/^This journey is stopped, and is no draft any more:/);
  });

  it.each([
    ['sent now twice', 'COMPLETED', 1],
    ['paused', 'PAUSED', 0],
    ['paused and resumed', 'COMPLETED', 1],
    ['taken out', 'EJECTED', 0],
    ['the journey stopped', 'EJECTED', 0],
    ['the journey paused', 'WAITING', 0],
    ['the journey paused and resumed', 'COMPLETED', 1],
    ['another version', 'COMPLETED', 1],
  ])('between the gates and the message: %s', async (what, status, sent) => {
    let asked = 0;
    let reached = (): void => {};
    let goOn = (): void => {};
    const isAsking = new Promise<void>((resolve) => (reached = resolve));
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    const sending: string[] = [];
    const messages = sendingSteps(fixture.database, sending);
    await fixture.reset({
      messages: {
        async run(request) {
          asked += 1;
          reached();
          if (asked === 1) await mayGoOn;
          return messages.run(request);
        },
      },
    });
    fixture.world.owners.set('commerce C-1', BOB);
    await fixture.save(journey());
    await leaveCart();
    const passed = fixture.pass(HOUR);
    await isAsking;
    const [instance] = await instances();
    const hand = (action: 'PAUSE' | 'RESUME' | 'EJECT' | 'SEND_NOW') =>
      fixture.database.transaction((transaction) =>
        controlInstance(
          transaction,
          { instanceId: instance?.instance_id ?? '', action, by: 'agent-1', reason: null },
          fixture.clock.now(),
        ),
      );
    const whole = (action: 'PAUSE' | 'RESUME' | 'STOP') =>
      fixture.database.transaction((transaction) =>
        controlJourney(transaction, { journeyId: 'left-cart', action, by: 'admin-1' }, fixture.clock.now()),
      );
    const doings: Record<string, () => Promise<unknown>> = {
      'sent now twice': () => Promise.all([hand('SEND_NOW'), hand('SEND_NOW')]),
      paused: () => hand('PAUSE'),
      'paused and resumed': () => hand('PAUSE').then(() => hand('RESUME')),
      'taken out': () => hand('EJECT'),
      'the journey stopped': () => whole('STOP'),
      'the journey paused': () => whole('PAUSE'),
      'the journey paused and resumed': () => whole('PAUSE').then(() => whole('RESUME')),
      'another version': () => fixture.save(journey({ steps: [{ id: 'other', ...MAIL }] })),
    };
    await doings[what]?.();
    goOn();
    await passed;
    await fixture.pass(MINUTE);
    expect(await instances()).toMatchObject([{ status, version: 1 }]);
    expect(sending).toHaveLength(sent);
    expect(asked).toBeLessThanOrEqual(3);
  });

  it('keeps people in the version they entered', async () => {
    await fixture.save(journey());
    await leaveCart();
    await fixture.save(journey({ steps: [{ id: 'other', ...MAIL }] }));
    await fixture.pass(HOUR);
    expect(fixture.sent[0]).toMatch(/^left-cart:1:cart-1:[0-9a-f]{16}:mail$/);
    await leaveCart('cart-2');
    expect(fixture.sent[1]).toMatch(/^left-cart:2:cart-2:[0-9a-f]{16}:other$/);
  });

  it.each([
    ['NONE', 1],
    ['AFTER_EXIT', 2],
    ['ANYTIME', 3],
    ['PER_OBJECT', 3],
  ])('lets people in again as %s says', async (reentry, times) => {
    await fixture.save(journey({ reentry }));
    await leaveCart('cart-1');
    await leaveCart('cart-2');
    await fixture.pass(3 * HOUR);
    await leaveCart('cart-3');
    expect(await instances()).toHaveLength(times);
  });

  it('waits for an event, takes the other way when it does not come, and branches live', async () => {
    const steps = [
      {
        id: 'wait',
        kind: 'WAIT_FOR_EVENT',
        eventType: 'ContactPointConsentChanged',
        atMost: 'PT2H',
        otherwise: 'vain',
      },
      { id: 'came', kind: 'END', reason: 'CAME' },
      { id: 'vain', kind: 'END', reason: 'VAIN' },
    ];
    await fixture.save(journey({ steps, reentry: 'ANYTIME' }));
    fixture.world.owners.set('marketing S-1', BOB);
    await leaveCart('cart-1');
    fixture.world.tell('marketing', { eventType: 'ContactPointConsentChanged', objectId: 'x', sourceRecordId: 'S-1' });
    await fixture.settle();
    await leaveCart('cart-2');
    await fixture.pass(2 * HOUR);
    expect((await instances()).map(({ end_reason }) => end_reason)).toEqual(['CAME', 'VAIN']);
  });

  it('puts a message off and asks again; leaves when the gates find an order', async () => {
    let asked = 0;
    const decide = () => {
      asked += 1;
      const until = new Date(fixture.clock.now() + HOUR).toISOString();
      if (asked === 1) return { kind: 'DEFERRED' as const, until, decidedBy: 'QUIET_HOURS' as const };
      return { kind: 'SKIPPED' as const, decidedBy: 'NO_ORDER_SINCE' as const };
    };
    await fixture.reset({ messages: sendingSteps(fixture.database, fixture.sent, decide) });
    fixture.world.owners.set('commerce C-1', BOB);
    await fixture.save(journey());
    await leaveCart();
    await fixture.pass(HOUR);
    expect(await instances()).toMatchObject([{ status: 'DEFERRED' }]);
    await fixture.pass(HOUR);
    expect(await instances()).toMatchObject([{ status: 'EXITED', end_reason: 'ORDERED' }]);
    expect(asked).toBe(2);
  });

  it('sets aside what fails by itself five times, and lets the others go on', async () => {
    await fixture.reset({
      conditions: {
        holds: async ({ customer360Id }) => {
          if (customer360Id === BOB) throw new TypeError('broken');
          return true;
        },
      },
    });
    const { world } = fixture;
    const other = BOB.replace(/b0b$/, 'c0c');
    world.owners.set('commerce C-1', BOB).set('commerce C-2', other);
    const where = { selection: 'firstName', all: [{ path: 'firstName', is: 'EXISTS' }] };
    await fixture.database.transaction((transaction) =>
      saveUnchecked(transaction, journey({ entry: { kind: 'CART_ABANDONED', where } }), fixture.clock.now()),
    );
    const lines = [{ productId: 'P-1', quantity: 1 }];
    world.carts.set('cart-2', {
      id: 'cart-2',
      customerNumber: 'C-2',
      status: 'ACTIVE',
      lines,
      lastActivityMs: fixture.clock.now(),
    });
    world.tell('commerce', { eventType: 'ShoppingCartChanged', objectId: 'cart-2', sourceRecordId: 'C-2' });
    await leaveCart();
    expect(await instances()).toMatchObject([{ status: 'WAITING' }]);
    for (let tries = 0; tries < 5; tries += 1) await fixture.pass(1_000);
    const aside = await fixture.rows(
      'SELECT object_id, tries, error FROM marketing.journey_task WHERE set_aside_on IS NOT NULL',
    );
    expect(aside).toEqual([{ object_id: 'cart-1', tries: 5, error: 'TypeError' }]);
  });

  it('lets nobody enter who should have two days ago, but tells of them', async () => {
    await fixture.save(journey());
    const { world, clock } = fixture;
    const lines = [{ productId: 'P-1', quantity: 1 }];
    world.carts.set('cart-1', {
      id: 'cart-1',
      customerNumber: 'C-1',
      status: 'ACTIVE',
      lines,
      lastActivityMs: clock.now(),
    });
    world.tell('commerce', { eventType: 'ShoppingCartChanged', objectId: 'cart-1', sourceRecordId: 'C-1' });
    await fixture.settle();
    await fixture.engine.stop();
    clock.advance(50 * HOUR);
    const dueMs = clock.now() - 50 * HOUR + 30 * MINUTE;
    const again = await restart(fixture);
    await again.idle();
    const triggers = await fixture.rows<{ due_on: Date }>('SELECT due_on FROM marketing.journey_trigger');
    expect(triggers.map(({ due_on }) => due_on.getTime())).toEqual([dueMs]);
    expect(await instances()).toHaveLength(0);
    await again.stop();
  });
});

async function restart(fixture: EngineFixture) {
  const { createJourneyEngine } = await import('../../subgraphs/marketing/journeys/engine.ts');
  const { enginePartsOf } = await import('../support/journey-engine.ts');
  const engine = createJourneyEngine(enginePartsOf(fixture));
  await engine.start();
  await engine.caughtUp();
  return engine;
}

async function saveUnchecked(
  transaction: Parameters<typeof controlJourney>[0],
  document: object,
  nowMs: number,
): Promise<void> {
  const { saveJourney } = await import('../../subgraphs/marketing/journeys/store/journeys.ts');
  const { readDefinition } = await import('../../subgraphs/marketing/journeys/check-definition.ts');
  const text = JSON.stringify(document);
  await saveJourney(
    transaction,
    { definition: readDefinition(text), document: text, isActive: true, by: 'test' },
    nowMs,
  );
}
