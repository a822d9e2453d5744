import type { Queryable } from '../../../../database/database.ts';
import { type LiveLastOrder, type LiveOrder, readLastOrders, readOrders } from '../live/reads.ts';
import type { Occurrence } from '../occurrence.ts';
import { recordConversions, VOID_ORDER_STATUSES } from '../reports/conversions.ts';
import { entryDurations } from '../store/documents.ts';
import { lockActiveOf, takeOut } from '../store/exits.ts';
import { putTasks, type TaskRow } from '../store/tasks.ts';
import { ripen } from './idle.ts';
import { type Findings, findingWork, type TaskWork, type WorkParts } from './task-work.ts';

/** Clocks may be so far apart: an order this much before somebody entered may have been placed after it. */
const CLOCK_TOLERANCE_MS = 600_000;

/** Orders that came: whoever placed one leaves, and it makes others enter; how long ago the last one is begins anew. */
export function orderWork(parts: WorkParts, readAtOnce: number): TaskWork {
  const found = new WeakMap<TaskRow, LiveOrder>();
  return findingWork(parts, {
    kind: 'ORDER',
    most: readAtOnce,
    isTimed: false,
    async find(tasks) {
      const orders = await readOrders(
        parts.graph,
        tasks.map(({ object_id }) => object_id),
      );
      return tasks.map((task, index): Findings => {
        const order = orders[index];
        if (order) found.set(task, order);
        return { task, occurrences: order ? [placed(order, task)] : [], fate: { task, wakeMs: null } };
      });
    },
    async also(transaction, held) {
      for (const task of held) {
        const order = found.get(task);
        if (order) await takeOutByOrder(parts, transaction, order);
      }
      await armLapse(transaction, held, found);
    },
  });
}

function placed(order: LiveOrder, task: TaskRow): Occurrence {
  return {
    kind: 'ORDER_PLACED',
    dueMs: Date.parse(order.orderedDate),
    objectType: 'SalesOrder',
    objectId: order.orderNumber,
    revision: null,
    occasion: '',
    afterMs: null,
    customer360Id: order.customer?.customer360Id ?? null,
    source: task.source,
    recordId: order.customerNumber,
  };
}

async function takeOutByOrder(parts: WorkParts, transaction: Queryable, order: LiveOrder): Promise<void> {
  const customer360Id = order.customer?.customer360Id ?? null;
  const instances = await lockActiveOf(transaction, {
    customer360Id,
    source: 'commerce',
    recordId: order.customerNumber,
  });
  const orderedMs = Date.parse(order.orderedDate);
  const leaving: string[] = [];
  for (const { instance_id, journey_id, version, entered_on, object_id } of instances) {
    const { exits } = await parts.documents.definition(transaction, journey_id, version);
    const isLater = orderedMs >= entered_on.getTime() - CLOCK_TOLERANCE_MS;
    const isItsOwn = object_id === order.orderNumber;
    if (isLater && !isItsOwn && exits.some(({ on }) => on === 'ORDER_PLACED')) leaving.push(instance_id);
  }
  const message = `The order ${order.orderNumber} was placed.`;
  await takeOut(transaction, leaving, { reason: 'ORDERED', message, orderNumber: order.orderNumber }, parts.clock());
  // Who is through, or goes on, has ordered all the same: what counts for the journey is kept.
  await transaction.query(
    `UPDATE marketing.journey_instance SET order_number = $1
     WHERE (customer360_id = $2 OR (source = 'commerce' AND record_id = $3)) AND order_number IS NULL AND object_id <> $1
       AND entered_on <= $4::timestamptz + interval '10 minutes' AND counts_until >= $4::timestamptz`,
    [order.orderNumber, customer360Id, order.customerNumber, new Date(orderedMs)],
  );
  const { customerNumber, orderNumber, orderedDate, salesOrderStatus } = order;
  const isVoid = VOID_ORDER_STATUSES.has(salesOrderStatus);
  const fact = { orderNumber, orderedDate, ...order.grandTotalAmount, isVoid };
  await recordConversions(transaction, { customer360Id, customerNumber }, [fact]);
}

async function armLapse(
  transaction: Queryable,
  held: readonly TaskRow[],
  found: WeakMap<TaskRow, LiveOrder>,
): Promise<void> {
  const [shortest] = await entryDurations(transaction, ['CUSTOMER_LAPSED']);
  const tasks = held.flatMap((task) => {
    const order = found.get(task);
    if (!order) return [];
    const wakeMs = shortest === undefined ? null : Date.parse(order.orderedDate) + shortest.afterMs;
    return [
      {
        kind: 'LAPSE' as const,
        objectId: order.customerNumber,
        source: task.source,
        recordId: order.customerNumber,
        eventId: task.event_id,
        eventType: task.event_type,
        eventOn: order.orderedDate,
        wakeMs,
      },
    ];
  });
  await putTasks(transaction, tasks, { again: false });
}

/** People whose last order is long ago: the timer was set by it, and it is looked up whether there was one since. */
export function lapseWork(parts: WorkParts, readAtOnce: number): TaskWork {
  return findingWork(parts, {
    kind: 'LAPSE',
    most: readAtOnce,
    isTimed: true,
    async find(tasks) {
      const durations = await entryDurations(parts.database, ['CUSTOMER_LAPSED']);
      const customers = await readLastOrders(
        parts.graph,
        tasks.map(({ object_id }) => object_id),
      );
      const nowMs = parts.clock();
      return tasks.map((task, index) => judgeLapse(task, customers[index] ?? null, durations, nowMs));
    },
  });
}

function judgeLapse(
  task: TaskRow,
  customer: LiveLastOrder | null,
  durations: Awaited<ReturnType<typeof entryDurations>>,
  nowMs: number,
): Findings {
  const last = customer?.salesOrders?.edges[0]?.node;
  if (!customer || !last) return { task, occurrences: [], fate: { task, wakeMs: null } };
  const orderedMs = Date.parse(last.orderedDate);
  const { ripe, firedMs, wakeMs } = ripen(durations, { idleMs: nowMs - orderedMs, firedMs: task.fired_ms, nowMs });
  const occurrences = ripe.map(
    ({ afterMs }): Occurrence => ({
      kind: 'CUSTOMER_LAPSED',
      dueMs: orderedMs + afterMs,
      objectType: 'Customer',
      objectId: customer.customer360Id,
      revision: null,
      occasion: `${last.orderNumber} ${afterMs}`,
      afterMs,
      customer360Id: customer.customer360Id,
      source: task.source,
      recordId: task.record_id,
    }),
  );
  return { task, occurrences, fate: { task, wakeMs, firedMs } };
}
