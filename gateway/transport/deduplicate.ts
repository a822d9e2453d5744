import type { Clock } from '../../schema/clock.ts';
import type { Cancellation } from '../../schema/subgraph-transport.ts';
import { CallWatch } from '../deadline.ts';
import { Member, Party, type Waiting } from './party.ts';
import { DeadlinePassed } from './wire/call.ts';

/**
 * Which equal reads share one piece of work. `BEFORE_SENDING`: those that came before it was sent, so that its answer is as new
 * as each of them may expect. `IN_FLIGHT`: also those that come while it runs; their answer may be older than they are.
 */
export type Deduplication = 'OFF' | 'BEFORE_SENDING' | 'IN_FLIGHT';

/** Work as whoever does it sees those who wait for it. */
export interface SharedWork extends Waiting {
  /** The latest of those who wait. */
  readonly deadline: number;
  /** Fires when the last of those who wait has gone. */
  readonly signal: Cancellation;
  /** To be called before anything is sent. */
  readonly sent: () => void;
}

/** Lets equal reads share one piece of work. */
export interface Deduplicator<T> {
  /**
   * Gives what `work` gives, or what that of an equal read gives. Each caller's own deadline and signal hold for it alone: rejects
   * with DeadlinePassed or the signal's reason, at most 25 ms late. The key says everything that the answer may depend on.
   */
  share(key: string, waiting: Waiting, work: (shared: SharedWork) => Promise<T>): Promise<T>;
}

/** Whoever joins late starts work of its own when the other's ends early; with less time left it is not worth it. */
const WORTH_MS = 50;

/** Makes a deduplicator. `onShared` is told of each read that needed no work of its own. */
export function createDeduplicator<T>(
  kind: Exclude<Deduplication, 'OFF'>,
  clock: Clock,
  onShared: () => void = () => {},
): Deduplicator<T> {
  const watch = new CallWatch(clock);
  const open = new Map<string, Flight<T>>();

  const share: Deduplicator<T>['share'] = (key, waiting, work) => {
    const known = open.get(key);
    // Whoever joins a flight that its last one has just left would be left alone with it.
    if (known && !known.aborted) {
      onShared();
      return known.isSent
        ? known.join(waiting).catch((error) => again(error, key, waiting, work))
        : known.join(waiting);
    }
    const flight = new Flight<T>(waiting, watch, (isOver) => {
      if ((isOver || kind === 'BEFORE_SENDING') && open.get(key) === flight) open.delete(key);
    });
    open.set(key, flight);
    return flight.run(work);
  };

  /** Whoever joined what was sent before may have more time than it was given. */
  const again = (error: unknown, key: string, waiting: Waiting, work: (shared: SharedWork) => Promise<T>) => {
    const isTooEarly = error instanceof DeadlinePassed && waiting.deadline - clock() > WORTH_MS;
    if (!isTooEarly || waiting.signal?.aborted) throw error;
    return share(key, waiting, work);
  };
  return { share };
}

/**
 * One piece of work and all who wait for it. As long as that is one, the work itself looks at its signal and deadline, and
 * nothing is spent on watching it twice.
 */
class Flight<T> implements SharedWork, Cancellation {
  isSent = false;
  deadline = 0;
  readonly #leader: Member<T>;
  readonly #watch: CallWatch;
  readonly #close: (isOver: boolean) => void;
  #party: Party<T> | undefined;
  #isAbandoned = false;

  constructor(leader: Waiting, watch: CallWatch, close: (isOver: boolean) => void) {
    this.#leader = new Member<T>(leader);
    this.#watch = watch;
    this.#close = close;
    this.deadline = leader.deadline;
  }

  get signal(): Cancellation {
    return this;
  }

  get aborted(): boolean {
    return this.#party ? this.#isAbandoned : this.#leader.signal?.aborted === true;
  }

  get reason(): unknown {
    return this.#leader.signal?.aborted ? this.#leader.signal.reason : new DeadlinePassed();
  }

  readonly sent = (): void => {
    this.isSent = true;
    this.#close(false);
  };

  join(waiting: Waiting): Promise<T> {
    // What was sent has been told how long it has: that can't be changed any more.
    if (!this.isSent && waiting.deadline > this.deadline) this.deadline = waiting.deadline;
    const member = new Member<T>(waiting);
    this.#shared().add(member);
    return member.promise;
  }

  run(work: (shared: SharedWork) => Promise<T>): Promise<T> {
    work(this).then(
      (value) => {
        this.#close(true);
        if (this.#party) this.#party.end((member) => member.resolve(value));
        else this.#leader.resolve(value);
      },
      (error) => {
        this.#close(true);
        if (this.#party) this.#party.end((member) => member.reject(error));
        else this.#leader.reject(error);
      },
    );
    return this.#leader.promise;
  }

  #shared(): Party<T> {
    if (this.#party) return this.#party;
    const party = new Party<T>(this.#watch, () => {
      this.#isAbandoned = true;
      this.#close(true);
    });
    party.add(this.#leader);
    this.#party = party;
    return party;
  }
}
