import type { ConsumerStatus } from '../../../database/consumer-contract.ts';
import { createJourneyConsumers } from './consume/consumers.ts';
import { DEFAULT_SETTINGS, type JourneyParts } from './parts.ts';
import { JourneyDocuments } from './store/documents.ts';
import { WAKE_CHANNEL } from './store/events.ts';
import { awaitedWork } from './work/awaited.ts';
import { abandonedCartWork, changedCartWork } from './work/carts.ts';
import { caseWork } from './work/cases.ts';
import { InstanceRunner } from './work/instance-runner.ts';
import { lapseWork, orderWork } from './work/orders.ts';
import { peopleWork } from './work/people.ts';
import { seedWork } from './work/seed.ts';
import { TaskRunner } from './work/task-runner.ts';
import type { TaskWork, WorkParts } from './work/task-work.ts';
import { unknownWork } from './work/unknown.ts';
import { visitWork } from './work/visits.ts';
import { Worker } from './work/worker.ts';

/** How the engine does. */
export interface EngineStatus {
  readonly consumers: readonly ConsumerStatus[];
}

/** What makes journeys go: takes events, sees to what is due, and sends. */
export interface JourneyEngine {
  /** Begins; a second call does nothing. */
  start(): Promise<void>;
  /** Takes nothing new, finishes what was begun, and gives back what it holds. */
  stop(): Promise<void>;
  /** Looks for what is due now, as after a clock was set forward. */
  wake(): void;
  /** Resolves when nothing is due and nothing is being worked on. */
  idle(): Promise<void>;
  status(): EngineStatus;
  /** Resolves when the events that had happened before the start are taken. */
  caughtUp(): Promise<void>;
}

/** Makes the engine. Any number of processes may run one over the same store. */
export function createJourneyEngine(parts: JourneyParts): JourneyEngine {
  const settings = { ...DEFAULT_SETTINGS, ...parts.settings };
  const work: WorkParts = { ...parts, documents: new JourneyDocuments() };
  const consumers = createJourneyConsumers(parts);
  const worker = new Worker(parts, settings, {
    works: worksOf(work, settings.readAtOnce),
    tasks: new TaskRunner(parts, settings),
    instances: new InstanceRunner(work),
  });
  let starting: Promise<void> | undefined;
  let stopListening: (() => Promise<void>) | undefined;
  return {
    start() {
      starting ??= (async () => {
        await giveBackOfTheDead(parts);
        stopListening = await parts.database.listen(WAKE_CHANNEL, () => worker.wake());
        worker.start();
        for (const consumer of consumers) consumer.start();
      })();
      return starting;
    },
    async stop() {
      await starting?.catch(() => {});
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      await worker.stop();
      await stopListening?.();
    },
    wake: () => worker.wake(),
    idle: () => worker.idle(),
    status: () => ({ consumers: consumers.map((consumer) => consumer.status()) }),
    async caughtUp() {
      await Promise.all(consumers.filter(({ status }) => status().log !== 'identity').map((one) => one.caughtUp()));
    },
  };
}

/** In the order in which they are looked at when several are due: what takes people out comes first. */
function worksOf(parts: WorkParts, readAtOnce: number): TaskWork[] {
  return [
    peopleWork(parts, readAtOnce),
    orderWork(parts, readAtOnce),
    changedCartWork(parts, readAtOnce),
    caseWork(parts, readAtOnce),
    awaitedWork(parts, readAtOnce),
    unknownWork(parts, readAtOnce),
    abandonedCartWork(parts, readAtOnce),
    visitWork(parts, readAtOnce),
    lapseWork(parts, readAtOnce),
    seedWork(parts),
  ];
}

/** The embedded store has one process at a time: whatever is taken up there when it begins, was by one that was killed. */
async function giveBackOfTheDead({ database, clock }: JourneyParts): Promise<void> {
  if (database.engine !== 'pglite') return;
  for (const table of ['journey_task', 'journey_instance']) {
    await database.query(
      `UPDATE marketing.${table} SET wake_on = $1, claim = NULL WHERE claim IS NOT NULL AND wake_on > $1`,
      [new Date(clock())],
    );
  }
}
