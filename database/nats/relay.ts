import type { Clock } from '../../schema/clock.ts';
import { EventStream, Outrun, type StreamEnd, type StreamPlace } from './event-stream.ts';
import type { NatsLink, NatsSession } from './link.ts';
import { firstAfter, positionBefore, type RelayedLog } from './relayed-log.ts';

/** How often a relay that stands by looks whether the stream keeps up; twice behind at the same place, and it takes over. */
const LOOK_MS = 1_000;
const BATCH = 500;
const DAY_MS = 86_400_000;

/** What a relay is made from. */
export interface RelayOptions {
  readonly link: NatsLink;
  readonly log: RelayedLog;
  readonly place: StreamPlace;
  readonly clock: Clock;
  /** Resolves after the time, in milliseconds, or when the signal aborts. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  readonly onWarning: (message: string) => void;
}

type End = Pick<StreamEnd, 'sequence' | 'streamSequence'>;

/**
 * Brings a store's log into its stream: once, in order, and further after whatever broke off. Its position is the last message of
 * the stream and stands nowhere else, so that it can't differ from what was published. Each process may run one: the server
 * takes an event only right after the one before it, and who is outrun stands by.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #isActive = false;
  #isOutrun = false;
  #published = 0;
  /** The last position of the stream that was seen. */
  #position: number | null = null;
  /** When the oldest event happened that is known not to be published. */
  #waitingSinceMs: number | null = null;
  #isFailureTold = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Such as `commerce`. */
  get store(): string {
    return this.#options.log.store;
  }

  /** True while this process is the one that publishes. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Events that this process has published. */
  get published(): number {
    return this.#published;
  }

  /** Age in seconds of the oldest event that the stream does not have yet; 0 when it has all. */
  get lagSeconds(): number {
    if (this.#waitingSinceMs === null) return 0;
    return Math.max(0, this.#options.clock() - this.#waitingSinceMs) / 1000;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const { session } = this.#options.link;
      try {
        if (session) await this.#work(session);
        else if (this.#position !== null) this.#waitingSinceMs = await this.#oldestAfter(this.#position);
      } catch (error) {
        this.#isOutrun = error instanceof Outrun;
        // A session that was lost is told of by the link.
        if (!this.#isOutrun && session?.lost.aborted === false) this.#tell(error);
      }
      this.#isActive = false;
      if (!signal.aborted && !this.#isOutrun) await this.#options.wait(LOOK_MS, signal);
    }
  }

  /** Until the session is lost, another relay is faster, or the position has to be kept from growing too old. */
  async #work(session: NatsSession): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, session.lost]);
    const stream = new EventStream(session, this.#options.place);
    await stream.ensure();
    if (this.#isOutrun) await this.#standBy(stream, signal);
    this.#isOutrun = false;
    while (!signal.aborted) {
      const end = await this.#endOf(stream);
      this.#isActive = true;
      await this.#publish(stream, end, signal);
    }
  }

  /** While another relay does the work: until it leaves something lying. */
  async #standBy(stream: EventStream, signal: AbortSignal): Promise<void> {
    let behindAt: number | null = null;
    while (!signal.aborted) {
      const { last, streamSequence } = await stream.end();
      this.#position = last?.sequence ?? this.#position;
      this.#waitingSinceMs = await this.#oldestAfter(last?.sequence ?? 0);
      const isBehind = this.#waitingSinceMs !== null;
      if (isBehind && behindAt === streamSequence) return;
      behindAt = isBehind ? streamSequence : null;
      await this.#options.wait(LOOK_MS, signal);
    }
  }

  /** Where to go on: a new stream begins with what is young enough to be kept in it. */
  async #endOf(stream: EventStream): Promise<End> {
    const { log, place, clock, onWarning } = this.#options;
    const { last, streamSequence } = await stream.end();
    if (last && (await this.#isOfThisLog(last))) {
      return clock() - last.storedAtMs < this.#markAfterMs ? last : stream.mark(last);
    }
    if (last) {
      onWarning(`The stream of ${log.store} tells of events that its store does not have: it is made anew.`);
      await stream.remove();
      await stream.ensure();
    }
    const sequence = await positionBefore(log, clock() - place.retentionMs);
    return { sequence, streamSequence: last ? 0 : streamSequence };
  }

  /** False when the store was set back to an earlier state: it has another event in that place, or none yet. */
  async #isOfThisLog(last: StreamEnd): Promise<boolean> {
    const { log } = this.#options;
    const { floor, lastGiven } = await log.reader.bounds();
    if (last.sequence <= floor) return true;
    if (last.sequence > lastGiven) return false;
    // A marker has no event, and may stand where the log has none.
    return last.id === '' || (await firstAfter(log, last.sequence - 1))?.id === last.id;
  }

  async #publish(stream: EventStream, begin: End, outer: AbortSignal): Promise<void> {
    const { log, wait } = this.#options;
    const { strip = (event) => event } = log;
    const ending = new AbortController();
    const signal = AbortSignal.any([outer, ending.signal]);
    void wait(this.#markAfterMs, signal).then(() => ending.abort());
    // What was pruned unpublished leaves a hole, which the next message tells by the position that it follows.
    let end = { ...begin, sequence: Math.max(begin.sequence, (await log.reader.bounds()).floor) };
    this.#position = end.sequence;
    this.#waitingSinceMs = null;
    try {
      for await (const events of log.reader.follow(end.sequence, { signal, batchSize: BATCH })) {
        this.#waitingSinceMs = Date.parse(events[0]?.occurredAt ?? '');
        end = await stream.publish(events.map(strip), end);
        this.#position = end.sequence;
        this.#published += events.length;
        this.#waitingSinceMs = null;
        this.#isFailureTold = false;
      }
    } finally {
      ending.abort();
    }
  }

  async #oldestAfter(position: number): Promise<number | null> {
    const { log } = this.#options;
    const event = await firstAfter(log, Math.max(position, (await log.reader.bounds()).floor));
    return event ? Date.parse(event.occurredAt) : null;
  }

  /** A position is lost when its message grows too old, so in a quiet log it is written again before that. */
  get #markAfterMs(): number {
    return Math.min(this.#options.place.retentionMs / 4, DAY_MS);
  }

  #tell(error: unknown): void {
    if (this.#isFailureTold) return;
    this.#isFailureTold = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onWarning(
      `Events of ${this.store} can't be relayed to NATS, readers go on from the store: ${reason}`,
    );
  }
}
