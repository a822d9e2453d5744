import type { UnifiedGraph, UnifiedGraphRequest } from '../../schema/unified-graph.ts';
import { cartRevision } from '../../subgraphs/marketing/journeys/cart-revision.ts';
import { discountKeyOf, type GateDecision, idempotencyKeyOf } from '../../subgraphs/marketing/journeys/contract.ts';
import { createGate } from '../../subgraphs/marketing/journeys/gate/create-gate.ts';
import { readDecisions, writeDecision } from '../../subgraphs/marketing/journeys/gate/decision-store.ts';
import { isHeldOut } from '../../subgraphs/marketing/journeys/gate/holdout.ts';
import { createLiveConditions } from '../../subgraphs/marketing/journeys/gate/live-conditions.ts';
import { messageKeyOf } from '../../subgraphs/marketing/journeys/sending/message-store.ts';
import { PROTAGONISTS } from '../../subgraphs/sample-data/protagonists.ts';
import { Random } from '../../subgraphs/sample-data/random.ts';
import { CART_JOURNEY, DISCOUNT_STEP, gateRequest } from '../support/gate-requests.ts';
import { startWhole, type Whole } from '../support/whole.ts';

const { alice, bob, carol, dan } = PROTAGONISTS;
const LINES = [
  { productId: 'out-002', quantity: 1 },
  { productId: 'kit-005', quantity: 1 },
];
let whole: Whole;
let graph: UnifiedGraph;
const ids: Record<string, string> = {};

beforeAll(async () => {
  whole = await startWhole({ people: 5 });
  graph = overWhole(async ({ query, variables = {} }) => whole.ask(query, { ...variables }));
  for (const { firstName, email } of [alice, bob, carol, dan]) {
    const asked = 'query ($by: CustomerByInput!) { customerBy(by: $by) { customer360Id } }';
    ids[firstName] = (await whole.ask(asked, { by: { emailAddress: email } })).data.customerBy.customer360Id;
  }
}, 120_000);
afterAll(() => whole.close());

function overWhole(execute: (request: UnifiedGraphRequest) => Promise<object>): UnifiedGraph {
  return {
    execute,
    subscribe: () => {
      throw new Error('Nothing is followed here.');
    },
  };
}

const idOf = (person: { readonly firstName: string }): string => ids[person.firstName] ?? '';

function askFor(
  person: { readonly firstName: string; readonly abandonedCart: string },
  changed: Parameters<typeof gateRequest>[1] = {},
  through = graph,
): Promise<GateDecision> {
  const gate = createGate({ graph: through, defaultZone: 'Etc/UTC' });
  return gate.ask(gateRequest({ customer360Id: idOf(person), objectId: person.abandonedCart }, changed));
}

const decisive = ({ reasons, decidedBy }: GateDecision): object => {
  const reason = reasons.find(({ gate }) => gate === decidedBy);
  return { decidedBy, outcome: reason?.outcome, evidence: reason?.evidence?.objectId };
};

let keys = 0;
async function change(mutation: string, input: Record<string, unknown>): Promise<Record<string, never>> {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
  const { data, errors } = await whole.ask(
    `mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`,
    {
      input: { idempotencyKey: `gate-${++keys}`, ...input },
    },
  );
  expect(errors).toBeUndefined();
  return data;
}

describe('Bob, Carol and Dan', () => {
  it('Bob is written to, with his cart and his name, at the address that he agreed to', async () => {
    const decision = await askFor(bob);
    expect(decision).toMatchObject({
      verdict: 'SEND',
      recipient: { subscriberKey: bob.subscriber, emailAddress: bob.email },
      discountFor: { customerNumber: bob.account, cartId: bob.abandonedCart },
      model: {
        customer: { firstName: 'Robert' },
        cart: { totalAmount: '87.80', products: LINES.map((line) => expect.objectContaining(line)) },
      },
    });
    expect(decision.reasons.map(({ outcome }) => outcome)).toEqual(Array(12).fill('PASSED'));
  });

  it('Carol is not: she has opted out, and the reason names the consent', async () => {
    expect(decisive(await askFor(carol))).toEqual({
      decidedBy: 'CONSENT',
      outcome: 'SKIPPED',
      evidence: `con_${carol.subscriber.slice(4)}_E_promo`,
    });
  });

  it('Dan is held out of a journey whose lot has fallen on him', async () => {
    const journeys = Array.from({ length: 200 }, (_, index) => `abandoned-cart-${index}`);
    const journeyId = journeys.find((id) => isHeldOut(id, idOf(dan), 10)) ?? '';
    const definition = { ...CART_JOURNEY, holdoutPercent: 10 };
    const gate = createGate({ graph, defaultZone: 'Etc/UTC' });
    const instance = { customer360Id: idOf(dan), objectId: dan.abandonedCart, journeyId };
    const decision = await gate.ask(gateRequest(instance, { definition }));
    expect(decisive(decision)).toMatchObject({ decidedBy: 'NOT_HELD_OUT', evidence: idOf(dan) });
    expect(decision.isHeldOut).toBe(true);
    expect(await askFor(dan)).toMatchObject({ verdict: 'SEND', isHeldOut: false });
  });

  it('the night is where Bob lives: in Chicago', async () => {
    const definition = {
      ...CART_JOURNEY,
      gates: { ...CART_JOURNEY.gates, quietHours: { from: '21:00', to: '08:00' } },
    };
    const nowMs = Date.parse(new Date().toISOString().replace(/T.*/, 'T11:00:00Z'));
    const decision = await askFor(bob, { definition, nowMs });
    expect(decision).toMatchObject({ verdict: 'DEFER', decidedBy: 'QUIET_HOURS' });
    const chicago = new Intl.DateTimeFormat('en-GB', { timeZone: 'America/Chicago', timeStyle: 'short' });
    expect(chicago.format(Date.parse(decision.nextAllowedAt ?? ''))).toBe('08:00');
  });

  it('somebody who is not there is skipped', async () => {
    const gate = createGate({ graph, defaultZone: 'Etc/UTC' });
    const nobody = { customer360Id: 'c360_01hzzzzzzzzzzzzzzzzzzzz001', objectId: bob.abandonedCart };
    expect(decisive(await gate.ask(gateRequest(nobody)))).toMatchObject({ decidedBy: 'NOT_SUPPRESSED' });
  });
});

it('is one federated query, which each cloud answers with one statement for the person and one for the cart', async () => {
  const statements: string[] = [];
  let queries = 0;
  const counted = overWhole(async ({ query, variables = {} }) => {
    queries += 1;
    const { answer, statements: sent } = await whole.askCounting(query, { ...variables });
    statements.push(...sent);
    return answer;
  });
  expect((await askFor(bob, {}, counted)).verdict).toBe('SEND');
  expect(queries).toBe(1);
  const clouds = statements.filter((text) => !/identity\.|MATCH/.test(text));
  expect(clouds).toHaveLength(4);
  // Identity says which records they are, and reconciles what the clouds said.
  expect(statements.length).toBeLessThanOrEqual(6);
});

describe('gates that are asked at the same time', () => {
  it('share one query, which each cloud answers with as many statements as for one, and are answered as if alone', async () => {
    const statements: string[] = [];
    let queries = 0;
    const counted = overWhole(async ({ query, variables = {} }) => {
      queries += 1;
      const { answer, statements: sent } = await whole.askCounting(query, { ...variables });
      statements.push(...sent);
      return answer;
    });
    const gate = createGate({ graph: counted, defaultZone: 'Etc/UTC' });
    const nowMs = Date.now();
    const asked = [bob, carol, dan, bob, carol, dan, bob, carol].map((person) =>
      gateRequest({ customer360Id: idOf(person), objectId: person.abandonedCart }, { nowMs }),
    );
    const together = await Promise.all(asked.map((request) => gate.ask(request)));
    expect(queries).toBe(1);
    expect(statements.length).toBeLessThanOrEqual(6);
    const alone = [];
    for (const request of asked.slice(0, 3)) alone.push(await gate.ask(request));
    expect(together.slice(0, 3)).toEqual(alone);
    expect(together.map(({ verdict }) => verdict)).toEqual([
      'SEND',
      'SKIP',
      'SEND',
      'SEND',
      'SKIP',
      'SEND',
      'SEND',
      'SKIP',
    ]);
  });

  it('are asked each alone when anything is wrong with the answer, so that nobody waits for somebody else’s records', async () => {
    const partly = overWhole(async ({ query, variables = {} }) => {
      const answer = await whole.ask(query, { ...variables });
      if (!Object.values(variables).includes(idOf(carol))) return answer;
      const [alias = ''] = Object.keys(answer.data).filter((name) => answer.data[name]?.customer360Id === idOf(carol));
      const data = { ...answer.data, [alias]: { ...answer.data[alias], cases: null } };
      return { data, errors: [{ message: 'No answer.', path: [alias, 'cases'] }] };
    });
    const gate = createGate({ graph: partly, defaultZone: 'Etc/UTC' });
    const [bobs, carols] = await Promise.all(
      [bob, carol].map((person) =>
        gate.ask(gateRequest({ customer360Id: idOf(person), objectId: person.abandonedCart })),
      ),
    );
    expect(bobs?.verdict).toBe('SEND');
    expect(carols).toMatchObject({ verdict: 'SKIP', decidedBy: 'CONSENT', recipient: null });
  });
});

describe('a cloud that fails', () => {
  it.each([
    ['service', 'ticket', 'NO_OPEN_COMPLAINT'],
    ['marketing', 'consent', 'CONSENT'],
    ['commerce', 'discount', 'CART_UNCHANGED'],
  ])('%s: nothing is sent, and the reason names it', async (cloud, table, gate) => {
    const store = await whole.storeOf(cloud);
    await store.query(`ALTER TABLE ${cloud}.${table} RENAME TO out_of_order`);
    try {
      const decision = await askFor(bob);
      expect(decisive(decision)).toMatchObject({ decidedBy: gate, outcome: 'NO_ANSWER' });
      expect(decision.reasons.find((reason) => reason.gate === gate)?.message).toContain(cloud);
      expect(decision).toMatchObject({ verdict: 'DEFER', recipient: null });
    } finally {
      await store.query(`ALTER TABLE ${cloud}.out_of_order RENAME TO ${table}`);
    }
    expect((await askFor(bob)).verdict).toBe('SEND');
  });

  it('a graph that can’t be reached is a decision too', async () => {
    const broken = overWhole(() => Promise.reject(new Error('connect ECONNREFUSED')));
    const decision = await askFor(bob, {}, broken);
    expect(decisive(decision)).toMatchObject({ decidedBy: 'CART_UNCHANGED', outcome: 'NO_ANSWER' });
    expect(JSON.stringify(decision)).not.toContain('ECONNREFUSED');
  });
});

describe('what was committed before the question is always seen', () => {
  interface Happening {
    readonly name: string;
    readonly happen: () => Promise<unknown>;
    readonly decidedBy: string;
    readonly undo: () => Promise<unknown>;
  }
  const happenings: readonly Happening[] = [
    {
      name: 'an order',
      happen: () => change('checkOutShoppingCart', { cartId: bob.abandonedCart }),
      decidedBy: 'NO_ORDER_SINCE',
      undo: async () => {
        const store = await whole.storeOf('commerce');
        await store.query(`DELETE FROM commerce.sales_order WHERE cart_id = '${bob.abandonedCart}'`);
        await store.query(`UPDATE commerce.cart SET state = 'abandoned', touched_at = now() - interval '45 minutes'
          WHERE cart_id = '${bob.abandonedCart}'`);
        await store.query(`UPDATE commerce.product SET stock = 50 WHERE product_id IN ('out-002', 'kit-005')`);
      },
    },
    {
      name: 'a change of the cart',
      happen: () =>
        change('setShoppingCartProductQuantity', { cartId: bob.abandonedCart, productId: 'out-002', quantity: 2 }),
      decidedBy: 'CART_UNCHANGED',
      undo: () =>
        change('setShoppingCartProductQuantity', { cartId: bob.abandonedCart, productId: 'out-002', quantity: 1 }),
    },
    {
      name: 'an opt-out',
      happen: () => consent('OPT_OUT'),
      decidedBy: 'CONSENT',
      undo: () => consent('OPT_IN'),
    },
    {
      name: 'a suppression',
      happen: () => suppress(true),
      decidedBy: 'NOT_SUPPRESSED',
      undo: () => suppress(false),
    },
    {
      name: 'a complaint',
      happen: () => change('openCase', { contactId: bob.contact, subject: 'Enough', caseType: 'COMPLAINT' }),
      decidedBy: 'NO_OPEN_COMPLAINT',
      undo: async () => (await whole.storeOf('service')).query(`DELETE FROM service.ticket WHERE kind = 'c'`),
    },
    {
      name: 'a discount',
      happen: () => change('grantDiscountCode', discountInput()),
      decidedBy: 'DISCOUNT_NOT_GRANTED',
      undo: async () => (await whole.storeOf('commerce')).query('DELETE FROM commerce.discount'),
    },
  ];

  const consent = (status: string) =>
    change('setContactPointConsent', {
      subscriberKey: bob.subscriber,
      engagementChannelType: 'EMAIL',
      dataUsePurpose: 'MARKETING',
      status,
    });
  const suppress = (isSuppressed: boolean) =>
    change('suppressContactPoint', { subscriberKey: bob.subscriber, engagementChannelType: 'EMAIL', isSuppressed });
  const discountInput = () => ({
    customerNumber: bob.account,
    cartId: bob.abandonedCart,
    discountPercent: 10,
    expirationDate: new Date(Date.now() + 86_400_000).toISOString(),
  });

  const askWithRevision = (): Promise<GateDecision> =>
    createGate({ graph, defaultZone: 'Etc/UTC' }).ask(
      gateRequest({ customer360Id: idOf(bob), objectId: bob.abandonedCart, revision: cartRevision(LINES) }),
    );

  it('whatever is asked at the same time: 200 interleavings', async () => {
    const random = new Random(20_261_124, 'journey', 'gate');
    for (let turn = 0; turn < 200; turn++) {
      const { happen, undo, decidedBy } = random.pick(happenings);
      const early = Array.from({ length: random.below(3) }, askWithRevision);
      const happened = happen();
      const during = Array.from({ length: random.below(3) }, askWithRevision);
      await happened;
      const after = await askWithRevision();
      expect({ turn, ...decisive(after) }).toMatchObject({ turn, decidedBy, outcome: 'SKIPPED' });
      for (const decision of await Promise.all([...early, ...during])) {
        expect(['SEND', 'SKIP']).toContain(decision.verdict);
      }
      await undo();
    }
    expect((await askWithRevision()).verdict).toBe('SEND');
  }, 120_000);

  it('but the discount that was granted for this very message is not in its way', async () => {
    const { instance } = gateRequest({ customer360Id: idOf(bob), objectId: bob.abandonedCart });
    const idempotencyKey = discountKeyOf(messageKeyOf(idempotencyKeyOf(instance, DISCOUNT_STEP)), 1);
    await change('grantDiscountCode', { ...discountInput(), idempotencyKey });
    expect((await askFor(bob)).verdict).toBe('SEND');
    await (await whole.storeOf('commerce')).query('DELETE FROM commerce.discount');
  });
});

describe('live conditions', () => {
  const holds = (customer360Id: string, selection: string, path: string, is: string, value?: string | number) =>
    createLiveConditions({ graph, defaultZone: 'Etc/UTC' }).holds({
      customer360Id,
      condition: { selection, all: [{ path, is: is as 'EQUAL', ...(value !== undefined && { value }) }] },
    });

  it('ask the live customer', async () => {
    const tier = 'loyaltyProgramMembers { loyaltyTierName pointsBalance }';
    expect(await holds(idOf(alice), tier, 'loyaltyProgramMembers.loyaltyTierName', 'EQUAL', 'gold')).toBe(true);
    expect(await holds(idOf(alice), tier, 'loyaltyProgramMembers.pointsBalance', 'GREATER', 5_000)).toBe(false);
    expect(await holds(idOf(bob), tier, 'loyaltyProgramMembers', 'MISSING')).toBe(true);
    const total = 'openShoppingCart { totalProductAmount { amount } }';
    expect(await holds(idOf(bob), total, 'openShoppingCart.totalProductAmount.amount', 'GREATER', 50)).toBe(true);
    const nobody = 'c360_01hzzzzzzzzzzzzzzzzzzzz001';
    expect(await holds(nobody, total, 'openShoppingCart.totalProductAmount.amount', 'GREATER', 50)).toBe(false);
  });

  it('say nothing when a cloud does not answer', async () => {
    const store = await whole.storeOf('commerce');
    await store.query('ALTER TABLE commerce.loyalty_card RENAME TO out_of_order');
    const asked = holds(idOf(alice), 'loyaltyProgramMembers { id }', 'loyaltyProgramMembers.id', 'EXISTS');
    await expect(asked).rejects.toMatchObject({ name: 'NotNow', message: expect.stringContaining('commerce') });
    await store.query('ALTER TABLE commerce.out_of_order RENAME TO loyalty_card');
  });

  it('know the zone in which a person lives', async () => {
    const { zoneOf } = createLiveConditions({ graph, defaultZone: 'Etc/UTC' });
    expect(await Promise.all([alice, bob, carol, dan].map((person) => zoneOf(idOf(person))))).toEqual([
      'Europe/London',
      'America/Chicago',
      'Europe/Berlin',
      'Europe/Rome',
    ]);
  });
});

describe('decisions', () => {
  it('are kept with their reasons, and read for many instances with one statement', async () => {
    const database = await whole.storeOf('marketing');
    const [sent, skipped] = [await askFor(bob), await askFor(carol)];
    await database.transaction(async (transaction) => {
      for (const [index, decision] of [skipped, sent].entries()) {
        const about = {
          decisionId: `decision-${index}`,
          instanceId: 'i-1',
          step: 'discount',
          decidedAtMs: 1_000 + index,
        };
        await writeDecision(transaction, about, decision);
      }
    });
    const [ofFirst, ofSecond] = await readDecisions(database, ['i-1', 'i-2']);
    expect(ofSecond).toEqual([]);
    expect(ofFirst).toEqual([
      {
        id: 'decision-0',
        step: 'discount',
        decidedAt: '1970-01-01T00:00:01.000Z',
        verdict: 'SKIP',
        decidedBy: 'CONSENT',
        nextAllowedAt: null,
        reasons: skipped.reasons,
      },
      expect.objectContaining({ verdict: 'SEND', decidedBy: null, reasons: sent.reasons }),
    ]);
    const kept = JSON.stringify(await database.query('SELECT * FROM marketing.journey_decision'));
    for (const { firstName, lastName, email } of [bob, carol]) {
      expect(kept).not.toMatch(new RegExp(`${firstName}|${lastName}|${email}`, 'i'));
    }
  });
});
