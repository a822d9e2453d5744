import { createJourneyEngine } from '../../subgraphs/marketing/journeys/engine.ts';
import { controlJourney } from '../../subgraphs/marketing/journeys/store/journeys.ts';
import { availableEngines } from '../support/databases.ts';
import { type EngineFixture, enginePartsOf, openEngine } from '../support/journey-engine.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BOB = 'c360_01hzzzzzzzzzzzzzzzzzzzzb0b';
const ROB = 'c360_01hzzzzzzzzzzzzzzzzzzzzr0b';

const PEOPLE = [0, 1, 2, 3, 4, 5].map((index) => `c360_01hzzzzzzzzzzzzzzzzzzzzp0${index}`);

const CART_JOURNEY = {
  id: 'left-cart',
  name: 'Left cart',
  entry: { kind: 'CART_ABANDONED' },
  exits: [{ on: 'ORDER_PLACED' }, { on: 'CART_EMPTIED' }, { on: 'CART_CHANGED' }, { on: 'COMPLAINT_OPENED' }],
  steps: [
    { id: 'wait', kind: 'WAIT', for: 'PT1H' },
    {
      id: 'mail',
      kind: 'MESSAGE',
      channel: 'EMAIL',
      purpose: 'MARKETING',
      template: { subject: 's', mjml: '<mjml></mjml>', text: 't' },
    },
  ],
};

describe.each(availableEngines())('the journey engine on %s', (engineName) => {
  let fixture: EngineFixture;
  beforeAll(async () => {
    fixture = await openEngine({}, engineName);
  }, 60_000);
  afterAll(() => fixture.close());
  beforeEach(() => fixture.reset());
  afterEach(() => expect(fixture.world.faults).toEqual([]));

  const putCart = (id: string, customerNumber: string | null = 'C-1', productId = 'P-1') => {
    const { world, clock } = fixture;
    const lastActivityMs = clock.now() + world.skewMs;
    world.carts.set(id, { id, customerNumber, status: 'ACTIVE', lines: [{ productId, quantity: 1 }], lastActivityMs });
    world.tell('commerce', { eventType: 'ShoppingCartChanged', objectId: id, sourceRecordId: customerNumber });
  };
  const triggers = () =>
    fixture.rows<{ kind: string; object_id: string; due_on: Date; customer360_id: string | null }>(
      'SELECT kind, object_id, due_on, customer360_id FROM marketing.journey_trigger ORDER BY kind, object_id, due_on',
    );
  const instances = () =>
    fixture.rows<{
      instance_id: string;
      status: string;
      end_reason: string | null;
      customer360_id: string;
      object_id: string;
    }>('SELECT * FROM marketing.journey_instance ORDER BY entered_on, object_id');

  it('finds a cart abandoned once, half an hour after its last change, with no question before', async () => {
    const { world } = fixture;
    world.owners.set('commerce C-1', BOB);
    putCart('cart-1');
    await fixture.pass(20 * MINUTE);
    putCart('cart-1');
    await fixture.pass(29 * MINUTE);
    expect(world.asked).toHaveLength(0);
    await fixture.pass(MINUTE);
    expect(await triggers()).toMatchObject([{ kind: 'CART_ABANDONED', object_id: 'cart-1', customer360_id: BOB }]);
    world.tell('commerce', { eventType: 'ShoppingCartChanged', objectId: 'cart-1', sourceRecordId: 'C-1' });
    await fixture.pass(2 * HOUR);
    expect(await triggers()).toHaveLength(1);
  });

  it.each([-10, 10])('takes no notice of a commerce clock that is %i minutes off', async (minutes) => {
    fixture.world.skewMs = minutes * MINUTE;
    fixture.world.owners.set('commerce C-1', BOB);
    const beganMs = fixture.clock.now();
    putCart('cart-1');
    await fixture.pass(29 * MINUTE);
    expect(await triggers()).toHaveLength(0);
    await fixture.pass(MINUTE);
    expect((await triggers()).map(({ due_on }) => due_on.getTime() - beganMs)).toEqual([30 * MINUTE]);
  });

  it('sends after the wait, and exits at once on an order', async () => {
    await fixture.save({ ...CART_JOURNEY, reentry: 'AFTER_EXIT' });
    const { world } = fixture;
    world.owners.set('commerce C-1', BOB).set('commerce C-2', ROB);
    putCart('cart-1');
    putCart('cart-2', 'C-2');
    await fixture.pass(30 * MINUTE);
    expect(await instances()).toMatchObject([{ status: 'WAITING' }, { status: 'WAITING' }]);
    world.orders.set('SO-1', { customerNumber: 'C-2', orderedMs: fixture.clock.now() });
    world.tell('commerce', {
      eventType: 'SalesOrderChanged',
      objectId: 'SO-1',
      sourceRecordId: 'C-2',
      change: 'CREATED',
    });
    await fixture.settle();
    expect(await instances()).toMatchObject([{ status: 'WAITING' }, { status: 'EXITED', end_reason: 'ORDERED' }]);
    await fixture.pass(HOUR);
    expect(await instances()).toMatchObject([{ status: 'COMPLETED' }, { status: 'EXITED' }]);
    expect(fixture.sent).toHaveLength(1);
  });

  it('exits when the cart is emptied or changed, or a complaint is opened', async () => {
    await fixture.save(CART_JOURNEY);
    const { world, clock } = fixture;
    for (const number of [1, 2, 3]) world.owners.set(`commerce C-${number}`, `${BOB.slice(0, -1)}${number}`);
    for (const number of [1, 2, 3]) putCart(`cart-${number}`, `C-${number}`);
    await fixture.pass(30 * MINUTE);
    world.carts.set('cart-1', { ...world.carts.get('cart-1'), lines: [] } as never);
    world.tell('commerce', { eventType: 'ShoppingCartChanged', objectId: 'cart-1' });
    putCart('cart-2', 'C-2', 'P-2');
    world.owners.set('service K-3', `${BOB.slice(0, -1)}3`);
    world.cases.set('case-3', { contactId: 'K-3', status: 'NEW', caseType: 'COMPLAINT', closedMs: null });
    world.tell('service', { eventType: 'CaseChanged', objectId: 'case-3', change: 'CREATED', sourceRecordId: 'K-3' });
    await fixture.settle();
    expect((await instances()).map(({ end_reason }) => end_reason)).toEqual([
      'CART_EMPTIED',
      'CART_CHANGED',
      'COMPLAINT_OPENED',
    ]);
    expect(clock.now()).toBeGreaterThan(0);
  });

  it('begins anew with a cart that is left again with other contents, though no exit says so', async () => {
    await fixture.save({ ...CART_JOURNEY, exits: [] });
    fixture.world.owners.set('commerce C-1', BOB);
    putCart('cart-1');
    await fixture.pass(31 * MINUTE);
    putCart('cart-1', 'C-1', 'P-2');
    await fixture.pass(31 * MINUTE);
    expect(await instances()).toMatchObject([
      { status: 'EXITED', end_reason: 'CART_CHANGED' },
      { status: 'WAITING', object_id: 'cart-1' },
    ]);
    // The same contents again are the same matter.
    putCart('cart-1', 'C-1', 'P-1');
    await fixture.pass(31 * MINUTE);
    expect(await instances()).toHaveLength(2);
    await fixture.pass(HOUR);
    expect(fixture.sent).toHaveLength(1);
  });

  it('folds two instances when their people are found to be one, and sets them free again', async () => {
    await fixture.save({ ...CART_JOURNEY, reentry: 'AFTER_EXIT' });
    const { world } = fixture;
    world.owners.set('commerce C-1', BOB).set('commerce C-2', ROB);
    putCart('cart-1');
    putCart('cart-2', 'C-2');
    await fixture.pass(30 * MINUTE);
    world.owners.set('commerce C-2', BOB);
    world.aliases.set(ROB, BOB);
    world.tellIdentity({ eventType: 'CUSTOMERS_MERGED', customer360Id: BOB, otherCustomer360Id: ROB });
    await fixture.settle();
    expect(await instances()).toMatchObject([
      { status: 'WAITING', customer360_id: BOB },
      { status: 'FOLDED', customer360_id: BOB },
    ]);
    world.owners.set('commerce C-2', ROB);
    world.aliases.delete(ROB);
    world.tellIdentity({ eventType: 'CUSTOMERS_UNMERGED', customer360Id: BOB, otherCustomer360Id: ROB });
    await fixture.settle();
    expect(await instances()).toMatchObject([
      { status: 'WAITING', customer360_id: BOB },
      { status: 'WAITING', customer360_id: ROB },
    ]);
    await fixture.pass(HOUR);
    expect(fixture.sent).toHaveLength(2);
  });

  it('waits for a graph that does not answer, and goes on when it does', async () => {
    fixture.world.owners.set('commerce C-1', BOB);
    putCart('cart-1');
    await fixture.settle();
    fixture.world.isUp = false;
    await fixture.pass(30 * MINUTE);
    expect(await triggers()).toHaveLength(0);
    fixture.world.isUp = true;
    await fixture.pass(5_000);
    expect(await triggers()).toHaveLength(1);
  });

  describe('people who have not ordered for long', () => {
    const winBack = (lapsedAfter: string, changes: object = {}) => ({
      ...CART_JOURNEY,
      id: 'win-back',
      entry: { kind: 'CUSTOMER_LAPSED', lapsedAfter },
      reentry: 'AFTER_EXIT',
      ...changes,
    });
    const ordered = (orderNumber: string, customerNumber: string, daysAgo: number) =>
      fixture.world.orders.set(orderNumber, { customerNumber, orderedMs: fixture.clock.now() - daysAgo * DAY });
    const entered = async () => (await instances()).map(({ customer360_id }) => customer360_id);
    beforeEach(() => {
      for (const [index, id] of PEOPLE.entries()) fixture.world.owners.set(`commerce C-${index}`, id);
      // Pages are small: these fill four. The second customer has ordered again since.
      for (const [index, days] of [70, 59, 61.5, 10, 58, 57].entries()) ordered(`SO-${index}`, `C-${index}`, days);
      ordered('SO-9', 'C-1', 1);
    });

    it('are found from the orders that were there before, each when the time has come', async () => {
      await fixture.save(winBack('P60D'));
      await fixture.settle();
      // Two days late at most: the first one is past it.
      expect(await entered()).toEqual([PEOPLE[2]]);
      await fixture.pass(2 * DAY + MINUTE);
      await fixture.pass(DAY);
      expect((await entered()).sort()).toEqual([PEOPLE[2], PEOPLE[4], PEOPLE[5]]);
      await fixture.pass(60 * DAY);
      expect(await entered()).toHaveLength(3);
    });

    it('are found once, however often the journey is saved, and by a version that waits longer not again', async () => {
      for (const after of ['P60D', 'P60D', 'P61D']) {
        await fixture.save(winBack(after));
        await fixture.settle();
      }
      await fixture.pass(3 * DAY + MINUTE);
      await fixture.pass(DAY + MINUTE);
      expect((await entered()).sort()).toEqual([PEOPLE[2], PEOPLE[4], PEOPLE[5]]);
    });

    it('are gone through on, where a process had ended, and after events were lost', async () => {
      fixture.world.isUp = false;
      await fixture.save(winBack('P60D'));
      await fixture.settle();
      const task = () => fixture.rows("SELECT record_id FROM marketing.journey_task WHERE kind = 'SEED'");
      expect(await task()).toHaveLength(1);
      fixture.world.isUp = true;
      await fixture.pass(5_000);
      expect(await task()).toHaveLength(0);
      expect(await entered()).toEqual([PEOPLE[2]]);
      await fixture.engine.stop();
      fixture.world.lost.add('commerce');
      fixture.world.owners.set('commerce C-7', BOB);
      ordered('SO-10', 'C-7', 59.9);
      putCart('cart-1');
      fixture.clock.advance(4 * HOUR);
      const again = createJourneyEngine(enginePartsOf(fixture));
      await again.start();
      await again.caughtUp();
      await again.idle();
      await again.stop();
      expect((await entered()).sort()).toEqual([BOB, PEOPLE[2]]);
      expect(await triggers()).toMatchObject([{ kind: 'CART_ABANDONED' }, {}, {}]);
    });
  });

  it('keeps nothing of carts that were left long ago', async () => {
    putCart('cart-1');
    await fixture.pass(31 * MINUTE);
    putCart('cart-2');
    await fixture.pass(31 * MINUTE);
    const kept = async () => (await fixture.rows<{ object_id: string }>('SELECT * FROM marketing.journey_task')).length;
    expect(await kept()).toBe(2);
    fixture.clock.advance(31 * DAY);
    putCart('cart-3');
    await fixture.pass(31 * MINUTE);
    expect(await kept()).toBe(1);
    // An event of an earlier time that is told again finds out nothing new.
    fixture.world.tell('commerce', { eventType: 'ShoppingCartChanged', objectId: 'cart-1', sourceRecordId: 'C-1' });
    await fixture.pass(31 * MINUTE);
    expect(await triggers()).toHaveLength(3);
  });

  it('times a cart whose shop has set its clock back', async () => {
    await fixture.save({ ...CART_JOURNEY, entry: { kind: 'CART_ABANDONED', abandonAfter: 'PT5M' } });
    fixture.world.owners.set('commerce C-1', BOB);
    fixture.world.skewMs = 60 * MINUTE;
    putCart('cart-1');
    await fixture.pass(31 * MINUTE);
    fixture.world.skewMs = 0;
    putCart('cart-1', 'C-1', 'P-2');
    await fixture.pass(6 * MINUTE);
    expect(await instances()).toMatchObject([{ status: 'EXITED' }, { status: 'WAITING' }]);
  });

  it('times what was left before a draft that waits longer is begun', async () => {
    const draft = { ...CART_JOURNEY, entry: { kind: 'CART_ABANDONED', abandonAfter: 'PT2H' } };
    await fixture.save(draft, false);
    fixture.world.owners.set('commerce C-1', BOB);
    putCart('cart-1');
    await fixture.pass(HOUR);
    const resume = { journeyId: 'left-cart', action: 'RESUME', by: 'admin-1' } as const;
    await fixture.database.transaction((transaction) => controlJourney(transaction, resume, fixture.clock.now()));
    await fixture.pass(HOUR);
    expect(await instances()).toHaveLength(1);
  });

  it('a version that waits longer lets nobody in again with the same contents', async () => {
    for (const reentry of ['ANYTIME', 'AFTER_EXIT', 'PER_OBJECT']) {
      await fixture.save({ ...CART_JOURNEY, id: `left-${reentry.toLowerCase().replace('_', '-')}`, reentry });
    }
    fixture.world.owners.set('commerce C-1', BOB);
    putCart('cart-1');
    await fixture.pass(30 * MINUTE);
    await fixture.pass(HOUR);
    for (const reentry of ['ANYTIME', 'AFTER_EXIT', 'PER_OBJECT']) {
      const entry = { kind: 'CART_ABANDONED', abandonAfter: 'PT3H' };
      await fixture.save({ ...CART_JOURNEY, id: `left-${reentry.toLowerCase().replace('_', '-')}`, reentry, entry });
    }
    await fixture.pass(3 * HOUR);
    expect(await triggers()).toHaveLength(2);
    expect(await instances()).toHaveLength(3);
  });
});
