import { type AddressInfo, createServer, type Socket } from 'node:net';

/** One request that reached a raw server. */
export interface RawRequest {
  readonly head: string;
  readonly body: string;
  readonly socket: Socket;
  /** How many requests came before it over the same connection. */
  readonly index: number;
}

/** A server that speaks bytes: it reads requests and lets a test answer whatever it wants. */
export interface RawServer {
  readonly port: number;
  readonly url: string;
  readonly requests: readonly RawRequest[];
  /** Connections opened so far. */
  readonly connections: () => number;
  /** Connections open now. */
  readonly open: () => number;
  /** What is done with a request from now on. */
  onRequest: (request: RawRequest) => void;
  close(): Promise<void>;
}

/** Serves on loopback, on a free port. */
export async function startRawServer(onRequest: (request: RawRequest) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const requests: RawRequest[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let pending = '';
    let index = 0;
    socket.on('data', (bytes) => {
      pending += bytes.toString('latin1');
      for (;;) {
        const end = pending.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = pending.slice(0, end);
        const from = end + 4;
        const to = from + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (pending.length < to) return;
        const request = { head, body: pending.slice(from, to), socket, index };
        pending = pending.slice(to);
        index += 1;
        requests.push(request);
        raw.onRequest(request);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const raw: RawServer = {
    port,
    url: `http://127.0.0.1:${port}/graphql`,
    requests,
    connections: () => connections,
    open: () => sockets.size,
    onRequest,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return raw;
}

/** A good answer, as bytes. */
export function answerText(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${fields}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Waits until something is true, for at most five seconds. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !isTrue(); ) {
    if (performance.now() > end) throw new Error('What is waited for does not come true.');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
