import { graphByUrl } from '../../gateway/start/unified-graph.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { startWhole, until, type Whole } from '../support/whole.ts';

const MINUTE = 60_000;

const JOURNEY = {
  id: 'left-cart',
  name: 'Left cart',
  entry: {
    kind: 'CART_ABANDONED',
    where: { selection: 'customer360Id', all: [{ path: 'customer360Id', is: 'EXISTS' }] },
  },
  exits: [{ on: 'ORDER_PLACED' }, { on: 'CART_EMPTIED' }, { on: 'CART_CHANGED' }],
  holdoutPercent: 0,
  gates: { quietHours: { from: '00:00', to: '00:00' } },
  steps: [
    { id: 'wait', kind: 'WAIT', for: 'PT1H' },
    {
      id: 'mail',
      kind: 'MESSAGE',
      channel: 'EMAIL',
      purpose: 'MARKETING',
      template: {
        subject: 'Your cart',
        mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>Hello. <a href="{{ unsubscribeUrl }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>',
        text: 'Hello. Unsubscribe: {{ unsubscribeUrl }}',
      },
    },
  ],
};

describe('journeys over the whole graph', () => {
  const clock = createManualClock(Date.now());
  let whole: Whole;
  let keys = 0;
  beforeAll(async () => {
    whole = await startWhole({ people: 40, clock: clock.now });
    // A cart that is due at once is worked off at once, and its task is gone: what was taken is noted beside it.
    await (await whole.storeOf('marketing')).script(`
      CREATE TABLE marketing.taken_task (kind text, object_id text);
      CREATE FUNCTION marketing.note_taken() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO marketing.taken_task VALUES (NEW.kind, NEW.object_id); RETURN NULL; END $$;
      CREATE TRIGGER note_taken AFTER INSERT ON marketing.journey_task FOR EACH ROW EXECUTE FUNCTION marketing.note_taken();`);
  }, 120_000);
  afterAll(() => whole?.close());

  const ask = async (query: string, variables: Record<string, unknown> = {}) => {
    const { data, errors } = await whole.ask(query, variables);
    expect(errors).toBeUndefined();
    return data;
  };
  const key = () => `journeys-${++keys}`;
  const pass = async (ms: number) => {
    clock.advance(ms);
    whole.running.engine?.wake();
  };
  const addProduct = async (customerNumber: string) => {
    const { customers } = await ask(
      '{ customers(first: 1) { edges { node { salesOrders(first: 1) { edges { node { salesOrderProducts { productId } } } } } } } }',
    );
    expect(customers).toBeDefined();
    const store = await whole.storeOf('commerce');
    const [product] = await store.query<{ product_id: string }>(
      `SELECT product_id FROM commerce.product WHERE stock > 5 AND currency = 'EUR' ORDER BY product_id LIMIT 1`,
    );
    const { addShoppingCartProduct } = await ask(
      `mutation ($input: AddShoppingCartProductInput!) { addShoppingCartProduct(input: $input) { shoppingCart { id } } }`,
      { input: { idempotencyKey: key(), customerNumber, productId: product?.product_id } },
    );
    return addShoppingCartProduct.shoppingCart.id as string;
  };
  const triggered = async (cartId: string) => {
    const store = await whole.storeOf('marketing');
    return store.query('SELECT * FROM marketing.journey_trigger WHERE object_id = $1', [cartId]);
  };
  const taken = async (cartId: string) => {
    const store = await whole.storeOf('marketing');
    await until(async () => {
      const rows = await store.query(`SELECT FROM marketing.taken_task WHERE kind = 'CART' AND object_id = $1`, [
        cartId,
      ]);
      return rows.length > 0;
    });
  };

  it('saves a journey, refuses one with faults and tells all of them', async () => {
    const input = { idempotencyKey: key(), document: JSON.stringify(JOURNEY) };
    const mutation = `mutation ($input: SaveJourneyInput!) { saveJourney(input: $input) { journey { id version versions status } } }`;
    expect((await ask(mutation, { input })).saveJourney.journey).toEqual({
      id: 'left-cart',
      version: 1,
      versions: [1],
      status: 'ACTIVE',
    });
    expect((await ask(mutation, { input })).saveJourney.journey.version).toBe(1);
    const faulty = {
      ...JOURNEY,
      entry: { ...JOURNEY.entry, where: { selection: 'shoeSize', all: [{ path: 'shoeSize', is: 'EQUAL' }] } },
      steps: [
        {
          id: 'a',
          kind: 'BRANCH',
          when: { selection: 'firstName', all: [{ path: 'firstName', is: 'EXISTS' }] },
          otherwise: 'b',
        },
      ],
    };
    const { errors } = await whole.ask(mutation, {
      input: { idempotencyKey: key(), document: JSON.stringify(faulty) },
    });
    expect(errors?.[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(errors?.[0].message).toMatch(/\/steps\/0\/otherwise: There is no step `b`/);
    expect(errors?.[0].message).toMatch(/\/entry\/where\/selection: Cannot query field "shoeSize"/);
  });

  it.each([
    ['deep', `${'salesOrders { edges { node { customer { '.repeat(4)}firstName${' } } } }'.repeat(4)}`, /deep|levels/],
    ['aliased', Array.from({ length: 40 }, (_, index) => `a${index}: firstName`).join(' '), /aliases/],
  ])('refuses a question that the graph will never answer: %s', async (_what, selection, message) => {
    const where = { selection: `firstName ${selection}`, all: [{ path: 'firstName', is: 'EXISTS' }] };
    const document = JSON.stringify({ ...JOURNEY, id: 'hostile', entry: { ...JOURNEY.entry, where } });
    const { errors } = await whole.ask(
      `mutation ($input: SaveJourneyInput!) { saveJourney(input: $input) { journey { id } } }`,
      { input: { idempotencyKey: key(), document } },
    );
    expect(errors?.[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(errors?.[0].message).toMatch(/\/entry\/where\/selection: /);
    expect(errors?.[0].message).toMatch(message);
  });

  it('finds a cart abandoned, tells subscribers, and lets the person enter and go on', async () => {
    const { customerBy } = await ask(
      '{ customerBy(by: { emailAddress: "alice.martin@example.org" }) { customer360Id identityLinks { dataSourceId sourceRecordId } } }',
    );
    const account = customerBy.identityLinks.find((link: { dataSourceId: string }) => link.dataSourceId === 'commerce');
    const { journeyPosition } = await ask('{ journeyPosition }');
    const cartId = await addProduct(account.sourceRecordId);
    await taken(cartId);
    const events = whole.running.subscribe(
      {
        query:
          'subscription { journeyTriggered(kinds: [CART_ABANDONED]) { cursor kind objectId customer { customer360Id } journeyInstances { id status timeline { entryType } } shoppingCart { id status } } }',
      },
      { principal: LOCAL_ADMINISTRATOR, requestId: 'test' },
    );
    const next = events.next();
    await new Promise((resolve) => setImmediate(resolve));
    await pass(31 * MINUTE);
    await until(async () => (await triggered(cartId)).length === 1);
    const told = (await next).value?.data?.['journeyTriggered'] as Record<string, never>;
    await events.return?.();
    // Who was away from before the first event on misses nothing.
    const missed = whole.running.subscribe(
      {
        query: 'subscription ($since: Cursor) { journeyTriggered(since: $since) { cursor objectId } }',
        variables: { since: journeyPosition },
      },
      { principal: LOCAL_ADMINISTRATOR, requestId: 'test' },
    );
    const first = (await missed.next()).value?.data?.['journeyTriggered'];
    await missed.return?.();
    expect(first).toEqual({ cursor: told['cursor'], objectId: cartId });
    expect(told).toMatchObject({
      kind: 'CART_ABANDONED',
      objectId: cartId,
      customer: { customer360Id: customerBy.customer360Id },
      shoppingCart: { id: cartId },
      journeyInstances: [{ status: 'WAITING', timeline: [{ entryType: 'ENTERED' }, { entryType: 'WAITED' }] }],
    });
    const { customer } = await ask(
      'query ($id: Customer360Id!) { customer(customer360Id: $id) { journeyInstances { edges { node { id status currentStep journey { name } journeyTrigger { kind } } } } } }',
      { id: customerBy.customer360Id },
    );
    expect(customer.journeyInstances.edges).toMatchObject([
      {
        node: {
          status: 'WAITING',
          currentStep: 'wait',
          journey: { name: 'Left cart' },
          journeyTrigger: { kind: 'CART_ABANDONED' },
        },
      },
    ]);
    await pass(61 * MINUTE);
    const store = await whole.storeOf('marketing');
    await until(async () => {
      const rows = await store.query(
        `SELECT FROM marketing.journey_instance WHERE object_id = $1 AND status = 'COMPLETED'`,
        [cartId],
      );
      return rows.length === 1;
    });
  });

  it('reads the journeys of a page of customers with as many statements as of one', async () => {
    const query = (first: number) =>
      `{ customers(first: ${first}) { edges { node { journeyInstances { edges { node { status journey { name versions } timeline { message } journeyTrigger { kind } } } } } } } }`;
    const one = await whole.askCounting(query(1));
    const many = await whole.askCounting(query(30));
    expect(many.answer.errors).toBeUndefined();
    const journeys = (statements: readonly string[]) =>
      statements.filter((text) => text.includes('marketing.journey')).length;
    expect(journeys(many.statements)).toBeLessThanOrEqual(journeys(one.statements) + 4);
  });

  it('times whoever had ordered before there was a journey for them, from the live orders', async () => {
    const entry = { kind: 'CUSTOMER_LAPSED', lapsedAfter: 'P180D' };
    const document = JSON.stringify({ ...JOURNEY, id: 'win-back', name: 'Win back', reentry: 'AFTER_EXIT', entry });
    await ask(`mutation ($input: SaveJourneyInput!) { saveJourney(input: $input) { journey { id } } }`, {
      input: { idempotencyKey: key(), document },
    });
    const marketing = await whole.storeOf('marketing');
    await until(
      async () => (await marketing.query("SELECT FROM marketing.journey_task WHERE kind = 'SEED'")).length === 0,
    );
    const timed = await marketing.query<{ id: string }>(
      "SELECT object_id AS id FROM marketing.journey_task WHERE kind = 'LAPSE' AND wake_on > $1",
      [new Date(clock.now())],
    );
    const commerce = await whole.storeOf('commerce');
    const ordered = await commerce.query<{ id: string }>(
      'SELECT customer_no AS id FROM commerce.sales_order WHERE ordered_at < $1 GROUP BY 1 HAVING max(ordered_at) > $2',
      [new Date(clock.now()), new Date(clock.now() - 170 * 24 * 60 * MINUTE)],
    );
    expect(ordered.length).toBeGreaterThan(10);
    expect(timed.map(({ id }) => id)).toEqual(expect.arrayContaining(ordered.map(({ id }) => id)));
    await ask('mutation ($input: ControlJourneyInput!) { controlJourney(input: $input) { journey { id } } }', {
      input: { idempotencyKey: key(), journeyId: 'win-back', action: 'STOP' },
    });
  });

  it('shows in the metrics that all logs are followed, and that nothing was lost', async () => {
    const text = await (await fetch(`${whole.running.origin}/metrics`)).text();
    for (const log of ['commerce', 'service', 'marketing', 'identity']) {
      expect(text).toContain(`c360_journey_events_followed{log="${log}"} 1`);
      expect(text).toContain(`c360_journey_events_lost{log="${log}"} 0`);
    }
  });

  it('shows events that were set aside, and tries them again', async () => {
    const store = await whole.storeOf('marketing');
    const eventId = '00000000-0000-4000-8000-000000000001';
    await store.query(
      `INSERT INTO marketing.journey_task (kind, object_id, source, event_id, event_type, event_on, tries, error, set_aside_on)
       VALUES ('CASE', 'no-such-case', 'service', $1, 'CaseChanged', now(), 5, 'TypeError', now())`,
      [eventId],
    );
    const { poisonEvents } = await ask(
      '{ poisonEvents { edges { node { id consumer eventType objectId tries error } } } }',
    );
    expect(poisonEvents.edges).toEqual([
      {
        node: {
          id: eventId,
          consumer: 'journeys:case',
          eventType: 'CaseChanged',
          objectId: 'no-such-case',
          tries: 5,
          error: 'TypeError',
        },
      },
    ]);
    const { replayPoisonEvents } = await ask(
      'mutation ($input: ReplayPoisonEventsInput!) { replayPoisonEvents(input: $input) { replayedIds poisonEvents { id } } }',
      { input: { idempotencyKey: key(), ids: [eventId] } },
    );
    expect(replayPoisonEvents).toEqual({ replayedIds: [eventId], poisonEvents: [] });
    await until(async () => {
      const rows = await store.query(`SELECT FROM marketing.journey_task WHERE object_id = 'no-such-case'`);
      return rows.length === 0;
    });
  });

  it('sets an event of a cloud aside that can not be taken, lets the others pass, and takes it by mutation', async () => {
    const marketing = await whole.storeOf('marketing');
    const commerce = await whole.storeOf('commerce');
    await marketing.script(`
      CREATE FUNCTION marketing.refuse_cart() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'Not this one: alice@example.org'; END $$;
      CREATE TRIGGER refuse_cart BEFORE INSERT OR UPDATE ON marketing.journey_task
        FOR EACH ROW WHEN (NEW.object_id = 'cart-poison') EXECUTE FUNCTION marketing.refuse_cart();`);
    const putCart = (cartId: string) =>
      commerce.query(
        `INSERT INTO commerce.cart (cart_id, customer_no, state, currency, created_at, touched_at)
         VALUES ($1, 'C-poison', 'open', 'EUR', now(), now())`,
        [cartId],
      );
    try {
      await putCart('cart-poison');
      await putCart('cart-behind');
      await taken('cart-behind');
      const aside = async () => {
        const { poisonEvents } = await ask('{ poisonEvents { edges { node { id consumer objectId tries error } } } }');
        // biome-ignore lint/suspicious/noExplicitAny: a test reads the parts that it has asked for
        return poisonEvents.edges.map(({ node }: any) => node).find((node: any) => node.objectId === 'cart-poison');
      };
      await until(async () => (await aside()) !== undefined);
      const poison = await aside();
      expect(poison).toMatchObject({ consumer: 'journeys:commerce', tries: 5 });
      expect(poison.error).not.toBe('');
      expect(poison.error).not.toContain('alice');
      const replay = async () => {
        const { replayPoisonEvents } = await ask(
          'mutation ($input: ReplayPoisonEventsInput!) { replayPoisonEvents(input: $input) { replayedIds poisonEvents { id } } }',
          { input: { idempotencyKey: key(), ids: [poison.id] } },
        );
        return replayPoisonEvents;
      };
      expect(await replay()).toEqual({ replayedIds: [], poisonEvents: [{ id: poison.id }] });
      await marketing.script('DROP TRIGGER refuse_cart ON marketing.journey_task');
      expect(await replay()).toEqual({ replayedIds: [poison.id], poisonEvents: [] });
      await taken('cart-poison');
    } finally {
      await marketing.script('DROP FUNCTION marketing.refuse_cart CASCADE');
    }
  });

  it('is asked and followed by URL as in process', async () => {
    const graph = graphByUrl(`${whole.running.origin}/graphql`, undefined);
    const { data, errors } = await graph.execute({ query: '{ journeys(statuses: [ACTIVE]) { id status } }' });
    expect({ data, errors }).toEqual({
      data: { journeys: [{ id: 'left-cart', status: 'ACTIVE' }] },
      errors: undefined,
    });
    const ending = new AbortController();
    const query = 'subscription ($since: Cursor) { marketingEvents(since: $since) { cursor events { eventType } } }';
    const events = graph.subscribe({ query, variables: { since: '0' }, signal: ending.signal })[Symbol.asyncIterator]();
    const first = await events.next();
    expect(first.value.data.marketingEvents.events.length).toBeGreaterThan(0);
    ending.abort();
    await events.return?.().catch(() => {});
  });

  it('takes out and pauses by mutation, once for each key', async () => {
    const input = { idempotencyKey: key(), journeyId: 'left-cart', action: 'PAUSE' };
    const mutation = 'mutation ($input: ControlJourneyInput!) { controlJourney(input: $input) { journey { status } } }';
    expect((await ask(mutation, { input })).controlJourney.journey.status).toBe('PAUSED');
    await ask(mutation, { input: { ...input, idempotencyKey: key(), action: 'RESUME' } });
    expect((await ask(mutation, { input })).controlJourney.journey.status).toBe('ACTIVE');
  });
});
