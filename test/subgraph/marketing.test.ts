import { type CloudFixture, codeOf, customer, openCloud, valueAt } from './cloud-fixture.ts';
import { fillMarketing, NOW } from './marketing-rows.ts';

let cloud: CloudFixture;

beforeAll(async () => {
  cloud = await openCloud('marketing', fillMarketing, NOW);
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.close());

const ADA = customer('marketing', ['M1', 'M2']);

it("reads a customer's consents, campaigns and engagements in one statement", async () => {
  const result = await cloud.entities(
    [ADA],
    `... on Customer {
       contactPointConsents { id subscriberKey contactPointValue engagementChannelType dataUsePurpose status captureSource }
       campaignMembers { edges { node { id hasResponded campaign { name status endDate } } } }
       emailEngagements { edges { node { id engagementType linkUrl campaign { id } } } }
       clicks: emailEngagements(types: [CLICKED]) { edges { node { id } } }
     }`,
  );
  expect(cloud.statements()).toHaveLength(1);
  expect(valueAt(result, 'data._entities.0')).toEqual({
    contactPointConsents: [
      {
        id: 'N1',
        subscriberKey: 'M1',
        contactPointValue: 'ada@example.com',
        engagementChannelType: 'EMAIL',
        dataUsePurpose: 'MARKETING',
        status: 'OPT_IN',
        captureSource: 'signup-form',
      },
      expect.objectContaining({
        id: 'N2',
        engagementChannelType: 'SMS',
        dataUsePurpose: 'TRANSACTIONAL',
        status: 'OPT_OUT',
      }),
      expect.objectContaining({ id: 'N3', subscriberKey: 'M2', dataUsePurpose: 'PROFILING', status: 'PENDING' }),
    ],
    campaignMembers: {
      edges: [
        { node: { id: 'B2', hasResponded: false, campaign: { name: 'Spring', status: 'IN_PROGRESS', endDate: null } } },
        {
          node: {
            id: 'B1',
            hasResponded: true,
            campaign: { name: 'Winter', status: 'COMPLETED', endDate: '2026-01-30T12:00:00.000Z' },
          },
        },
      ],
    },
    emailEngagements: {
      edges: [
        { node: { id: 'E3', engagementType: 'UNSUBSCRIBED', linkUrl: null, campaign: null } },
        { node: { id: 'E2', engagementType: 'CLICKED', linkUrl: 'https://shop.example/tea', campaign: { id: 'K1' } } },
        { node: { id: 'E1', engagementType: 'SENT', linkUrl: null, campaign: { id: 'K1' } } },
      ],
    },
    clicks: { edges: [{ node: { id: 'E2' } }] },
  });
});

it('filters consents by channel and purpose', async () => {
  const ids = async (args: string): Promise<unknown> => {
    const result = await cloud.entities([ADA], `... on Customer { contactPointConsents(${args}) { id } }`);
    return (valueAt(result, 'data._entities.0.contactPointConsents') as object[]).map((consent) =>
      valueAt(consent, 'id'),
    );
  };
  expect(await ids('channels: [EMAIL]')).toEqual(['N1', 'N3']);
  expect(await ids('channels: [EMAIL, SMS], purposes: [MARKETING, TRANSACTIONAL]')).toEqual(['N1', 'N2']);
  expect(await ids('purposes: []')).toEqual([]);
});

it('lists campaigns newest first, by state, page by page', async () => {
  const first = await cloud.run('{ campaigns(first: 2) { edges { node { id } } pageInfo { hasNextPage endCursor } } }');
  expect(valueAt(first, 'data.campaigns.edges')).toEqual([{ node: { id: 'K3' } }, { node: { id: 'K2' } }]);
  const after = valueAt(first, 'data.campaigns.pageInfo.endCursor');
  const next = await cloud.run(
    'query ($after: String) { campaigns(first: 2, after: $after) { edges { node { id } } pageInfo { hasNextPage hasPreviousPage } } }',
    { after },
  );
  expect(valueAt(next, 'data.campaigns')).toEqual({
    edges: [{ node: { id: 'K1' } }],
    pageInfo: { hasNextPage: false, hasPreviousPage: true },
  });
  const live = await cloud.run(
    '{ campaigns(statuses: [IN_PROGRESS]) { edges { node { id } } } campaign(id: "K1") { name } }',
  );
  expect(live).toEqual({ data: { campaigns: { edges: [{ node: { id: 'K2' } }] }, campaign: { name: 'Winter' } } });
  expect(codeOf(await cloud.run('{ campaigns(first: 101) { edges { cursor } } }'))).toBe('BAD_USER_INPUT');
});

describe('setContactPointConsent', () => {
  const set = (input: Record<string, unknown>): Promise<object> =>
    cloud.run(
      `mutation ($input: SetContactPointConsentInput!) { setContactPointConsent(input: $input) { contactPointConsent {
         id contactPointValue engagementChannelType dataUsePurpose status captureDate captureSource } } }`,
      {
        input: {
          idempotencyKey: 'k',
          subscriberKey: 'M1',
          engagementChannelType: 'EMAIL',
          dataUsePurpose: 'MARKETING',
          status: 'OPT_OUT',
          ...input,
        },
      },
    );

  it('changes the decision that is there', async () => {
    const result = await set({ captureSource: 'agent-console' });
    expect(valueAt(result, 'data.setContactPointConsent.contactPointConsent')).toEqual({
      id: 'N1',
      contactPointValue: 'ada@example.com',
      engagementChannelType: 'EMAIL',
      dataUsePurpose: 'MARKETING',
      status: 'OPT_OUT',
      captureDate: '2026-03-01T12:00:00.000Z',
      captureSource: 'agent-console',
    });
    expect(await set({ captureSource: 'agent-console' })).toEqual(result);
    expect(codeOf(await set({ status: 'OPT_IN' }))).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('records a first decision, for the number that the subscriber has', async () => {
    const result = await set({ engagementChannelType: 'PHONE', dataUsePurpose: 'PROFILING', status: 'PENDING' });
    expect(valueAt(result, 'data.setContactPointConsent.contactPointConsent')).toMatchObject({
      contactPointValue: '+49 170 1234567',
      engagementChannelType: 'PHONE',
      status: 'PENDING',
      captureSource: null,
    });
  });

  it('gives one consent when two first decisions come at once', async () => {
    const input = { subscriberKey: 'M3', engagementChannelType: 'PUSH' };
    const results = await Promise.all([set({ ...input, idempotencyKey: 'a' }), set({ ...input, idempotencyKey: 'b' })]);
    const [one, other] = results.map((result) => valueAt(result, 'data.setContactPointConsent.contactPointConsent.id'));
    expect(one).toBeDefined();
    expect(one).toBe(other);
  });

  it.each([
    ['an unknown subscriber', { subscriberKey: 'none' }, 'NOT_FOUND'],
    ['an unknown channel', { engagementChannelType: 'PIGEON' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['a long capture source', { captureSource: 'x'.repeat(201) }, 'BAD_USER_INPUT'],
  ])('refuses %s', async (_what, input, code) => {
    expect(codeOf(await set(input))).toBe(code);
  });
});
