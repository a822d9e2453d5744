import DataLoader from 'dataloader';
import { isPassing } from '../../../../database/consumer-failure.ts';
import type { Queryable } from '../../../../database/database.ts';
import type { MessageOutcome } from '../contract.ts';
import type { JourneyDefinition, JourneyStep, MessageStep } from '../definition.ts';
import { type Note, stepAfter, stepAfterWait, stepNamed, type Walk, wait, walk } from '../steps.ts';
import { tellChanges } from '../store/events.ts';
import {
  confirmInstance,
  type InstanceRow,
  type InstanceStanding,
  readStandings,
  releaseInstance,
  runningInstance,
  type Settlement,
  settleInstance,
} from '../store/instances.ts';
import { nextTimeOfDay } from '../time-of-day.ts';
import { settlementOf } from './message-outcomes.ts';
import { nameOf } from './task-runner.ts';
import type { WorkParts } from './task-work.ts';

const FIRST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 600_000;
/** A step that throws so often has something wrong with it that waiting does not cure. */
const TRIES = 20;
const NO_ANSWER_MS = 5_000;

/** Thrown in a transaction when another worker has the instance: nothing of it may be written. */
class ClaimLost extends Error {
  constructor() {
    super('Another worker has taken the journey instance up.');
    this.name = 'ClaimLost';
  }
}

/** Where an instance goes on, with what is told of the way. */
interface Way {
  readonly walk: Walk;
  readonly notes: readonly Note[];
  /** A live answer decided about it, which another time might be another. */
  readonly isDecided: boolean;
}

/** Brings instances that were taken up to where they wait again, or end. */
export class InstanceRunner {
  readonly #parts: WorkParts;
  /** Those that are asked about in one turn are read with one statement, and never remembered. */
  readonly #standings: DataLoader<InstanceRow, InstanceStanding>;

  constructor(parts: WorkParts) {
    this.#parts = parts;
    this.#standings = new DataLoader((rows: readonly InstanceRow[]) => readStandings(parts.database, rows), {
      cache: false,
    });
  }

  /** Never rejects: what fails is tried again later. */
  async run(row: InstanceRow): Promise<void> {
    const { watch, clock } = this.#parts;
    if (row.due_on) watch?.late(clock() - row.due_on.getTime());
    try {
      await this.#goOn(row);
    } catch (error) {
      if (error instanceof ClaimLost) return;
      await this.#later(row, error).catch(() => {});
    }
  }

  async #goOn(row: InstanceRow): Promise<void> {
    const { database, documents } = this.#parts;
    const definition = await documents.definition(database, row.journey_id, row.version);
    const way = await this.#find(definition, row);
    const { standing } = way.walk;
    if (standing.kind !== 'LIVE') return this.#settle(row, { standing }, way.notes);
    const step = standing.step as MessageStep;
    // What was decided live is kept before a message is written: a branch is taken once.
    if (way.isDecided) return this.#settle(row, { standing }, way.notes);
    await this.#send(row, definition, step);
  }

  /** Goes on until a wait, the end or a message. */
  async #find(definition: JourneyDefinition, row: InstanceRow): Promise<Way> {
    const { clock } = this.#parts;
    const first = row.step === null ? null : stepNamed(definition, row.step);
    // An event that came has taken away what was waited for.
    const next = first && row.is_begun ? stepAfterWait(definition, first, row.waits_for === null) : row.step;
    let walked = walk(definition, next, clock());
    const notes: Note[] = [...walked.notes];
    let isDecided = false;
    while (walked.standing.kind === 'LIVE' && walked.standing.step.kind !== 'MESSAGE') {
      const asked = await this.#ask(definition, walked.standing.step, row);
      walked = asked.walk;
      notes.push(...asked.notes, ...walked.notes);
      isDecided = true;
    }
    return { walk: walked, notes, isDecided };
  }

  async #ask(definition: JourneyDefinition, step: JourneyStep, row: InstanceRow): Promise<Omit<Way, 'isDecided'>> {
    const { clock, conditions, zones } = this.#parts;
    const customer360Id = row.customer360_id;
    if (step.kind === 'BRANCH') {
      const holds = await conditions.holds({ customer360Id, condition: step.when });
      const message = holds ? 'What it asks for holds.' : `What it asks for does not hold: on with ${step.otherwise}.`;
      const next = holds ? stepAfter(definition, step) : step.otherwise;
      return { walk: walk(definition, next, clock()), notes: [{ entryType: 'BRANCHED', step: step.id, message }] };
    }
    if (step.kind === 'WAIT_FOR_TIME') {
      const zone = await zones.zoneOf(customer360Id);
      const nowMs = clock();
      return { walk: wait(definition, step, nextTimeOfDay(step.time, zone, nowMs), nowMs, null), notes: [] };
    }
    throw new Error(`A step ${step.kind} asks nothing.`);
  }

  async #send(row: InstanceRow, definition: JourneyDefinition, step: MessageStep): Promise<void> {
    const { database, messages, watch } = this.#parts;
    let hasConcluded = false;
    const outcome = await messages.run({
      instance: runningInstance(row),
      definition,
      step,
      standing: () => this.#standings.load(row),
      confirm: (transaction) => confirmInstance(transaction, row),
      conclude: async (transaction, concluded) => {
        await this.#conclude(transaction, { row, definition, step }, concluded);
        hasConcluded = true;
      },
    });
    if (hasConcluded) {
      watch?.message(outcome.kind);
      return;
    }
    // Not in the journey any more, held, or somebody else's: what stands in the store decides.
    await releaseInstance(database, row, { wakeMs: this.#parts.clock() + NO_ANSWER_MS, tries: row.tries });
  }

  async #conclude(
    transaction: Queryable,
    {
      row,
      definition,
      step,
    }: { readonly row: InstanceRow; readonly definition: JourneyDefinition; readonly step: MessageStep },
    outcome: MessageOutcome,
  ): Promise<void> {
    const nowMs = this.#parts.clock();
    const { settlement, notes } = settlementOf(outcome, { row, definition, step, nowMs });
    await this.#write(transaction, row, settlement, notes);
  }

  #settle(row: InstanceRow, settlement: Settlement, notes: readonly Note[]): Promise<void> {
    return this.#parts.database.transaction((transaction) => this.#write(transaction, row, settlement, notes));
  }

  async #write(
    transaction: Queryable,
    row: InstanceRow,
    settlement: Settlement,
    notes: readonly Note[],
  ): Promise<void> {
    const { clock, watch } = this.#parts;
    const nowMs = clock();
    const { standing, status } = settlement;
    const end: Note[] =
      standing.kind === 'ENDED'
        ? [{ entryType: status ?? 'COMPLETED', step: null, message: `It is over: ${standing.reason}.` }]
        : [];
    if (!(await settleInstance(transaction, row, settlement, [...notes, ...end], nowMs))) throw new ClaimLost();
    if (standing.kind === 'ENDED') watch?.ended(status ?? 'COMPLETED');
    await tellChanges(transaction, { changed: [row.instance_id] }, nowMs);
  }

  /** Waits longer each time; what is not the step's own fault is not counted. */
  async #later(row: InstanceRow, error: unknown): Promise<void> {
    const { database, clock, log } = this.#parts;
    const reason = nameOf(error);
    const nowMs = clock();
    if (isPassing(error)) {
      log.warn({ instanceId: row.instance_id, reason }, 'A journey instance could not go on; it will.');
      return releaseInstance(database, row, { wakeMs: nowMs + NO_ANSWER_MS, tries: row.tries });
    }
    const tries = row.tries + 1;
    log.error({ instanceId: row.instance_id, step: row.step, tries, reason }, 'A step of a journey failed.');
    if (tries < TRIES) {
      const wakeMs = nowMs + Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries);
      return releaseInstance(database, row, { wakeMs, tries });
    }
    const standing = { kind: 'ENDED', reason: 'FAILED' } as const;
    const note = { entryType: 'FAILED', step: row.step, message: `The step failed ${tries} times: ${reason}.` };
    return this.#settle(row, { standing, status: 'FAILED' }, [note]);
  }
}
