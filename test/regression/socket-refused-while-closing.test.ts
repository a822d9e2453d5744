import { createServer } from 'node:net';
import { createSocketSubscriber } from '../../gateway/transport/socket.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';

it('a subgraph that cuts the connection while the gateway closes does not end the process', async () => {
  const accepted: (() => void)[] = [];
  const cut = createServer((socket) => {
    accepted.push(() => socket.destroy());
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => cut.listen(0, '127.0.0.1', resolve));
  const address = cut.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const subscriber = createSocketSubscriber('commerce', new URL(`http://127.0.0.1:${port}/graphql`));
    const first = subscriber
      .subscribe({ query: 'subscription { x }', principal: LOCAL_ADMINISTRATOR })
      [Symbol.asyncIterator]()
      .next();
    while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve));
    subscriber.close();
    for (const destroy of accepted) destroy();
    await Promise.allSettled([first]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
    await new Promise((resolve) => cut.close(resolve));
  }
});
