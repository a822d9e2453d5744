import type { Queryable } from '../../../../database/database.ts';
import type { Clock } from '../../../../schema/clock.ts';
import { recordKey } from '../live/reads.ts';
import { countedOrders } from '../reports/conversions.ts';
import { forgetMessagesOf } from '../sending/message-store.ts';
import { entryDurations } from '../store/documents.ts';
import { wakeWorkers } from '../store/events.ts';
import { ERASED, lockActiveOf, takeOut } from '../store/exits.ts';
import { ACTIVE_SQL } from '../store/instances.ts';
import { noteMoves } from '../store/moves.ts';
import { type NewTask, putTasks, type TaskKind } from '../store/tasks.ts';
import type { CloudEvent, IdentityEvent } from './event-sources.ts';

/** What events are for: each notes what is to be looked at, and when. Nothing is read live here. */
export type Effect<Event> = (transaction: Queryable, events: readonly Event[]) => Promise<void>;

/** Fields of a cart that change without anybody doing anything with it. */
const NO_ACTIVITY: ReadonlySet<string> = new Set(['status', 'abandonedAt']);
/** Fields of a case that matter here. */
const CASE_FIELDS: ReadonlySet<string> = new Set(['status', 'caseType', 'closedDate']);

/** Carts are armed, orders looked at. */
export function commerceEffect(clock: Clock): Effect<CloudEvent> {
  return async (transaction, events) => {
    const nowMs = clock();
    const carts = events.filter(({ eventType }) => eventType === 'ShoppingCartChanged');
    const orders = await ordersToLookAt(transaction, events);
    const armed = carts.filter(isActivity);
    if (armed.length > 0) {
      const [shortest] = await entryDurations(transaction, ['CART_ABANDONED', 'CHECKOUT_ABANDONED']);
      const wakeMs = (event: CloudEvent) => leftAt(event, nowMs) + (shortest?.afterMs ?? 0);
      await putTasks(
        transaction,
        armed.map((event) => task('CART', event, wakeMs(event))),
        { again: false },
      );
    }
    const watched = await withInstances(transaction, carts);
    const now = [
      ...watched.map((event) => task('CART_CHECK', event, nowMs)),
      ...orders.map((event) => task('ORDER', event, nowMs)),
    ];
    await putTasks(transaction, now, { again: true });
    await awaitEvents(transaction, events, nowMs);
    await wakeWorkers(transaction);
  };
}

/** New ones, and those that count for a journey and may have been cancelled. */
async function ordersToLookAt(transaction: Queryable, events: readonly CloudEvent[]): Promise<CloudEvent[]> {
  const orders = events.filter(({ eventType, change }) => eventType === 'SalesOrderChanged' && change !== 'DELETED');
  const changed = orders.filter(({ change }) => change !== 'CREATED');
  const counted = await countedOrders(
    transaction,
    changed.map(({ objectId }) => objectId),
  );
  return orders.filter(({ change, objectId }) => change === 'CREATED' || counted.has(objectId));
}

/** Cases are looked at when something about them changed that matters. */
export function serviceEffect(clock: Clock): Effect<CloudEvent> {
  return async (transaction, events) => {
    const nowMs = clock();
    const cases = events.filter(
      ({ eventType, change, changedFields }) =>
        eventType === 'CaseChanged' &&
        change !== 'DELETED' &&
        (changedFields.length === 0 || changedFields.some((field) => CASE_FIELDS.has(field))),
    );
    await putTasks(
      transaction,
      cases.map((event) => task('CASE', event, nowMs)),
      { again: true },
    );
    await awaitEvents(transaction, events, nowMs);
    await wakeWorkers(transaction);
  };
}

/** Visits are armed. Messages that were sent are our own doing: nobody waits for them. */
export function marketingEffect(clock: Clock): Effect<CloudEvent> {
  return async (transaction, events) => {
    const nowMs = clock();
    const visits = events.filter(
      ({ eventType, change, sourceRecordId }) =>
        eventType === 'WebsiteEngagementChanged' && change === 'CREATED' && sourceRecordId !== null,
    );
    if (visits.length > 0) {
      const [shortest] = await entryDurations(transaction, ['BROWSE_ABANDONED']);
      const tasks = visits.map((event) => ({
        ...task('BROWSE', event, leftAt(event, nowMs) + (shortest?.afterMs ?? 0)),
        objectId: event.sourceRecordId ?? '',
      }));
      await putTasks(transaction, tasks, { again: false });
    }
    const sent = await sentEngagements(transaction, events);
    await awaitEvents(
      transaction,
      events.filter(({ objectId, eventType }) => eventType !== 'EmailEngagementChanged' || !sent.has(objectId)),
      nowMs,
    );
    await wakeWorkers(transaction);
  };
}

/** People whose records moved are looked at; records that were not known are looked up; who was erased leaves. */
export function identityEffect(clock: Clock): Effect<IdentityEvent> {
  return async (transaction, events) => {
    const nowMs = clock();
    const moves = events.filter(
      ({ eventType, otherCustomer360Id }) =>
        eventType === 'CUSTOMERS_MERGED' ||
        eventType === 'CUSTOMERS_UNMERGED' ||
        (eventType === 'RECORD_LINKED' && otherCustomer360Id !== null),
    );
    const people = moves.flatMap((event) =>
      [event.customer360Id, event.otherCustomer360Id].flatMap((id) => (id === null ? [] : [{ event, id }])),
    );
    await noteMoves(
      transaction,
      people.map(({ id }) => id),
      nowMs,
    );
    const tasks = people.map(({ event, id }) => identityTask('PERSON', event, { objectId: id, nowMs }));
    await putTasks(transaction, [...tasks, ...(await unknownRecords(transaction, events, nowMs))], { again: true });
    const erased = events.filter(({ eventType }) => eventType === 'CUSTOMER_ERASED');
    for (const { customer360Id } of erased) {
      const active = await lockActiveOf(transaction, { customer360Id, source: 'identity', recordId: null });
      await takeOut(
        transaction,
        active.map(({ instance_id }) => instance_id),
        ERASED,
        nowMs,
      );
    }
    const gone = erased.flatMap(({ customer360Id }) => customer360Id ?? []);
    if (gone.length > 0) await forgetMessagesOf(transaction, gone);
    await wakeWorkers(transaction);
  };
}

/** Nothing that happened can be later than now, whatever the other clock says. */
function leftAt({ occurredAt }: CloudEvent, nowMs: number): number {
  return Math.min(Date.parse(occurredAt), nowMs);
}

function isActivity({ change, changedFields }: CloudEvent): boolean {
  if (change === 'DELETED') return false;
  return changedFields.length === 0 || changedFields.some((field) => !NO_ACTIVITY.has(field));
}

function task(kind: TaskKind, event: CloudEvent, wakeMs: number): NewTask {
  return {
    kind,
    objectId: event.objectId,
    source: event.dataSourceId,
    recordId: event.sourceRecordId,
    eventId: event.id,
    eventType: event.eventType,
    eventOn: event.occurredAt,
    wakeMs,
  };
}

function identityTask(
  kind: 'PERSON' | 'UNKNOWN',
  event: IdentityEvent,
  { objectId, nowMs }: { readonly objectId: string; readonly nowMs: number },
): NewTask {
  const { record } = event;
  return {
    kind,
    objectId,
    source: record?.dataSourceId ?? 'identity',
    recordId: record?.sourceRecordId ?? null,
    eventId: event.id,
    eventType: event.eventType,
    eventOn: event.occurredAt,
    wakeMs: nowMs,
  };
}

async function withInstances(transaction: Queryable, carts: readonly CloudEvent[]): Promise<CloudEvent[]> {
  if (carts.length === 0) return [];
  const rows = await transaction.query<{ object_id: string }>(
    `SELECT DISTINCT object_id FROM marketing.journey_instance
     WHERE object_type = 'ShoppingCart' AND object_id = ANY($1) AND status IN ${ACTIVE_SQL}`,
    [[...new Set(carts.map(({ objectId }) => objectId))]],
  );
  const watched = new Set(rows.map(({ object_id }) => object_id));
  return carts.filter(({ objectId }) => watched.has(objectId));
}

/** Only types that somebody waits for are looked at any further. */
async function awaitEvents(transaction: Queryable, events: readonly CloudEvent[], nowMs: number): Promise<void> {
  const owned = events.filter(({ sourceRecordId }) => sourceRecordId !== null);
  if (owned.length === 0) return;
  const rows = await transaction.query<{ waits_for: string }>(
    `SELECT type AS waits_for FROM unnest($1::text[]) AS given (type)
     WHERE EXISTS (SELECT FROM marketing.journey_instance WHERE waits_for = type)`,
    [[...new Set(owned.map(({ eventType }) => eventType))]],
  );
  const awaited = new Set(rows.map(({ waits_for }) => waits_for));
  const tasks = owned
    .filter(({ eventType }) => awaited.has(eventType))
    .map((event) => ({
      ...task('AWAITED', event, nowMs),
      objectId: `${event.dataSourceId} ${event.sourceRecordId} ${event.eventType}`,
    }));
  await putTasks(transaction, tasks, { again: true });
}

async function sentEngagements(transaction: Queryable, events: readonly CloudEvent[]): Promise<ReadonlySet<string>> {
  const engagements = events.filter(({ eventType }) => eventType === 'EmailEngagementChanged');
  if (engagements.length === 0) return new Set();
  const rows = await transaction.query<{ event_id: string }>(
    `SELECT event_id FROM marketing.email_event WHERE event_id = ANY($1) AND kind = 'sent'`,
    [engagements.map(({ objectId }) => objectId)],
  );
  return new Set(rows.map(({ event_id }) => event_id));
}

async function unknownRecords(
  transaction: Queryable,
  events: readonly IdentityEvent[],
  nowMs: number,
): Promise<NewTask[]> {
  const linked = events.filter(({ eventType, record }) => eventType === 'RECORD_LINKED' && record !== null);
  if (linked.length === 0) return [];
  const rows = await transaction.query<{ source: string; record_id: string }>(
    `SELECT DISTINCT found.source, found.record_id FROM marketing.journey_trigger AS found
     JOIN unnest($1::text[], $2::text[]) AS given (source, record_id)
       ON found.source = given.source AND found.record_id = given.record_id
     WHERE found.customer360_id IS NULL`,
    [linked.map(({ record }) => record?.dataSourceId), linked.map(({ record }) => record?.sourceRecordId)],
  );
  const asked = new Set(rows.map(({ source, record_id }) => recordKey({ source, recordId: record_id })));
  return linked.flatMap((event) => {
    const { dataSourceId = '', sourceRecordId = '' } = event.record ?? {};
    const objectId = recordKey({ source: dataSourceId, recordId: sourceRecordId });
    return asked.has(objectId) ? [identityTask('UNKNOWN', event, { objectId, nowMs })] : [];
  });
}
