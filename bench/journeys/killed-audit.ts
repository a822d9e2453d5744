import { cartRevision } from '../../subgraphs/marketing/journeys/cart-revision.ts';
import type { TakenLine } from './mailbox.ts';
import type { Shopper, ShopStores } from './shop.ts';

/** What is to be looked at when everything is over. */
export interface Remains {
  readonly stores: ShopStores;
  readonly shoppers: readonly Shopper[];
  /** Pairs of customer numbers that were merged. */
  readonly merged: readonly (readonly [string, string])[];
  readonly mails: readonly TakenLine[];
}

/** What was found: each of `faults` should be empty. */
export interface Findings {
  readonly figures: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, readonly string[]>>;
}

interface InstanceRow extends Record<string, unknown> {
  readonly instance_id: string;
  readonly object_id: string;
  readonly record_id: string;
  readonly revision: string;
  readonly status: string;
  readonly end_reason: string | null;
  readonly entered_on: Date;
}

interface MessageRow extends Record<string, unknown> {
  readonly instance_id: string;
  readonly state: string;
  readonly address: string | null;
  readonly header_message_id: string | null;
  readonly asked_on: Date | null;
}

/** Counts what was lost and what was done twice. */
export async function audit(remains: Remains): Promise<Findings> {
  const { marketing } = remains.stores;
  const instances = await marketing.query<InstanceRow>(
    'SELECT instance_id, object_id, record_id, revision, status, end_reason, entered_on FROM marketing.journey_instance',
  );
  const messages = await marketing.query<MessageRow>(
    `SELECT instance_id, state, address, header_message_id,
       (SELECT max(decided_at) FROM marketing.journey_decision AS decision
        WHERE decision.instance_id = message.instance_id AND verdict = 'SEND') AS asked_on
     FROM marketing.journey_message AS message`,
  );
  const faults = {
    ...twice(instances, remains.mails),
    ...lost(remains, instances, messages),
    ...wrongMails(remains, instances, messages),
    ...(await lostConversions(remains, instances)),
    ...(await leftOver(remains.stores)),
  };
  const states = countBy(messages, ({ state }) => `messages ${state}`);
  const ends = countBy(instances, ({ status, end_reason }) => `instances ${status} ${end_reason ?? ''}`.trim());
  return { figures: { instances: instances.length, mails: remains.mails.length, ...states, ...ends }, faults };
}

function countBy<Value>(values: readonly Value[], keyOf: (value: Value) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[keyOf(value)] = (counts[keyOf(value)] ?? 0) + 1;
  return counts;
}

function repeated(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).flatMap(([key, count]) => (count > 1 ? [`${key}: ${count} times`] : []));
}

function twice(instances: readonly InstanceRow[], mails: readonly TakenLine[]): Record<string, string[]> {
  return {
    'instances twice': repeated(countBy(instances, ({ object_id, revision }) => `${object_id} ${revision}`)),
    'mails twice': repeated(countBy(mails, ({ to, messageId }) => `${to} ${messageId}`)),
  };
}

/** Whom other people's orders and withdrawals concern too. */
function peopleOf({ shoppers, merged }: Remains): Map<string, readonly Shopper[]> {
  const groups = new Map(shoppers.map((shopper) => [shopper.customerNumber, [shopper] as readonly Shopper[]]));
  for (const [one, other] of merged) {
    const both = [...new Set([...(groups.get(one) ?? []), ...(groups.get(other) ?? [])])];
    for (const { customerNumber } of both) groups.set(customerNumber, both);
  }
  return groups;
}

/** Carts that were left as they are now, by people who neither ordered nor withdrew: each has its instance and its mail. */
function lost(
  remains: Remains,
  instances: readonly InstanceRow[],
  messages: readonly MessageRow[],
): Record<string, string[]> {
  const entered = new Map(instances.map((row) => [`${row.object_id} ${row.revision}`, row]));
  const stateOf = new Map(messages.map(({ instance_id, state }) => [instance_id, state]));
  const [noInstance, noMessage]: [string[], string[]] = [[], []];
  for (const [customerNumber, group] of peopleOf(remains)) {
    const shopper = group.find((one) => one.customerNumber === customerNumber);
    if (!shopper || shopper.quantity === 0) continue;
    if (group.some(({ orderedMs, optedOutMs }) => orderedMs !== undefined || optedOutMs !== undefined)) continue;
    const revision = cartRevision([{ productId: 'P-1', quantity: shopper.quantity }]);
    const instance = entered.get(`${shopper.cartId} ${revision}`);
    if (!instance) noInstance.push(`${shopper.cartId} with ${shopper.quantity}`);
    else if (!['SENT', 'IN_DOUBT'].includes(stateOf.get(instance.instance_id) ?? '')) {
      noMessage.push(`${shopper.cartId}: ${instance.status} ${instance.end_reason}`);
    }
  }
  const arrived = new Set(remains.mails.map(({ to, messageId }) => `${to} ${messageId}`));
  const sent = messages.filter(({ state }) => state === 'SENT');
  return {
    'carts without an instance': noInstance,
    'carts without a message': noMessage,
    'sent that did not arrive': sent
      .filter(({ address, header_message_id }) => !arrived.has(`${address} ${bare(header_message_id)}`))
      .map(({ instance_id }) => instance_id),
    'neither sent nor in doubt': messages
      .filter(({ state }) => state !== 'SENT' && state !== 'IN_DOUBT')
      .map(({ instance_id, state }) => `${instance_id} ${state}`),
    'instances that still wait': instances
      .filter(({ status }) => ['WAITING', 'DEFERRED', 'PAUSED', 'FAILED'].includes(status))
      .map(({ instance_id, status, end_reason }) => `${instance_id} ${status} ${end_reason}`),
  };
}

function bare(messageId: string | null): string {
  return (messageId ?? '').replace(/^<|>$/g, '');
}

/** An order or a withdrawal that was committed before the gates were asked keeps the mail back. */
function wrongMails(
  { shoppers }: Remains,
  instances: readonly InstanceRow[],
  messages: readonly MessageRow[],
): Record<string, string[]> {
  const shopperOf = new Map(shoppers.map((shopper) => [shopper.customerNumber, shopper]));
  const recordOf = new Map(instances.map(({ instance_id, record_id }) => [instance_id, record_id]));
  const after = (timeOf: (shopper: Shopper) => number | undefined): string[] =>
    messages.flatMap(({ instance_id, asked_on }) => {
      const shopper = shopperOf.get(recordOf.get(instance_id) ?? '');
      const at = shopper && timeOf(shopper);
      return at !== undefined && asked_on && asked_on.getTime() > at
        ? [`${instance_id} ${asked_on.getTime() - at} ms`]
        : [];
    });
  return {
    'mails after an order': after(({ orderedMs }) => orderedMs),
    'mails after a withdrawal': after(({ optedOutMs }) => optedOutMs),
  };
}

/** Orders after the entry, and up to ten minutes before, are conversions of whoever was in a journey. */
async function lostConversions(
  { stores }: Remains,
  instances: readonly InstanceRow[],
): Promise<Record<string, string[]>> {
  const orders = await stores.commerce.query<{ order_no: string; customer_no: string; ordered_at: Date }>(
    'SELECT order_no, customer_no, ordered_at FROM commerce.sales_order',
  );
  const noted = await stores.marketing.query<{ instance_id: string; order_number: string }>(
    'SELECT instance_id, order_number FROM marketing.journey_conversion',
  );
  const conversions = new Set(noted.map(({ instance_id, order_number }) => `${instance_id} ${order_number}`));
  const orderOf = new Map(orders.map((order) => [order.customer_no, order]));
  const missing = instances.flatMap(({ instance_id, record_id, entered_on }) => {
    const order = orderOf.get(record_id);
    const counts = order && entered_on.getTime() <= order.ordered_at.getTime();
    return counts && !conversions.has(`${instance_id} ${order.order_no}`) ? [`${instance_id} ${order.order_no}`] : [];
  });
  return { 'conversions lost': missing };
}

/** Nothing is left to be taken, tried again or looked at; no discount was granted twice. */
async function leftOver({ commerce, marketing }: ShopStores): Promise<Record<string, string[]>> {
  const poison = await marketing.query<{ is: string }>(
    `SELECT consumer || ' ' || event_id || ' ' || error AS is FROM marketing.poison_event
     UNION ALL SELECT kind || ' ' || object_id || ' ' || coalesce(error, '') FROM marketing.journey_task WHERE set_aside_on IS NOT NULL`,
  );
  const codes = await commerce.query<{ is: string }>(
    `SELECT cart_id || ' ' || count(*) AS is FROM commerce.discount GROUP BY cart_id, grant_key HAVING count(*) > 1`,
  );
  return { 'set aside': poison.map((row) => row.is), 'discounts twice': codes.map((row) => row.is) };
}
