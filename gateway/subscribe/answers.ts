import type { GraphQLFormattedError } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import type { OperationRequest } from '../operation.ts';
import type { Answer } from '../stages/respond.ts';
import type { LiveCaller, Subscriber } from './live-operation.ts';
import type { QueueLimits } from './send-queue.ts';

/** How a caller in this process follows an operation. */
export interface Following {
  readonly follow: (request: OperationRequest, caller: LiveCaller, subscriber: Subscriber) => void;
  readonly request: OperationRequest;
  /** Its signal, if it has one, ends the operation from outside. */
  readonly caller: Omit<LiveCaller, 'signal'> & { readonly signal?: AbortSignal };
  readonly limits: QueueLimits;
}

const DONE = { done: true, value: undefined } as const;

/**
 * The answers of an operation, for whoever asks for one after the other. It begins with the first question for one. Refusals
 * and breaks are the last answer; so is SLOW_CONSUMER when more wait than is allowed.
 */
export function iterateAnswers(following: Following): AsyncIterableIterator<Answer['body']> {
  return new AnswerIterator(following);
}

class AnswerIterator implements AsyncIterableIterator<Answer['body']> {
  readonly #following: Following;
  readonly #ending = new AbortController();
  readonly #waiting: string[] = [];
  #waitingBytes = 0;
  #asking: ((result: IteratorResult<Answer['body']>) => void)[] = [];
  #empty: Promise<void> | undefined;
  #emptied: () => void = () => {};
  #hasBegun = false;
  /** Nothing more comes than what waits. */
  #isOver = false;

  constructor(following: Following) {
    this.#following = following;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Answer['body']>> {
    if (!this.#hasBegun && !this.#isOver) this.#begin();
    const text = this.#waiting.shift();
    if (text !== undefined) {
      this.#waitingBytes -= Buffer.byteLength(text);
      if (this.#waiting.length === 0) this.#taken();
      return Promise.resolve({ done: false, value: JSON.parse(text) });
    }
    if (this.#isOver) return Promise.resolve(DONE);
    return new Promise((resolve) => this.#asking.push(resolve));
  }

  async return(): Promise<IteratorResult<Answer['body']>> {
    this.#waiting.length = 0;
    this.#end();
    return DONE;
  }

  #begin(): void {
    this.#hasBegun = true;
    const { follow, request, caller } = this.#following;
    if (caller.signal?.aborted) {
      this.#end();
      return;
    }
    caller.signal?.addEventListener('abort', this.#onAbort, { once: true });
    const subscriber: Subscriber = {
      next: (text) => this.#take(text),
      ready: () => this.#ready(),
      complete: () => this.#end(),
      fail: (errors) => this.#fail(errors),
    };
    follow(request, { ...caller, signal: this.#ending.signal }, subscriber);
  }

  readonly #onAbort = (): void => {
    this.#waiting.length = 0;
    this.#end();
  };

  #take(text: string): void {
    if (this.#isOver) return;
    const { messages, bytes } = this.#following.limits;
    if (this.#waiting.length < messages && this.#waitingBytes <= bytes) {
      this.#hand(text);
      return;
    }
    const error = new CodedError(
      'SLOW_CONSUMER',
      'Events came faster than they were read: go on with the last `cursor`.',
    );
    this.#fail([{ message: error.message, extensions: error.extensions }]);
  }

  #taken(): void {
    this.#empty = undefined;
    this.#emptied();
  }

  #ready(): Promise<void> | undefined {
    if (this.#waiting.length === 0 || this.#isOver) return undefined;
    this.#empty ??= new Promise((resolve) => {
      this.#emptied = resolve;
    });
    return this.#empty;
  }

  #fail(errors: readonly GraphQLFormattedError[]): void {
    if (this.#isOver) return;
    this.#hand(JSON.stringify({ errors }));
    this.#end();
  }

  #hand(text: string): void {
    const asking = this.#asking.shift();
    if (asking) {
      asking({ done: false, value: JSON.parse(text) });
    } else {
      this.#waiting.push(text);
      this.#waitingBytes += Buffer.byteLength(text);
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#following.caller.signal?.removeEventListener('abort', this.#onAbort);
    this.#ending.abort();
    this.#taken();
    for (const asking of this.#asking) asking(DONE);
    this.#asking = [];
  }
}
