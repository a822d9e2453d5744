import type { Database } from '../../database/database.ts';
import type { JourneyWatch } from '../../subgraphs/marketing/journeys/parts.ts';
import type { LabelValues, Metrics } from '../metrics.ts';

/** How old the counts of what waits may be when somebody looks, milliseconds. */
const KEPT_MS = 10_000;
const LATENESS_BOUNDS_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 3_600];

/** Counts what journeys do, and shows how many wait. */
export function watchJourneys(metrics: Metrics, database: Database): JourneyWatch {
  const triggers = metrics.counter({
    name: 'c360_journey_triggers_total',
    help: 'What made people enter journeys.',
    labels: ['kind'],
  });
  const entered = metrics.counter({ name: 'c360_journey_entries_total', help: 'Journey instances that began.' });
  const messages = metrics.counter({
    name: 'c360_journey_messages_total',
    help: 'Message steps that were run, by what came of them.',
    labels: ['outcome'],
  });
  const ended = metrics.counter({
    name: 'c360_journey_ends_total',
    help: 'Journey instances that the engine brought to their end.',
    labels: ['status'],
  });
  const lateness = metrics.histogram(
    { name: 'c360_journey_lateness_seconds', help: 'How late something due was begun.' },
    LATENESS_BOUNDS_SECONDS,
  );
  const waiting = createWaitingCount(database);
  metrics.gauge({ name: 'c360_journey_instances', help: 'Journey instances by status.', labels: ['status'] }, waiting);
  return {
    trigger: (kind) => triggers.add([kind]),
    entered: () => entered.add([]),
    message: (outcome) => messages.add([outcome]),
    ended: (status) => ended.add([status]),
    late: (milliseconds) => lateness.observe([], milliseconds / 1_000),
  };
}

/** The store is asked behind the answer: whoever looks sees what was found the last time. */
function createWaitingCount(database: Database): () => readonly (readonly [LabelValues, number])[] {
  let counts: readonly (readonly [LabelValues, number])[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<void> => {
    const rows = await database.query<{ status: string; count: number }>(
      `SELECT status, count(*) AS count FROM marketing.journey_instance
       WHERE status IN ('WAITING', 'DEFERRED', 'PAUSED') GROUP BY status`,
    );
    counts = rows.map(({ status, count }) => [[status], count] as const);
  };
  return () => {
    const now = performance.now();
    if (now - lookedAt > KEPT_MS) {
      lookedAt = now;
      look().catch(() => {});
    }
    return counts;
  };
}
