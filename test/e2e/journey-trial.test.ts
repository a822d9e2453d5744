import { PROTAGONISTS } from '../../subgraphs/sample-data/protagonists.ts';
import { DISCOUNT_STEP } from '../support/gate-requests.ts';
import { startWhole, type Whole } from '../support/whole.ts';

const { alice, bob, carol } = PROTAGONISTS;
let whole: Whole;
const ids: Record<string, string> = {};
const idOf = (person: { readonly firstName: string }): string => ids[person.firstName] ?? '';

beforeAll(async () => {
  whole = await startWhole({ people: 5 });
  for (const { firstName, email } of [alice, bob, carol]) {
    const asked = 'query ($by: CustomerByInput!) { customerBy(by: $by) { customer360Id } }';
    ids[firstName] = (await whole.ask(asked, { by: { emailAddress: email } })).data.customerBy.customer360Id;
  }
}, 120_000);
afterAll(() => whole.close());

describe('a trial', () => {
  const template = {
    subject: 'You left {{ cart.products.size }} things, {{ customer.firstName }}',
    mjml: `<mjml><mj-body><mj-section><mj-column><mj-text>{{ discount.code }}
      <a href="{{ unsubscribeUrl }}">No more</a></mj-text></mj-column></mj-section></mj-body></mjml>`,
    text: '{{ discount.percent }} % {{ unsubscribeUrl }}',
  };
  const tier = {
    selection: 'loyaltyProgramMembers { loyaltyTierName }',
    all: [{ path: 'loyaltyProgramMembers.loyaltyTierName', is: 'EQUAL', value: 'gold' }],
  };
  const message = (id: string) => ({ ...DISCOUNT_STEP, id, template });
  const document = {
    id: 'trial',
    name: 'Trial',
    entry: { kind: 'CART_ABANDONED', where: { selection: 'lastName', all: [{ path: 'lastName', is: 'EXISTS' }] } },
    holdoutPercent: 0,
    gates: { quietHours: { from: '00:00', to: '00:00' }, discountEvery: 'P2D' },
    steps: [
      { id: 'wait', kind: 'WAIT', for: 'PT1H' },
      { id: 'is-gold', kind: 'BRANCH', when: tier, otherwise: 'first' },
      { id: 'gold', kind: 'END', reason: 'GOLD' },
      message('first'),
      message('too-soon'),
      { id: 'opened', kind: 'WAIT_FOR_EVENT', eventType: 'EmailEngagementChanged', atMost: 'P2D' },
      message('later'),
      { id: 'morning', kind: 'WAIT_FOR_TIME', time: '10:00' },
    ],
  };
  const TRY = `query ($customer360Id: Customer360Id!, $clockAdvance: String, $objectId: ID, $journeyId: ID! = "trial") {
    testJourney(journeyId: $journeyId, customer360Id: $customer360Id, clockAdvance: $clockAdvance, objectId: $objectId) {
      endReason steps { step kind at message preview { subject textBody contactPointValue }
        decision { id step decidedAt verdict decidedBy nextAllowedAt reasons { gate outcome message evidence { objectId } } } } } }`;
  const tried = async (person: string, variables: Record<string, unknown> = {}) => {
    const { data, errors } = await whole.ask(TRY, { customer360Id: person, ...variables });
    return errors ? errors[0]?.extensions.code : data.testJourney;
  };
  /** Every row of every cloud, but how far the journeys have read, and templates as they were compiled once for all. */
  const written = async (): Promise<string[]> => {
    await whole.running.engine?.idle();
    const dumps = ['marketing', 'commerce', 'service'].map(async (cloud) => {
      const store = await whole.storeOf(cloud);
      const tables = await store.query<{ name: string }>(
        `SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 AND tablename NOT LIKE 'consume%' AND tablename <> 'compiled_template'`,
        [cloud],
      );
      const rows = await Promise.all(
        tables.map(({ name }) =>
          store.query<{ row: string }>(`SELECT '${name} ' || t::text AS row FROM ${cloud}.${name} AS t`),
        ),
      );
      return rows.flat().map(({ row }) => row);
    });
    return (await Promise.all(dumps)).flat().sort();
  };

  beforeAll(async () => {
    const input = { idempotencyKey: 'trial', document: JSON.stringify(document), isActive: false };
    const { errors } = await whole.ask(
      'mutation ($input: SaveJourneyInput!) { saveJourney(input: $input) { journey { id } } }',
      { input },
    );
    expect(errors).toBeUndefined();
  });

  it('goes through the journey with the real person, a clock that is set forward, and nothing sent', async () => {
    const before = await written();
    const { steps, endReason } = await tried(idOf(bob), { clockAdvance: 'P10D' });
    const hours = (at: string): number => Math.round((Date.parse(at) - Date.parse(steps[0].at)) / 3_600_000);
    expect(steps.map(({ step, at, message: text }: Record<string, string>) => [step, hours(at ?? ''), text])).toEqual([
      ['wait', 0, expect.stringMatching(/^Waits until /)],
      ['is-gold', 1, 'What it asks for does not hold: on with first.'],
      ['first', 1, 'The message would be sent.'],
      ['too-soon', 1, expect.stringMatching(/^The message would be put off to .* by FREQUENCY_CAP\.$/)],
      ['too-soon', 17, 'The message would not be sent: DISCOUNT_NOT_GRANTED.'],
      ['opened', 17, expect.stringMatching(/^Waits for EmailEngagementChanged in vain, until /)],
      ['later', 65, 'The message would be sent.'],
      ['morning', 65, expect.stringMatching(/^Waits until /)],
    ]);
    expect(endReason).toBe('COMPLETED');
    const chicago = new Intl.DateTimeFormat('en-GB', { timeZone: 'America/Chicago', timeStyle: 'short' });
    expect(chicago.format(Date.parse(steps[7].message.replace(/^Waits until |\.$/g, '')))).toBe('10:00');
    expect(steps[2].preview).toEqual({
      subject: 'You left 2 things, Robert',
      textBody: expect.stringMatching(/^10 % http/),
      contactPointValue: bob.email,
    });
    expect(steps[3]).toMatchObject({ preview: null, decision: { id: 'trial-4', step: 'too-soon', verdict: 'DEFER' } });
    expect(steps[3].decision.reasons).toHaveLength(12);
    expect(before.length).toBeGreaterThan(100);
    expect(await written()).toEqual(before);
  });

  it('ends when its time is over, goes the other way for another person, and tells who would not enter', async () => {
    expect(await tried(idOf(bob), { clockAdvance: 'PT30M' })).toMatchObject({ endReason: 'STILL_WAITING' });
    expect(await tried(idOf(alice))).toMatchObject({ endReason: 'GOLD' });
    expect(await tried('c360_01hzzzzzzzzzzzzzzzzzzzz001')).toEqual({ endReason: 'NOT_ENTERED', steps: [] });
    expect(await tried(idOf(bob), { journeyId: 'none' })).toBeNull();
    expect(await tried(idOf(bob), { clockAdvance: 'soon' })).toBe('BAD_USER_INPUT');
    expect(await tried(idOf(bob), { objectId: 'none' })).toBe('NOT_FOUND');
    // No store can hold it, and nothing of ours is broken.
    expect(await tried(idOf(bob), { journeyId: 'a\u0000b' })).toBe('BAD_USER_INPUT');
  });

  it('shows why nothing would be sent', async () => {
    const { steps } = await tried(idOf(carol));
    const first = steps.find(({ step }: { step: string }) => step === 'first');
    expect(first).toMatchObject({ preview: null, message: 'The message would not be sent: CONSENT.' });
  });
});
