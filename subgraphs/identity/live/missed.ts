import { CodedError } from '../../../schema/errors.ts';
import { type CatchUpParts, type MissedStep, missedIn } from './catch-up.ts';
import type { LiveEvent } from './live-event.ts';
import { comparePositions } from './positions.ts';
import type { Subscriber } from './subscriber.ts';

/** What telling missed events needs. */
export interface MissedParts extends CatchUpParts {
  /** A log can't be read for now: asks to be called back when it is worth another try. */
  readonly onUnreachable: (log: string, subscriber: Subscriber) => void;
}

/** Reading of one log in progress, with its next event. */
interface Source {
  readonly log: string;
  readonly steps: AsyncGenerator<MissedStep>;
  next: LiveEvent | undefined;
}

/** After these a subscription can't go on: the client has to read again what it shows. */
const FINAL: ReadonlySet<string> = new Set(['CURSOR_TOO_OLD', 'MALFORMED_ID']);

/**
 * Tells a subscriber what they missed of the logs named, merged by time; the order of each log is kept. Ends when all are told, or
 * when the person has changed, of whom other records are to be read then. `subscriber.positions` goes along.
 */
export async function* tellMissed(
  subscriber: Subscriber,
  logs: readonly string[],
  parts: MissedParts,
  signal: AbortSignal,
): AsyncGenerator<LiveEvent> {
  const { person } = subscriber;
  if (!person) return;
  const open = (log: string): Source => {
    const steps = missedIn(log, subscriber.positions[log] as string, person, parts, signal);
    return { log, steps, next: undefined };
  };
  let sources = logs.map(open);
  try {
    while (sources.length > 0 && subscriber.person === person && !signal.aborted) {
      const looked = await Promise.all(sources.map((source) => look(source, subscriber, parts, open)));
      sources = looked.filter((source): source is Source => source !== null);
      const first = earliest(sources);
      if (!first?.next || subscriber.person !== person || signal.aborted) continue;
      const { next } = first;
      first.next = undefined;
      subscriber.positions[first.log] = next.position;
      yield next;
    }
  } finally {
    for (const { steps } of sources) steps.return(undefined).catch(() => {});
  }
}

/** Reads on to the next event of a log; null when there is none and the present goes on from here, or can't be read. */
async function look(
  source: Source,
  subscriber: Subscriber,
  parts: MissedParts,
  open: (log: string) => Source,
): Promise<Source | null> {
  const { log, steps } = source;
  try {
    while (!source.next) {
      const { value, done } = await steps.next();
      if (done) {
        const hub = parts.windows.get(log)?.position;
        if (hub === undefined) {
          parts.onUnreachable(log, subscriber);
          return null;
        }
        // In the same breath as the look at the hub: what it reads from now on is offered.
        if (comparePositions(subscriber.positions[log] as string, hub) < 0)
          return look(open(log), subscriber, parts, open);
        subscriber.caughtUp(log, hub);
        return null;
      }
      if (value.event) source.next = value.event;
      else subscriber.positions[log] = value.position;
    }
    return source;
  } catch (error) {
    if (!(error instanceof CodedError) || FINAL.has(error.code)) throw error;
    parts.onUnreachable(log, subscriber);
    return null;
  }
}

function earliest(sources: readonly Source[]): Source | undefined {
  let first: Source | undefined;
  for (const source of sources) {
    if (source.next && (!first?.next || source.next.occurredAt < first.next.occurredAt)) first = source;
  }
  return first;
}
