import type { Cancellation } from '../../schema/subgraph-transport.ts';
import type { CallWatch, WatchedCall } from '../deadline.ts';
import { DeadlinePassed } from './wire/call.ts';

/** Whoever waits for work that others wait for too, each in its own way. */
export interface Waiting {
  /** By the clock of the transport. */
  readonly deadline: number;
  readonly signal: Cancellation | undefined;
}

/** All who wait for the same piece of work. Whoever goes before it is done costs the others nothing. */
export class Party<T> {
  readonly #watch: CallWatch;
  readonly #members: Member<T>[] = [];
  readonly #onAbandoned: () => void;

  /** `onAbandoned` is called when the last one has gone before the work is done. */
  constructor(watch: CallWatch, onAbandoned: () => void) {
    this.#watch = watch;
    this.#onAbandoned = onAbandoned;
  }

  get size(): number {
    return this.#members.length;
  }

  /** One more waits. It goes with DeadlinePassed or its signal's reason, at most 25 ms late. */
  add(member: Member<T>): void {
    this.#members.push(member);
    member.whenGone = this.#onGone;
    this.#watch.add(member);
  }

  /** The work is done: tells each who still waits what came of it. */
  end(tell: (member: Member<T>) => void): void {
    for (const member of this.#members.splice(0)) {
      this.#watch.delete(member);
      tell(member);
    }
  }

  readonly #onGone = (member: Member<T>): void => {
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members.splice(at, 1);
    if (this.#members.length === 0) this.#onAbandoned();
  };
}

/** One of a party. */
export class Member<T> implements WatchedCall {
  readonly waiting: Waiting;
  readonly promise: Promise<T>;
  resolve: (value: T | Promise<T>) => void = ignore;
  reject: (error: unknown) => void = ignore;
  whenGone: ((member: Member<T>) => void) | undefined;

  constructor(waiting: Waiting) {
    this.waiting = waiting;
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get deadline(): number {
    return this.waiting.deadline;
  }

  get signal(): Cancellation | undefined {
    return this.waiting.signal;
  }

  cancel(reason: 'DEADLINE' | 'ABORTED'): void {
    this.whenGone?.(this);
    this.reject(reason === 'DEADLINE' ? new DeadlinePassed() : this.signal?.reason);
  }
}

function ignore(): void {}
