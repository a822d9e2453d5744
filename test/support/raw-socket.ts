import { once } from 'node:events';
import { WebSocket } from 'ws';

/** How a socket was closed. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket client without any protocol: what is sent and received is what is on the wire. */
export class RawSocket {
  readonly received: Record<string, unknown>[] = [];
  readonly socket: WebSocket;
  closed: Closed | undefined;
  #wake: (() => void)[] = [];

  constructor(
    url: string,
    protocols: string | string[] = 'graphql-transport-ws',
    headers: Record<string, string> = {},
  ) {
    this.socket = new WebSocket(url, protocols, { headers });
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => {
      this.received.push(JSON.parse(String(data)));
      this.#notify();
    });
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.#notify();
    });
  }

  /** Opens a socket. */
  static async open(url: string, protocols?: string | string[], headers?: Record<string, string>): Promise<RawSocket> {
    const raw = new RawSocket(url, protocols, headers);
    await once(raw.socket, 'open');
    return raw;
  }

  /** Opens a socket and initialises the connection. */
  static async ready(url: string, payload?: unknown): Promise<RawSocket> {
    const raw = await RawSocket.open(url);
    raw.send({ type: 'connection_init', ...(payload !== undefined && { payload }) });
    await raw.until(() => raw.received.length > 0);
    return raw;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables?: Record<string, unknown>): void {
    this.send({ id, type: 'subscribe', payload: { query, ...(variables && { variables }) } });
  }

  /** Resolves when the condition holds; looks at it whenever something comes. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.closed) throw new Error(`The socket is closed with ${this.closed.code} ${this.closed.reason}.`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  async untilClosed(): Promise<Closed> {
    for (;;) {
      if (this.closed) return this.closed;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** What came for an operation, without its id. */
  of(id: string): Record<string, unknown>[] {
    return this.received.filter((message) => message['id'] === id).map(({ id: _, ...rest }) => rest);
  }

  /** Says something and resolves when the answer to a later ping has come: all before is through. */
  async settled(): Promise<void> {
    const mark = String(this.received.length + Math.random());
    this.send({ type: 'ping', payload: { mark } });
    const isMark = (message: Record<string, unknown>): boolean =>
      message['type'] === 'pong' && (message['payload'] as { mark?: string } | undefined)?.mark === mark;
    await this.until(() => this.received.some(isMark));
    this.received.splice(this.received.findIndex(isMark), 1);
  }

  close(): void {
    this.socket.terminate();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
