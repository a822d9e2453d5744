import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopback } from './config.ts';
import { Connections, drainServer } from './drain.ts';
import { ignoreUpgrade } from './ignore-upgrade.ts';
import { createHandler, type RoutesParts } from './routes.ts';

/** Where to listen. Port 0 lets the system choose. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

/** A server that listens. */
export interface RunningServer {
  /** Such as `http://127.0.0.1:4000`. */
  readonly origin: string;
  /** Connections open now. */
  readonly connections: () => number;
  /**
   * Serves what still comes for at most `graceMs` (0 when not given), then takes no more and lets the accepted requests finish;
   * after `limitMs` their connections are cut. Resolves when no connection is left.
   */
  drain(limitMs: number, graceMs?: number): Promise<void>;
}

/** Listens for clients. Rejects with PortInUse, or with what the system says. */
export async function listen(parts: RoutesParts, options: ListenOptions): Promise<RunningServer> {
  const state = { isDraining: false };
  const open = new Set<ServerResponse>();
  const handle = createHandler(parts, {
    isLoopbackOnly: isLoopback(options.host),
    isDraining: () => state.isDraining,
  });
  const server = createServer((request, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    connections.take(() => handle(request, response));
  });
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') handle.upgrade(request, socket, head);
    else ignoreUpgrade(server, request, socket, head);
  });
  const connections = new Connections(server);
  await bind(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    origin: originOf(options.host, port),
    connections: () => connections.count,
    async drain(limitMs, graceMs = 0) {
      state.isDraining = true;
      // Without it, a connection would be kept open for a next request that is not taken.
      for (const response of open) if (!response.headersSent) response.setHeader('connection', 'close');
      await Promise.all([drainServer(server, connections, { graceMs, limitMs }), parts.sockets?.drain(limitMs)]);
    },
  };
}

/** What a browser calls the server, such as `http://[::1]:4000`. */
export function originOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Says early that the port is in use, before anything that takes time. Rejects with PortInUse. */
export async function checkPort(options: ListenOptions): Promise<void> {
  const probe = createServer();
  await bind(probe, options);
  await new Promise((resolve) => probe.close(resolve));
}

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortInUse(host, port) : error);
    });
    server.listen({ host, port }, resolve);
  });
}

/** Another program listens on the port. */
export class PortInUse extends Error {
  constructor(host: string, port: number) {
    super(`Port ${port} of ${host} is in use. Stop what listens there, or choose another one with --port or PORT.`);
    this.name = 'PortInUse';
  }
}
