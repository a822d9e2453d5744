import type { Queryable } from '../../../../database/database.ts';
import type { JourneyExit } from '../definition.ts';
import { type LiveCase, readCases } from '../live/reads.ts';
import type { Occurrence } from '../occurrence.ts';
import { type Exit, lockActiveAbout, lockActiveOf, takeOut } from '../store/exits.ts';
import type { InstanceRow } from '../store/instances.ts';
import type { TaskRow } from '../store/tasks.ts';
import { type Findings, findingWork, type TaskWork, type WorkParts } from './task-work.ts';

/** Cases that changed: one that was closed makes people enter; a complaint that is open, or a case opened again, takes them out. */
export function caseWork(parts: WorkParts, readAtOnce: number): TaskWork {
  const found = new WeakMap<TaskRow, LiveCase>();
  return findingWork(parts, {
    kind: 'CASE',
    most: readAtOnce,
    isTimed: false,
    async find(tasks) {
      const cases = await readCases(
        parts.graph,
        tasks.map(({ object_id }) => object_id),
      );
      return tasks.map((task, index): Findings => {
        const live = cases[index];
        if (live) found.set(task, live);
        const occurrences = live?.status === 'CLOSED' ? [closed(live, task)] : [];
        return { task, occurrences, fate: { task, wakeMs: null } };
      });
    },
    async also(transaction, held) {
      for (const task of held) {
        const live = found.get(task);
        if (live && live.status !== 'CLOSED') await takeOutByCase(parts, transaction, live);
      }
    },
  });
}

function closed(live: LiveCase, task: TaskRow): Occurrence {
  return {
    kind: 'CASE_CLOSED',
    dueMs: Date.parse(live.closedDate ?? task.event_on.toISOString()),
    objectType: 'Case',
    objectId: live.id,
    revision: null,
    occasion: live.closedDate ?? '',
    afterMs: null,
    customer360Id: live.customer?.customer360Id ?? null,
    source: task.source,
    recordId: live.contactId,
  };
}

async function takeOutByCase(parts: WorkParts, transaction: Queryable, live: LiveCase): Promise<void> {
  const reopened = await lockActiveAbout(transaction, 'Case', [live.id]);
  const message = `The case ${live.id} is open again.`;
  await takeOutWith(parts, transaction, reopened, 'CASE_REOPENED', { reason: 'CASE_REOPENED', message });
  if (live.caseType !== 'COMPLAINT') return;
  const concerned = await lockActiveOf(transaction, {
    customer360Id: live.customer?.customer360Id ?? null,
    source: 'service',
    recordId: live.contactId,
  });
  const complaint = { reason: 'COMPLAINT_OPENED', message: `The complaint ${live.id} is open.` };
  await takeOutWith(parts, transaction, concerned, 'COMPLAINT_OPENED', complaint);
}

async function takeOutWith(
  parts: WorkParts,
  transaction: Queryable,
  instances: readonly InstanceRow[],
  on: JourneyExit['on'],
  exit: Exit,
): Promise<void> {
  const leaving: string[] = [];
  for (const { instance_id, journey_id, version } of instances) {
    const { exits } = await parts.documents.definition(transaction, journey_id, version);
    if (exits.some((asked) => asked.on === on)) leaving.push(instance_id);
  }
  await takeOut(transaction, leaving, exit, parts.clock());
}
