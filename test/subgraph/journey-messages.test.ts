import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Database } from '../../database/database.ts';
import { createChangeLog } from '../../mapping/change-log.ts';
import { createCloudReader } from '../../mapping/cloud-reader.ts';
import type { MappingDocument } from '../../mapping/document.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { readSmtpUrl } from '../../schema/smtp-address.ts';
import type { UnifiedGraph } from '../../schema/unified-graph.ts';
import { type CloudOptions, createCloudSubgraph, createCloudWrite } from '../../subgraphs/cloud/cloud-subgraph.ts';
import { executeSubgraph } from '../../subgraphs/execute.ts';
import type { GateDecision } from '../../subgraphs/marketing/journeys/contract.ts';
import { createJourneyFields } from '../../subgraphs/marketing/journeys/graph/resolvers.ts';
import { createSending, type Sending } from '../../subgraphs/marketing/journeys/sending/create-sending.ts';
import { messageKeyOf } from '../../subgraphs/marketing/journeys/sending/message-store.ts';
import { createUnsubscribeLinks } from '../../subgraphs/marketing/journeys/sending/unsubscribe-links.ts';
import { JourneyDocuments } from '../../subgraphs/marketing/journeys/store/documents.ts';
import { createMarketingResolvers } from '../../subgraphs/marketing/resolvers.ts';
import { createMarketingStore } from '../../subgraphs/marketing/store.ts';
import type { Subgraph } from '../../subgraphs/subgraph.ts';
import { migrateClouds } from '../support/cloud-stores.ts';
import { openTestDatabase } from '../support/databases.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { CART_MAIL, CART_MODEL, journeyWith, LET_OUT, SENDER } from '../support/message-driver.ts';
import { codeOf, insertRows, valueAt } from './cloud-fixture.ts';

const NOW = Date.UTC(2026, 2, 1, 8, 30);
const CUSTOMER = 'c360_01hzzzzzzzzzzzzzzzzzzzz000';
const KEY = 'k'.repeat(32);
const PUBLIC_URL = 'https://shop.example.com';
const links = createUnsubscribeLinks({ publicUrl: PUBLIC_URL, keys: [Buffer.from(KEY)] });

let database: Database;
let server: MailServer;
let sending: Sending;
let subgraph: Subgraph;
let pages: Server;
let decision: GateDecision = LET_OUT;
let isMarketingUp = true;
let nowMs = NOW;
const statements: string[] = [];

const run = async (query: string, variables: Record<string, unknown> = {}): Promise<unknown> => {
  statements.length = 0;
  return JSON.parse(
    JSON.stringify(await executeSubgraph(subgraph, { query, variables, principal: LOCAL_ADMINISTRATOR })),
  );
};
/** What is asked of other clouds has one answer; the rest is marketing's. */
const graph: UnifiedGraph = {
  async execute({ query, variables }) {
    if (!isMarketingUp) return { data: null, errors: [{ extensions: { code: 'STORE_UNAVAILABLE' } }] } as never;
    if (!query.includes('customer(')) {
      return executeSubgraph(subgraph, { query, variables: { ...variables }, principal: LOCAL_ADMINISTRATOR });
    }
    const shoppingCartProducts = [{ productId: 'P-1', quantity: 1 }];
    const customer = { customer360Id: CUSTOMER, openShoppingCart: { id: 'cart-1', shoppingCartProducts } };
    return { data: { customer: variables?.['customer360Id'] === CUSTOMER ? customer : null } };
  },
  subscribe: () => {
    throw new Error('Nothing is followed here.');
  },
};

beforeAll(async () => {
  server = await startMailServer();
  database = await openTestDatabase({ observe: (text) => statements.push(text) });
  await migrateClouds(database);
  const file = readFileSync(join(PACKAGE_ROOT, 'subgraphs', 'marketing', 'mapping.json'), 'utf8');
  const document = JSON.parse(file) as MappingDocument;
  let ids = 0;
  const clock = (): number => nowMs;
  const options: CloudOptions = {
    database,
    reader: await createCloudReader({ database, document }),
    changes: await createChangeLog({ database, document, clock }),
    clock,
    newId: () => `id-${++ids}`,
    writable: true,
  };
  const onWarning = (): void => {};
  const fields = createJourneyFields({ database, changes: options.changes, onWarning });
  sending = await createSending({
    database,
    graph,
    gate: { ask: async () => decision },
    clock,
    newId: options.newId,
    write: createCloudWrite(options),
    onWarning,
    documents: new JourneyDocuments(),
    journeyInstance: fields.journeyInstance,
    settings: {
      smtp: readSmtpUrl(`smtp://127.0.0.1:${server.port}`),
      sender: SENDER,
      publicUrl: PUBLIC_URL,
      unsubscribeKeys: [KEY],
    },
  });
  const marketing = createMarketingResolvers(createMarketingStore(options), createCloudWrite(options));
  subgraph = createCloudSubgraph(options, marketing, ...fields.resolvers, ...sending.resolvers);
  pages = createServer((request, response) => void sending.page.serve(request, response));
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await new Promise((resolve) => pages.close(resolve));
  await sending.close();
  await server.close();
  await database.close();
});
beforeEach(async () => {
  decision = LET_OUT;
  isMarketingUp = true;
  nowMs = NOW;
  server.taken.length = 0;
  await database.query(
    `TRUNCATE marketing.subscriber, marketing.consent, marketing.email_event, marketing.suppression, marketing.journey_message,
       marketing.journey_decision, marketing.journey, marketing.journey_version, marketing.journey_trigger,
       marketing.journey_instance, marketing.journey_entry, marketing.journey_timeline, marketing.idempotency_key CASCADE`,
  );
  await fill();
});

async function fill(): Promise<void> {
  const at = new Date(NOW);
  await insertRows(database, 'marketing.subscriber', [
    { subscriber_key: 'M1', email_address: 'bob@example.com', created_on: at, modified_on: at },
  ]);
  await insertRows(database, 'marketing.consent', [
    {
      consent_id: 'N1',
      subscriber_key: 'M1',
      channel: 'E',
      purpose: 'promo',
      address: 'bob@example.com',
      granted: 'Y',
      captured_on: at,
    },
  ]);
  await insertRows(database, 'marketing.journey', [
    {
      journey_id: 'abandoned-cart',
      name: 'Abandoned cart',
      status: 'ACTIVE',
      reentry: 'PER_OBJECT',
      version: 1,
      entry_kind: 'CART_ABANDONED',
      modified_on: at,
    },
  ]);
  await insertRows(database, 'marketing.journey_version', [
    {
      journey_id: 'abandoned-cart',
      version: 1,
      document: JSON.stringify(journeyWith({ ...CART_MAIL, discount: { percent: 10, validFor: 'P3D' } })),
      saved_on: at,
      saved_by: 'test',
    },
  ]);
  for (const number of [1, 2, 3]) await insertInstance(number);
}

async function insertInstance(number: number): Promise<void> {
  const at = new Date(NOW);
  await insertRows(database, 'marketing.journey_trigger', [
    {
      trigger_id: `T${number}`,
      kind: 'CART_ABANDONED',
      due_on: at,
      written_on: at,
      object_type: 'ShoppingCart',
      object_id: `cart-${number}`,
      revision: 'r1',
      occasion: 'r1',
      customer360_id: CUSTOMER,
    },
  ]);
  await insertRows(database, 'marketing.journey_instance', [
    {
      instance_id: `I${number}`,
      journey_id: 'abandoned-cart',
      version: 1,
      trigger_id: `T${number}`,
      customer360_id: CUSTOMER,
      object_type: 'ShoppingCart',
      object_id: `cart-${number}`,
      revision: 'r1',
      status: 'COMPLETED',
      entered_on: at,
      counts_until: at,
      is_held_out: false,
      is_single: false,
    },
  ]);
}

const keyOf = (number: number): string => `abandoned-cart:1:cart-${number}:r1:mail`;
const idOf = (number: number): string => messageKeyOf(keyOf(number));
const headerOf = (number: number): string => `<${idOf(number)}@example.com>`;

async function insertMessage(number: number, columns: Record<string, unknown> = {}): Promise<void> {
  const at = new Date(NOW + number * 1_000);
  const state = columns['state'] ?? 'SENT';
  await insertRows(database, 'marketing.journey_message', [
    {
      message_id: idOf(number),
      idempotency_key: keyOf(number),
      journey_id: 'abandoned-cart',
      instance_id: `I${number}`,
      step: 'mail',
      channel: 'E',
      purpose: 'promo',
      state,
      preparation: 1,
      planned_at: at,
      prepared_at: at,
      sent_at: state === 'SENT' ? at : null,
      subscriber_key: 'M1',
      consent_id: 'N1',
      address: 'bob@example.com',
      header_message_id: headerOf(number),
      subject: 'Bob, your cart',
      html_body: '<p>Hello</p>',
      text_body: 'Hello',
      ...columns,
    },
  ]);
}

const engagements = async (): Promise<unknown[]> => {
  const rows = await database.query<{ kind: string }>('SELECT kind FROM marketing.email_event ORDER BY kind, event_id');
  return rows.map(({ kind }) => kind);
};
const consent = async (): Promise<unknown> => {
  const [row] = await database.query('SELECT granted, captured_by FROM marketing.consent');
  return row;
};
const suppressions = async (): Promise<unknown[]> =>
  database.query('SELECT subscriber_key, address, cause FROM marketing.suppression');

const ALL = `{ journeyMessages(first: 2) { edges { cursor node {
  id idempotencyKey step status messageId contactPointValue subject htmlBody textBody discountCode preparedAt sentAt error
  engagementChannelType journeyInstance { id status } } } pageInfo { hasNextPage endCursor } } }`;

describe('messages in the graph', () => {
  it('shows the outbox, the latest first, page by page, in two statements', async () => {
    for (const number of [1, 2, 3]) await insertMessage(number, { discount_code: number === 3 ? 'CODE' : null });
    const first = await run(ALL);
    expect(statements).toHaveLength(2);
    expect(valueAt(first, 'data.journeyMessages.edges.0.node')).toEqual({
      id: idOf(3),
      idempotencyKey: keyOf(3),
      step: 'mail',
      status: 'SENT',
      messageId: headerOf(3),
      contactPointValue: 'bob@example.com',
      subject: 'Bob, your cart',
      htmlBody: '<p>Hello</p>',
      textBody: 'Hello',
      discountCode: 'CODE',
      preparedAt: '2026-03-01T08:30:03.000Z',
      sentAt: '2026-03-01T08:30:03.000Z',
      error: null,
      engagementChannelType: 'EMAIL',
      journeyInstance: { id: 'I3', status: 'COMPLETED' },
    });
    expect(valueAt(first, 'data.journeyMessages.pageInfo.hasNextPage')).toBe(true);
    const after = valueAt(first, 'data.journeyMessages.pageInfo.endCursor');
    const second = await run(
      'query ($after: String) { journeyMessages(after: $after) { edges { node { id } } pageInfo { hasNextPage } } }',
      { after },
    );
    expect(valueAt(second, 'data.journeyMessages')).toEqual({
      edges: [{ node: { id: idOf(1) } }],
      pageInfo: { hasNextPage: false },
    });
  });

  it('shows those of one state or journey, and none that is not written yet', async () => {
    await insertMessage(1);
    await insertMessage(2, { state: 'IN_DOUBT' });
    await insertMessage(3, { state: 'PLANNED' });
    const answer = await run(`{
      all: journeyMessages { edges { node { id } } }
      doubtful: journeyMessages(statuses: [IN_DOUBT]) { edges { node { id } } }
      other: journeyMessages(journeyId: "other") { edges { node { id } } }
    }`);
    expect(valueAt(answer, 'data.all.edges.length')).toBe(2);
    expect(valueAt(answer, 'data.doubtful.edges')).toEqual([{ node: { id: idOf(2) } }]);
    expect(valueAt(answer, 'data.other.edges')).toEqual([]);
    expect(codeOf(await run('{ journeyMessages(after: "x") { edges { cursor } } }'))).toBe('MALFORMED_ID');
    expect(codeOf(await run('{ journeyMessages(first: 101) { edges { cursor } } }'))).toBe('BAD_USER_INPUT');
  });

  it('shows the messages of many instances with one statement more', async () => {
    for (const number of [1, 2]) await insertMessage(number);
    const references = [1, 2, 3].map((number) => ({ __typename: 'JourneyInstance', id: `I${number}` }));
    const answer = await run(
      `query ($representations: [_Any!]!) { _entities(representations: $representations) {
         ... on JourneyInstance { messages { id } } } }`,
      { representations: references },
    );
    expect(valueAt(answer, 'data._entities')).toEqual([
      { messages: [{ id: idOf(1) }] },
      { messages: [{ id: idOf(2) }] },
      { messages: [] },
    ]);
    expect(statements).toHaveLength(2);
  });

  it('previews a message of a real customer with a made-up code, and sends and unsubscribes nobody', async () => {
    const preview = `query ($id: Customer360Id!) {
      previewMessage(journeyId: "abandoned-cart", customer360Id: $id) { subject htmlBody textBody contactPointValue } }`;
    const answer = await run(preview, { id: CUSTOMER });
    expect(valueAt(answer, 'data.previewMessage')).toMatchObject({
      subject: 'Bob, your cart',
      contactPointValue: 'bob@example.com',
      htmlBody: expect.stringContaining('PREVIEW-CODE'),
    });
    const token = /unsubscribe\/([\w-]{43})/.exec(String(valueAt(answer, 'data.previewMessage.textBody')))?.[1];
    expect((await fetch(pageOf(token ?? ''), { method: 'POST' })).status).toBe(404);
    decision = { ...LET_OUT, verdict: 'SKIP', decidedBy: 'CONSENT', recipient: null, model: CART_MODEL };
    expect(valueAt(await run(preview, { id: CUSTOMER }), 'data.previewMessage.contactPointValue')).toBeNull();
    expect(valueAt(await run(preview, { id: CUSTOMER.replace(/0$/, '1') }), 'data.previewMessage')).toBeNull();
    expect(codeOf(await run(preview.replace('abandoned-cart', 'nothing'), { id: CUSTOMER }))).toBe('NOT_FOUND');
    expect(server.taken).toEqual([]);
  });
});

describe('what comes back of messages', () => {
  const RECORD = `mutation ($input: RecordEmailEngagementInput!) {
    recordEmailEngagement(input: $input) { emailEngagement { id subscriberKey engagementType subject } } }`;
  let keys = 0;
  const record = (input: Record<string, unknown>): Promise<unknown> =>
    run(RECORD, { input: { idempotencyKey: `r${++keys}`, ...input } });

  it('suppresses an address that bounced for good, once', async () => {
    await insertMessage(1);
    const input = { idempotencyKey: 'same', messageId: headerOf(1), engagementType: 'BOUNCED' };
    const first = await record(input);
    expect(valueAt(first, 'data.recordEmailEngagement.emailEngagement')).toEqual({
      id: `${idOf(1)}-bounce`,
      subscriberKey: 'M1',
      engagementType: 'BOUNCED',
      subject: 'Bob, your cart',
    });
    expect(await record(input)).toEqual(first);
    await record({ ...input, idempotencyKey: 'another' });
    expect(await engagements()).toEqual(['bounce']);
    expect(await suppressions()).toEqual([{ subscriber_key: 'M1', address: 'bob@example.com', cause: 'bounce' }]);
  });

  it('does not suppress for a bounce that may pass', async () => {
    await insertMessage(1);
    await record({ messageId: headerOf(1), engagementType: 'BOUNCED', isTransient: true });
    expect(await engagements()).toEqual(['bounce']);
    expect(await suppressions()).toEqual([]);
  });

  it('suppresses who complains, by subscriber where the message is not one of a journey', async () => {
    await record({ subscriberKey: 'M1', engagementType: 'COMPLAINED' });
    expect(await suppressions()).toMatchObject([{ cause: 'spam' }]);
    expect(codeOf(await record({ subscriberKey: 'M9', engagementType: 'COMPLAINED' }))).toBe('NOT_FOUND');
    expect(codeOf(await record({ messageId: '<x@example.com>', engagementType: 'OPENED' }))).toBe('NOT_FOUND');
    expect(codeOf(await record({ engagementType: 'OPENED' }))).toBe('BAD_USER_INPUT');
    expect(codeOf(await record({ messageId: headerOf(1), subscriberKey: 'M1', engagementType: 'OPENED' }))).toBe(
      'BAD_USER_INPUT',
    );
  });

  it('notes each opening and each click', async () => {
    await insertMessage(1);
    for (const _time of [1, 2]) {
      await record({ messageId: headerOf(1), engagementType: 'CLICKED', linkUrl: 'https://shop.example.com/x' });
    }
    expect(await engagements()).toEqual(['click', 'click']);
  });

  it('takes the consent back of who unsubscribes', async () => {
    await insertMessage(1);
    await record({ messageId: headerOf(1), engagementType: 'UNSUBSCRIBED' });
    expect(await consent()).toEqual({ granted: 'N', captured_by: 'list-unsubscribe' });
  });

  it('knows of a message in doubt that it was sent, as soon as anything comes back of it', async () => {
    await insertMessage(1, { state: 'IN_DOUBT', doubt_until: new Date(NOW) });
    await record({ messageId: headerOf(1), engagementType: 'OPENED' });
    expect(await engagements()).toEqual(['open', 'sent']);
    const [row] = await database.query('SELECT state FROM marketing.journey_message');
    expect(row).toEqual({ state: 'SENT' });
  });
});

describe('messages in doubt', () => {
  const SETTLE = `mutation ($input: SettleJourneyMessageInput!) {
    settleJourneyMessage(input: $input) { journeyMessage { id status sentAt error } } }`;
  const settle = (isSentAgain: boolean, idempotencyKey = 's1'): Promise<unknown> =>
    run(SETTLE, { input: { idempotencyKey, journeyMessageId: idOf(1), isSentAgain } });
  const inDoubt = (): Promise<void> => insertMessage(1, { state: 'IN_DOUBT', doubt_until: new Date(NOW - 1) });

  it('can be told to have been sent', async () => {
    await inDoubt();
    const answer = await settle(false);
    expect(valueAt(answer, 'data.settleJourneyMessage.journeyMessage')).toMatchObject({ status: 'SENT', error: null });
    expect(await settle(false)).toEqual(answer);
    expect(await engagements()).toEqual(['sent']);
    expect(codeOf(await settle(false, 's2'))).toBe('CONFLICT');
    expect(server.taken).toEqual([]);
  });

  it('can be sent again, the same message, if the gates let it', async () => {
    await inDoubt();
    decision = { ...LET_OUT, discountFor: null };
    await database.query('UPDATE marketing.journey_version SET document = $1', [
      JSON.stringify(journeyWith(CART_MAIL)),
    ]);
    const answer = await settle(true);
    expect(valueAt(answer, 'data.settleJourneyMessage.journeyMessage.status')).toBe('SENT');
    expect(await settle(true)).toEqual(answer);
    expect(server.taken).toHaveLength(1);
    expect(server.taken[0]?.raw).toContain(headerOf(1));
    expect(await engagements()).toEqual(['sent']);
  });

  it('stays in doubt where the gates do not let it out again', async () => {
    await inDoubt();
    decision = { ...LET_OUT, verdict: 'SKIP', decidedBy: 'NO_ORDER_SINCE', recipient: null };
    const answer = await settle(true);
    expect(valueAt(answer, 'data.settleJourneyMessage.journeyMessage')).toMatchObject({
      status: 'IN_DOUBT',
      error: 'Not sent again: NO_ORDER_SINCE is in the way',
    });
    expect(server.taken).toEqual([]);
    expect(await settle(false, 's2')).toMatchObject({ data: { settleJourneyMessage: {} } });
  });

  it('is not decided about while whoever has sent it waits for the answer', async () => {
    await insertMessage(1, { state: 'IN_DOUBT', doubt_until: new Date(NOW + 1_000) });
    expect(codeOf(await settle(false))).toBe('CONFLICT');
    nowMs += 1_000;
    expect(codeOf(await settle(false))).toBeUndefined();
  });
});

const pageOf = (token: string): string =>
  `http://127.0.0.1:${(pages.address() as AddressInfo).port}/unsubscribe/${token}`;

describe('the link to unsubscribe', () => {
  const tokenOf = (number: number): string => links.urlOf(idOf(number)).split('/').at(-1) ?? '';

  it('shows a button and changes nothing when it is opened', async () => {
    await insertMessage(1);
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(pageOf(tokenOf(1)), { method });
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toBe('no-store');
      const text = await response.text();
      expect(text.includes('<form method="post">')).toBe(method === 'GET');
    }
    expect(await consent()).toMatchObject({ granted: 'Y' });
    expect(await engagements()).toEqual([]);
  });

  it.each([
    ['as RFC 8058 has it', 'application/x-www-form-urlencoded', 'List-Unsubscribe=One-Click'],
    [
      'as multipart',
      'multipart/form-data; boundary=b',
      '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n--b--',
    ],
    ['with nothing in it', 'text/plain', ''],
  ])('takes the consent back with one POST %s, once however often it comes', async (_how, type, body) => {
    await insertMessage(1);
    for (const _time of [1, 2]) {
      const response = await fetch(pageOf(tokenOf(1)), { method: 'POST', headers: { 'content-type': type }, body });
      expect(response.status).toBe(200);
    }
    expect(await consent()).toEqual({ granted: 'N', captured_by: 'list-unsubscribe' });
    expect(await engagements()).toEqual(['unsub']);
    const [row] = await database.query(`SELECT count(*)::int AS rung FROM marketing.outbox WHERE key = 'N1'
      AND type = 'ContactPointConsentChanged' AND sequence > (SELECT max(sequence) FROM marketing.outbox) - 4`);
    expect(Number(row?.['rung'])).toBeGreaterThan(0);
  });

  it('works again after the person has agreed again', async () => {
    await insertMessage(1);
    await fetch(pageOf(tokenOf(1)), { method: 'POST' });
    await database.query("UPDATE marketing.consent SET granted = 'Y'");
    await fetch(pageOf(tokenOf(1)), { method: 'POST' });
    expect(await consent()).toMatchObject({ granted: 'N' });
  });

  it('is of use to nobody who changes it, and only for this', async () => {
    await insertMessage(1);
    const token = tokenOf(1);
    const other = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const wrong of [other, '', 'x', `${token}x`, tokenOf(1).slice(1), encodeURIComponent('../graphql')]) {
      expect((await fetch(pageOf(wrong), { method: 'POST' })).status).toBe(404);
    }
    expect((await fetch(pageOf(tokenOf(2)), { method: 'POST' })).status).toBe(404);
    expect((await fetch(pageOf(token), { method: 'PUT' })).status).toBe(405);
    expect((await fetch(pageOf(token), { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(413);
    expect(await consent()).toMatchObject({ granted: 'Y' });
  });

  it('says that it is not done when marketing does not answer', async () => {
    await insertMessage(1);
    isMarketingUp = false;
    const response = await fetch(pageOf(tokenOf(1)), { method: 'POST' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('60');
  });

  it('is signed by the first key and read by all, and says nothing about the person', () => {
    const old = createUnsubscribeLinks({ publicUrl: PUBLIC_URL, keys: [Buffer.from(KEY)] });
    const turned = createUnsubscribeLinks({
      publicUrl: `${PUBLIC_URL}/`,
      keys: [Buffer.from('n'.repeat(32)), Buffer.from(KEY)],
    });
    const url = old.urlOf(idOf(1));
    expect(turned.read(url.split('/').at(-1) ?? '')).toBe(idOf(1));
    expect(old.read(turned.urlOf(idOf(1)).split('/').at(-1) ?? '')).toBeUndefined();
    expect(url).toMatch(/^https:\/\/shop\.example\.com\/unsubscribe\/[\w-]{43}$/);
  });
});
