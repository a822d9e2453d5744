import { isHeldOut } from '../../subgraphs/marketing/journeys/gate/holdout.ts';
import { PROTAGONISTS } from '../../subgraphs/sample-data/protagonists.ts';
import { type MailServer, startMailServer, type TakenMail } from '../support/mail-server.ts';
import { createManualTime } from '../support/manual-time.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startWhole, until, type Whole } from '../support/whole.ts';

const { alice, bob, carol, dan } = PROTAGONISTS;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const SETTINGS = {
  shopName: 'Nordlicht',
  shopUrl: 'https://nordlicht.example',
  postalAddress: '1 Quay, Harbour Town',
  percent: 15,
  abandonAfter: 'PT30M',
  wait: 'PT1H',
  holdoutPercent: 0,
  quietFrom: '00:00',
  quietTo: '00:00',
};
const INSTALL = `mutation ($key: String!, $name: ID!, $settings: String) {
  installJourneyPackage(input: { idempotencyKey: $key, name: $name, settings: $settings }) {
    changes { change objectType objectId } journeyPackage { operations { name document } } } }`;
const TRIGGERED = `subscription { journeyTriggered(kinds: [CART_ABANDONED], since: "0") {
  cursor dueAt occurredAt objectId customer { customer360Id fullName openShoppingCart { id } } journeyInstances { id status } } }`;
const MOVED = `subscription { journeyInstanceUpdated(since: "0") { cursor journeyInstance { id objectId status endReason journey { id } } } }`;
const UPDATED = `subscription ($id: Customer360Id!) { customerUpdated(customer360Id: $id) { id dataSourceId eventType objectType objectId
  customer { customer360Id openShoppingCart { id } salesOrders(first: 1) { edges { node { orderNumber } } }
    emailEngagements(first: 1) { edges { node { engagementType } } } } } }`;
const INSTANCE = `query ($id: ID!) { journeyInstance(id: $id) { status endReason isHeldOut customer { customer360Id }
  timeline { occurredAt entryType message }
  decisions { verdict decidedBy reasons { gate outcome evidence { dataSourceId objectType objectId } } }
  messages { status messageId discountCode contactPointValue } } }`;

const time = createManualTime(Date.now());
let server: MailServer;
let whole: Whole;
let socket: RawSocket;
let keys = 0;
/** How long after the instant at which they were due triggers reached the subscriber, milliseconds of the real clock. */
const delays: number[] = [];

beforeAll(async () => {
  server = await startMailServer();
  whole = await startWhole({
    people: 10,
    clock: time.now,
    journeyWait: time.wait,
    environment: {
      SMTP_URL: `smtp://127.0.0.1:${server.port}`,
      MAIL_FROM: 'Nordlicht <hello@nordlicht.example>',
      PUBLIC_URL: 'https://nordlicht.example',
    },
  });
  socket = await RawSocket.ready(`${whole.running.origin.replace('http', 'ws')}/graphql`);
}, 300_000);
afterAll(async () => {
  socket?.close();
  await whole?.close();
  await server?.close();
});

const key = (): string => `story-${++keys}`;

async function ask(query: string, variables: Record<string, unknown> = {}) {
  const { data, errors } = await whole.ask(query, variables);
  expect(errors).toBeUndefined();
  return data;
}

/** Calls a mutation by its one input. */
function change(mutation: string, input: Record<string, unknown>, selection: string) {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
  return whole.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} } }`, {
    input: { idempotencyKey: key(), ...input },
  });
}

/** What a subscription has told so far. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads the parts that it has asked for
function told(id: string, field: string): any[] {
  return socket.of(id).map(({ type, payload }) => {
    const { data } = payload as { data?: Record<string, unknown> };
    if (type !== 'next' || !data) throw new Error(`${type}: ${JSON.stringify(payload)}`);
    return data[field];
  });
}

/** The first thing that a subscription tells of which this holds, as soon as it does. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads the parts that it has asked for
async function when(id: string, field: string, holds: (value: any) => boolean): Promise<any> {
  await socket.until(() => told(id, field).some(holds));
  return told(id, field).find(holds);
}

async function idOf({ email }: { readonly email: string }): Promise<string> {
  const found = 'query ($by: CustomerByInput!) { customerBy(by: $by) { customer360Id } }';
  return (await ask(found, { by: { emailAddress: email } })).customerBy.customer360Id;
}

/** Somebody puts something into a cart. The journeys have taken that when it resolves. Gives the cart. */
async function fill(customerNumber: string, productId: string, cartId?: string): Promise<string> {
  const input = { customerNumber, productId, ...(cartId && { cartId }) };
  const { data } = await change('addShoppingCartProduct', input, 'shoppingCart { id lastActivityDate }');
  const { id, lastActivityDate } = data.addShoppingCartProduct.shoppingCart;
  const marketing = await whole.storeOf('marketing');
  const due = new Date(Date.parse(lastActivityDate) + 29 * MINUTE);
  const taken = "SELECT FROM marketing.journey_task WHERE kind = 'CART' AND object_id = $1 AND wake_on > $2";
  await until(async () => (await marketing.query(taken, [id, due])).length > 0);
  return id;
}

/** Lets a cart idle, tells nobody before its time, and gives the instance that it begins. */
async function idle(cartId: string, journeyId = 'abandoned-cart'): Promise<string> {
  const before = told('triggers', 'journeyTriggered').length;
  time.advance(30 * MINUTE - 1);
  await socket.settled();
  expect(told('triggers', 'journeyTriggered')).toHaveLength(before);
  time.advance(1);
  const due = performance.now();
  await socket.until(() => told('triggers', 'journeyTriggered').length > before);
  delays.push(performance.now() - due);
  const [trigger] = told('triggers', 'journeyTriggered').slice(before);
  expect(trigger).toMatchObject({ objectId: cartId, journeyInstances: [{ status: 'WAITING' }] });
  expect(Date.parse(trigger.occurredAt) - Date.parse(trigger.dueAt)).toBeLessThanOrEqual(SECOND);
  const { id } = trigger.journeyInstances[0];
  await when('moves', 'journeyInstanceUpdated', ({ journeyInstance: { id: moved, journey } }) => {
    return moved === id && journey.id === journeyId;
  });
  return id;
}

/** The instance when it is over. */
async function ended(id: string) {
  const isOver = ({ journeyInstance }: { journeyInstance: Record<string, string> }): boolean =>
    journeyInstance['id'] === id && !['WAITING', 'DEFERRED'].includes(journeyInstance['status'] ?? '');
  await when('moves', 'journeyInstanceUpdated', isOver);
  return (await ask(INSTANCE, { id })).journeyInstance;
}

/** Why nothing was sent: the gate that decided, and the record it rests on. */
function decisive({ decisions }: { decisions: Record<string, never>[] }): object {
  const { verdict, decidedBy, reasons } = decisions.at(-1) as unknown as {
    verdict: string;
    decidedBy: string;
    reasons: { gate: string; outcome: string; evidence: { objectId: string } | null }[];
  };
  const reason = reasons.find(({ gate }) => gate === decidedBy);
  return { verdict, decidedBy, outcome: reason?.outcome, evidence: reason?.evidence?.objectId };
}

/** A mail without quoted-printable's line breaks and escapes. */
function textOf({ raw }: TakenMail): string {
  const bytes = raw
    .replaceAll('=\r\n', '')
    .replace(/=([0-9A-F]{2})/g, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

it('Bob, Carol, Dan and Alice leave their carts', async () => {
  const [bobs, dans] = [await idOf(bob), await idOf(dan)];
  const { data: installed, errors } = await whole.ask(INSTALL, {
    key: key(),
    name: 'abandoned-cart',
    settings: JSON.stringify(SETTINGS),
  });
  expect(errors).toBeUndefined();
  expect(installed.installJourneyPackage.changes).toEqual([
    { change: 'CREATED', objectType: 'Journey', objectId: 'abandoned-cart' },
  ]);
  const profile = await ask(INSTALL, { key: key(), name: 'service-profile' });
  const agentProfile: string = profile.installJourneyPackage.journeyPackage.operations[0].document;
  socket.subscribe('triggers', TRIGGERED);
  socket.subscribe('moves', MOVED);
  socket.subscribe('bob', UPDATED, { id: bobs });

  // Bob's cart idles, and the subscriber is told of it.
  const cartId = await fill(bob.account, 'out-002', bob.abandonedCart);
  const first = await idle(cartId);
  expect(told('triggers', 'journeyTriggered').at(-1)).toMatchObject({
    customer: { customer360Id: bobs, fullName: expect.stringContaining('Miller'), openShoppingCart: { id: cartId } },
  });
  // The agent sees what he is about to get.
  const plannedAt = new Date(time.now() + HOUR).toISOString();
  const seen = (await ask(agentProfile, { customer360Id: bobs })).customer;
  expect(seen.plannedMessages).toMatchObject([{ plannedAt, step: 'discount', journeyInstance: { id: first } }]);
  expect(seen.plannedMessages[0].sentence).toMatch(
    new RegExp(`^gets a 15 % discount mail .*at ${plannedAt.slice(11, 16)} \\(Abandoned cart\\)$`),
  );
  expect(seen.openShoppingCart.id).toBe(cartId);
  const cart = (
    await ask(
      'query ($id: ID!) { shoppingCart(id: $id) { totalProductAmount { amount currencyCode } shoppingCartProducts { productName } } }',
      { id: cartId },
    )
  ).shoppingCart;

  // One mail, with his cart, his name and a code.
  time.advance(HOUR - 1);
  await socket.settled();
  expect(server.taken).toHaveLength(0);
  time.advance(1);
  const sent = await ended(first);
  expect(sent).toMatchObject({ status: 'COMPLETED', messages: [{ status: 'SENT', contactPointValue: bob.email }] });
  expect(server.taken.map(({ to }) => to)).toEqual([[bob.email]]);
  const [mail] = server.taken as [TakenMail];
  const code: string = sent.messages[0].discountCode;
  const text = textOf(mail);
  for (const { productName } of cart.shoppingCartProducts) expect(text).toContain(productName);
  for (const part of ['Robert', code, cart.totalProductAmount.amount]) expect(text).toContain(part);

  // The code works for his cart, and once.
  const checkOut = (id: string, discountCode?: string) =>
    change(
      'checkOutShoppingCart',
      { cartId: id, ...(discountCode && { discountCode }) },
      'salesOrder { orderNumber grandTotalAmount { amount } } shoppingCart { status }',
    );
  const { data: bought } = await checkOut(cartId, code);
  const { orderNumber, grandTotalAmount } = bought.checkOutShoppingCart.salesOrder;
  expect(Number(grandTotalAmount.amount)).toBeCloseTo(Number(cart.totalProductAmount.amount) * 0.85, 1);
  const secondCart = await fill(bob.account, 'out-002');
  expect(secondCart).not.toBe(cartId);
  expect((await checkOut(secondCart, code)).errors?.[0]?.extensions.code).toBe('CONFLICT');

  // All of it was pushed to who follows Bob, with Bob as he was then.
  const ofBob = (type: string, objectId?: string) =>
    when('bob', 'customerUpdated', (event) => event.objectType === type && (!objectId || event.objectId === objectId));
  expect((await ofBob('EmailEngagement')).customer).toMatchObject({
    customer360Id: bobs,
    emailEngagements: { edges: [{ node: { engagementType: 'SENT' } }] },
  });
  expect((await ofBob('SalesOrder', orderNumber)).customer.salesOrders.edges[0].node.orderNumber).toBe(orderNumber);
  expect((await ofBob('ShoppingCart', secondCart)).customer.openShoppingCart.id).toBe(secondCart);

  // One second before the next mail he orders. There is none, and the timeline says why.
  const second = await idle(secondCart);
  time.advance(HOUR - SECOND);
  await whole.running.engine?.idle();
  const ordered = (await checkOut(secondCart)).data.checkOutShoppingCart.salesOrder.orderNumber;
  time.advance(SECOND);
  const left = await ended(second);
  expect(left).toMatchObject({ status: 'EXITED', endReason: 'ORDERED', messages: [] });
  expect(left.timeline.at(-1)).toMatchObject({ message: expect.stringMatching(/order/i) });
  expect(ordered).not.toBe(orderNumber);
  expect(server.taken).toHaveLength(1);

  // With one click, and without signing in, he has had enough of them.
  const path = /^List-Unsubscribe: <https:\/\/nordlicht\.example(\/unsubscribe\/[\w-]+)>/m.exec(text)?.[1];
  expect(text).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
  const body = new URLSearchParams({ 'List-Unsubscribe': 'One-Click' });
  expect((await fetch(`${whole.running.origin}${path}`, { method: 'POST', body })).status).toBe(200);
  const consents = await ask(
    'query ($id: Customer360Id!) { customer(customer360Id: $id) { contactPointConsents(channels: [EMAIL], purposes: [MARKETING]) { id status captureSource } } }',
    { id: bobs },
  );
  const withdrawn = consents.customer.contactPointConsents.find(
    ({ captureSource }: { captureSource: string }) => captureSource === 'list-unsubscribe',
  );
  expect(withdrawn).toMatchObject({ status: 'OPT_OUT' });
  const third = await idle(await fill(bob.account, 'out-002'));
  time.advance(HOUR);
  expect(decisive(await ended(third))).toEqual({
    verdict: 'SKIP',
    decidedBy: 'CONSENT',
    outcome: 'SKIPPED',
    evidence: withdrawn.id,
  });

  // Carol never wanted any.
  const carols = await idle(await fill(carol.account, 'out-002', carol.abandonedCart));
  time.advance(HOUR);
  expect(decisive(await ended(carols))).toEqual({
    verdict: 'SKIP',
    decidedBy: 'CONSENT',
    outcome: 'SKIPPED',
    evidence: `con_${carol.subscriber.slice(4)}_E_promo`,
  });

  // Alice's mail comes back: the next one is not sent.
  const alicesInstance = await idleAnHour(await fill(alice.account, 'out-002', alice.openCart));
  const alices = await ended(alicesInstance);
  expect(alices).toMatchObject({ messages: [{ status: 'SENT' }] });
  expect(server.taken).toHaveLength(2);
  const { messageId } = alices.messages[0];
  const bounced = await change(
    'recordEmailEngagement',
    { messageId, engagementType: 'BOUNCED' },
    'emailEngagement { id }',
  );
  expect(bounced.errors).toBeUndefined();
  const again = await ended(await idleAnHour(await fill(alice.account, 'kit-005', alice.openCart)));
  expect(decisive(again)).toMatchObject({ verdict: 'SKIP', decidedBy: 'NOT_SUPPRESSED', outcome: 'SKIPPED' });

  // Dan is of those who get nothing, in a journey whose lot falls on him.
  const { document } = (await ask('{ journey(id: "abandoned-cart") { document } }')).journey;
  const lots = Array.from({ length: 500 }, (_, index) => `abandoned-cart-${index}`);
  const journeyId = lots.find((id) => isHeldOut(id, dans, 10)) ?? '';
  const copy = { ...JSON.parse(document), id: journeyId, holdoutPercent: 10 };
  await change('controlJourney', { journeyId: 'abandoned-cart', action: 'PAUSE' }, 'journey { status }');
  const saved = await change('saveJourney', { document: JSON.stringify(copy) }, 'journey { id }');
  expect(saved.errors).toBeUndefined();
  const held = await idle(await fill(dan.guests[1], 'out-002', dan.abandonedCart), journeyId);
  time.advance(HOUR);
  const out = await ended(held);
  expect(decisive(out)).toEqual({ verdict: 'SKIP', decidedBy: 'NOT_HELD_OUT', outcome: 'SKIPPED', evidence: dans });
  expect(out).toMatchObject({ isHeldOut: true, messages: [] });

  // In the end, two mails for seven carts, and every trigger in time.
  await whole.running.engine?.idle();
  expect(server.taken).toHaveLength(2);
  expect(delays).toHaveLength(7);
  // A machine that is busy with other things may hold one up, but not half of them.
  expect(delays.sort((one, other) => one - other)[3]).toBeLessThanOrEqual(SECOND);

  // Alice has herself erased: what was sent to her is not told any more.
  const erasure = { customer360Id: await idOf(alice), reason: 'She asked for it.' };
  expect((await change('eraseCustomer', erasure, 'proof { erasedAt }')).errors).toBeUndefined();
  const herMessages =
    'query ($id: ID!) { journeyInstance(id: $id) { messages { status contactPointValue subject textBody } } }';
  await until(async () => {
    const [message] = (await ask(herMessages, { id: alicesInstance })).journeyInstance.messages;
    return message.contactPointValue === 'erased' && message.textBody === null && message.status === 'SENT';
  });

  // Of all that was told to subscribers here, the log has one line for each subscription.
  const lines = whole.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
  const subscriptions = lines.filter(({ operationType }) => operationType === 'subscription');
  const ids = subscriptions.map(({ requestId }) => requestId);
  expect(ids.length).toBeGreaterThanOrEqual(3);
  expect(new Set(ids).size).toBe(ids.length);

  // And nothing of anybody: neither the log at its most talkative, nor the counts, nor what is kept to be told.
  const people = [alice, bob, carol, dan].flatMap(({ email }) => [email, email.split('@')[0] ?? '']);
  const secrets = [...people, 'Robert', 'Miller', code, 'She asked for it', path?.split('/').at(-1) ?? ''];
  const metrics = await (await fetch(`${whole.running.origin}/metrics`)).text();
  expect(metrics).toContain('c360_subscriptions');
  const sinks: Record<string, string> = { log: whole.log.join('\n'), metrics };
  for (const cloud of ['commerce', 'marketing', 'service']) {
    const rows = await (await whole.storeOf(cloud)).query(`SELECT entry::text FROM ${cloud}.outbox entry`);
    expect(rows.length).toBeGreaterThan(0);
    sinks[cloud] = JSON.stringify(rows);
  }
  const leaked = Object.entries(sinks).flatMap(([sink, text]) =>
    secrets.filter((secret) => text.toLowerCase().includes(secret.toLowerCase())).map((secret) => [sink, secret]),
  );
  // A discount's key is its code, which is of use to its own account only.
  expect(leaked).toEqual([['commerce', code]]);
}, 180_000);

async function idleAnHour(cartId: string): Promise<string> {
  const instance = await idle(cartId);
  time.advance(HOUR);
  return instance;
}
