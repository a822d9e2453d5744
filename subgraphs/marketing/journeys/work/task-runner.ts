import { NotNow } from '../../../../database/consumer-contract.ts';
import { describeFailure, isPassing } from '../../../../database/consumer-failure.ts';
import type { JourneyParts } from '../parts.ts';
import { wakeWorkers } from '../store/events.ts';
import { claimTasks, finishTasks, holdTasks, releaseTasks, setTaskAside, type TaskRow } from '../store/tasks.ts';
import type { TaskWork } from './task-work.ts';

/** After so many failures of its own a task is set aside. */
const TRIES = 5;
const FIRST_RETRY_MS = 25;
/** How long to wait when the live graph does not answer: the whole kind waits, since the next task would fare no better. */
const NO_ANSWER_MS = 2_000;

/** Takes up tasks that are due and does their work. */
export class TaskRunner {
  readonly #parts: JourneyParts;
  readonly #settings: { readonly leaseMs: number };

  constructor(parts: JourneyParts, settings: { readonly leaseMs: number }) {
    this.#parts = parts;
    this.#settings = settings;
  }

  /** Works on the tasks of a kind that are due, as many as fit into one question. Gives how many it took. */
  async run(work: TaskWork, claim: string, most: number): Promise<number> {
    const { database, clock, watch } = this.#parts;
    const nowMs = clock();
    const tasks = await claimTasks(database, {
      kind: work.kind,
      nowMs,
      leaseMs: this.#settings.leaseMs,
      claim,
      most: Math.min(work.most, most),
    });
    if (tasks.length === 0) return 0;
    for (const { due_on } of tasks) if (due_on) watch?.late(nowMs - due_on.getTime());
    await this.#attempt(work, tasks);
    return tasks.length;
  }

  async #attempt(work: TaskWork, tasks: readonly TaskRow[]): Promise<void> {
    try {
      await this.#do(work, tasks);
    } catch (error) {
      if (isPassing(error)) await this.#later(work, tasks, error);
      else if (tasks.length > 1) for (const task of tasks) await this.#attempt(work, [task]);
      else await this.#count(tasks, error);
    }
  }

  async #do(work: TaskWork, tasks: readonly TaskRow[]): Promise<void> {
    const { database, clock, watch } = this.#parts;
    const write = await work.read(tasks);
    const entered = await database.transaction(async (transaction) => {
      const held = await holdTasks(transaction, tasks);
      if (held.length === 0) return undefined;
      const done = await write(transaction, held);
      await finishTasks(transaction, done.fates, clock());
      // What follows may be due before what is slept for.
      await wakeWorkers(transaction);
      return done.entered;
    });
    for (const { kind } of entered?.triggers ?? []) watch?.trigger(kind);
    for (let count = entered?.instances ?? 0; count > 0; count -= 1) watch?.entered();
  }

  async #later(work: TaskWork, tasks: readonly TaskRow[], error: unknown): Promise<void> {
    const { database, clock, log } = this.#parts;
    log.warn(
      { kind: work.kind, count: tasks.length, reason: nameOf(error) },
      'Journeys could not look something up; they will.',
    );
    await releaseTasks(database, tasks, { wakeMs: clock() + NO_ANSWER_MS }).catch(() => {});
  }

  async #count(tasks: readonly TaskRow[], error: unknown): Promise<void> {
    const { database, clock, log } = this.#parts;
    const [task] = tasks;
    if (!task) return;
    const tries = task.tries + 1;
    const failure = { tries, error: nameOf(error) };
    if (tries < TRIES) {
      await releaseTasks(database, [task], { wakeMs: clock() + FIRST_RETRY_MS * 2 ** tries, failure });
      return;
    }
    log.error(
      { kind: task.kind, eventId: task.event_id, reason: failure.error },
      'An event of journeys was set aside.',
    );
    await setTaskAside(database, task, { ...failure, nowMs: clock() });
  }
}

/** Names a failure without anybody's data. */
export function nameOf(error: unknown): string {
  return error instanceof NotNow ? error.message : describeFailure(error);
}
