import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import { CodedError, ERRORS, type ErrorCode } from '../../schema/errors.ts';
import { type OperationRequest, Refused } from '../operation.ts';
import type { Received } from '../stages/receive.ts';
import { send } from '../stages/respond.ts';
import type { After } from '../timers.ts';
import type { Cursor, LiveCaller, Subscriber } from './live-operation.ts';
import { type QueueLimits, SendQueue } from './send-queue.ts';
import type { SignalListeners } from './signal-listeners.ts';
import type { FollowOptions } from './subscriptions.ts';
import { Turns } from './turns.ts';

/** What event streams are made with. */
export interface EventStreamsParts {
  /** Reads the operation and who asks. Throws Refused for what is no request. */
  readonly receive: (message: IncomingMessage) => Promise<Received>;
  readonly follow: (
    request: OperationRequest,
    caller: LiveCaller,
    subscriber: Subscriber,
    options: FollowOptions,
  ) => void;
  /** Shapes what kept an operation from being executed. */
  readonly refuse: (error: unknown, requestId: string) => readonly GraphQLFormattedError[];
  readonly signals: SignalListeners;
  readonly after: After;
  readonly queueLimits: QueueLimits;
  /** Streams at a time. */
  readonly streamLimit: number;
  /** Every client gets a comment once in so many milliseconds, so that nobody on the way takes the silence for an end. */
  readonly keepAliveMs: number;
  /** Called when a stream is ended by this side with an error. */
  readonly onEnding: (code: ErrorCode) => void;
}

/** How long a client that does not read may take for the rest. */
const LAST_WORDS_MS = 30_000;
const COMPLETE = 'event: complete\ndata:\n\n';
/** A cursor that fits on the line of an event's id. */
const ONE_LINE = /^[\x20-\x7e]{1,1024}$/;

/** True for a client that wants its answers as server-sent events. */
export function acceptsEventStream(accept: string | undefined): boolean {
  return (accept ?? '')
    .toLowerCase()
    .split(',')
    .some((wish) => wish.split(';')[0]?.trim() === 'text/event-stream');
}

/** Clients that get their answers as server-sent events: GraphQL over SSE, a connection for each operation. */
export class EventStreams {
  readonly #parts: EventStreamsParts;
  readonly #streams: Turns<EventStream>;
  #isDraining = false;

  constructor(parts: EventStreamsParts) {
    this.#parts = parts;
    const visit = (stream: EventStream): void => stream.keepAlive();
    this.#streams = new Turns({ after: parts.after, roundMs: parts.keepAliveMs, visit });
  }

  /** Streams open now. */
  get size(): number {
    return this.#streams.size;
  }

  /** Answers a request that accepts `text/event-stream`. Resolves when the stream has begun. */
  async serve(message: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    try {
      const received = await this.#parts.receive(message);
      if (response.destroyed || this.#isDraining || this.size >= this.#parts.streamLimit) {
        received.authenticated.release();
        throw shuttingDown();
      }
      this.#begin(received, response, requestId, lastEventOf(message));
    } catch (error) {
      if (!response.destroyed) this.#refuse(response, error, requestId);
    }
  }

  /** Tells every client to come again elsewhere. */
  drain(): void {
    this.#isDraining = true;
    for (const stream of this.#streams.all()) {
      stream.fail([formatted('SHUTTING_DOWN', 'The server is being stopped: subscribe again with the last `cursor`.')]);
    }
  }

  #begin(received: Received, response: ServerResponse, requestId: string, options: FollowOptions): void {
    const { request, readOnly, authenticated } = received;
    const { principal, ended } = authenticated;
    const stream = new EventStream(response, this.#parts);
    const leave = this.#streams.add(stream);
    const ending = new AbortController();
    const expire = (): void => stream.fail([formatted('UNAUTHENTICATED', 'The credentials are valid no more.')]);
    const forget = this.#parts.signals.onFired(ended, expire);
    stream.onOver = () => {
      leave();
      forget();
      authenticated.release();
      ending.abort();
    };
    if (ended.aborted) {
      expire();
      return;
    }
    const caller = { principal, requestId, readOnly, takesEvents: true, signal: ending.signal };
    this.#parts.follow(request, caller, stream, options);
  }

  /** What is no GraphQL request is answered as one over plain HTTP is. */
  #refuse(response: ServerResponse, error: unknown, requestId: string): void {
    const errors = this.#parts.refuse(error, requestId);
    const code = errors[0]?.extensions?.['code'];
    const known = typeof code === 'string' && Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].status : 500;
    const { status = known, headers = {} } = error instanceof Refused ? error : {};
    send(response, { body: { errors }, status, headers }, 'application/json');
  }
}

/** One client's stream. */
class EventStream implements Subscriber {
  /** Called once, when nothing more is sent. */
  onOver: () => void = () => {};
  readonly #response: ServerResponse;
  readonly #parts: EventStreamsParts;
  readonly #queue: SendQueue;
  #isOver = false;

  constructor(response: ServerResponse, parts: EventStreamsParts) {
    this.#response = response;
    this.#parts = parts;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // A proxy that gathers answers would keep the events.
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    const outlet = { write: (text: string) => response.write(text), isFull: () => response.writableNeedDrain };
    this.#queue = new SendQueue(outlet, parts.queueLimits, () => this.#tooSlow());
    response.on('drain', () => this.#queue.flush());
    response.on('close', () => this.#over());
  }

  next(text: string, cursor?: Cursor): void {
    const id = cursor !== undefined && ONE_LINE.test(String(cursor)) ? `id: ${cursor}\n` : '';
    this.#queue.send(`event: next\n${id}data: ${text}\n\n`);
  }

  complete(): void {
    if (this.#isOver) return;
    this.#queue.send(COMPLETE);
    this.#queue.finish(() => this.#response.end());
    this.#over();
  }

  fail(errors: readonly GraphQLFormattedError[]): void {
    if (this.#isOver) return;
    const code = errors[0]?.extensions?.['code'];
    if (typeof code === 'string') this.#parts.onEnding(code as ErrorCode);
    this.#queue.close();
    this.#over();
    this.#response.end(`event: next\ndata: ${JSON.stringify({ errors })}\n\n${COMPLETE}`);
  }

  ready(): Promise<void> | undefined {
    return this.#queue.whenEmpty();
  }

  /** Says that the stream is still there. */
  keepAlive(): void {
    if (this.#queue.isStuck()) this.#tooSlow();
    else this.#queue.send(':\n\n');
  }

  #tooSlow(): void {
    this.fail([formatted('SLOW_CONSUMER', 'Events came faster than they were read: go on with the last `cursor`.')]);
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const cancel = this.#parts.after(LAST_WORDS_MS, () => this.#response.destroy());
    this.#response.once('close', cancel);
    this.onOver();
  }
}

/** A browser that lost its stream says the id of the last event that it got. */
function lastEventOf(message: IncomingMessage): FollowOptions {
  const id = message.headers['last-event-id'];
  return typeof id === 'string' && id !== '' ? { lastEventId: id } : {};
}

function shuttingDown(): CodedError {
  return new CodedError('SHUTTING_DOWN', 'The server takes no new streams.');
}

function formatted(code: ErrorCode, message: string): GraphQLFormattedError {
  return { message, extensions: { code } };
}
