import type { ExecutionResult } from 'graphql';

/** How reading a subgraph's events ended. */
export type ReaderEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'lost'; readonly reason: unknown }
  | { readonly kind: 'stopped' };

/** What a reader is made from. */
export interface ReaderOptions<Answer> {
  readonly open: (signal: AbortSignal) => AsyncIterable<ExecutionResult>;
  /** Tells an event that means the subgraph itself is lost. */
  readonly isLoss: (event: ExecutionResult) => boolean;
  /** Does what an event needs; several at a time. */
  readonly answer: (event: ExecutionResult, signal: AbortSignal) => Promise<Answer>;
  /** Gets the answers one by one, in the order of their events; the next one when what it gives back has resolved, none when it throws. */
  readonly deliver: (answer: Answer) => Promise<void> | undefined;
}

/** Events of one subscription that are worked on at the same time; the subgraph's next one is asked for when there is room. */
const EVENTS_AT_ONCE = 64;

/** Reads a subgraph's events until they end, it is lost, or it is told to stop. */
export class UpstreamReader<Answer> {
  /** Resolves when everything that was read has been delivered, or at once when it is stopped. */
  readonly ended: Promise<ReaderEnd>;
  readonly #options: ReaderOptions<Answer>;
  readonly #iterator: AsyncIterator<ExecutionResult>;
  readonly #ending = new AbortController();
  readonly #settle: (end: ReaderEnd) => void;
  #delivered: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  #isReading = false;
  #isOver = false;

  constructor(options: ReaderOptions<Answer>) {
    this.#options = options;
    const { promise, resolve } = withResolver<ReaderEnd>();
    this.ended = promise;
    this.#settle = resolve;
    this.#iterator = options.open(this.#ending.signal)[Symbol.asyncIterator]();
    this.#read();
  }

  /** Ends the subgraph's subscription; nothing is delivered any more. */
  stop(): void {
    if (!this.#ending.signal.aborted) this.#letGo();
    this.#settle({ kind: 'stopped' });
  }

  #read(): void {
    if (this.#isReading || this.#isOver || this.#underWay >= EVENTS_AT_ONCE) return;
    this.#isReading = true;
    this.#iterator
      .next()
      .then(this.#onResult)
      .catch((reason: unknown) => this.#finish({ kind: 'lost', reason }));
  }

  readonly #onResult = (result: IteratorResult<ExecutionResult>): void => {
    this.#isReading = false;
    if (this.#isOver) return;
    if (result.done) {
      this.#finish({ kind: 'completed' });
      return;
    }
    if (this.#options.isLoss(result.value)) {
      this.#finish({ kind: 'lost', reason: result.value.errors });
      return;
    }
    this.#underWay += 1;
    const answer = this.#options.answer(result.value, this.#ending.signal);
    // Looked at in its turn.
    answer.catch(() => undefined);
    this.#delivered = this.#delivered
      .then(() => answer)
      .then((made) => (this.#ending.signal.aborted ? undefined : this.#options.deliver(made)))
      .then(() => {
        this.#underWay -= 1;
        this.#read();
      })
      .catch((reason: unknown) => this.#break(reason));
    this.#read();
  };

  /** An event can't be delivered: those after it must not be either. */
  #break(reason: unknown): void {
    if (!this.#ending.signal.aborted) this.#letGo();
    this.#settle({ kind: 'lost', reason });
  }

  #finish(end: ReaderEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#delivered.then(() => {
      if (!this.#ending.signal.aborted) this.#letGo();
      this.#settle(end);
    });
  }

  #letGo(): void {
    this.#isOver = true;
    this.#ending.abort();
    // An iterator may answer `return` only after a pending `next`, which the signal ends.
    this.#iterator.return?.().catch(() => undefined);
  }
}

function withResolver<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
