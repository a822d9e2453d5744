import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands before a server and misbehaves on wish. */
export interface StallingProxy {
  readonly url: string;
  /** From now on: pass bytes on, hold every byte back, or refuse and cut connections. */
  set(mode: 'pass' | 'stall' | 'refuse'): void;
  /** Clients connected now. */
  connections(): number;
  close(): Promise<void>;
}

/** Makes a proxy of a TCP server on loopback. */
export async function createStallingProxy(targetPort: number): Promise<StallingProxy> {
  let mode: 'pass' | 'stall' | 'refuse' = 'pass';
  const sockets = new Set<Socket>();
  let clients = 0;
  const server = createServer((client) => {
    if (mode === 'refuse') {
      client.destroy();
      return;
    }
    clients += 1;
    client.on('close', () => {
      clients -= 1;
    });
    const target = connect(targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
    client.on('data', (bytes) => {
      if (mode === 'pass') target.write(bytes);
    });
    target.on('data', (bytes) => {
      if (mode === 'pass') client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set(next) {
      mode = next;
      if (mode !== 'stall') cut();
    },
    connections: () => clients,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
