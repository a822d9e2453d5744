import type { Queryable } from '../../../../database/database.ts';
import { type Entered, enter, type PlannedEntry, planEntries } from '../entries.ts';
import type { Occurrence } from '../occurrence.ts';
import type { JourneyParts } from '../parts.ts';
import type { JourneyDocuments } from '../store/documents.ts';
import { readMoves } from '../store/moves.ts';
import type { TaskFate, TaskKind, TaskRow } from '../store/tasks.ts';

/** What became of tasks, in the transaction. */
export interface TasksDone {
  readonly fates: readonly TaskFate[];
  readonly entered?: Entered;
}

/** Writes what follows from what was read, for those of the tasks that nobody has moved meanwhile. */
export type WriteTasks = (transaction: Queryable, held: readonly TaskRow[]) => Promise<TasksDone>;

/** What is done about one kind of task. */
export interface TaskWork {
  readonly kind: TaskKind;
  /** So many at once. */
  readonly most: number;
  /** True when it follows from time that passed, so that a standstill lets many come due together: these are paced. */
  readonly isTimed: boolean;
  /** Reads live, outside of any transaction. Throws NotNow when the live graph does not answer. */
  read(tasks: readonly TaskRow[]): Promise<WriteTasks>;
}

/** What works on tasks. */
export interface WorkParts extends JourneyParts {
  readonly documents: JourneyDocuments;
}

/** What a task may lead to. */
export interface Findings {
  readonly task: TaskRow;
  readonly occurrences: readonly Occurrence[];
  readonly fate: TaskFate;
}

/** How soon a person whose records moved meanwhile is looked at again. */
const AGAIN_MS = 100;

/**
 * The work of a kind whose tasks do nothing but find occurrences: `find` reads live and judges, the rest plans and writes the
 * entries. A task whose person moved meanwhile is looked at again.
 */
export function findingWork(
  parts: WorkParts,
  work: Pick<TaskWork, 'kind' | 'most' | 'isTimed'> & {
    readonly find: (tasks: readonly TaskRow[]) => Promise<readonly Findings[]>;
    readonly also?: (transaction: Queryable, held: readonly TaskRow[]) => Promise<void>;
  },
): TaskWork {
  return {
    ...work,
    async read(tasks) {
      const readAfter = await readMoves(parts.database);
      const findings = await work.find(tasks);
      const planned = await planEntries(
        parts,
        parts.documents,
        findings.flatMap(({ occurrences }) => occurrences),
      );
      return async (transaction, held) => {
        const isHeld = new Set(held);
        const mine = findings.filter(({ task }) => isHeld.has(task));
        const wanted = new Set(mine.flatMap(({ occurrences }) => occurrences));
        await work.also?.(transaction, held);
        const entered = await enter(parts, transaction, planned.filter(isIn(wanted)), readAfter);
        return { fates: mine.map((finding) => fateOf(finding, entered, parts.clock())), entered };
      };
    },
  };
}

function isIn(wanted: ReadonlySet<Occurrence>): (planned: PlannedEntry) => boolean {
  return ({ occurrence }) => wanted.has(occurrence);
}

function fateOf({ task, occurrences, fate }: Findings, { stale }: Entered, nowMs: number): TaskFate {
  if (!occurrences.some((occurrence) => stale.has(occurrence))) return fate;
  return { task, wakeMs: nowMs + AGAIN_MS, firedMs: task.fired_ms };
}
