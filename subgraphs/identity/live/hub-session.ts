import { CodedError } from '../../../schema/errors.ts';
import type { CloudClient, CloudEvents } from '../cloud-client.ts';
import { LOG } from '../identity-events.ts';
import type { IdentityRepository } from '../store/repository.ts';
import { guardStore, type OnWarning } from '../store-guard.ts';
import type { Backoff, Wait } from '../wait.ts';
import { CloudTail } from './cloud-tail.ts';
import { EventWindow } from './event-window.ts';
import { fromCloud, fromIdentity, type LiveEvent } from './live-event.ts';
import { People } from './people.ts';
import { comparePositions, type Positions } from './positions.ts';
import type { Subscriber } from './subscriber.ts';

/** What following all logs needs. */
export interface HubParts {
  readonly repository: IdentityRepository;
  readonly clouds: readonly Pick<CloudClient, 'dataSourceId' | 'events'>[];
  readonly wait: Wait;
  readonly backoff: Backoff;
  readonly onWarning: OnWarning;
  /** Events of each log that are kept for those who were away for a moment; 10,000 when not given. */
  readonly eventsKept?: number;
}

const EVENTS_AT_ONCE = 500;
/** How long another process's change of identity may stay unseen where the store does not ring. */
const LOOK_AGAIN_MS = 500;
/** What comes within this time after a round is told in the next one: under load, many events share what a round costs. */
const GATHER_MS = 8;
/** Events read of the clouds that may wait for their round; the clouds are read no further beyond. */
const WAITING_LIMIT = 5_000;
/** How long the first subscribers wait for a cloud that does not answer. */
const FIRST_ANSWER_MS = 2_000;

/** What was read of a cloud, or that something of it was lost. */
interface Queued {
  readonly cloud: string;
  readonly read: CloudEvents | undefined;
}

interface Joining {
  readonly subscriber: Subscriber;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * All logs, read once for all subscribers, from the first subscriber to the last. It works in rounds: first what identity has
 * written, then what the clouds have told before that look. So an event meets the links that were there when it was written, and
 * one small statement a round is all it costs.
 */
export class HubSession {
  /** What was read of each log. */
  readonly windows: ReadonlyMap<string, EventWindow>;
  readonly #parts: HubParts;
  readonly #people: People<Subscriber>;
  readonly #subscribers = new Set<Subscriber>();
  readonly #ending = new AbortController();
  #queued: Queued[] = [];
  #queuedEvents = 0;
  #taken: (() => void)[] = [];
  #joining: Joining[] = [];
  #admitting = 0;
  #isRung = false;
  #ring: () => void = () => {};
  #running: Promise<void> | undefined;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#people = new People(parts.repository);
    const logs = [LOG, ...parts.clouds.map(({ dataSourceId }) => dataSourceId)];
    this.windows = new Map(logs.map((log) => [log, new EventWindow(parts.eventsKept)]));
  }

  /** True when it reads nothing more. */
  get isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  /** True when nobody follows it nor is about to. */
  get isEmpty(): boolean {
    return this.#subscribers.size === 0 && this.#joining.length === 0 && this.#admitting === 0;
  }

  /** Where every log has been read to. */
  get positions(): Positions {
    const positions: Record<string, string> = {};
    for (const [log, { position }] of this.windows) if (position !== undefined) positions[log] = position;
    return positions;
  }

  /** Places a subscriber at the present. Rejects with NOT_FOUND for an id that nobody has, or what keeps the hub from beginning. */
  join(subscriber: Subscriber): Promise<void> {
    this.#running ??= this.#run();
    return new Promise((resolve, reject) => {
      this.#joining.push({ subscriber, resolve, reject });
      this.#wake();
    });
  }

  leave(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    this.#people.remove(subscriber);
  }

  /** Reads nothing more. */
  close(): void {
    this.#ending.abort();
    this.#wake();
    for (const taken of this.#taken.splice(0)) taken();
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    let stop = async (): Promise<void> => {};
    try {
      stop = await this.#begin(signal);
      for (let failures = 0; !signal.aborted; ) {
        if (!this.#isRung) await this.#nextRing();
        if (signal.aborted) break;
        this.#isRung = false;
        failures = (await this.#round()) ? 0 : failures + 1;
        if (failures > 0) this.#isRung = true;
        await this.#parts.wait(failures > 0 ? this.#parts.backoff(failures) : GATHER_MS, signal);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      // Whoever came while it ended would wait for a round that there is not.
      const ended = new CodedError('SUBSCRIPTION_INTERRUPTED', 'Following was ended before it had begun.');
      for (const { reject } of this.#joining.splice(0)) reject(ended);
      await stop().catch(() => {});
    }
  }

  async #begin(signal: AbortSignal): Promise<() => Promise<void>> {
    const { repository, onWarning, clouds, wait } = this.#parts;
    const stop = await guardStore(
      repository.listen(() => this.#wake()),
      onWarning,
    );
    this.windows.get(LOG)?.begin(String(await guardStore(repository.history.head(), onWarning)));
    const parts = {
      ...this.#parts,
      onEvents: (cloud: string, read: CloudEvents) => this.#take(cloud, read),
      // In its turn: what was read before it may be told in this very moment, and must not be taken for what came after.
      onGap: (cloud: string) => this.#queue({ cloud, read: undefined }),
    };
    const tails = clouds.map((client) => new CloudTail(client, parts));
    for (const tail of tails) void tail.run(signal);
    await Promise.race([Promise.all(tails.map(({ tried }) => tried)), wait(FIRST_ANSWER_MS, signal)]);
    return stop;
  }

  #wake(): void {
    this.#isRung = true;
    this.#ring();
  }

  async #nextRing(): Promise<void> {
    const rung = new AbortController();
    this.#ring = () => rung.abort();
    await this.#parts.wait(LOOK_AGAIN_MS, rung.signal);
    this.#ring = () => {};
  }

  #take(cloud: string, read: CloudEvents): Promise<void> | undefined {
    this.#queue({ cloud, read });
    if (this.#queuedEvents < WAITING_LIMIT) return undefined;
    return new Promise((resolve) => this.#taken.push(resolve));
  }

  #queue(queued: Queued): void {
    this.#queued.push(queued);
    this.#queuedEvents += eventCount(queued);
    this.#wake();
  }

  /** False when the store could not be asked: nothing was lost, all of it waits for the next round. */
  async #round(): Promise<boolean> {
    const queued = this.#queued;
    const joining = this.#joining;
    this.#queued = [];
    this.#joining = [];
    this.#admitting = joining.length;
    try {
      await this.#followIdentity();
      if (joining.length > 0) await this.#admit(joining);
    } catch (error) {
      this.#admitting = 0;
      for (const { reject } of joining) reject(error);
      if (!(error instanceof CodedError)) throw error;
      this.#queued = [...queued, ...this.#queued];
      return false;
    }
    for (const { cloud, read } of queued) {
      if (read) this.#tell(cloud, read);
      else this.#lose(cloud);
    }
    this.#queuedEvents = this.#queued.reduce((sum, each) => sum + eventCount(each), 0);
    for (const taken of this.#taken.splice(0)) taken();
    return true;
  }

  async #followIdentity(): Promise<void> {
    const { repository, onWarning } = this.#parts;
    const window = this.windows.get(LOG);
    for (let isMore = true; isMore && window; ) {
      const events = await guardStore(repository.events(Number(window.position), EVENTS_AT_ONCE), onWarning);
      isMore = events.length === EVENTS_AT_ONCE;
      if (events.length === 0) return;
      const told = events.flatMap((event) => fromIdentity(event) ?? []);
      const changed = new Set(told.flatMap((event) => this.#people.concernedBy(event)));
      await guardStore(this.#people.refresh(changed), onWarning);
      for (const event of told) {
        window.add(event);
        // Those whose person it is about now: a merge names both, an unmerge all whom it separates.
        for (const { followers } of this.#people.concernedBy(event)) this.#offer(event, followers);
      }
      window.pass(String(events.at(-1)?.sequence));
    }
  }

  #tell(cloud: string, { events, cursor }: CloudEvents): void {
    const window = this.windows.get(cloud);
    if (!window) return;
    if (window.position === undefined) this.#beginLog(cloud, window, events[0]?.cursor ?? cursor);
    for (const cloudEvent of events) {
      const event = fromCloud(cloudEvent);
      window.add(event);
      const people = this.#people.concernedBy(event);
      for (const { followers } of people) this.#offer(event, followers);
    }
    window.pass(cursor);
  }

  #beginLog(log: string, window: EventWindow, position: string): void {
    window.begin(position);
    for (const subscriber of this.#subscribers) {
      subscriber.reach(log, position);
      subscriber.wake();
    }
  }

  #offer(event: LiveEvent, followers: ReadonlySet<Subscriber>): void {
    if (followers.size === 0) return;
    const told = { event, positions: this.positions };
    for (const follower of followers) follower.offer(told);
  }

  /** Takes newcomers in, all by one statement. */
  async #admit(joining: readonly Joining[]): Promise<void> {
    const { onWarning } = this.#parts;
    const unknown = new Set(await guardStore(this.#people.add(joining.map(({ subscriber }) => subscriber)), onWarning));
    const head = this.windows.get(LOG)?.position ?? '0';
    this.#admitting = 0;
    for (const { subscriber, resolve, reject } of joining) {
      const since = subscriber.positions[LOG];
      if (unknown.has(subscriber)) {
        reject(new CodedError('NOT_FOUND', 'Identity knows no customer with this id.'));
      } else if (since !== undefined && comparePositions(since, head) > 0) {
        this.#people.remove(subscriber);
        reject(new CodedError('MALFORMED_ID', '`since` is no position that this log has reached.'));
      } else {
        subscriber.join(this.positions);
        this.#subscribers.add(subscriber);
        resolve();
      }
    }
  }

  /** What a cloud keeps no more can't be told: whoever follows has to look again. */
  #lose(cloud: string): void {
    this.windows.get(cloud)?.clear();
    const message = `The ${cloud} cloud keeps its events no longer than to here, and some were missed.`;
    for (const subscriber of this.#subscribers) subscriber.fail(new CodedError('CURSOR_TOO_OLD', message));
  }

  /** Ends for everybody, with the reason. */
  fail(reason: unknown): void {
    for (const { reject } of this.#joining.splice(0)) reject(reason);
    for (const subscriber of this.#subscribers) subscriber.fail(reason);
    this.close();
  }
}

function eventCount({ read }: Queued): number {
  return read?.events.length ?? 0;
}
