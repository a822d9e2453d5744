import { type LiveVisit, readVisits } from '../live/reads.ts';
import type { Occurrence } from '../occurrence.ts';
import { entryDurations } from '../store/documents.ts';
import type { TaskRow } from '../store/tasks.ts';
import { ripen } from './idle.ts';
import { type Findings, findingWork, type TaskWork, type WorkParts } from './task-work.ts';

/** Visits that may be left: products were looked at, and nothing was done with a cart or ordered at the time or since. */
export function visitWork(parts: WorkParts, readAtOnce: number): TaskWork {
  return findingWork(parts, {
    kind: 'BROWSE',
    most: readAtOnce,
    isTimed: true,
    async find(tasks) {
      const durations = await entryDurations(parts.database, ['BROWSE_ABANDONED']);
      const visits = await readVisits(
        parts.graph,
        tasks.map(({ object_id }) => object_id),
      );
      const nowMs = parts.clock();
      return tasks.map((task, index) => judgeVisit(task, visits[index] ?? null, durations, nowMs));
    },
  });
}

function judgeVisit(
  task: TaskRow,
  visit: LiveVisit | null,
  durations: Awaited<ReturnType<typeof entryDurations>>,
  nowMs: number,
): Findings {
  const done: Findings = { task, occurrences: [], fate: { task, wakeMs: null } };
  const views = visit?.websiteEngagements?.edges.map(({ node }) => node) ?? [];
  const view = views.find(({ engagementType }) => engagementType === 'VIEWED_PRODUCT');
  if (!visit || !view) return done;
  const viewedMs = Date.parse(view.engagementDate);
  const { ripe, firedMs, wakeMs } = ripen(durations, { idleMs: nowMs - viewedMs, firedMs: task.fired_ms, nowMs });
  // What was done in the shop a moment before belongs to the same visit.
  const visitMs = durations[0]?.afterMs ?? 0;
  if (lastShopping(visit) > viewedMs - visitMs) return done;
  const occurrences = ripe.map(
    ({ afterMs }): Occurrence => ({
      kind: 'BROWSE_ABANDONED',
      dueMs: viewedMs + afterMs,
      objectType: 'WebsiteEngagement',
      objectId: view.id,
      revision: null,
      occasion: String(afterMs),
      afterMs,
      customer360Id: visit.customer360Id,
      source: task.source,
      recordId: task.record_id,
    }),
  );
  return { task, occurrences, fate: { task, wakeMs, firedMs } };
}

function lastShopping({ shoppingCarts, salesOrders }: LiveVisit): number {
  const carts = shoppingCarts?.edges.map(({ node }) => Date.parse(node.lastActivityDate)) ?? [];
  const orders = salesOrders?.edges.map(({ node }) => Date.parse(node.orderedDate)) ?? [];
  return Math.max(0, ...carts, ...orders);
}
