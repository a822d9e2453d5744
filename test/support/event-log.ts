import { buildSchema, type ExecutionResult, type GraphQLSchema, parse, subscribe } from 'graphql';
import type { SubgraphRequest, SubgraphTransport } from '../../schema/subgraph-transport.ts';

/** One event of the log. Its cursor is its place, counted from 1, as a text. */
export interface LoggedEvent {
  readonly topic: string;
  readonly value: string;
}

/** The schema of the log: one subscription with cursors, one without. */
export const EVENT_LOG_SDL = /* GraphQL */ `
  scalar Cursor
  type Query { size: Int! slow: Int! }
  type Mutation { append(value: String!): Int! }
  type Subscription {
    changed(topic: String, since: Cursor): Change!
    tick: Int!
  }
  type Change { cursor: Cursor!  value: String! }
`;

/** A subgraph over a log of events, in this process. Its subscribers can be cut off, as by a broken socket. */
export class EventLog {
  readonly schema: GraphQLSchema = buildSchema(EVENT_LOG_SDL);
  readonly events: LoggedEvent[] = [];
  /** What subscribers have asked with. */
  readonly asked: SubgraphRequest[] = [];
  /** True: nobody can subscribe. */
  isDown = false;
  readonly #readers = new Set<Reader>();

  /** Subscriptions that run now. */
  get subscribers(): number {
    return this.#readers.size;
  }

  append(value: string, topic = 'any'): void {
    this.events.push({ value, topic });
    for (const reader of [...this.#readers]) reader.wake();
  }

  /** Breaks every subscription off. */
  cut(): void {
    for (const reader of [...this.#readers]) reader.fail(new Error('The connection is gone.'));
  }

  /** Ends every subscription as the subgraph would. */
  finish(): void {
    for (const reader of [...this.#readers]) void reader.return();
  }

  /** The way to it. */
  transport(): SubgraphTransport {
    return {
      execute: async () => ({ data: { size: this.events.length } }),
      subscribe: (request) => this.#subscribe(request),
      close: async () => {},
    };
  }

  /** Events from now on, or after a cursor, as a resolver's source. */
  read(options: ReadOptions, signal: AbortSignal | undefined): AsyncIterableIterator<Record<string, unknown>> {
    const start = options.since == null ? this.events.length : Number(options.since);
    const reader: Reader = new Reader(this.events, { ...options, start }, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    signal?.addEventListener('abort', () => void reader.return(), { once: true });
    return reader;
  }

  async *#subscribe(request: SubgraphRequest): AsyncGenerator<ExecutionResult> {
    this.asked.push(request);
    if (this.isDown) throw new Error('There is no connection.');
    const results = await subscribe({
      schema: this.schema,
      document: parse(request.query),
      variableValues: request.variables,
      rootValue: {
        changed: ({ topic, since }: { topic?: string; since?: string }) =>
          this.read({ topic, since, toValue: CHANGE }, request.signal),
        tick: () => this.read({ toValue: (_event, place) => ({ tick: place }) }, request.signal),
      },
    });
    if (!(Symbol.asyncIterator in results)) {
      yield results;
      return;
    }
    yield* results;
  }
}

/** What is read of the log. */
export interface ReadOptions {
  readonly topic?: string | null | undefined;
  readonly since?: string | null | undefined;
  /** What an event is for the subscriber; its place is counted from 1. */
  readonly toValue: (event: LoggedEvent, place: number) => Record<string, unknown>;
}

const DONE = { done: true, value: undefined } as const;

const CHANGE: ReadOptions['toValue'] = ({ value }, place) => ({ changed: { cursor: String(place), value } });

class Reader implements AsyncIterableIterator<Record<string, unknown>> {
  readonly #events: readonly LoggedEvent[];
  readonly #options: ReadOptions;
  readonly #onEnd: () => void;
  #place: number;
  #asking: { resolve: (result: IteratorResult<Record<string, unknown>>) => void; reject: (e: unknown) => void }[] = [];
  #end: { readonly failure?: Error } | undefined;

  constructor(events: readonly LoggedEvent[], options: ReadOptions & { start: number }, onEnd: () => void) {
    this.#events = events;
    this.#options = options;
    this.#place = options.start;
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Record<string, unknown>>> {
    if (this.#end?.failure) return Promise.reject(this.#end.failure);
    if (this.#end) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#asking.push({ resolve, reject });
      this.wake();
    });
  }

  wake(): void {
    while (this.#asking.length > 0 && this.#place < this.#events.length) {
      const event = this.#events[this.#place];
      this.#place += 1;
      const { topic, toValue } = this.#options;
      if (!event || (topic != null && event.topic !== topic)) continue;
      this.#asking.shift()?.resolve({ done: false, value: toValue(event, this.#place) });
    }
  }

  fail(failure: Error): void {
    this.#finish({ failure });
  }

  async return(): Promise<IteratorResult<Record<string, unknown>>> {
    this.#finish({});
    return DONE;
  }

  #finish(end: { readonly failure?: Error }): void {
    if (this.#end) return;
    this.#end = end;
    this.#onEnd();
    for (const { resolve, reject } of this.#asking) {
      if (end.failure) reject(end.failure);
      else resolve(DONE);
    }
    this.#asking = [];
  }
}
