import type { LiveEvent } from './live-event.ts';
import { comparePositions } from './positions.ts';

/** Events kept of each log, for those who were away for a moment. */
const EVENTS_KEPT = 10_000;

/** The last events of one log: whoever stands no further back reads what they missed from here, without asking the store. */
export class EventWindow {
  #events: LiveEvent[] = [];
  #since: string | undefined;
  #position: string | undefined;
  readonly #kept: number;

  constructor(kept: number = EVENTS_KEPT) {
    this.#kept = kept;
  }

  /** Where the log has been read to; undefined before anything is known of it. */
  get position(): string | undefined {
    return this.#position;
  }

  /** Begins at a position of the log, with nothing after it. */
  begin(position: string): void {
    this.#events = [];
    this.#since = position;
    this.#position = position;
  }

  /** Forgets everything: what comes next does not follow on what was. */
  clear(): void {
    this.#events = [];
    this.#since = undefined;
    this.#position = undefined;
  }

  add(event: LiveEvent): void {
    this.#events.push(event);
    this.#position = event.position;
    if (this.#events.length < 2 * this.#kept) return;
    const dropped = this.#events.length - this.#kept;
    this.#since = this.#events[dropped - 1]?.position;
    this.#events = this.#events.slice(dropped);
  }

  /** The log has been read to a position without anything between. */
  pass(position: string): void {
    this.#position = position;
  }

  /** True when everything after the position, up to here, is at hand. */
  covers(position: string): boolean {
    if (this.#since === undefined || this.#position === undefined) return false;
    return comparePositions(position, this.#since) >= 0 && comparePositions(position, this.#position) <= 0;
  }

  /** Events after a position that is covered, in order. */
  after(position: string): readonly LiveEvent[] {
    let from = this.#events.length;
    while (from > 0 && comparePositions((this.#events[from - 1] as LiveEvent).position, position) > 0) from -= 1;
    return this.#events.slice(from);
  }
}
