import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../schema/clock.ts';
import { describeFailure } from './consumer-failure.ts';
import type { Database } from './database.ts';
import { quoteIdentifier } from './identifiers.ts';

/** What keeps a log from growing for ever. */
export interface OutboxKeeperOptions {
  readonly database: Database;
  /** The schema whose outbox is pruned. */
  readonly schema: string;
  /** How long events are kept, milliseconds. */
  readonly retentionMs: number;
  readonly clock: Clock;
  /** Sequences up to which somebody has taken the events: what comes after the lowest is kept, up to twice the retention. */
  readonly holds?: () => Promise<readonly number[]>;
  readonly onWarning?: (message: string) => void;
  /** Waits so many milliseconds, or until the signal aborts. Never rejects. Passed in by tests. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/** Deletes events that are kept no more. */
export interface OutboxKeeper {
  /** Begins to look from time to time; a second call does nothing. */
  start(): void;
  /** Finishes the batch in progress and ends. */
  stop(): Promise<void>;
  /** Deletes what is due now, and gives how many events that were. */
  prune(): Promise<number>;
}

/** Events deleted by one statement: a few milliseconds, so that nobody waits for it. */
const PRUNED_AT_ONCE = 1_000;
const EVERY_MS = 60_000;
/** A start is busy enough without it. */
const FIRST_MS = 30_000;
/** Whoever has not taken an event after so many times the retention does not keep it any longer. */
const HELD_TIMES = 2;

/** Makes the keeper of a log. Any number of processes may keep one log. */
export function createOutboxKeeper(options: OutboxKeeperOptions): OutboxKeeper {
  const { schema, wait = waitByTimer, onWarning = () => {} } = options;
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const prune = () => pruneAll(options, stopping.signal);
  const run = async (): Promise<void> => {
    await wait(FIRST_MS, stopping.signal);
    while (!stopping.signal.aborted) {
      await prune().catch((error: unknown) => {
        if (!stopping.signal.aborted) onWarning(`The log of ${schema} could not be pruned: ${describeFailure(error)}.`);
      });
      await wait(EVERY_MS, stopping.signal);
    }
  };
  return {
    start: () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
    prune,
  };
}

async function pruneAll(options: OutboxKeeperOptions, signal: AbortSignal): Promise<number> {
  const { database, schema, retentionMs, clock, holds = async () => [] } = options;
  const text = pruneSql(quoteIdentifier(schema));
  const now = clock();
  let held: number | undefined;
  let pruned = 0;
  while (!signal.aborted) {
    // Most looks find nothing that is old enough: who holds it is asked only when something is.
    const values = [new Date(now - retentionMs), new Date(now - HELD_TIMES * retentionMs), held ?? 0];
    const [found] = await database.query<{ pruned: number; is_due: boolean }>(text, values);
    pruned += found?.pruned ?? 0;
    if (found?.is_due && held === undefined) held = Math.min(...(await holds()), Number.MAX_SAFE_INTEGER);
    else if ((found?.pruned ?? 0) < PRUNED_AT_ONCE) return pruned;
  }
  return pruned;
}

/**
 * Events go from the oldest on, so that what is left has no hole; the newest one always stays, because it tells how far the log
 * has got. How far it was pruned is written in the same statement.
 */
function pruneSql(schema: string): string {
  return `
WITH oldest AS (
  SELECT sequence, occurred_at < $1 AS is_old, occurred_at < $2 AS is_past_holding
  FROM ${schema}.outbox ORDER BY sequence LIMIT ${PRUNED_AT_ONCE}
),
bounds AS (
  SELECT least(
    coalesce((SELECT min(sequence) - 1 FROM oldest WHERE NOT (is_past_holding OR (is_old AND sequence <= $3::bigint))),
      (SELECT max(sequence) FROM oldest)),
    (SELECT max(sequence) - 1 FROM ${schema}.outbox)) AS last
),
pruned AS (
  DELETE FROM ${schema}.outbox WHERE sequence <= (SELECT last FROM bounds) RETURNING sequence
),
floor AS (
  INSERT INTO ${schema}.outbox_floor (sequence) SELECT max(sequence) FROM pruned HAVING count(*) > 0
  ON CONFLICT (is_only) DO UPDATE SET sequence = greatest(outbox_floor.sequence, excluded.sequence)
)
SELECT (SELECT count(*) FROM pruned) AS pruned, coalesce((SELECT is_old FROM oldest ORDER BY sequence LIMIT 1), false) AS is_due`;
}

function waitByTimer(milliseconds: number, signal: AbortSignal): Promise<unknown> {
  return sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
}
