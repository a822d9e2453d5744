import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** What says that another protocol is wished for; `connection` may name nothing else than these then. */
const WISHES: ReadonlySet<string> = new Set(['upgrade', 'http2-settings', 'connection']);

/**
 * Answers in HTTP/1.1 who would also speak another protocol, as the clients of Java ask for HTTP/2 on plain connections: an upgrade may be
 * ignored. node:http has let go of the connection by now, so the request goes through it again, without the wish.
 */
export function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders, headers } = request;
  const isLast = /(^|,)\s*close\s*(,|$)/i.test(headers.connection ?? '');
  const lines = [`${method} ${url} HTTP/${httpVersion}`, ...(isLast ? ['connection: close'] : [])];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!WISHES.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}
