import type { LiveEvent } from './live-event.ts';
import type { Follower, Person } from './people.ts';
import { comparePositions, type Positions } from './positions.ts';

/** An event on its way to those whom it concerns, with where all logs stood after it. */
export interface ToldEvent {
  readonly event: LiveEvent;
  readonly positions: Positions;
}

/** Events that may wait for one subscriber. Who falls behind further reads them from the logs, at their own pace. */
const WAITING_LIMIT = 1_000;

/** One who follows a person: what waits for them, and where they stand in each log. */
export class Subscriber implements Follower {
  readonly askedFor: string;
  person: Person<Subscriber> | undefined;
  /** Why nothing more comes, once nothing does. */
  failure: unknown;
  /** Up to where everything has been told, in each log. */
  positions: Record<string, string>;
  /** Logs of which they have missed something: it is read for them before anything else of that log. */
  readonly behind = new Set<string>();
  /** Logs of which they know more than the hub has read so far. */
  readonly #ahead = new Set<string>();
  #waiting: ToldEvent[] = [];
  #at = 0;
  #wake: () => void = () => {};

  constructor(askedFor: string, since: Positions | undefined) {
    this.askedFor = askedFor;
    this.positions = { ...since };
  }

  /** Places the subscriber where the hub is now; in logs in which they stood before, they stay where they were. */
  join(hub: Positions): void {
    for (const [log, position] of Object.entries(hub)) this.reach(log, position);
  }

  /** The hub has come to stand at a position of a log: whoever stands elsewhere has that log read for them first. */
  reach(log: string, position: string): void {
    const own = this.positions[log];
    if (own === undefined) this.positions[log] = position;
    else if (own !== position) this.behind.add(log);
  }

  /** Everything of a log is told up to the subscriber's own position, which is not before the hub's. */
  caughtUp(log: string, hub: string): void {
    this.behind.delete(log);
    const own = this.positions[log];
    if (own !== undefined && comparePositions(own, hub) > 0) this.#ahead.add(log);
  }

  /** Takes an event of the present. */
  offer(told: ToldEvent): void {
    const { log, position } = told.event;
    if (this.behind.has(log)) return;
    if (this.#ahead.has(log)) {
      const own = this.positions[log];
      if (own !== undefined && comparePositions(position, own) <= 0) return;
      this.#ahead.delete(log);
    }
    if (this.#waiting.length - this.#at < WAITING_LIMIT) {
      this.#waiting.push(told);
    } else {
      this.#waiting = [];
      this.#at = 0;
      for (const each of Object.keys(this.positions)) this.behind.add(each);
    }
    this.wake();
  }

  /** The next event that waits. */
  take(): ToldEvent | undefined {
    const told = this.#waiting[this.#at];
    if (!told) return undefined;
    this.#at += 1;
    if (this.#at === this.#waiting.length || this.#at > WAITING_LIMIT) {
      this.#waiting = this.#waiting.slice(this.#at);
      this.#at = 0;
    }
    this.positions = this.#positionsAfter(told);
    return told;
  }

  fail(reason: unknown): void {
    this.failure ??= reason;
    this.wake();
  }

  /** Something is to be done for the subscriber. */
  wake(): void {
    this.#wake();
  }

  /** Resolves with the next `wake`. */
  woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** The hub's place in each log, or the subscriber's own: further on where they caught up, further back where they have yet to. */
  #positionsAfter({ event, positions }: ToldEvent): Record<string, string> {
    const after: Record<string, string> = { ...positions };
    for (const log of Object.keys(this.positions)) {
      const own = this.positions[log] as string;
      const hub = after[log];
      if (hub === undefined || this.behind.has(log) || comparePositions(own, hub) > 0) after[log] = own;
    }
    after[event.log] = event.position;
    return after;
  }
}
