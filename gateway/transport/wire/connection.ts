import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import type { HttpAnswer } from '../answer.ts';
import { type AnswerLimits, AnswerReader } from './answer-reader.ts';
import { ConnectionFailed } from './call.ts';
import { WireFault } from './head.ts';

/** Where a server is. */
export interface ServerPlace {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** Certificates of authorities that are trusted instead of the system's, PEM. */
  readonly authorities?: string;
}

/** Whoever waits for the answer to what a connection carries. */
export interface Exchange {
  onAnswer(answer: HttpAnswer): void;
  onFailure(error: Error): void;
}

/** Told what becomes of a connection. */
export interface ConnectionOwner {
  /** The connection can carry another request. */
  onFree(connection: Connection): void;
  onClosed(connection: Connection): void;
}

/** Bytes read at once; an answer that is not longer is never copied. */
const READ_BYTES = 64 * 1024;

/** One connection to a server. It carries one request at a time. */
export class Connection {
  /** When it became idle, by the pool's clock. */
  idleSince = 0;
  /** How long the server keeps it idle, milliseconds, when it says so. */
  idleMs: number | undefined;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #limits: AnswerLimits;
  #exchange: Exchange | undefined;
  #reader: AnswerReader | undefined;
  #hasReceived = false;
  #isClosed = false;

  constructor(place: ServerPlace, limits: AnswerLimits, owner: ConnectionOwner) {
    this.#limits = limits;
    this.#owner = owner;
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const onread = {
      buffer,
      callback: (size: number): boolean => {
        this.#onBytes(size === READ_BYTES ? buffer : buffer.subarray(0, size));
        return true;
      },
    };
    const { host, port, isSecure, authorities } = place;
    const options: NetConnectOpts = { host, port, noDelay: true, onread };
    this.#socket = isSecure
      ? connectSecurely({ ...options, servername: nameForTls(host), ...(authorities && { ca: authorities }) })
      : connect(options);
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('close', () => this.#fail(undefined));
  }

  /** Sends a request, complete with its head. */
  send(request: string, encoding: 'latin1' | 'utf8', exchange: Exchange): void {
    this.#exchange = exchange;
    this.#reader = new AnswerReader(this.#limits);
    this.#socket.write(request, encoding);
  }

  /** Cuts the connection; whoever waits for its answer hears nothing more. */
  destroy(): void {
    this.#exchange = undefined;
    this.#close();
  }

  #onBytes(bytes: Buffer): void {
    const reader = this.#reader;
    const exchange = this.#exchange;
    // Bytes that answer nothing would be taken for the answer to the next request.
    if (!reader || !exchange) {
      this.#close();
      return;
    }
    this.#hasReceived = true;
    let answer: HttpAnswer | undefined;
    try {
      answer = reader.push(bytes);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (answer) this.#onAnswer(answer, exchange, reader);
  }

  #onAnswer(answer: HttpAnswer, exchange: Exchange, reader: AnswerReader): void {
    this.#exchange = undefined;
    this.#reader = undefined;
    this.#hasReceived = false;
    this.idleMs = reader.after?.idleMs ?? this.idleMs;
    // An answer that came before the request was sent leaves the rest of the request behind.
    if (reader.after?.isReusable && !this.#isClosed && this.#socket.writableLength === 0) this.#owner.onFree(this);
    else this.#close();
    exchange.onAnswer(answer);
  }

  #onEnd(): void {
    const reader = this.#reader;
    const exchange = this.#exchange;
    if (!reader || !exchange || !this.#hasReceived) {
      this.#fail(undefined);
      return;
    }
    try {
      this.#onAnswer(reader.end(), exchange, reader);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#close();
    if (error instanceof WireFault) exchange?.onFailure(error);
    else if (this.#hasReceived) exchange?.onFailure(new WireFault('the answer is cut off'));
    else exchange?.onFailure(new ConnectionFailed(error));
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.#owner.onClosed(this);
  }
}

/** A name by which no certificate can be asked for, such as an address, is left out. */
function nameForTls(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}
