import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { GraphQLFormattedError } from 'graphql';
import type { RawData, WebSocket } from 'ws';
import type { ErrorCode } from '../../schema/errors.ts';
import { CodedError } from '../../schema/errors.ts';
import type { Authenticated, Authenticator } from '../auth/authenticator.ts';
import type { After } from '../timers.ts';
import type { LiveCaller, Subscriber } from './live-operation.ts';
import { CLOSE_CODES, type ClientMessage, type CloseCode, closeReason, pongText, readMessage } from './protocol.ts';
import { type QueueLimits, SendQueue } from './send-queue.ts';
import type { SignalListeners } from './signal-listeners.ts';

/** What the sockets of a gateway share. */
export interface SocketParts {
  readonly authenticator: Authenticator;
  /** Begins the operation that a payload asks for; its end, or the caller's signal, ends it. */
  readonly follow: (payload: Readonly<Record<string, unknown>>, caller: LiveCaller, subscriber: Subscriber) => void;
  readonly signals: SignalListeners;
  readonly newId: () => string;
  readonly after: After;
  /** How long a client may take to say `connection_init`. */
  readonly initialisationTimeoutMs: number;
  /** Operations at a time. */
  readonly operationLimit: number;
  readonly queueLimits: QueueLimits;
  /** Called once when a socket is over: it may still wait for the client to answer the close. */
  readonly onClosing: (code: CloseCode) => void;
}

interface Operation {
  readonly ending: AbortController;
}

/** One client's WebSocket, as graphql-transport-ws has it. */
export class ClientSocket {
  readonly #socket: WebSocket;
  readonly #parts: SocketParts;
  readonly #queue: SendQueue;
  readonly #operations = new Map<string, Operation>();
  #headers: IncomingHttpHeaders | undefined;
  #authenticated: Authenticated | undefined;
  #cancelTimeout: (() => void) | undefined;
  #forgetEnding: (() => void) | undefined;
  /** False from a ping until anything comes back. */
  #isAlive = true;
  #state: 'opened' | 'initialising' | 'acknowledged' | 'closed' = 'opened';

  constructor(socket: WebSocket, wire: Socket, headers: IncomingHttpHeaders, parts: SocketParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#headers = headers;
    const outlet = { write: (text: string) => socket.send(text), isFull: () => wire.writableNeedDrain };
    this.#queue = new SendQueue(outlet, parts.queueLimits, () => this.#tooSlow());
    wire.on('drain', () => this.#queue.flush());
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    // What breaks the protocol of WebSockets is answered by `ws` with its code, such as 1009 for a message that is too large.
    socket.on('error', () => {});
    socket.on('close', () => this.#letGo());
    this.#cancelTimeout = parts.after(parts.initialisationTimeoutMs, () =>
      this.close(CLOSE_CODES.initialisationTimeout, 'Connection initialisation timeout'),
    );
  }

  /** Asks whether anybody is there; cuts the connection when nobody answered the last time, as far as has been read by now. */
  keepAlive(): void {
    // A client that was told to go has its time to read that.
    if (this.#state === 'closed') return;
    if (this.#queue.isStuck()) this.#tooSlow();
    else if (!this.#isAlive) setImmediate(() => this.#isAlive || this.#socket.terminate());
    else {
      this.#isAlive = false;
      this.#socket.ping();
    }
  }

  /** Ends every operation and says why; nothing is sent after that. */
  close(code: CloseCode, reason: string): void {
    if (this.#state === 'closed') return;
    this.#letGo();
    this.#parts.onClosing(code);
    this.#socket.close(code, closeReason(reason));
  }

  /** Cuts the connection. */
  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#isAlive = true;
    if (this.#state === 'closed') return;
    const message = isBinary ? 'Messages are text, not binary' : readMessage(String(data));
    if (typeof message === 'string') {
      this.close(CLOSE_CODES.invalidMessage, message);
      return;
    }
    switch (message.type) {
      case 'connection_init':
        this.#initialise(message);
        break;
      case 'ping':
        this.#pong(message.payload);
        break;
      case 'pong':
        break;
      case 'subscribe':
        this.#subscribe(message.id, message.payload);
        break;
      case 'complete':
        this.#end(message.id);
        break;
    }
  }

  #pong(payload: Readonly<Record<string, unknown>> | undefined): void {
    const text = pongText(payload);
    if (text === undefined) this.close(CLOSE_CODES.invalidMessage, '`payload` is nested too deeply');
    else this.#queue.send(text);
  }

  #initialise({ payload }: Extract<ClientMessage, { type: 'connection_init' }>): void {
    if (this.#state !== 'opened') {
      this.close(CLOSE_CODES.tooManyInitialisations, 'Too many initialisation requests');
      return;
    }
    this.#state = 'initialising';
    const headers = this.#headers ?? {};
    this.#headers = undefined;
    this.#parts.authenticator.authenticate({ headers, ...(payload && { connectionParams: payload }) }).then(
      (authenticated) => this.#acknowledge(authenticated),
      (error: unknown) => {
        // Clients take 4403 as final, and an issuer that is down for a minute is not.
        if (error instanceof CodedError && error.code === 'AUTHENTICATION_UNAVAILABLE') {
          this.close(CLOSE_CODES.serviceRestart, 'Tokens can not be checked for now: come again');
        } else this.close(CLOSE_CODES.forbidden, 'Forbidden');
      },
    );
  }

  #acknowledge(authenticated: Authenticated): void {
    if (this.#state !== 'initialising') {
      authenticated.release();
      return;
    }
    this.#authenticated = authenticated;
    const { ended } = authenticated;
    if (ended.aborted) {
      this.#expire();
      return;
    }
    this.#forgetEnding = this.#parts.signals.onFired(ended, () => this.#expire());
    this.#cancelTimeout?.();
    this.#cancelTimeout = undefined;
    this.#state = 'acknowledged';
    this.#queue.send('{"type":"connection_ack"}');
  }

  #expire(): void {
    this.close(CLOSE_CODES.unauthorized, 'The credentials are valid no more');
  }

  #subscribe(id: string, payload: Readonly<Record<string, unknown>>): void {
    if (this.#state !== 'acknowledged' || !this.#authenticated) {
      this.close(CLOSE_CODES.unauthorized, 'Unauthorized');
      return;
    }
    if (this.#operations.has(id)) {
      this.close(CLOSE_CODES.subscriberExists, `Subscriber for ${id} already exists`);
      return;
    }
    const name = JSON.stringify(id);
    if (this.#operations.size >= this.#parts.operationLimit) {
      const message = `At most ${this.#parts.operationLimit} operations run on a socket at a time.`;
      this.#sendErrors(name, [{ message, extensions: { code: 'TOO_MANY_OPERATIONS' satisfies ErrorCode } }]);
      return;
    }
    const operation: Operation = { ending: new AbortController() };
    this.#operations.set(id, operation);
    const { principal } = this.#authenticated;
    const caller = { principal, requestId: this.#parts.newId(), takesEvents: true, signal: operation.ending.signal };
    const isRunning = (): boolean => this.#operations.get(id) === operation;
    const prefix = `{"id":${name},"type":"next","payload":`;
    this.#parts.follow(payload, caller, {
      next: (text) => {
        if (isRunning()) this.#queue.send(`${prefix}${text}}`);
      },
      ready: () => this.#queue.whenEmpty(),
      complete: () => {
        if (!isRunning()) return;
        this.#operations.delete(id);
        this.#queue.send(`{"id":${name},"type":"complete"}`);
      },
      fail: (errors) => {
        if (!isRunning()) return;
        this.#operations.delete(id);
        this.#sendErrors(name, errors);
      },
    });
  }

  #sendErrors(name: string, errors: readonly GraphQLFormattedError[]): void {
    this.#queue.send(`{"id":${name},"type":"error","payload":${JSON.stringify(errors)}}`);
  }

  #end(id: string): void {
    const operation = this.#operations.get(id);
    this.#operations.delete(id);
    operation?.ending.abort(GONE);
  }

  #tooSlow(): void {
    this.close(CLOSE_CODES.slowConsumer, 'Events came faster than they were read: go on with the last cursor');
  }

  #letGo(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelTimeout?.();
    this.#headers = undefined;
    this.#queue.close();
    for (const id of [...this.#operations.keys()]) this.#end(id);
    this.#forgetEnding?.();
    this.#authenticated?.release();
    this.#authenticated = undefined;
  }
}

/** One reason for all: an error of its own for each would cost a stack trace. */
const GONE = new Error('The client has gone.');
