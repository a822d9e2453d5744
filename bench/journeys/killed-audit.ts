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
  readonly ended_on: Date | null;
}

interface TriggerRow extends Record<string, unknown> {
  readonly object_id: string;
  readonly revision: string;
  readonly written_on: Date;
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
    'SELECT instance_id, object_id, record_id, revision, status, end_reason, entered_on, ended_on FROM marketing.journey_instance',
  );
  const messages = await marketing.query<MessageRow>(
    `SELECT instance_id, state, address, header_message_id,
       (SELECT max(decided_at) FROM marketing.journey_decision AS decision
        WHERE decision.instance_id = message.instance_id AND verdict = 'SEND') AS asked_on
     FROM marketing.journey_message AS message`,
  );
  const triggers = await marketing.query<TriggerRow>(
    'SELECT object_id, revision, written_on FROM marketing.journey_trigger',
  );
  const faults = {
    ...twice(instances, remains.mails),
    ...lost(remains, { instances, messages, triggers }),
    ...unsettled(remains.mails, instances, messages),
    ...wrongMails(remains, instances, messages),
    ...(await lostConversions(remains, instances)),
    ...(await leftOver(remains.stores)),
  };
  const states = countBy(messages, ({ state }) => `messages ${state}`);
  const ends = countBy(instances, ({ status, end_reason }) => `instances ${status} ${end_reason ?? ''}`.trim());
  return {
    figures: {
      triggers: triggers.length,
      instances: instances.length,
      mails: remains.mails.length,
      ...states,
      ...ends,
    },
    faults,
  };
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

interface Rows {
  readonly instances: readonly InstanceRow[];
  readonly messages: readonly MessageRow[];
  readonly triggers: readonly TriggerRow[];
}

/**
 * Carts that were left as they are now, by people who neither ordered nor withdrew: each has its trigger, its instance and its mail.
 * Only who was merged may do without, while the other cart of the same person was in the journey.
 */
function lost(remains: Remains, { instances, messages, triggers }: Rows): Record<string, string[]> {
  const nameOf = ({ object_id, revision }: InstanceRow | TriggerRow): string => `${object_id} ${revision}`;
  const entered = new Map(instances.map((row) => [nameOf(row), row]));
  const fired = new Map(triggers.map((row) => [nameOf(row), row]));
  const stateOf = new Map(messages.map(({ instance_id, state }) => [instance_id, state]));
  const [noTrigger, noInstance, noMessage]: [string[], string[], string[]] = [[], [], []];
  for (const [customerNumber, group] of peopleOf(remains)) {
    const shopper = group.find((one) => one.customerNumber === customerNumber);
    if (!shopper || shopper.quantity === 0) continue;
    if (group.some(({ orderedMs, optedOutMs }) => orderedMs !== undefined || optedOutMs !== undefined)) continue;
    const name = `${shopper.cartId} ${cartRevision([{ productId: 'P-1', quantity: shopper.quantity }])}`;
    const [trigger, instance] = [fired.get(name), entered.get(name)];
    const others = new Set(group.flatMap(({ cartId }) => (cartId === shopper.cartId ? [] : [cartId])));
    if (!trigger) noTrigger.push(name);
    else if (!instance) {
      const wasIn = instances.some((row) => others.has(row.object_id) && isDuring(row, trigger.written_on));
      if (!wasIn) noInstance.push(name);
    } else if (!['SENT', 'IN_DOUBT'].includes(stateOf.get(instance.instance_id) ?? '')) {
      if (instance.status !== 'FOLDED' || others.size === 0) {
        noMessage.push(`${name}: ${instance.status} ${instance.end_reason}`);
      }
    }
  }
  return {
    'carts without a trigger': noTrigger,
    'carts without an instance': noInstance,
    'carts without a message': noMessage,
  };
}

function isDuring({ entered_on, ended_on }: InstanceRow, at: Date): boolean {
  return entered_on <= at && (ended_on === null || at <= ended_on);
}

/** What is not over, or of which it is not known what became of it. */
function unsettled(
  mails: readonly TakenLine[],
  instances: readonly InstanceRow[],
  messages: readonly MessageRow[],
): Record<string, string[]> {
  const arrived = new Set(mails.map(({ to, messageId }) => `${to} ${messageId}`));
  return {
    'sent that did not arrive': messages
      .filter(({ state, address, header_message_id: id }) => state === 'SENT' && !arrived.has(`${address} ${bare(id)}`))
      .map(({ instance_id }) => instance_id),
    // PLANNED is none yet: a discount was asked for, and then the cart changed or the gates said no.
    'neither sent nor in doubt': messages
      .filter(({ state }) => !['SENT', 'IN_DOUBT', 'PLANNED'].includes(state))
      .map(({ instance_id, state }) => `${instance_id} ${state}`),
    'instances that still wait': instances
      .filter(({ status }) => ['WAITING', 'DEFERRED', 'PAUSED', 'FAILED'].includes(status))
      .map(({ instance_id, status, end_reason }) => `${instance_id} ${status} ${end_reason}`),
  };
}

function bare(messageId: string | null): string {
  return (messageId ?? '').replace(/^<|>$/g, '');
}

/** An order of the cart's owner, or a withdrawal for the address, that was committed before the gates were asked keeps the mail back. */
function wrongMails(
  { shoppers }: Remains,
  instances: readonly InstanceRow[],
  messages: readonly MessageRow[],
): Record<string, string[]> {
  const byRecord = new Map(shoppers.map((shopper) => [shopper.customerNumber, shopper]));
  const byAddress = new Map(shoppers.map((shopper) => [shopper.email, shopper]));
  const recordOf = new Map(instances.map(({ instance_id, record_id }) => [instance_id, record_id]));
  const after = (timeOf: (message: MessageRow) => number | undefined): string[] =>
    messages.flatMap((message) => {
      const [at, asked] = [timeOf(message), message.asked_on?.getTime()];
      return at !== undefined && asked !== undefined && asked > at ? [`${message.instance_id} ${asked - at} ms`] : [];
    });
  return {
    'mails after an order': after(({ instance_id }) => byRecord.get(recordOf.get(instance_id) ?? '')?.orderedMs),
    'mails after a withdrawal': after(({ address }) => byAddress.get(address ?? '')?.optedOutMs),
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
