import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionResult } from 'graphql';
import type { Clock } from '../../schema/clock.ts';
import type { Executed } from '../execute/executable.ts';
import { type Backoff, pauseBefore } from './backoff.ts';
import { isOutage } from './outage.ts';

const BACKOFF: Backoff = { firstMs: 50, longestMs: 1_000, attempts: Number.POSITIVE_INFINITY };

/** What of an event's plan is missing because a subgraph did not answer for as long as was waited for it. */
export class EventIncomplete extends Error {
  /** The answer as far as it came, JSON text. */
  readonly text: string;

  constructor(text: string) {
    super('a subgraph that the event needs did not answer for too long');
    this.name = 'EventIncomplete';
    this.text = text;
  }
}

/** How long events wait for subgraphs. */
export interface Patience {
  readonly clock: Clock;
  /** Milliseconds since the event came after which no other attempt is made. */
  readonly limitMs: number;
  /** Resolves after some milliseconds, or when the signal aborts. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Runs the plan of an event until every subgraph has answered: a backlog of events asks more of a subgraph than it may be able to
 * do at once, and an event that went on without its answer would never be told whole.
 */
export async function runPatiently(
  run: () => Promise<Executed>,
  { event, signal }: { readonly event: ExecutionResult; readonly signal: AbortSignal },
  { clock, limitMs, pause = pauseByTimer }: Patience,
): Promise<Executed> {
  const end = clock() + limitMs;
  for (let attempt = 1; ; attempt += 1) {
    const executed = await run();
    if (!lacksAnswers(executed, event) || signal.aborted) return executed;
    const pauseMs = pauseBefore(attempt, BACKOFF, Math.random);
    if (clock() + pauseMs >= end) return executed;
    await pause(pauseMs, signal);
    if (signal.aborted) return executed;
  }
}

/** True when a subgraph did not answer. What the event itself brought would not come differently. */
export function lacksAnswers({ errors }: Pick<Executed, 'errors'>, event: ExecutionResult): boolean {
  return errors.some(isOutage) && !(Array.isArray(event.errors) && event.errors.some(isOutage));
}

function pauseByTimer(milliseconds: number, signal: AbortSignal): Promise<unknown> {
  return sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
