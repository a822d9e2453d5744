import { CodedError } from '../../../schema/errors.ts';
import { type HubParts, HubSession } from './hub-session.ts';
import type { LiveEvent } from './live-event.ts';
import { tellMissed } from './missed.ts';
import type { Person } from './people.ts';
import { type Positions, writePositions } from './positions.ts';
import { iterateUntilEnded } from './prompt-end.ts';
import { Subscriber } from './subscriber.ts';

/** A cloud whose events are told. */
export type EventSource = HubParts['clouds'][number];

/** What following people is made from. */
export type LiveCustomersParts = HubParts;

/** An event of a person, as one who follows them is told it. */
export interface PersonEvent {
  readonly event: LiveEvent;
  /** Position in all logs after it. */
  readonly cursor: string;
  /** Whom it concerns, as identity has them now; undefined when somebody else has the id by now. */
  readonly person: Person;
}

/** Everybody who follows a person, over one reading of every log. */
export class LiveCustomers {
  readonly #parts: LiveCustomersParts;
  readonly #clients: ReadonlyMap<string, EventSource>;
  #session: HubSession | undefined;
  #followers = 0;

  constructor(parts: LiveCustomersParts) {
    this.#parts = parts;
    this.#clients = new Map(parts.clouds.map((client) => [client.dataSourceId, client]));
  }

  /** Subscriptions that run now. */
  get followers(): number {
    return this.#followers;
  }

  /** True while the logs are read. */
  get isOpen(): boolean {
    return this.#session !== undefined;
  }

  /**
   * Every event of the person that an id stands for, once, in the order of each log, until the signal aborts; after `since` those
   * missed come first, by time. Throws NOT_FOUND, MALFORMED_ID, CURSOR_TOO_OLD, STORE_UNAVAILABLE.
   */
  follow(
    askedFor: string,
    since: Positions | undefined,
    signal: AbortSignal | undefined,
  ): AsyncIterableIterator<PersonEvent> {
    return iterateUntilEnded(signal, (ended) => this.#follow(new Subscriber(askedFor, since), ended));
  }

  /** Where each cloud's log stands now. Throws what the cloud's client does: without one of them there is no position in all. */
  async cloudPositions(signal?: AbortSignal): Promise<Positions> {
    const positions = [...this.#clients].map(async ([log, client]) => {
      const ending = new AbortController();
      const either = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
      try {
        for await (const { cursor } of client.events({ since: null }, either)) return [log, cursor] as const;
        throw new CodedError('SUBGRAPH_DOWN', 'The cloud ended the subscription.');
      } finally {
        ending.abort();
      }
    });
    return Object.fromEntries(await Promise.all(positions));
  }

  /** Ends the reading; who still follows is told to come again. */
  close(): void {
    this.#session?.fail(new CodedError('SHUTTING_DOWN', 'The server is being stopped.'));
    this.#session = undefined;
  }

  async *#follow(subscriber: Subscriber, signal: AbortSignal): AsyncGenerator<PersonEvent> {
    this.#followers += 1;
    // One that broke may not be cleared away yet: whoever follows slowly has not been told.
    const session = this.#session && !this.#session.isOver ? this.#session : new HubSession(this.#parts);
    this.#session = session;
    const onAbort = (): void => subscriber.wake();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await session.join(subscriber);
      yield* this.#tell(subscriber, session, signal);
    } catch (error) {
      // A session that could not begin, or broke, serves nobody any more.
      if (session.isOver && this.#session === session) this.#session = undefined;
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      session.leave(subscriber);
      this.#followers -= 1;
      if (session.isEmpty) {
        session.close();
        if (this.#session === session) this.#session = undefined;
      }
    }
  }

  async *#tell(subscriber: Subscriber, session: HubSession, signal: AbortSignal): AsyncGenerator<PersonEvent> {
    const unreachable = new Set<string>();
    let failures = 0;
    const parts = {
      repository: this.#parts.repository,
      onWarning: this.#parts.onWarning,
      clients: this.#clients,
      windows: session.windows,
      onUnreachable: (log: string): void => {
        unreachable.add(log);
        failures += 1;
        void this.#parts.wait(this.#parts.backoff(failures), signal).then(() => {
          unreachable.delete(log);
          subscriber.wake();
        });
      },
    };
    while (!signal.aborted) {
      const woken = subscriber.woken();
      if (subscriber.failure !== undefined) throw subscriber.failure;
      const logs = [...subscriber.behind].filter((log) => !unreachable.has(log));
      if (logs.length > 0) {
        for await (const event of tellMissed(subscriber, logs, parts, signal)) yield personEvent(event, subscriber);
        continue;
      }
      const told = subscriber.take();
      if (told) yield personEvent(told.event, subscriber);
      else await woken;
    }
  }
}

function personEvent(event: LiveEvent, { person, positions }: Subscriber): PersonEvent {
  if (!person) throw new Error('Whoever is told events follows a person.');
  return { event, cursor: writePositions(positions), person };
}
