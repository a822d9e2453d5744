import fc from 'fast-check';
import type { GateOutcome, JourneyGate } from '../../schema/generated/marketing.ts';
import { cartRevision } from '../../subgraphs/marketing/journeys/cart-revision.ts';
import { discountKeyOf, type GateDecision, idempotencyKeyOf } from '../../subgraphs/marketing/journeys/contract.ts';
import type { GateSettings, MessageStep } from '../../subgraphs/marketing/journeys/definition.ts';
import { decide } from '../../subgraphs/marketing/journeys/gate/decide.ts';
import { GATES } from '../../subgraphs/marketing/journeys/gate/gates.ts';
import { isHeldOut } from '../../subgraphs/marketing/journeys/gate/holdout.ts';
import type { LiveConsent, LivePerson, LiveView } from '../../subgraphs/marketing/journeys/gate/live-view.ts';
import { messageKeyOf } from '../../subgraphs/marketing/journeys/sending/message-store.ts';
import { CART_JOURNEY, DISCOUNT_STEP, gateRequest } from '../support/gate-requests.ts';
import { CUSTOMER_360_ID, liveCart, livePerson, liveView } from '../support/live-views.ts';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const HOUR_MS = 3_600_000;
const REVISION = cartRevision(liveCart().shoppingCartProducts);
const iso = (ms: number): string => new Date(ms).toISOString();

interface Asked {
  readonly view?: Partial<LiveView>;
  readonly person?: Partial<LivePerson>;
  readonly gates?: Partial<GateSettings>;
  readonly holdoutPercent?: number;
  readonly step?: Partial<MessageStep>;
  readonly instance?: { readonly objectType?: string; readonly objectId?: string; readonly revision?: string | null };
  readonly nowMs?: number;
  readonly standing?: { readonly isIn: boolean; readonly message: string };
  readonly isProviderHealthy?: boolean;
}

function requestOf({ gates, holdoutPercent = 0, step, instance, view: _view, person: _person, ...rest }: Asked) {
  return gateRequest(
    { customer360Id: CUSTOMER_360_ID, objectId: 'C1', revision: REVISION, ...instance },
    {
      nowMs: NOW,
      definition: { ...CART_JOURNEY, holdoutPercent, gates: { ...CART_JOURNEY.gates, ...gates } },
      step: { ...DISCOUNT_STEP, ...step },
      ...rest,
    },
  );
}

function ask(asked: Asked = {}): GateDecision {
  const view = liveView({ ...(asked.person && { person: livePerson(asked.person) }), ...asked.view });
  return decide(requestOf(asked), view, 'UTC');
}

const reasonOf = (decision: GateDecision, gate: JourneyGate) => decision.reasons.find((reason) => reason.gate === gate);
const order = (at: number, orderNumber = 'O1') => ({
  edges: [
    {
      node: {
        orderNumber,
        customerNumber: 'A1',
        orderedDate: iso(at),
        grandTotalAmount: { amount: '9.90', currencyCode: 'EUR' },
      },
    },
  ],
});
const sent = (...hoursAgo: number[]) => ({
  edges: hoursAgo.map((hours) => ({ node: { id: `E-${hours}`, engagementDate: iso(NOW - hours * HOUR_MS) } })),
});
const consent = (changed: Partial<LiveConsent>): LiveConsent => ({
  id: 'N1',
  subscriberKey: 'M1',
  contactPointValue: 'ada@example.com',
  status: 'OPT_IN',
  captureDate: '2026-01-01T00:00:00.000Z',
  ...changed,
});

it('asks the gates of the schema in its order, and sends when none is in the way', () => {
  const decision = ask();
  expect(decision.reasons.map(({ gate }) => gate)).toEqual([
    'STILL_IN_JOURNEY',
    'CART_UNCHANGED',
    'NO_ORDER_SINCE',
    'CART_WORTH_IT',
    'CONSENT',
    'NOT_SUPPRESSED',
    'NO_OPEN_COMPLAINT',
    'FREQUENCY_CAP',
    'QUIET_HOURS',
    'NOT_HELD_OUT',
    'DISCOUNT_NOT_GRANTED',
    'PROVIDER_HEALTHY',
  ]);
  expect(decision).toMatchObject({
    verdict: 'SEND',
    decidedBy: null,
    nextAllowedAt: null,
    isHeldOut: false,
    recipient: { subscriberKey: 'M1', emailAddress: 'ada@example.com', consentId: 'N1' },
    discountFor: { customerNumber: 'A1', cartId: 'C1' },
    model: {
      customer: { firstName: 'Ada' },
      cart: { id: 'C1', products: [{ isInStock: true }, { isInStock: false }] },
    },
  });
});

type Case = readonly [what: string, asked: Asked, outcome: GateOutcome, evidence: string | null];

function table(gate: JourneyGate, cases: readonly Case[]): void {
  it.each(cases)(`${gate}: %s`, (_what, asked, outcome, evidence) => {
    const decision = ask(asked);
    const reason = reasonOf(decision, gate);
    expect([reason?.outcome, reason?.message]).toEqual([outcome, expect.stringMatching(/\.$/)]);
    expect(reason?.evidence?.objectId ?? null).toBe(evidence);
    if (outcome !== 'PASSED') {
      expect(decision).toMatchObject({
        verdict: outcome === 'SKIPPED' ? 'SKIP' : 'DEFER',
        decidedBy: gate,
        recipient: outcome === 'DEFERRED' ? expect.objectContaining({ emailAddress: 'ada@example.com' }) : null,
        discountFor: null,
      });
      const after = decision.reasons.slice(decision.reasons.findIndex((each) => each.gate === gate) + 1);
      expect(new Set(after.map((each) => each.outcome))).toEqual(new Set(after.length > 0 ? ['NOT_ASKED'] : []));
    }
  });
}

const ORDER = { objectType: 'SalesOrder', objectId: 'O7', revision: null };
const CASE = { objectType: 'Case', objectId: 'T7', revision: null };
const orderOf = (customerNumber: string) => ({
  orderNumber: 'O7',
  customerNumber,
  orderedDate: iso(NOW),
  grandTotalAmount: { amount: '9.90', currencyCode: 'EUR' },
});
const caseOf = (contactId: string) => ({ contactId, caseNumber: '7', subject: 'It leaks' });
const contact = { identityLinks: [{ dataSourceId: 'service', sourceRecordId: '1001' }] };
table('STILL_IN_JOURNEY', [
  ["an order of somebody else's", { instance: ORDER, view: { cart: null, order: orderOf('A2') } }, 'SKIPPED', 'O7'],
  ['an order that has gone', { instance: ORDER, view: { cart: null } }, 'SKIPPED', 'O7'],
  ["a case of somebody else's", { instance: CASE, view: { cart: null, case: caseOf('1001') } }, 'SKIPPED', 'T7'],
  [
    'a case of the customer',
    { instance: CASE, view: { cart: null, case: caseOf('1001') }, person: contact },
    'PASSED',
    'instance-1',
  ],
  ['out of it', { standing: { isIn: false, message: 'Ordered.' } }, 'SKIPPED', 'instance-1'],
  ['in it', {}, 'PASSED', 'instance-1'],
]);

table('CART_UNCHANGED', [
  ['the same contents, other prices', { view: { cart: liveCart({ lastActivityDate: iso(NOW) }) } }, 'PASSED', 'C1'],
  ['one line fewer', { view: { cart: liveCart({ shoppingCartProducts: [] }) } }, 'SKIPPED', 'C1'],
  ['gone', { view: { cart: null } }, 'SKIPPED', 'C1'],
  ["another's", { view: { cart: liveCart({ customerNumber: 'A2' }) } }, 'SKIPPED', 'C1'],
  ["nobody's", { view: { cart: liveCart({ customerNumber: null }) } }, 'SKIPPED', 'C1'],
  [
    "a visitor's who left the address",
    { view: { cart: liveCart({ customerNumber: null, contactEmailAddress: ' ADA@EXAMPLE.COM' }) } },
    'PASSED',
    'C1',
  ],
  ['a journey about an order', { instance: ORDER, view: { cart: null, order: orderOf('A1') } }, 'PASSED', null],
]);

table('NO_ORDER_SINCE', [
  ['before the cart was left', { person: { salesOrders: order(NOW - 2 * HOUR_MS) } }, 'PASSED', 'O1'],
  ['a second ago', { person: { salesOrders: order(NOW - 1000) } }, 'SKIPPED', 'O1'],
  ['between the cart and the entry', { person: { salesOrders: order(NOW - 0.75 * HOUR_MS) } }, 'SKIPPED', 'O1'],
  ['by a clock of the shop that is ahead', { person: { salesOrders: order(NOW + HOUR_MS / 6) } }, 'SKIPPED', 'O1'],
  ['the cart itself', { view: { cart: liveCart({ status: 'CONVERTED' }) } }, 'SKIPPED', 'C1'],
  [
    'without a cart, by a clock that is behind',
    {
      instance: { objectType: 'Customer' },
      view: { cart: null },
      person: { salesOrders: order(NOW - HOUR_MS / 2 - HOUR_MS / 7) },
    },
    'SKIPPED',
    'O1',
  ],
  [
    'without a cart, before the entry',
    { instance: { objectType: 'Customer' }, view: { cart: null }, person: { salesOrders: order(NOW - HOUR_MS) } },
    'PASSED',
    'O1',
  ],
  [
    'after a purchase that the journey is about',
    { instance: ORDER, view: { cart: null, order: orderOf('A1') }, person: { salesOrders: order(NOW) } },
    'PASSED',
    null,
  ],
]);

const outOfStock = liveCart().shoppingCartProducts.map((line) => ({ ...line, product: { availableQuantity: 0 } }));
const uncounted = liveCart().shoppingCartProducts.map((line) => ({ ...line, product: { availableQuantity: null } }));
const notSold = liveCart().shoppingCartProducts.map((line) => ({ ...line, product: null }));
table('CART_WORTH_IT', [
  ['as much as the least', { gates: { minimumCartAmount: '49.4' } }, 'PASSED', 'C1'],
  ['a cent less', { gates: { minimumCartAmount: '49.41' } }, 'SKIPPED', 'C1'],
  ['all out of stock', { view: { cart: liveCart({ shoppingCartProducts: outOfStock }) } }, 'SKIPPED', 'C1'],
  ['sold no more', { view: { cart: liveCart({ shoppingCartProducts: notSold }) } }, 'SKIPPED', 'C1'],
  ['of a shop that does not count', { view: { cart: liveCart({ shoppingCartProducts: uncounted }) } }, 'PASSED', 'C1'],
  ['empty', { instance: { revision: null }, view: { cart: liveCart({ shoppingCartProducts: [] }) } }, 'SKIPPED', 'C1'],
]);

const withConsents = (...consents: Partial<LiveConsent>[]): Asked => ({
  person: { contactPointConsents: consents.map(consent) },
});
table('CONSENT', [
  ['nobody asked', withConsents(), 'SKIPPED', null],
  ['pending', withConsents({ status: 'PENDING' }), 'SKIPPED', 'N1'],
  ['opted out', withConsents({ status: 'OPT_OUT' }), 'SKIPPED', 'N1'],
  ['to another address', withConsents({ contactPointValue: 'other@example.com' }), 'SKIPPED', null],
  ['without an address, by the record that has it', withConsents({ contactPointValue: null }), 'PASSED', 'N1'],
  [
    'without an address, by another record',
    withConsents({ contactPointValue: null, subscriberKey: 'M9' }),
    'SKIPPED',
    null,
  ],
  [
    'withdrawn later in the same record',
    withConsents({}, { id: 'N2', status: 'OPT_OUT', captureDate: '2026-02-01T00:00:00.000Z' }),
    'SKIPPED',
    'N2',
  ],
  [
    'given again later in the same record',
    withConsents({ status: 'OPT_OUT' }, { id: 'N2', captureDate: '2026-02-01T00:00:00.000Z' }),
    'PASSED',
    'N2',
  ],
  [
    'withdrawn in another record, long ago',
    withConsents({}, { id: 'N2', subscriberKey: 'M2', status: 'OPT_OUT', captureDate: '2020-01-01T00:00:00.000Z' }),
    'SKIPPED',
    'N2',
  ],
  ['by text message', { step: { channel: 'SMS' } }, 'SKIPPED', null],
]);

const suppression = {
  id: 'S1',
  subscriberKey: 'M1',
  contactPointValue: 'ADA@example.com ',
  engagementChannelType: 'EMAIL',
  reason: 'BOUNCED',
};
table('NOT_SUPPRESSED', [
  ['suppressed', { person: { contactPointSuppressions: [suppression] } }, 'SKIPPED', 'S1'],
  [
    'another channel',
    { person: { contactPointSuppressions: [{ ...suppression, engagementChannelType: 'SMS' }] } },
    'PASSED',
    CUSTOMER_360_ID,
  ],
  [
    'another address',
    { person: { contactPointSuppressions: [{ ...suppression, contactPointValue: 'old@example.com' }] } },
    'PASSED',
    CUSTOMER_360_ID,
  ],
  ['erased', { view: { person: null } }, 'SKIPPED', CUSTOMER_360_ID],
]);

table('NO_OPEN_COMPLAINT', [
  ['open', { person: { cases: { edges: [{ node: { id: 'T1' } }] } } }, 'SKIPPED', 'T1'],
  ['none', {}, 'PASSED', null],
]);

table('FREQUENCY_CAP', [
  ['one just outside the window', { person: { emailEngagements: sent(16) } }, 'PASSED', 'E-16'],
  ['one inside', { person: { emailEngagements: sent(15) } }, 'DEFERRED', 'E-15'],
  [
    'three allowed, two sent',
    { gates: { frequencyCap: { messages: 3, within: 'P1D' } }, person: { emailEngagements: sent(1, 2) } },
    'PASSED',
    'E-1',
  ],
  [
    'three allowed, three sent',
    { gates: { frequencyCap: { messages: 3, within: 'P1D' } }, person: { emailEngagements: sent(1, 2, 3) } },
    'DEFERRED',
    'E-3',
  ],
]);

it('puts a message off until the window is over and it is not quiet', () => {
  const person = { emailEngagements: sent(15) };
  expect(ask({ person }).nextAllowedAt).toBe('2026-03-01T13:00:00.000Z');
  const quiet = { quietHours: { from: '13:30', to: '15:00' } };
  expect(ask({ person, gates: quiet }).nextAllowedAt).toBe('2026-03-01T14:00:00.000Z');
});

const night = { quietHours: { from: '21:00', to: '08:00' } };
table('QUIET_HOURS', [
  ['noon in Berlin', { gates: night }, 'PASSED', CUSTOMER_360_ID],
  ['nine in the evening in Berlin', { gates: night, nowMs: NOW + 8 * HOUR_MS }, 'DEFERRED', CUSTOMER_360_ID],
  [
    'morning in Berlin, night in Chicago',
    { gates: night, person: { contactPointAddresses: [{ countryName: 'US', stateProvinceName: 'IL' }] } },
    'DEFERRED',
    CUSTOMER_360_ID,
  ],
  [
    'somewhere in the United States',
    {
      gates: night,
      nowMs: NOW + 5 * HOUR_MS,
      person: { contactPointAddresses: [{ countryName: 'US', stateProvinceName: null }] },
    },
    'DEFERRED',
    CUSTOMER_360_ID,
  ],
]);

it('says when it is not quiet any more', () => {
  expect(ask({ gates: night, nowMs: NOW + 8 * HOUR_MS }).nextAllowedAt).toBe('2026-03-02T07:00:00.000Z');
});

it('NOT_HELD_OUT: holds out the same people each time, about as many as it should, whatever other journeys do', () => {
  const people = Array.from({ length: 5_000 }, (_, index) => `c360_${String(index).padStart(26, '0')}`);
  const drawn = people.filter((id) => isHeldOut('abandoned-cart', id, 10));
  expect(drawn.length / people.length).toBeGreaterThan(0.085);
  expect(drawn.length / people.length).toBeLessThan(0.115);
  expect(people.filter((id) => isHeldOut('abandoned-cart', id, 10))).toEqual(drawn);
  expect(people.filter((id) => isHeldOut('abandoned-cart', id, 20))).toEqual(expect.arrayContaining(drawn));
  const both = drawn.filter((id) => isHeldOut('win-back', id, 10));
  expect(both.length / drawn.length).toBeLessThan(0.2);
  expect(people.some((id) => isHeldOut('abandoned-cart', id, 0))).toBe(false);

  const decision = ask({ holdoutPercent: 100 });
  expect(decision).toMatchObject({ verdict: 'SKIP', decidedBy: 'NOT_HELD_OUT', isHeldOut: true });
  expect(reasonOf(decision, 'NOT_HELD_OUT')?.evidence).toEqual({
    dataSourceId: 'identity',
    objectType: 'Customer',
    objectId: CUSTOMER_360_ID,
  });
});

const discount = (days: number, grantReference: string | null = null) => ({
  code: 'CODE-1',
  grantedDate: iso(NOW - days * 24 * HOUR_MS),
  grantReference,
});
const ownKey = discountKeyOf(messageKeyOf(idempotencyKeyOf(requestOf({}).instance, DISCOUNT_STEP)), 1);
table('DISCOUNT_NOT_GRANTED', [
  ['a month and a day ago', { person: { discountCodes: [discount(31)] } }, 'PASSED', 'A1'],
  ['a week ago', { person: { discountCodes: [discount(7)] } }, 'SKIPPED', 'CODE-1'],
  ['by this very message', { person: { discountCodes: [discount(0, ownKey)] } }, 'PASSED', 'A1'],
  ['nobody to grant it to', { view: { cart: visitorsCart() }, person: { identityLinks: [] } }, 'SKIPPED', null],
]);

function visitorsCart() {
  return liveCart({ customerNumber: null, contactEmailAddress: 'ada@example.com' });
}

it('asks for no discount where none goes with the message', () => {
  const { discount: _none, ...plain } = DISCOUNT_STEP;
  const view = liveView({
    person: livePerson({ discountCodes: [discount(1)], identityLinks: [] }),
    cart: visitorsCart(),
  });
  expect(decide({ ...requestOf({}), step: plain }, view, 'UTC')).toMatchObject({ verdict: 'SEND', discountFor: null });
});

table('PROVIDER_HEALTHY', [
  ['it is not', { isProviderHealthy: false }, 'DEFERRED', null],
  ['it is', {}, 'PASSED', null],
]);

it('does not hold back what people need: complaint, cap, night and holdout are about marketing', () => {
  const decision = ask({
    step: { purpose: 'TRANSACTIONAL' },
    holdoutPercent: 100,
    gates: { quietHours: { from: '00:00', to: '23:59' } },
    person: { cases: { edges: [{ node: { id: 'T1' } }] }, emailEngagements: sent(1) },
  });
  expect(decision).toMatchObject({ verdict: 'SEND', isHeldOut: false });
});

describe('a source that does not answer', () => {
  const subsets = fc.subarray(['commerce', 'marketing', 'service', 'identity'], { minLength: 1 });

  it('keeps every message back, and the reason says which', () => {
    fc.assert(
      fc.property(subsets, fc.constantFrom<MessageStep['purpose']>('MARKETING', 'TRANSACTIONAL'), (silent, purpose) => {
        const decision = ask({ step: { purpose }, view: { silence: { sources: new Set(silent), isTotal: false } } });
        expect(decision.verdict).toBe('DEFER');
        const reason = decision.reasons.find(({ outcome }) => outcome === 'NO_ANSWER');
        expect(silent.some((source) => reason?.message.includes(source))).toBe(true);
        expect(decision.nextAllowedAt).toBe('2026-03-01T12:01:00.000Z');
      }),
    );
  });

  it('lets a gate before it decide that knows enough', () => {
    const silence = { sources: new Set(['service']), isTotal: false };
    expect(ask({ view: { silence, cart: null } })).toMatchObject({ verdict: 'SKIP', decidedBy: 'CART_UNCHANGED' });
  });

  it('or an answer that nobody can understand keeps it back too', () => {
    const silence = { sources: new Set<string>(), isTotal: true };
    expect(ask({ view: { silence, person: null, cart: null } })).toMatchObject({
      verdict: 'DEFER',
      decidedBy: 'CART_UNCHANGED',
    });
  });
});

describe('laws', () => {
  const statuses = fc.constantFrom<LiveConsent['status']>('OPT_IN', 'OPT_OUT', 'PENDING');
  const consents = fc.array(
    fc.record({
      id: fc.uuid(),
      subscriberKey: fc.constantFrom('M1', 'M2'),
      contactPointValue: fc.constantFrom('ada@example.com', 'ADA@EXAMPLE.COM', 'a.berg@example.org', null),
      status: statuses,
      captureDate: fc.integer({ min: 0, max: 5 }).map((day) => iso(NOW - day * 24 * HOUR_MS)),
    }),
    { maxLength: 8 },
  );
  const emails = [
    { emailAddress: 'Ada@example.com', sources: [{ dataSourceId: 'marketing', sourceRecordId: 'M1' }] },
    { emailAddress: 'a.berg@example.org', sources: [{ dataSourceId: 'marketing', sourceRecordId: 'M2' }] },
  ];
  const addressOf = ({ contactPointValue, subscriberKey }: LiveConsent): string =>
    (contactPointValue ?? (subscriberKey === 'M1' ? 'ada@example.com' : 'a.berg@example.org')).toLowerCase();

  it('is sent only to an address whose latest word is yes, and for which no record says no', () => {
    fc.assert(
      fc.property(consents, (given) => {
        const person = { contactPointConsents: given, contactPointEmails: emails };
        const decision = ask({ person });
        const address = decision.recipient?.emailAddress.toLowerCase();
        if (address === undefined) {
          expect(decision.decidedBy).toBe('CONSENT');
          return;
        }
        const about = given.filter((each) => addressOf(each) === address);
        const newest = Math.max(...about.map(({ captureDate }) => Date.parse(captureDate)));
        expect(
          about.filter(({ captureDate }) => Date.parse(captureDate) === newest).map(({ status }) => status),
        ).not.toContain('OPT_OUT');
        for (const record of ['M1', 'M2']) {
          const ofRecord = about.filter(({ subscriberKey }) => subscriberKey === record);
          const last = Math.max(...ofRecord.map(({ captureDate }) => Date.parse(captureDate)));
          const words = ofRecord
            .filter(({ captureDate }) => Date.parse(captureDate) === last)
            .map(({ status }) => status);
          expect(words).not.toContain('OPT_OUT');
        }
        expect(given.find(({ id }) => id === decision.recipient?.consentId)?.status).toBe('OPT_IN');
      }),
      { numRuns: 500 },
    );
  });

  it('nothing is sent unless every gate has passed', () => {
    const flags = fc.record({
      isIn: fc.boolean(),
      changed: fc.boolean(),
      ordered: fc.boolean(),
      refused: fc.boolean(),
      suppressed: fc.boolean(),
      complained: fc.boolean(),
      capped: fc.boolean(),
      quiet: fc.boolean(),
      heldOut: fc.boolean(),
      granted: fc.boolean(),
      healthy: fc.boolean(),
    });
    fc.assert(
      fc.property(flags, (is) => {
        const decision = ask({
          standing: { isIn: is.isIn, message: 'So it stands.' },
          isProviderHealthy: is.healthy,
          holdoutPercent: is.heldOut ? 100 : 0,
          gates: { quietHours: is.quiet ? { from: '00:00', to: '23:00' } : { from: '00:00', to: '00:00' } },
          instance: { revision: is.changed ? 'other' : REVISION },
          person: {
            salesOrders: is.ordered ? order(NOW) : { edges: [] },
            contactPointConsents: [consent({ status: is.refused ? 'OPT_OUT' : 'OPT_IN' })],
            contactPointSuppressions: is.suppressed ? [suppression] : [],
            cases: { edges: is.complained ? [{ node: { id: 'T1' } }] : [] },
            emailEngagements: is.capped ? sent(1) : { edges: [] },
            discountCodes: is.granted ? [discount(1)] : [],
          },
        });
        const { isIn, healthy, ...inTheWay } = is;
        expect(decision.verdict === 'SEND').toBe(isIn && healthy && !Object.values(inTheWay).some(Boolean));
        expect(decision.reasons).toHaveLength(GATES.length);
        const passed = decision.reasons.filter(({ outcome }) => outcome === 'PASSED').length;
        expect(decision.verdict === 'SEND').toBe(passed === GATES.length);
        expect(decision.isHeldOut).toBe(is.heldOut);
      }),
      { numRuns: 300 },
    );
  });

  it('reasons carry ids and nobody’s data', () => {
    const texts = JSON.stringify([ask(), ask(withConsents({ status: 'OPT_OUT' }))].map(({ reasons }) => reasons));
    expect(texts).not.toMatch(/ada|berg|example\.com|49\.40|berlin/i);
  });
});
