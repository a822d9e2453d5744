import { suppressAddress } from '../../subgraphs/marketing/contact-points/suppressions.ts';
import { type CloudFixture, codeOf, customer, insertRows, openCloud, valueAt } from './cloud-fixture.ts';
import { fillMarketing, NOW } from './marketing-rows.ts';

let cloud: CloudFixture;

beforeAll(async () => {
  cloud = await openCloud('marketing', fillMarketing, NOW);
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.close());

let keys = 0;
const ADA = { subject: 'ada', roles: ['app'], scopes: [], records: { marketing: ['M1', 'M2'] } } as const;
const SUPPRESSION = 'subscriberKey contactPointValue engagementChannelType reason suppressedDate';

async function run(mutation: string, selection: string, input: object, principal?: Parameters<CloudFixture['run']>[2]) {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} } }`;
  return cloud.run(query, { input: { idempotencyKey: `key-${++keys}`, ...input } }, principal);
}

const suppress = (isSuppressed: boolean, input: object = {}) =>
  run('suppressContactPoint', `contactPointSuppressions { ${SUPPRESSION} }`, {
    subscriberKey: 'M1',
    engagementChannelType: 'EMAIL',
    isSuppressed,
    ...input,
  });
const suppressionsOf = async (...subscriberKeys: string[]): Promise<unknown> =>
  valueAt(
    await cloud.entities(
      [customer('marketing', subscriberKeys)],
      `... on Customer { contactPointSuppressions { ${SUPPRESSION} } }`,
    ),
    'data._entities.0.contactPointSuppressions',
  );
const withAddress = (subscriber_key: string, email_address: string | null, mobile_number: string | null = null) =>
  insertRows(cloud.database, 'marketing.subscriber', [
    {
      subscriber_key,
      email_address,
      mobile_number,
      attributes: {},
      created_on: new Date(NOW),
      modified_on: new Date(NOW),
    },
  ]);

describe('suppressContactPoint', () => {
  it('suppresses and lifts, each once', async () => {
    const standing = {
      subscriberKey: 'M1',
      contactPointValue: 'ada@example.com',
      engagementChannelType: 'EMAIL',
      reason: 'MANUAL',
      suppressedDate: '2026-03-01T12:00:00.000Z',
    };
    const first = await suppress(true);
    expect(valueAt(first, 'data.suppressContactPoint.contactPointSuppressions')).toEqual([standing]);
    cloud.now.ms += 1000;
    await suppress(true);
    expect(await suppressionsOf('M1', 'M2')).toEqual([standing]);
    const lifted = await suppress(false);
    expect(valueAt(lifted, 'data.suppressContactPoint.contactPointSuppressions')).toEqual([]);
    expect(codeOf(await suppress(false))).toBeUndefined();
  });

  it('is for a channel: numbers for text messages and calls, the device for notifications', async () => {
    await suppress(true, { engagementChannelType: 'SMS' });
    await suppress(true, { engagementChannelType: 'PUSH' });
    expect(await suppressionsOf('M1')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ engagementChannelType: 'SMS', contactPointValue: '+49 170 1234567' }),
        expect.objectContaining({ engagementChannelType: 'PUSH', contactPointValue: 'M1' }),
      ]),
    );
    expect(codeOf(await suppress(true, { subscriberKey: 'M2', engagementChannelType: 'SMS' }))).toBe('CONFLICT');
    expect(codeOf(await suppress(true, { subscriberKey: 'none' }))).toBe('NOT_FOUND');
    expect(codeOf(await suppress(false, { subscriberKey: 'none' }))).toBe('NOT_FOUND');
  });
});

describe('a suppressed address', () => {
  const bounce = (reason: 'BOUNCED' | 'COMPLAINED', address?: string): Promise<void> =>
    cloud.database.transaction((transaction) =>
      suppressAddress(
        transaction,
        { subscriberKey: 'M1', channel: 'EMAIL', reason, ...(address !== undefined && { address }) },
        new Date(NOW),
        () => `S-${++keys}`,
      ),
    );

  it('is suppressed for everybody who has it, now or later, however they write it', async () => {
    await withAddress('M8', ' ADA@Example.com');
    await bounce('BOUNCED');
    await withAddress('M9', 'Ada@example.com ');
    await cloud.database.query(
      `UPDATE marketing.subscriber SET email_address = 'ADA@EXAMPLE.COM' WHERE subscriber_key = 'M3'`,
    );
    for (const subscriberKey of ['M1', 'M8', 'M9', 'M3']) {
      expect(await suppressionsOf(subscriberKey)).toEqual([
        expect.objectContaining({ subscriberKey, reason: 'BOUNCED' }),
      ]);
    }
    expect(await suppressionsOf('M2')).toEqual([]);
    await suppress(false, { subscriberKey: 'M9' });
    expect(await suppressionsOf('M1', 'M3', 'M8', 'M9')).toEqual([]);
  });

  it('is the one that bounced, also when the subscriber has another one by now', async () => {
    await bounce('BOUNCED', 'old@example.com');
    expect(await suppressionsOf('M1')).toEqual([expect.objectContaining({ contactPointValue: 'old@example.com' })]);
  });

  it('keeps its first reason, but for a complaint', async () => {
    await bounce('BOUNCED');
    await suppress(true);
    expect(await suppressionsOf('M1')).toEqual([expect.objectContaining({ reason: 'BOUNCED' })]);
    await bounce('COMPLAINED');
    await bounce('BOUNCED');
    expect(await suppressionsOf('M1')).toEqual([expect.objectContaining({ reason: 'COMPLAINED' })]);
  });

  it('rings for its subscriber, and says nothing of the address', async () => {
    await bounce('BOUNCED');
    const events = await cloud.database.query<{ payload: object }>(
      `SELECT payload FROM marketing.outbox WHERE type = 'ContactPointSuppressionChanged' ORDER BY sequence DESC LIMIT 1`,
    );
    expect(JSON.stringify(events)).toContain('M1');
    expect(JSON.stringify(events)).not.toContain('example.com');
  });
});

describe('recordWebsiteEngagement', () => {
  const ENGAGEMENT = 'id subscriberKey engagementType engagementDate productId';
  const look = (input: object, principal?: Parameters<typeof run>[3]) =>
    run(
      'recordWebsiteEngagement',
      `websiteEngagement { ${ENGAGEMENT} }`,
      { subscriberKey: 'M1', engagementType: 'VIEWED_PRODUCT', productId: 'P1', ...input },
      principal,
    );

  it('notes what was looked at, latest first', async () => {
    await look({}, ADA);
    cloud.now.ms += 1000;
    await look({ subscriberKey: 'M2', engagementType: 'SEARCHED', productId: null });
    const result = await cloud.entities(
      [customer('marketing', ['M1', 'M2'])],
      `... on Customer { websiteEngagements { edges { node { ${ENGAGEMENT} } } } }`,
    );
    expect(valueAt(result, 'data._entities.0.websiteEngagements.edges')).toEqual([
      { node: expect.objectContaining({ subscriberKey: 'M2', engagementType: 'SEARCHED', productId: null }) },
      {
        node: {
          id: expect.any(String),
          subscriberKey: 'M1',
          engagementType: 'VIEWED_PRODUCT',
          engagementDate: '2026-03-01T12:00:00.000Z',
          productId: 'P1',
        },
      },
    ]);
  });

  it.each([
    ['a product that is not named', { productId: null }, 'BAD_USER_INPUT'],
    ['an unknown subscriber', { subscriberKey: 'none' }, 'NOT_FOUND'],
    ["somebody else's record", { subscriberKey: 'M3' }, 'NOT_FOUND'],
  ])('refuses %s', async (_what, input, code) => {
    expect(codeOf(await look(input, 'subscriberKey' in input && input.subscriberKey === 'M3' ? ADA : undefined))).toBe(
      code,
    );
  });
});
