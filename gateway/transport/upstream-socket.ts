import type { ExecutionResult, GraphQLError } from 'graphql';
import { WebSocket } from 'ws';
import type { After } from '../timers.ts';

/** Where a subscription's events go. Nothing is told after an end. */
export interface EventSink {
  /** `bytes` is the length of the message that brought it. */
  next(event: ExecutionResult, bytes: number): void;
  complete(): void;
  /** The socket is gone, or was never had. */
  lost(reason: unknown): void;
}

/** What a subgraph is asked, as graphql-transport-ws has it. */
export interface SubscribePayload {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly operationName?: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** How a socket is opened. */
export interface UpstreamSocketOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Certificates of authorities that are trusted instead of the system's, PEM. */
  readonly authorities?: string | undefined;
  readonly after: After;
  /** Called once when the socket takes no more subscriptions; with the reason when it broke. */
  readonly onClosed: (reason?: unknown) => void;
}

/** The subgraph ended the socket for what it was asked, or by whom: asked again, it would again. */
export class SocketRefused extends Error {
  constructor(code: number) {
    super(`The subgraph refused with ${code}.`);
    this.name = 'SocketRefused';
  }
}

/** A message was too large. The socket can't be read on from there, and which of its subscriptions it was for is not known. */
export class MessageTooLarge extends Error {
  constructor() {
    super('The subgraph sent a message that is too large.');
    this.name = 'MessageTooLarge';
  }
}

/** Largest message of a subgraph. */
const MESSAGE_LIMIT_BYTES = 8 * 1024 * 1024;
const SUBPROTOCOL = 'graphql-transport-ws';
const ACKNOWLEDGEMENT_MS = 10_000;
/** A subgraph that says nothing for twice this long, not even a pong, is gone; one that has much to do may take a while. */
const KEEP_ALIVE_MS = 15_000;
const GOING_AWAY = 1000;
/** Too slow to begin, and too many for now: later it may go well. */
const PASSING_REFUSALS: ReadonlySet<number> = new Set([4408, 4429]);
const TOO_LARGE = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';

/**
 * One socket to a subgraph (graphql-transport-ws), for any number of subscriptions. It never connects again by itself: what came
 * between would be missing. It closes when its last subscription ends.
 */
export class UpstreamSocket {
  readonly #socket: WebSocket;
  readonly #options: UpstreamSocketOptions;
  readonly #sinks = new Map<string, EventSink>();
  /** Messages that wait for the acknowledgement. */
  #waiting: string[] | undefined = [];
  #nextId = 1;
  #isClosed = false;
  #hasHeard = true;
  #cancelTimer: () => void;

  constructor(options: UpstreamSocketOptions) {
    this.#options = options;
    this.#socket = new WebSocket(options.url, SUBPROTOCOL, {
      headers: { ...options.headers },
      maxPayload: MESSAGE_LIMIT_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
      ...(options.authorities && { ca: options.authorities }),
    });
    this.#socket.on('open', () => this.#socket.send('{"type":"connection_init"}'));
    this.#socket.on('message', (data) => this.#receive(String(data)));
    this.#socket.on('pong', () => {
      this.#hasHeard = true;
    });
    this.#socket.on('error', (error) => this.#close(isTooLarge(error) ? new MessageTooLarge() : error));
    this.#socket.on('close', (code) => this.#close(closedWith(code)));
    this.#cancelTimer = options.after(ACKNOWLEDGEMENT_MS, () =>
      this.#afterReading(() => {
        if (this.#waiting) this.#close(new Error('No acknowledgement came.'));
      }),
    );
  }

  /** Subscribes, or throws for what can't be written; gives what ends the subscription without another word to its sink. */
  subscribe(payload: SubscribePayload, sink: EventSink): () => void {
    const id = String(this.#nextId);
    this.#nextId += 1;
    let message: string;
    try {
      message = JSON.stringify({ id, type: 'subscribe', payload });
    } catch (error) {
      this.#closeWhenUnused();
      throw error;
    }
    this.#sinks.set(id, sink);
    this.#send(message);
    return () => {
      if (!this.#sinks.delete(id)) return;
      this.#send(`{"id":"${id}","type":"complete"}`);
      this.#closeWhenUnused();
    };
  }

  /** Ends every subscription. */
  close(): void {
    this.#close(new Error('The way to the subgraph is closed.'));
  }

  #send(message: string): void {
    if (this.#isClosed) return;
    if (this.#waiting) this.#waiting.push(message);
    else this.#socket.send(message);
  }

  #receive(text: string): void {
    if (this.#isClosed) return;
    this.#hasHeard = true;
    let message: Readonly<Record<string, unknown>>;
    try {
      message = JSON.parse(text);
    } catch {
      this.#close(new Error('The subgraph sent a message that is not JSON.'));
      return;
    }
    const { type, id, payload } = message ?? {};
    if (type === 'connection_ack') this.#acknowledge();
    else if (type === 'ping') this.#socket.send('{"type":"pong"}');
    else if (typeof id === 'string') this.#dispatch(id, type, payload, text.length);
  }

  #acknowledge(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const message of waiting) this.#socket.send(message);
    this.#cancelTimer();
    this.#keepAlive();
  }

  /** What comes for a subscription that was ended meanwhile has no sink. */
  #dispatch(id: string, type: unknown, payload: unknown, bytes: number): void {
    const sink = this.#sinks.get(id);
    if (!sink) return;
    if (type === 'next' && typeof payload === 'object' && payload !== null) {
      sink.next(payload as ExecutionResult, bytes);
      return;
    }
    this.#sinks.delete(id);
    if (type === 'error' && Array.isArray(payload)) sink.next({ errors: payload as GraphQLError[] }, bytes);
    if (type === 'error' || type === 'complete') {
      sink.complete();
    } else {
      // It may think that the subscription runs on.
      this.#send(`{"id":"${id}","type":"complete"}`);
      sink.lost(new Error('The subgraph sent a message that is not of the protocol.'));
    }
    this.#closeWhenUnused();
  }

  #keepAlive(): void {
    this.#cancelTimer = this.#options.after(KEEP_ALIVE_MS, () =>
      this.#afterReading(() => {
        if (!this.#hasHeard) {
          this.#close(new Error('The subgraph says nothing any more.'));
          return;
        }
        this.#hasHeard = false;
        this.#socket.ping();
        this.#keepAlive();
      }),
    );
  }

  /** A process that was busy for long has not yet read what came meanwhile: timers run before that. */
  #afterReading(judge: () => void): void {
    setImmediate(() => {
      if (!this.#isClosed) judge();
    });
  }

  #closeWhenUnused(): void {
    if (this.#sinks.size > 0 || this.#isClosed) return;
    this.#shut();
    this.#socket.close(GOING_AWAY);
  }

  #close(reason: unknown): void {
    if (this.#isClosed) return;
    this.#shut(reason);
    this.#socket.terminate();
    const sinks = [...this.#sinks.values()];
    this.#sinks.clear();
    for (const sink of sinks) sink.lost(reason);
  }

  #shut(reason?: unknown): void {
    this.#isClosed = true;
    this.#waiting = undefined;
    this.#cancelTimer();
    this.#options.onClosed(reason);
  }
}

function closedWith(code: number): Error {
  const isRefusal = code >= 4400 && code <= 4499 && !PASSING_REFUSALS.has(code);
  return isRefusal ? new SocketRefused(code) : new Error(`The socket was closed with ${code}.`);
}

function isTooLarge(error: Error): boolean {
  return 'code' in error && error.code === TOO_LARGE;
}
