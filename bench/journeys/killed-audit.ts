import { cartRevision } from '../../subgraphs/marketing/journeys/cart-revision.ts';
import { type AuditedStores, auditEvents } from './killed-events.ts';
import type { TakenLine } from './mailbox.ts';
import type { Shopper } from './shop.ts';

/** What is to be looked at when everything is over. */
export interface Remains {
  readonly stores: AuditedStores;
  readonly shoppers: readonly Shopper[];
  /** Pairs of customer numbers that were merged. */
  readonly merged: readonly (readonly [string, string])[];
  readonly mails: readonly TakenLine[];
  /** Times that anything was killed: each may leave some messages in doubt. */
  readonly kills: number;
}

/** As many messages as a process hands over at once: its connections to the mail server. */
const HANDED_OVER_AT_ONCE = 5;

/** What was found: each of `faults` should be empty. */
export interface Findings {
  readonly figures: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, readonly string[]>>;
}

interface InstanceRow extends Record<string, unknown> {
  readonly instance_id: string;
  readonly trigger_id: string;
  readonly object_id: string;
  readonly record_id: string;
  readonly revision: string;
  readonly status: string;
  readonly end_reason: string | null;
  readonly entered_on: Date;
  readonly ended_on: Date | null;
}

interface TriggerRow extends Record<string, unknown> {
  readonly trigger_id: string;
  readonly record_id: string;
  readonly object_id: string;
  readonly revision: string;
  readonly written_on: Date;
}

interface MessageRow extends Record<string, unknown> {
  readonly instance_id: string;
  readonly state: string;
  readonly address: string | null;
  readonly header_message_id: string | null;
  readonly discount_code: string | null;
  /** When the gates were last asked and let it pass, null when they never did. */
  readonly asked_on: Date | null;
}

/** Counts what was lost and what was done twice. */
export async function audit(remains: Remains): Promise<Findings> {
  const { marketing } = remains.stores;
  const instances = await marketing.query<InstanceRow>(
    'SELECT instance_id, trigger_id, object_id, record_id, revision, status, end_reason, entered_on, ended_on FROM marketing.journey_instance',
  );
  const messages = await marketing.query<MessageRow>(
    `SELECT instance_id, state, address, header_message_id, discount_code,
       (SELECT max(decided_at) FROM marketing.journey_decision AS decision
        WHERE decision.instance_id = message.instance_id AND verdict = 'SEND') AS asked_on
     FROM marketing.journey_message AS message`,
  );
  const triggers = await marketing.query<TriggerRow>(
    `SELECT trigger_id, object_id, record_id, revision, written_on FROM marketing.journey_trigger WHERE object_type = 'ShoppingCart'`,
  );
  const skips = await marketing.query<{ instance_id: string }>(
    `SELECT DISTINCT instance_id FROM marketing.journey_decision WHERE verdict = 'SKIP'`,
  );
  const skipped = new Set(skips.map(({ instance_id }) => instance_id));
  const rows = { instances, messages, triggers, skipped };
  const faults = {
    'nothing to look at': instances.length === 0 || remains.mails.length === 0 ? ['no instance or no mail'] : [],
    ...(await auditEvents(remains.stores, remains.shoppers)),
    ...twice(rows, remains.mails),
    ...lost(remains, rows),
    ...(await vanished(remains, rows)),
    ...unsettled(remains, rows),
    ...unknownMails(remains.mails, rows),
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

/** A cart with its contents is one occasion: for one trigger, one instance, one mail, one discount. */
function twice({ instances, messages, triggers }: Rows, mails: readonly TakenLine[]): Record<string, string[]> {
  const codes = messages.flatMap(({ discount_code: code }) => (code === null ? [] : [code]));
  return {
    'triggers twice': repeated(countBy(triggers, nameOf)),
    'instances twice': repeated(countBy(instances, nameOf)),
    'messages twice': repeated(countBy(messages, ({ instance_id }) => instance_id)),
    'mails twice': repeated(countBy(mails, ({ to, messageId }) => `${to} ${messageId}`)),
    'mails twice about the same cart': repeated(countBy(mails, ({ subject }) => subject)),
    'codes twice': repeated(countBy(codes, (code) => code)),
  };
}

function nameOf({ object_id, revision }: InstanceRow | TriggerRow): string {
  return `${object_id} ${revision}`;
}

/** Every mail is of a message that knows of it, and about the cart as it was when its instance began. */
function unknownMails(
  mails: readonly TakenLine[],
  { instances, messages }: Rows,
): Record<'mails that nobody knows' | 'mails about another cart', string[]> {
  const known = new Map(messages.map((row) => [`${row.address} ${bare(row.header_message_id)}`, row]));
  const instanceOf = new Map(instances.map((row) => [row.instance_id, row]));
  const [unknown, wrong]: [string[], string[]] = [[], []];
  for (const { to, messageId, subject } of mails) {
    const message = known.get(`${to} ${messageId}`);
    if (!message || !['SENT', 'IN_DOUBT'].includes(message.state)) {
      unknown.push(`${to} ${messageId} ${message?.state ?? ''}`.trim());
      continue;
    }
    const [, cartId, quantity] = /^(\S+) x(\d+)$/.exec(subject) ?? [];
    const name = `${cartId} ${cartRevision([{ productId: 'P-1', quantity: Number(quantity) }])}`;
    const instance = instanceOf.get(message.instance_id);
    if (!instance || nameOf(instance) !== name) wrong.push(`${to} ${subject}`);
  }
  return { 'mails that nobody knows': unknown, 'mails about another cart': wrong };
}

/** Whatever anything else speaks of is there; who has gone all the way has a message, or gates that said no. */
async function vanished(
  { stores: { marketing }, merged, shoppers }: Remains,
  { instances, messages, triggers, skipped }: Rows,
): Promise<Record<string, string[]>> {
  const told = await marketing.query<{ id: string }>(
    `SELECT key AS id FROM marketing.outbox WHERE type = 'JourneyInstanceChanged'
     UNION SELECT instance_id FROM marketing.journey_message UNION SELECT instance_id FROM marketing.journey_decision
     UNION SELECT instance_id FROM marketing.journey_conversion`,
  );
  const there = new Set(instances.map(({ instance_id }) => instance_id));
  const answered = new Set(skipped);
  for (const { instance_id, state } of messages) if (['SENT', 'IN_DOUBT'].includes(state)) answered.add(instance_id);
  const begun = new Set(instances.map(({ trigger_id }) => trigger_id));
  const isMerged = new Set(merged.flat());
  const isShopper = new Set(shoppers.map(({ customerNumber }) => customerNumber));
  return {
    'instances that vanished': told.flatMap(({ id }) => (there.has(id) ? [] : [id])),
    'instances at their end without an answer': instances
      .filter(({ status, instance_id }) => status === 'COMPLETED' && !answered.has(instance_id))
      .map(({ instance_id }) => instance_id),
    // Who was merged may have been in the journey with the other cart; anybody else enters by every trigger.
    'triggers without an instance': triggers
      .filter(
        ({ trigger_id, record_id }) => !begun.has(trigger_id) && isShopper.has(record_id) && !isMerged.has(record_id),
      )
      .map(nameOf),
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
  /** Instances whose gates once said no. */
  readonly skipped: ReadonlySet<string>;
}

/**
 * Carts that were left as they are now, by people who neither ordered nor withdrew: each has its trigger, its instance and its mail.
 * Only who was merged may do without, while the other cart of the same person was in the journey.
 */
function lost(remains: Remains, { instances, messages, triggers, skipped }: Rows): Record<string, string[]> {
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
      // Both carts of a person may have been due within the second in which one discount is granted.
      const mayDoWithout = instance.status === 'FOLDED' || skipped.has(instance.instance_id);
      if (!mayDoWithout || others.size === 0) {
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
function unsettled({ mails, kills }: Remains, { instances, messages }: Rows): Record<string, string[]> {
  const arrived = new Set(mails.map(({ to, messageId }) => `${to} ${messageId}`));
  const left = new Set(
    instances.filter(({ status }) => status === 'EXITED' || status === 'FOLDED').map(({ instance_id }) => instance_id),
  );
  const inDoubt = messages.filter(({ state }) => state === 'IN_DOUBT').map(({ instance_id }) => instance_id);
  return {
    // A message in doubt is not sent again: only what a kill had in its hands may be one.
    'in doubt without a reason': inDoubt.length > kills * HANDED_OVER_AT_ONCE ? inDoubt : [],
    'sent that did not arrive': messages
      .filter(({ state, address, header_message_id: id }) => state === 'SENT' && !arrived.has(`${address} ${bare(id)}`))
      .map(({ instance_id }) => instance_id),
    // What was planned or written, and not handed over, stays so when the cart changed or the gates said no.
    'neither sent nor in doubt': messages
      .filter(
        ({ state, instance_id }) =>
          !['SENT', 'IN_DOUBT', 'PLANNED'].includes(state) && !(state === 'PREPARED' && left.has(instance_id)),
      )
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
async function leftOver({ commerce, marketing }: AuditedStores): Promise<Record<string, string[]>> {
  const poison = await marketing.query<{ is: string }>(
    `SELECT consumer || ' ' || event_id || ' ' || error AS is FROM marketing.poison_event
     UNION ALL SELECT kind || ' ' || object_id || ' ' || coalesce(error, '') FROM marketing.journey_task WHERE set_aside_on IS NOT NULL`,
  );
  const stuck = await marketing.query<{ is: string }>(
    `SELECT kind || ' ' || object_id AS is FROM marketing.journey_task
     WHERE claim IS NOT NULL OR wake_on < now() + interval '1 minute'`,
  );
  const codes = await commerce.query<{ is: string }>(
    `SELECT coalesce(cart_id, '') || ' ' || grant_key || ' ' || count(*) AS is FROM commerce.discount
     GROUP BY cart_id, grant_key HAVING count(*) > 1`,
  );
  return {
    'set aside': poison.map((row) => row.is),
    'tasks that still wait': stuck.map((row) => row.is),
    'discounts twice': codes.map((row) => row.is),
  };
}
