import type { Clock } from '../../../schema/clock.ts';
import type { Cancellation } from '../../../schema/subgraph-transport.ts';
import { CallWatch, type WatchedCall } from '../../deadline.ts';
import type { HttpAnswer } from '../answer.ts';
import type { AnswerLimits } from './answer-reader.ts';
import { type ConnectionChoice, ConnectionFailed, DeadlinePassed, type HttpCall, type HttpClient } from './call.ts';
import { Connection, type ConnectionOwner, type Exchange, type ServerPlace } from './connection.ts';

/** What a client is made from. */
export interface HttpClientOptions {
  readonly place: ServerPlace;
  /** Path and query, as the request line has it. */
  readonly target: string;
  /** As the `host` field has it. */
  readonly authority: string;
  readonly limits: AnswerLimits;
  /** Connections at most; further calls wait for one. */
  readonly connections: number;
  readonly clock: Clock;
}

/** How long a connection is kept idle unless the server says less. */
const IDLE_MS = 4_000;
/** A server's own limit is not used up: its end of the connection may be closing already. */
const IDLE_MARGIN_MS = 1_000;
const LOOK_AGAIN_MS = 1_000;
/** What must not be sent twice goes over a connection that was used a moment ago, or over a new one. */
const CHANGE_IDLE_MS = 250;

/** Makes the client of one server: connections kept alive, one request on each at a time. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  return new Pool(options);
}

class Pool implements HttpClient, ConnectionOwner {
  readonly #options: HttpClientOptions;
  readonly #head: string;
  readonly #all = new Set<Connection>();
  /** The one used last is at the end and is taken first. */
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<PendingCall>();
  readonly #watch: CallWatch;
  #expiry: NodeJS.Timeout | undefined;
  #flush: NodeJS.Immediate | undefined;
  #isClosed = false;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#watch = new CallWatch(options.clock);
    this.#head =
      `POST ${options.target} HTTP/1.1\r\nhost: ${options.authority}\r\ncontent-type: application/json\r\n` +
      'accept: application/graphql-response+json, application/json;q=0.9\r\n';
  }

  post(call: HttpCall, choice: ConnectionChoice): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (call.signal?.aborted) return reject(call.signal.reason);
      if (this.#isClosed) return reject(new ConnectionFailed());
      const pending = new PendingCall(call, choice, resolve, reject, this.#settled);
      this.#watch.add(pending);
      this.#waiting.add(pending);
      this.#flush ??= setImmediate(this.#sendWaiting);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#expiry);
    for (const pending of this.#waiting) pending.onFailure(new ConnectionFailed());
    for (const connection of this.#all) connection.destroy();
  }

  onFree(connection: Connection): void {
    connection.idleSince = this.#options.clock();
    this.#idle.push(connection);
    this.#expiry ??= setTimeout(this.#expire, LOOK_AGAIN_MS).unref();
    if (this.#waiting.size > 0) this.#flush ??= setImmediate(this.#sendWaiting);
  }

  onClosed(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#waiting.size > 0) this.#flush ??= setImmediate(this.#sendWaiting);
  }

  readonly #settled = (pending: PendingCall): void => {
    this.#watch.delete(pending);
    this.#waiting.delete(pending);
  };

  /**
   * Sends what has come up during this turn of the event loop, all together at its end: the servers are woken once for it instead
   * of once for each, and an equal call that arrives meanwhile can still share one (see ../deduplicate.ts).
   */
  readonly #sendWaiting = (): void => {
    this.#flush = undefined;
    for (const pending of this.#waiting) {
      const connection = this.#connectionFor(pending.choice);
      if (!connection) return;
      this.#waiting.delete(pending);
      this.#send(pending, connection);
    }
  };

  #connectionFor(choice: ConnectionChoice): Connection | undefined {
    const idle = this.#usable(choice === 'ANY' ? Number.POSITIVE_INFINITY : CHANGE_IDLE_MS);
    if (idle) return idle;
    if (this.#all.size >= this.#options.connections && !this.#makeRoom()) return undefined;
    const connection = new Connection(this.#options.place, this.#options.limits, this);
    this.#all.add(connection);
    return connection;
  }

  #send(pending: PendingCall, connection: Connection): void {
    const { body } = pending.call;
    const size = Buffer.byteLength(body);
    pending.connection = connection;
    const request = `${this.#head}${pending.call.onSend()}content-length: ${size}\r\n\r\n${body}`;
    connection.send(request, size === body.length ? 'latin1' : 'utf8', pending);
  }

  /** The connection used last, when it has not been idle for too long. What is older is let go, whenever it was to be looked at. */
  #usable(limitMs: number): Connection | undefined {
    const last = this.#idle.at(-1);
    if (!last) return undefined;
    const idleMs = this.#options.clock() - last.idleSince;
    if (idleMs < Math.min(limitMs, keptMs(last))) return this.#idle.pop();
    if (idleMs >= keptMs(last)) this.#expire();
    return undefined;
  }

  /** Closes an idle connection, for a call that needs a new one. */
  #makeRoom(): boolean {
    const oldest = this.#idle.shift();
    oldest?.destroy();
    return oldest !== undefined;
  }

  readonly #expire = (): void => {
    const now = this.#options.clock();
    for (const connection of [...this.#idle]) {
      if (now - connection.idleSince >= keptMs(connection)) connection.destroy();
    }
    clearTimeout(this.#expiry);
    this.#expiry = this.#idle.length > 0 ? setTimeout(this.#expire, LOOK_AGAIN_MS).unref() : undefined;
  };
}

function keptMs({ idleMs }: Connection): number {
  return idleMs === undefined ? IDLE_MS : Math.min(IDLE_MS, idleMs - IDLE_MARGIN_MS);
}

/** A call from when it is made until it is answered or given up. */
class PendingCall implements Exchange, WatchedCall {
  readonly call: HttpCall;
  readonly choice: ConnectionChoice;
  connection: Connection | undefined;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #settled: (pending: PendingCall) => void;

  constructor(
    call: HttpCall,
    choice: ConnectionChoice,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
    settled: (pending: PendingCall) => void,
  ) {
    this.call = call;
    this.choice = choice;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#settled = settled;
  }

  get deadline(): number {
    return this.call.deadline;
  }

  get signal(): Cancellation | undefined {
    return this.call.signal;
  }

  onAnswer(answer: HttpAnswer): void {
    this.#settled(this);
    this.#resolve(answer);
  }

  onFailure(error: Error): void {
    this.#settled(this);
    this.#reject(error);
  }

  /** Nobody waits any more: the connection is cut, which tells the server. */
  cancel(reason: 'DEADLINE' | 'ABORTED'): void {
    this.#settled(this);
    this.connection?.destroy();
    this.#reject(reason === 'DEADLINE' ? new DeadlinePassed() : this.call.signal?.reason);
  }
}
