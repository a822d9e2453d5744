import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { createHandler, type RoutesParts } from '../../gateway/routes.ts';

it('a client that resets the connection on which an upgrade is refused does not end the process', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  const handler = createHandler({ sockets: undefined } as unknown as RoutesParts, {
    isLoopbackOnly: false,
    isDraining: () => false,
  });
  let gone = 0;
  const server = createServer(handler).on('upgrade', (request, socket, head) => {
    socket.on('close', () => {
      gone += 1;
    });
    handler.upgrade(request, socket, head);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  process.on('uncaughtException', note);
  try {
    for (let number = 1; number <= 100; number += 1) {
      const client = connect(port, '127.0.0.1');
      client.on('error', () => {});
      await once(client, 'connect');
      client.write('GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
      if (number % 2) setImmediate(() => client.resetAndDestroy());
      else client.once('data', () => client.resetAndDestroy());
      while (gone < number) await new Promise(setImmediate);
    }
    expect(unhandled).toEqual([]);
  } finally {
    process.off('uncaughtException', note);
    server.close();
  }
}, 20_000);
