import { createGateway } from '../../gateway/gateway.ts';
import { createHttpTransport } from '../../gateway/transport/http.ts';
import { createInProcessTransport } from '../../gateway/transport/in-process.ts';
import { executeSubgraph, subscribeSubgraph } from '../../subgraphs/execute.ts';
import { composeFeed, createItems, machineClock } from './feed.ts';

/** What the process tells when asked. */
export interface GatewaySample {
  /** After a full collection. */
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly cpuMs: number;
}

/** A gateway process over a feed elsewhere and items of its own; samples itself when its parent says so. */
async function serve(feedUrl: string): Promise<void> {
  const items = createItems();
  const gateway = await createGateway({
    supergraphSdl: composeFeed(feedUrl),
    transportTo: ({ name, url }) =>
      name === 'items'
        ? createInProcessTransport({
            execute: (request) => executeSubgraph(items, request),
            subscribe: (request) => subscribeSubgraph(items, request),
          })
        : createHttpTransport({ subgraph: name, url, timeoutMs: 5000, clock: machineClock }),
  });
  const server = await gateway.listen({ host: '127.0.0.1', port: 0 });
  process.on('message', async () => {
    // Twice, with a turn between: what was freed by finalizers is gone too.
    global.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 200));
    global.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    process.send?.({ rssBytes: rss, heapBytes: heapUsed, cpuMs: (user + system) / 1000 } satisfies GatewaySample);
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ origin: server.origin });
}

void serve(process.argv[2] ?? '');
