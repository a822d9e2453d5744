import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { ClientSocket, type SocketParts } from './client-socket.ts';
import { CLOSE_CODES, type CloseCode, SUBPROTOCOL } from './protocol.ts';
import { Turns } from './turns.ts';

/** What takes clients' WebSockets in. */
export interface ClientSocketsParts extends Omit<SocketParts, 'onClosing'> {
  /** False for a page of a site that may not use the graph: a browser sends cookies and reaches loopback for any page. */
  readonly isOriginAllowed: (request: IncomingMessage) => boolean;
  /** Largest message of a client. */
  readonly messageLimitBytes: number;
  /** Sockets at a time. */
  readonly socketLimit: number;
  /** Every client is asked once in so many milliseconds whether it is still there. */
  readonly keepAliveMs: number;
  /** Called when a socket is closed by this side, with the code. */
  readonly onClosing: (code: CloseCode) => void;
}

/** All WebSockets of clients. */
export class ClientSockets {
  readonly #parts: ClientSocketsParts;
  readonly #server: WebSocketServer;
  readonly #clients: Turns<ClientSocket>;
  #isDraining = false;
  #onEmpty: (() => void)[] = [];

  constructor(parts: ClientSocketsParts) {
    this.#parts = parts;
    const visit = (client: ClientSocket): void => client.keepAlive();
    this.#clients = new Turns({ after: parts.after, roundMs: parts.keepAliveMs, visit });
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Compression costs each socket a window of its own.
      perMessageDeflate: false,
      maxPayload: parts.messageLimitBytes,
      // A client that offers only others gets one of them, for it could not read the close code otherwise.
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : ([...offered][0] ?? false)),
    });
  }

  /** Sockets open now. */
  get size(): number {
    return this.#clients.size;
  }

  /** Takes over a connection that asks to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!this.#parts.isOriginAllowed(request)) {
      refuse(socket, '403 Forbidden');
      return;
    }
    if (this.#isDraining || this.size >= this.#parts.socketLimit) {
      refuse(socket, '503 Service Unavailable');
      return;
    }
    const { headers } = request;
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, socket, headers));
  }

  /** Tells every client to come again elsewhere and resolves when all are gone; after `limitMs` they are cut. */
  async drain(limitMs: number): Promise<void> {
    this.#isDraining = true;
    for (const client of this.#clients.all())
      client.close(CLOSE_CODES.serviceRestart, 'The server is being stopped: connect again');
    if (this.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty.push(resolve);
    });
    const cancel = this.#parts.after(limitMs, () => {
      for (const client of this.#clients.all()) client.terminate();
    });
    await empty;
    cancel();
  }

  #open(webSocket: WebSocket, socket: Duplex, headers: IncomingMessage['headers']): void {
    if (!(socket instanceof Socket) || webSocket.protocol !== SUBPROTOCOL) {
      webSocket.on('error', () => {});
      webSocket.close(CLOSE_CODES.subprotocolNotAcceptable, 'Subprotocol not acceptable');
      this.#parts.onClosing(CLOSE_CODES.subprotocolNotAcceptable);
      return;
    }
    const client = new ClientSocket(webSocket, socket, headers, this.#parts);
    const leave = this.#clients.add(client);
    webSocket.on('close', () => {
      leave();
      if (this.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
    });
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
