import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPglite } from '../../database/pglite.ts';
import { readConfig } from '../../gateway/config.ts';
import { createLog } from '../../gateway/log.ts';
import { type Running, type RunningCustomer360, startCustomer360, startSubgraph } from '../../gateway/main.ts';
import { PROTAGONISTS } from '../../subgraphs/sample-data/protagonists.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { createStallingProxy, type StallingProxy } from '../support/stalling-proxy.ts';
import { ask } from '../support/whole.ts';

const { alice, bob, carol } = PROTAGONISTS;
const SILENT = createLog('silent');
const PEOPLE = 10;
const UPDATED = `subscription ($id: Customer360Id!, $since: Cursor) { customerUpdated(customer360Id: $id, since: $since) {
  cursor id dataSourceId eventType objectType objectId change changedFields occurredAt
  customer { customer360Id firstName openShoppingCart { id shoppingCartProducts { productId } } cases(first: 1) { edges { node { caseUpdates { commentBody } } } } }
} }`;

interface Update {
  readonly cursor: string;
  readonly id: string;
  readonly dataSourceId: string;
  readonly eventType: string;
  readonly objectType: string;
  readonly objectId: string;
  readonly occurredAt: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the parts that it has asked for
  readonly customer: any;
}

let directory: string;
let service: Running;
let proxy: StallingProxy;
let running: RunningCustomer360;
let productId: string;
let key = 0;

/** Service is elsewhere, so that it can be lost; all else is in a folder that outlives the process's parts. */
async function start(): Promise<RunningCustomer360> {
  const environment = { PORT: '0', SERVICE_URL: proxy.url, SUBGRAPH_TIMEOUT_MS: '5000' };
  return startCustomer360(readConfig(environment, { data: directory }), { log: SILENT, samplePeople: PEOPLE });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'c360-live-'));
  service = await startSubgraph('service', readConfig({ PORT: '0' }, { data: 'memory' }), {
    log: SILENT,
    samplePeople: PEOPLE,
  });
  proxy = await createStallingProxy(Number(new URL(service.origin).port));
  running = await start();
  const cart = `{ shoppingCart(id: "${alice.openCart}") { shoppingCartProducts { productId } } }`;
  productId = (await ask(running.origin, cart)).data.shoppingCart.shoppingCartProducts[0].productId;
}, 120_000);
afterAll(async () => {
  await running.close();
  await proxy.close();
  await service.close();
  await rm(directory, { recursive: true, force: true });
});

/** One who follows a customer over a WebSocket. */
class Client {
  readonly socket: RawSocket;

  static async follow(id: string, since?: string): Promise<Client> {
    const client = new Client(await RawSocket.ready(`${running.origin.replace('http', 'ws')}/graphql`));
    client.socket.subscribe('1', UPDATED, { id, since });
    // Without a cursor it begins when it has begun: that is when an event of now comes through.
    return client;
  }

  constructor(socket: RawSocket) {
    this.socket = socket;
  }

  get updates(): Update[] {
    return this.socket.of('1').map(({ type, payload }) => {
      const { data } = payload as { data?: { customerUpdated: Update } };
      if (type !== 'next' || !data) throw new Error(`${type}: ${JSON.stringify(payload)}`);
      return data.customerUpdated;
    });
  }

  get cursor(): string {
    return this.updates.at(-1)?.cursor ?? '';
  }

  /** The next updates after those seen so far, as soon as there are so many. */
  async next(count: number, seen: number): Promise<Update[]> {
    await this.socket.until(() => this.updates.length >= seen + count);
    return this.updates.slice(seen);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads the parts that it has asked for
async function change(mutation: string): Promise<any> {
  key += 1;
  const { data, errors } = await ask(
    running.origin,
    `mutation { ${mutation.replace('input: {', `input: { idempotencyKey: "live-${key}",`)} }`,
  );
  expect(errors).toBeUndefined();
  return data;
}

const addToCart = (customerNumber: string): Promise<void> =>
  change(
    `addShoppingCartProduct(input: { customerNumber: "${customerNumber}", productId: "${productId}" }) { shoppingCart { id } }`,
  );
const comment = (commentBody: string): Promise<void> =>
  change(`commentOnCase(input: { caseId: "${alice.openTicket}", commentBody: "${commentBody}" }) { case { id } }`);
const consent = (status: string): Promise<void> =>
  change(`setContactPointConsent(input: { subscriberKey: "${alice.subscriber}", engagementChannelType: EMAIL,
    dataUsePurpose: MARKETING, status: ${status} }) { contactPointConsent { id } }`);

async function idOf(emailAddress: string): Promise<string> {
  const { data } = await ask(
    running.origin,
    `{ customerBy(by: { emailAddress: "${emailAddress}" }) { customer360Id } }`,
  );
  return data.customerBy.customer360Id;
}

/** A client that has begun, and has been told all that was done for it to begin. */
async function begun(id: string, account: string): Promise<Client> {
  const client = await Client.follow(id);
  let last = '';
  while (client.updates.length === 0) {
    last = new Date().toISOString();
    await addToCart(account);
    await client.socket.settled();
  }
  await client.socket.until(() => client.updates.some(({ occurredAt }) => occurredAt >= last));
  return client;
}

describe('who follows a customer through the gateway', () => {
  it('is told of a change in each of three clouds, with the customer as of then', async () => {
    const id = await idOf(alice.email);
    const client = await begun(id, alice.account);
    const seen = client.updates.length;
    await addToCart(alice.account);
    await comment('It has arrived.');
    await consent('OPT_IN');
    const told = await client.next(3, seen);
    expect(told.map(({ dataSourceId }) => dataSourceId).sort()).toEqual(['commerce', 'marketing', 'service']);
    const of = (name: string): Update => told.find(({ dataSourceId }) => dataSourceId === name) as Update;
    expect(of('commerce')).toMatchObject({
      eventType: 'ShoppingCartChanged',
      objectType: 'ShoppingCart',
      change: 'UPDATED',
    });
    expect(of('service')).toMatchObject({ eventType: 'CaseChanged', objectType: 'Case', objectId: alice.openTicket });
    expect(of('service').customer.cases.edges[0].node.caseUpdates.at(-1).commentBody).toBe('It has arrived.');
    expect(of('marketing')).toMatchObject({ objectType: 'ContactPointConsent' });
    expect(new Set(told.map(({ customer }) => customer.firstName))).toEqual(new Set(['Alice']));
    client.socket.close();
  });

  it('goes on with the survivor of a merge, and with who was asked for when it is taken back', async () => {
    const [bobs, carols] = [await idOf(bob.email), await idOf(carol.email)];
    const clients = [await begun(bobs, bob.account), await begun(carols, carol.account)] as const;
    const seen = clients.map(({ updates }) => updates.length);
    const merging = await change(
      `mergeCustomers(input: { customer360Id: "${bobs}", otherCustomer360Id: "${carols}" }) { mergeEvent { mergeEventId } }`,
    );
    await addToCart(carol.account);
    for (const [index, client] of clients.entries()) {
      const [merged, cart] = await client.next(2, seen[index] ?? 0);
      expect([merged?.eventType, merged?.dataSourceId]).toEqual(['CUSTOMERS_MERGED', 'identity']);
      expect([cart?.eventType, cart?.customer.customer360Id]).toEqual([
        'ShoppingCartChanged',
        merged?.customer.customer360Id,
      ]);
    }
    const { mergeEventId } = merging.mergeCustomers.mergeEvent;
    await change(`unmergeCustomers(input: { mergeEventId: "${mergeEventId}" }) { mergeEvent { mergeEventId } }`);
    await addToCart(carol.account);
    await addToCart(bob.account);
    for (const [index, client] of clients.entries()) {
      const [, , unmerged, cart] = await client.next(4, seen[index] ?? 0);
      expect(unmerged?.eventType).toBe('CUSTOMERS_UNMERGED');
      expect([cart?.eventType, cart?.customer.customer360Id]).toEqual(['ShoppingCartChanged', [bobs, carols][index]]);
      client.socket.close();
    }
  });

  it('finds what an hour brought when it comes back, by time, also from a process that was started anew', async () => {
    const id = await idOf(alice.email);
    const before = await begun(id, alice.account);
    const { cursor } = before;
    before.socket.close();
    for (let round = 0; round < 5; round += 1) {
      await addToCart(alice.account);
      await comment(`Round ${round}`);
      await consent(round % 2 === 0 ? 'OPT_OUT' : 'OPT_IN');
    }
    await running.close();
    // What a store has from an hour ago is told like what it has from now.
    const store = await openPglite({ directory });
    await store.query(`UPDATE commerce.outbox SET occurred_at = occurred_at - interval '1 hour'`);
    await store.query(`UPDATE marketing.outbox SET occurred_at = occurred_at - interval '1 hour'`);
    await store.close();
    running = await start();
    const client = await Client.follow(id, cursor);
    const told = await client.next(15, 0);
    expect(new Set(told.map((update) => update.id)).size).toBe(15);
    expect(told.map(({ dataSourceId }) => dataSourceId).filter((name) => name === 'service')).toHaveLength(5);
    const times = told.map(({ occurredAt }) => occurredAt);
    expect(times).toEqual([...times].sort());
    await addToCart(alice.account);
    const [now] = await client.next(1, 15);
    expect(now?.eventType).toBe('ShoppingCartChanged');
    client.socket.close();
  });

  it('is told of the others while a cloud is down, and of what that one had to tell when it is back', async () => {
    const id = await idOf(alice.email);
    const client = await begun(id, alice.account);
    const seen = client.updates.length;
    proxy.set('refuse');
    await addToCart(alice.account);
    const [cart] = await client.next(1, seen);
    expect(cart).toMatchObject({
      dataSourceId: 'commerce',
      customer: { customer360Id: id, firstName: 'Alice', cases: null },
    });
    const direct = `mutation { commentOnCase(input: { idempotencyKey: "direct", caseId: "${alice.openTicket}", commentBody: "Meanwhile" }) { case { id } } }`;
    expect((await ask(service.origin, direct)).errors).toBeUndefined();
    proxy.set('pass');
    const [, missed] = await client.next(2, seen);
    expect(missed).toMatchObject({ dataSourceId: 'service', eventType: 'CaseChanged', objectId: alice.openTicket });
    client.socket.close();
  });

  it('is refused for an id that nobody has, and for a cursor of another list', async () => {
    const id = await idOf(alice.email);
    for (const [variables, code] of [
      [{ id: 'c360_00000000000000000000000000' }, 'NOT_FOUND'],
      [{ id, since: 'bm9uZQ' }, 'MALFORMED_ID'],
    ] as const) {
      const socket = await RawSocket.ready(`${running.origin.replace('http', 'ws')}/graphql`);
      socket.subscribe('1', UPDATED, variables);
      await socket.until(() => socket.of('1').length > 0);
      expect(JSON.stringify(socket.of('1')[0])).toContain(code);
      socket.close();
    }
  });
});
