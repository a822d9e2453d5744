import { controlJourney } from '../../subgraphs/marketing/journeys/store/journeys.ts';
import { availableEngines } from '../support/databases.ts';
import { type EngineFixture, openEngine, sendingSteps } from '../support/journey-engine.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BOB = 'c360_01hzzzzzzzzzzzzzzzzzzzzb0b';
const ROB = 'c360_01hzzzzzzzzzzzzzzzzzzzzr0b';

const MAIL = {
  kind: 'MESSAGE',
  channel: 'EMAIL',
  purpose: 'MARKETING',
  template: { subject: 's', mjml: 'm', text: 't' },
};
const WAITS = {
  'a time': { kind: 'WAIT', for: 'PT5H' },
  'an event': { kind: 'WAIT_FOR_EVENT', eventType: 'EmailEngagementChanged', atMost: 'PT5H' },
  'a time of day': { kind: 'WAIT_FOR_TIME', time: '15:00' },
} as const;
const journey = (changes: object = {}) => ({
  id: 'left-cart',
  name: 'Left cart',
  entry: { kind: 'CART_ABANDONED' },
  exits: [{ on: 'ORDER_PLACED' }, { on: 'CART_EMPTIED' }, { on: 'CART_CHANGED' }],
  steps: [
    { id: 'wait', ...WAITS['a time'] },
    { id: 'mail', ...MAIL },
  ],
  ...changes,
});

describe.each(availableEngines())(
  'people in journeys who are found to be one, and apart again, on %s',
  (engineName) => {
    let fixture: EngineFixture;
    beforeAll(async () => {
      fixture = await openEngine({}, engineName);
    }, 60_000);
    afterAll(() => fixture.close());
    beforeEach(() => begin());
    afterEach(() => expect(fixture.world.faults).toEqual([]));

    const begin = async (changes: Parameters<EngineFixture['reset']>[0] = {}) => {
      await fixture.reset(changes);
      fixture.world.owners.set('commerce C-1', BOB).set('commerce C-2', ROB);
    };
    const putCart = (id: string, changes: Partial<Parameters<typeof fixture.world.carts.set>[1]> = {}) => {
      const { world, clock } = fixture;
      const cart = {
        id,
        customerNumber: 'C-1',
        status: 'ACTIVE' as const,
        lines: [{ productId: 'P-1', quantity: 1 }],
        lastActivityMs: clock.now(),
        ...changes,
      };
      world.carts.set(id, cart);
      world.tell('commerce', { eventType: 'ShoppingCartChanged', objectId: id, sourceRecordId: cart.customerNumber });
    };
    const tell = (eventType: string) =>
      fixture.world.tellIdentity({ eventType, customer360Id: BOB, otherCustomer360Id: ROB });
    const merge = (records = ['commerce C-2']) => {
      for (const record of records) fixture.world.owners.set(record, BOB);
      fixture.world.aliases.set(ROB, BOB);
      tell('CUSTOMERS_MERGED');
      return fixture.settle();
    };
    const unmerge = (records = ['commerce C-2']) => {
      for (const record of records) fixture.world.owners.set(record, ROB);
      fixture.world.aliases.delete(ROB);
      tell('CUSTOMERS_UNMERGED');
      return fixture.settle();
    };
    const instances = () =>
      fixture.rows<{ object_id: string; status: string; customer360_id: string; end_reason: string | null }>(
        'SELECT * FROM marketing.journey_instance ORDER BY entered_on, object_id',
      );
    const owners = async () => (await instances()).map(({ customer360_id, status }) => [customer360_id, status]);

    it.each(Object.keys(WAITS) as (keyof typeof WAITS)[])(
      'each of their carts is a matter of its own, while waiting for %s',
      async (awaited) => {
        await fixture.save(
          journey({
            steps: [
              { id: 'wait', ...WAITS[awaited] },
              { id: 'mail', ...MAIL },
            ],
          }),
        );
        putCart('cart-1');
        putCart('cart-2', { customerNumber: 'C-2' });
        putCart('cart-3');
        await fixture.pass(30 * MINUTE);
        await merge();
        expect(await owners()).toEqual([BOB, BOB, BOB].map((id) => [id, 'WAITING']));
        await unmerge();
        expect(await owners()).toEqual([BOB, ROB, BOB].map((id) => [id, 'WAITING']));
        await fixture.pass(DAY);
        expect(fixture.sent.map((key) => key.split(':')[2]).sort()).toEqual(['cart-1', 'cart-2', 'cart-3']);
      },
    );

    it.each(Object.keys(WAITS) as (keyof typeof WAITS)[])(
      'one of those who may be in it once at a time waits for %s with the other, and by itself again',
      async (awaited) => {
        const steps = [
          { id: 'wait', ...WAITS[awaited] },
          { id: 'mail', ...MAIL },
        ];
        await fixture.save(journey({ reentry: 'AFTER_EXIT', steps }));
        putCart('cart-1');
        putCart('cart-2', { customerNumber: 'C-2' });
        await fixture.pass(30 * MINUTE);
        await merge();
        expect(await owners()).toEqual([
          [BOB, 'WAITING'],
          [BOB, 'FOLDED'],
        ]);
        await fixture.pass(DAY);
        expect(fixture.sent).toHaveLength(1);
        await unmerge();
        expect(fixture.sent).toHaveLength(2);
        expect(await owners()).toEqual([
          [BOB, 'COMPLETED'],
          [ROB, 'COMPLETED'],
        ]);
      },
    );

    it('who is set free of a journey that was stopped meanwhile does not go on with it', async () => {
      await fixture.save(journey({ reentry: 'AFTER_EXIT' }));
      putCart('cart-1');
      putCart('cart-2', { customerNumber: 'C-2' });
      await fixture.pass(30 * MINUTE);
      await merge();
      const stop = { journeyId: 'left-cart', action: 'STOP', by: 'admin-1' } as const;
      await fixture.database.transaction((transaction) => controlJourney(transaction, stop, fixture.clock.now()));
      await unmerge();
      expect(await owners()).toEqual([
        [BOB, 'EJECTED'],
        [ROB, 'EJECTED'],
      ]);
      await fixture.save(journey({ reentry: 'AFTER_EXIT' }));
      await fixture.pass(DAY);
      expect(fixture.sent).toEqual([]);
    });

    it('who never was in a journey that one is in once may enter after coming apart from who was', async () => {
      await fixture.save(journey({ reentry: 'NONE' }));
      putCart('cart-2', { customerNumber: 'C-2' });
      await fixture.pass(DAY);
      await merge();
      putCart('cart-1');
      await fixture.pass(DAY);
      expect(await owners()).toEqual([[BOB, 'COMPLETED']]);
      await unmerge();
      putCart('cart-3');
      putCart('cart-4', { customerNumber: 'C-2' });
      await fixture.pass(DAY);
      await fixture.pass(DAY);
      expect(await owners()).toEqual([
        [ROB, 'COMPLETED'],
        [BOB, 'COMPLETED'],
      ]);
    });

    it('what was begun by a visitor’s cart is the person’s whose address it has', async () => {
      fixture.world.owners.set('email bob@example.org', BOB).set('email rob@example.org', ROB);
      await fixture.save(journey());
      putCart('cart-1', { customerNumber: null, contactEmailAddress: 'rob@example.org' });
      await fixture.pass(30 * MINUTE);
      await merge(['email rob@example.org']);
      expect(await owners()).toEqual([[BOB, 'WAITING']]);
      await unmerge(['email rob@example.org']);
      expect(await owners()).toEqual([[ROB, 'WAITING']]);
    });

    it('triggers go with their records, also those that nobody entered by', async () => {
      putCart('cart-1');
      putCart('cart-2', { customerNumber: 'C-2' });
      await fixture.pass(30 * MINUTE);
      const known = async () =>
        (
          await fixture.rows<{ customer360_id: string }>('SELECT * FROM marketing.journey_trigger ORDER BY object_id')
        ).map(({ customer360_id }) => customer360_id);
      await merge();
      expect(await known()).toEqual([BOB, BOB]);
      await unmerge();
      expect(await known()).toEqual([BOB, ROB]);
    });

    it('who is written to when the records move is asked for anew', async () => {
      const asked: string[] = [];
      let reached = (): void => {};
      let goOn = (): void => {};
      const isAsking = new Promise<void>((resolve) => (reached = resolve));
      const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
      const messages = sendingSteps(fixture.database, fixture.sent);
      await begin({
        messages: {
          async run(request) {
            asked.push(request.instance.customer360Id);
            reached();
            if (asked.length === 1) await mayGoOn;
            return messages.run(request);
          },
        },
      });
      await fixture.save(journey({ steps: [{ id: 'mail', ...MAIL }] }));
      fixture.world.owners.set('commerce C-2', BOB);
      putCart('cart-2', { customerNumber: 'C-2' });
      const passed = fixture.pass(30 * MINUTE);
      await isAsking;
      fixture.world.owners.set('commerce C-2', ROB);
      tell('CUSTOMERS_UNMERGED');
      const isRobs = `SELECT FROM marketing.journey_instance WHERE customer360_id = '${ROB}'`;
      while ((await fixture.rows(isRobs)).length === 0) await new Promise((resolve) => setImmediate(resolve));
      goOn();
      await passed;
      await fixture.settle();
      expect(asked).toEqual([BOB, ROB]);
      expect(await owners()).toEqual([[ROB, 'COMPLETED']]);
    });

    it('who was merged and then erased leaves, in whatever order that is looked at', async () => {
      await fixture.save(journey());
      putCart('cart-2', { customerNumber: 'C-2' });
      await fixture.pass(30 * MINUTE);
      fixture.world.owners.delete('commerce C-2');
      for (const id of [BOB, ROB]) fixture.world.erased.add(id);
      tell('CUSTOMERS_MERGED');
      fixture.world.tellIdentity({ eventType: 'CUSTOMER_ERASED', customer360Id: BOB });
      await fixture.settle();
      expect(await instances()).toMatchObject([{ status: 'EXITED', end_reason: 'ERASED' }]);
      await fixture.pass(DAY);
      expect(fixture.sent).toEqual([]);
    });

    it('a cart that nobody was known of is somebody’s as soon as it has an account', async () => {
      await fixture.save(journey());
      putCart('cart-1', { customerNumber: null });
      await fixture.pass(HOUR);
      expect(await fixture.rows('SELECT FROM marketing.journey_trigger')).toEqual([]);
      putCart('cart-1', { customerNumber: null, contactEmailAddress: 'who@example.org' });
      await fixture.pass(HOUR);
      expect(await fixture.rows('SELECT FROM marketing.journey_trigger')).toHaveLength(1);
      expect(await instances()).toEqual([]);
      putCart('cart-1', { customerNumber: 'C-1' });
      await fixture.pass(HOUR);
      expect(await fixture.rows('SELECT FROM marketing.journey_trigger')).toHaveLength(1);
      expect(await owners()).toEqual([[BOB, 'WAITING']]);
    });

    it('a record that is linked between the reading and the trigger is not lost', async () => {
      const { world } = fixture;
      await begin({
        graph: {
          ...world.graph,
          async execute(request) {
            const { graph, owners, settled, tellIdentity } = fixture.world;
            const answer = await graph.execute(request);
            if (!request.query.includes('JourneyCarts') || owners.has('commerce C-9')) return answer;
            owners.set('commerce C-9', BOB);
            const record = { dataSourceId: 'commerce', sourceRecordId: 'C-9' };
            tellIdentity({ eventType: 'RECORD_LINKED', customer360Id: BOB, record });
            await settled();
            return answer;
          },
          subscribe: (request) => fixture.world.graph.subscribe(request),
        },
      });
      await fixture.save(journey());
      putCart('cart-9', { customerNumber: 'C-9' });
      await fixture.pass(30 * MINUTE);
      expect(await owners()).toEqual([[BOB, 'WAITING']]);
    });
  },
);
