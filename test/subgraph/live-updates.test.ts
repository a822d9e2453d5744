import type { ExecutionResult } from 'graphql';
import { LOCAL_ADMINISTRATOR, type Principal } from '../../schema/principal.ts';
import { subscribeSubgraph } from '../../subgraphs/execute.ts';
import { type CloudFixture, codeOf, openCloud, valueAt } from './cloud-fixture.ts';
import { fillCommerce, NOW } from './commerce-rows.ts';
import { fillService } from './service-rows.ts';

type Stream = AsyncIterableIterator<ExecutionResult>;

const ada: Principal = {
  subject: 'ada',
  roles: ['app'],
  scopes: [],
  customer360Id: 'c360_01hzzzzzzzzzzzzzzzzzzzz000',
  records: { commerce: ['A1'], service: ['1001'] },
};

/** Reads the next results of a subscription as plain values of its field. */
async function take(stream: Stream, field: string, count: number): Promise<Record<string, unknown>[]> {
  const values: Record<string, unknown>[] = [];
  while (values.length < count) {
    const { value, done } = await stream.next();
    if (done) throw new Error('The subscription has ended.');
    if (value.errors) throw value.errors[0];
    values.push(JSON.parse(JSON.stringify(valueAt(value, `data.${field}`))));
  }
  return values;
}

function subscribe(cloud: CloudFixture, query: string, principal: Principal = LOCAL_ADMINISTRATOR): Stream {
  return subscribeSubgraph(cloud.subgraph, { query: `subscription { ${query} }`, principal }) as Stream;
}

/** The position now. */
async function now(cloud: CloudFixture, name: string): Promise<string> {
  const stream = subscribe(cloud, `${name}Events { cursor events { id } }`);
  const [batch] = await take(stream, `${name}Events`, 1);
  await stream.return?.();
  return String(batch?.['cursor']);
}

describe('commerce', () => {
  let cloud: CloudFixture;

  beforeAll(async () => {
    cloud = await openCloud('commerce', fillCommerce, NOW);
    await cloud.database.query(
      `INSERT INTO commerce.account (customer_no, account_kind, created_at, updated_at) VALUES ('L1', 'guest', now(), now())`,
    );
  });
  beforeEach(async () => {
    await cloud.reset();
    await cloud.database.script(`
      DELETE FROM commerce.cart;
      INSERT INTO commerce.cart (cart_id, customer_no, state, currency, created_at, touched_at) VALUES
        ('L-A', 'A1', 'open', 'EUR', now(), now()), ('L-B', 'A2', 'open', 'EUR', now(), now()), ('L-V', NULL, 'open', 'EUR', now(), now())`);
  });
  afterAll(() => cloud.close());

  const touch = (cart: string, total = 1) =>
    cloud.database.query(
      'UPDATE commerce.cart SET total_cents = total_cents + $2, touched_at = now() WHERE cart_id = $1',
      [cart, total],
    );

  describe('events', () => {
    const FIELDS =
      'cursor events { id cursor dataSourceId eventType objectType objectId sourceRecordId change changedFields occurredAt }';

    it('come in order from any position, with whose they are and what changed, and say when all is told', async () => {
      const since = await now(cloud, 'commerce');
      await cloud.database.transaction(async (transaction) => {
        await transaction.query(
          `INSERT INTO commerce.cart_line (line_id, cart_id, position, product_id, quantity, unit_cents, line_cents, currency)
           VALUES ('L-1', 'L-A', 1, 'p', 1, 100, 100, 'EUR')`,
        );
        await transaction.query(
          `UPDATE commerce.cart SET total_cents = 100, state = 'abandoned' WHERE cart_id = 'L-A'`,
        );
      });
      await cloud.database.query(
        `UPDATE commerce.account SET given_name = 'Adele', phone = '1' WHERE customer_no = 'A1'`,
      );
      await cloud.database.query(`DELETE FROM commerce.cart WHERE cart_id = 'L-V'`);
      const stream = subscribe(cloud, `commerceEvents(since: "${since}") { ${FIELDS} }`);
      const [batch, marker] = await take(stream, 'commerceEvents', 2);
      await stream.return?.();
      const events = batch?.['events'] as Record<string, unknown>[];
      expect(events).toMatchObject([
        {
          dataSourceId: 'commerce',
          eventType: 'ShoppingCartChanged',
          objectType: 'ShoppingCart',
          objectId: 'L-A',
          sourceRecordId: 'A1',
          change: 'UPDATED',
          changedFields: ['shoppingCartProducts', 'status', 'totalProductAmount'],
        },
        {
          eventType: 'SourceRecordChanged',
          objectType: 'SourceProfile',
          objectId: 'A1',
          sourceRecordId: 'A1',
          changedFields: ['firstName', 'contactPointPhones'],
        },
        { objectId: 'L-V', change: 'DELETED', changedFields: [], sourceRecordId: null },
      ]);
      expect(marker).toEqual({ cursor: batch?.['cursor'], events: [] });

      const again = subscribe(cloud, `commerceEvents(since: "${events[0]?.['cursor']}") { ${FIELDS} }`);
      const [rest] = await take(again, 'commerceEvents', 1);
      await again.return?.();
      expect(rest?.['events']).toEqual(events.slice(1));
    });

    it('are those of the types that are asked for', async () => {
      const since = await now(cloud, 'commerce');
      await touch('L-A');
      await cloud.database.query(`UPDATE commerce.account SET given_name = 'Ada II' WHERE customer_no = 'A1'`);
      const stream = subscribe(
        cloud,
        `commerceEvents(since: "${since}", types: ["SourceRecordChanged"]) { events { objectId } }`,
      );
      const [batch, marker] = await take(stream, 'commerceEvents', 2);
      await stream.return?.();
      expect(batch).toEqual({ events: [{ objectId: 'A1' }] });
      expect(marker).toEqual({ events: [] });
    });

    it('refuse a position that this log never had', async () => {
      for (const since of ['nonsense', '999999999']) {
        const { value } = await subscribe(cloud, `commerceEvents(since: "${since}") { cursor }`).next();
        expect(codeOf(value)).toBe('MALFORMED_ID');
      }
    });

    it('are read once for all who follow, also for a crowd', async () => {
      const since = await now(cloud, 'commerce');
      const streams = Array.from({ length: 200 }, (_unused, index) =>
        subscribe(cloud, `cartUpdated(since: "${since}", id: "${index < 2 ? 'L-A' : `none-${index}`}") { cartId }`),
      );
      const events = subscribe(cloud, 'commerceEvents { events { objectId } }');
      await take(events, 'commerceEvents', 1);
      const first = streams.map((stream) => stream.next());
      const sent: string[] = [];
      while (sent.length < streams.length) {
        await cloud.database.query('SELECT 1');
        sent.push(...cloud.statements().filter((text) => text.includes('outbox_floor')));
      }
      await touch('L-A');
      await Promise.all(first.slice(0, 2));
      cloud.statements();
      await touch('L-A');
      expect(await take(streams[0] as Stream, 'cartUpdated', 1)).toEqual([{ cartId: 'L-A' }]);
      expect(cloud.statements().filter((text) => text.includes('outbox')).length).toBeLessThan(10);
      await Promise.all([events, ...streams].map((stream) => stream.return?.()));
      await Promise.all(first);
    });
  });

  describe('cartUpdated', () => {
    const FIELDS =
      'cursor id change changedFields occurredAt cartId shoppingCart { totalProductAmount { amount } shoppingCartProducts { id } }';

    it('gives who sleeps what it missed, in order, without gap or repeat, and reads the carts of it together', async () => {
      const since = await now(cloud, 'commerce');
      const stream = subscribe(cloud, `cartUpdated(since: "${since}") { ${FIELDS} }`);
      const first = take(stream, 'cartUpdated', 1);
      await touch('L-A');
      const [before] = await first;
      expect(before).toMatchObject({
        cartId: 'L-A',
        change: 'UPDATED',
        shoppingCart: { totalProductAmount: { amount: '0.01' } },
      });
      await stream.return?.();
      for (let times = 0; times < 20; times += 1) await touch(times % 2 === 0 ? 'L-A' : 'L-B');
      cloud.statements();
      const again = subscribe(cloud, `cartUpdated(since: "${before?.['cursor']}") { ${FIELDS} }`);
      const missed = await take(again, 'cartUpdated', 20);
      const waiting = take(again, 'cartUpdated', 1);
      expect(missed.map(({ cartId }) => cartId)).toEqual(
        Array.from({ length: 20 }, (_unused, n) => (n % 2 ? 'L-B' : 'L-A')),
      );
      expect(new Set(missed.map(({ id }) => id)).size).toBe(20);
      expect(missed.at(-1)).toMatchObject({
        shoppingCart: { totalProductAmount: { amount: '0.10' } },
        changedFields: ['totalProductAmount', 'lastActivityDate'],
      });
      expect(cloud.statements().filter((text) => /FROM "?commerce"?\."?cart"?/.test(text)).length).toBe(1);
      await touch('L-B');
      expect(await waiting).toMatchObject([
        { cartId: 'L-B', shoppingCart: { totalProductAmount: { amount: '0.11' } } },
      ]);
      await again.return?.();
    });

    it('tells of one cart, of one customer, and of what is gone', async () => {
      const since = await now(cloud, 'commerce');
      await touch('L-A');
      await touch('L-B');
      await cloud.database.query(`DELETE FROM commerce.cart WHERE cart_id = 'L-B'`);
      const ofCart = subscribe(
        cloud,
        `cartUpdated(since: "${since}", id: "L-B") { change cartId shoppingCart { id } }`,
      );
      expect(await take(ofCart, 'cartUpdated', 2)).toEqual([
        { change: 'UPDATED', cartId: 'L-B', shoppingCart: null },
        { change: 'DELETED', cartId: 'L-B', shoppingCart: null },
      ]);
      const ofCustomer = subscribe(cloud, `cartUpdated(since: "${since}", customerNumber: "A1") { cartId }`);
      expect(await take(ofCustomer, 'cartUpdated', 1)).toEqual([{ cartId: 'L-A' }]);
      await Promise.all([ofCart.return?.(), ofCustomer.return?.()]);
    });

    it('tells a customer of their own carts only', async () => {
      const since = await now(cloud, 'commerce');
      await touch('L-B');
      await touch('L-V');
      await touch('L-A');
      const stream = subscribe(cloud, `cartUpdated(since: "${since}") { cartId shoppingCart { id } }`, ada);
      const theirs = subscribe(cloud, `cartUpdated(since: "${since}", customerNumber: "A2") { cartId }`, ada);
      expect(await take(stream, 'cartUpdated', 1)).toEqual([{ cartId: 'L-A', shoppingCart: { id: 'L-A' } }]);
      const nothing = theirs.next();
      await theirs.return?.();
      expect(await nothing).toEqual({ done: true, value: undefined });
      await stream.return?.();
    });

    it('ends at once', async () => {
      const stream = subscribe(cloud, 'cartUpdated { cartId }');
      const waiting = stream.next();
      await stream.return?.();
      expect(await waiting).toEqual({ done: true, value: undefined });
    });
  });
});

describe('service', () => {
  let cloud: CloudFixture;

  beforeAll(async () => {
    cloud = await openCloud('service', fillService, NOW);
  });
  beforeEach(async () => {
    await cloud.reset();
    await cloud.database.script(`
      DELETE FROM service.ticket;
      INSERT INTO service.ticket (ticket_id, ticket_no, contact_id, topic, state, urgency, channel, opened) VALUES
        ('L-1', 'N1', '1001', 'x', 1, 1, 'web', now()), ('L-2', 'N2', '1002', 'y', 1, 3, 'web', now())`);
  });
  afterAll(() => cloud.close());

  it('caseUpdated tells of the case and of what is said in it, a customer of their own', async () => {
    const since = await now(cloud, 'service');
    await cloud.database.query(
      `INSERT INTO service.ticket_note (note_id, ticket_id, body, visible, written) VALUES ('n', 'L-2', 'b', true, now()), ('m', 'L-1', 'b', true, now())`,
    );
    await cloud.database.query(`UPDATE service.ticket SET state = 4 WHERE ticket_id = 'L-1'`);
    const query = `caseUpdated(since: "${since}") { caseId change changedFields case { status caseUpdates { id } } }`;
    const all = subscribe(cloud, query);
    const own = subscribe(cloud, query, ada);
    const ofOwn = [
      {
        caseId: 'L-1',
        change: 'UPDATED',
        changedFields: ['caseUpdates'],
        case: { status: 'ESCALATED', caseUpdates: [{ id: 'm' }] },
      },
      {
        caseId: 'L-1',
        change: 'UPDATED',
        changedFields: ['status'],
        case: { status: 'ESCALATED', caseUpdates: [{ id: 'm' }] },
      },
    ];
    expect((await take(all, 'caseUpdated', 3)).map(({ caseId }) => caseId)).toEqual(['L-1', 'L-2', 'L-1']);
    expect(await take(own, 'caseUpdated', 2)).toEqual(ofOwn);
    await Promise.all([all.return?.(), own.return?.()]);
  });

  it('caseQueueUpdated tells where each changed case stands, whatever it was before', async () => {
    const since = await now(cloud, 'service');
    const stream = subscribe(
      cloud,
      `caseQueueUpdated(since: "${since}", filter: { priorities: [CRITICAL] }) { caseId queueChange case { priority } }`,
    );
    const first = take(stream, 'caseQueueUpdated', 1);
    await cloud.database.query(`UPDATE service.ticket SET topic = 'z' WHERE ticket_id = 'L-1'`);
    expect(await first).toEqual([{ caseId: 'L-1', queueChange: 'PRESENT', case: { priority: 'CRITICAL' } }]);
    const next = take(stream, 'caseQueueUpdated', 1);
    await cloud.database.query(`UPDATE service.ticket SET urgency = 1 WHERE ticket_id = 'L-2'`);
    expect(await next).toEqual([{ caseId: 'L-2', queueChange: 'PRESENT', case: { priority: 'CRITICAL' } }]);
    const closed = take(stream, 'caseQueueUpdated', 1);
    await cloud.database.query(`UPDATE service.ticket SET state = 9, closed = now() WHERE ticket_id = 'L-1'`);
    expect(await closed).toEqual([{ caseId: 'L-1', queueChange: 'ABSENT', case: { priority: 'CRITICAL' } }]);
    const gone = take(stream, 'caseQueueUpdated', 1);
    await cloud.database.query(`DELETE FROM service.ticket WHERE ticket_id = 'L-2'`);
    expect(await gone).toEqual([{ caseId: 'L-2', queueChange: 'ABSENT', case: null }]);
    await stream.return?.();
  });
});
