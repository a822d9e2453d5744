import { WebSocket } from 'ws';
import { machineClock } from './feed.ts';

/** What the parent asks of this process. */
export type LoadOrder =
  | { readonly kind: 'connect'; readonly origin: string; readonly sockets: number }
  | { readonly kind: 'subscribe'; readonly topics: number }
  /** Forget what came so far. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'report' };

/** Events that came since `begin`. */
export interface LoadReport {
  readonly events: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly closed: number;
}

/** How many handshakes are under way at a time. */
const AT_ONCE = 100;

const MOVED = 'subscription ($topic: String!) { moved(topic: $topic) { at item { id name } } }';

const clients: WebSocket[] = [];
const delaysMs: number[] = [];
let closed = 0;

/** A process that holds many sockets and measures how long events take to them. */
process.on('message', (order: LoadOrder) => {
  follow(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

async function follow(order: LoadOrder): Promise<object> {
  switch (order.kind) {
    case 'connect':
      await connectAll(order.origin, order.sockets);
      return { connected: clients.length };
    case 'subscribe':
      clients.forEach((client, index) => {
        const variables = { topic: String(index % order.topics) };
        client.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: MOVED, variables } }));
      });
      return { subscribed: clients.length };
    case 'begin':
      delaysMs.length = 0;
      return {};
    case 'report':
      return report();
  }
}

async function connectAll(origin: string, count: number): Promise<void> {
  const url = `${origin.replace('http', 'ws')}/graphql`;
  let left = count;
  const connectMany = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      clients.push(await connectOne(url));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, connectMany));
}

function connectOne(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const client = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
    client.on('error', reject);
    client.on('close', () => {
      closed += 1;
    });
    client.on('open', () => client.send('{"type":"connection_init"}'));
    client.once('message', () => {
      client.on('message', (data) => {
        const { type, payload } = JSON.parse(String(data));
        // A figure of wrong answers is worth nothing.
        if (type !== 'next' || payload.errors) throw new Error(`a wrong message: ${String(data).slice(0, 200)}`);
        delaysMs.push(machineClock() - payload.data.moved.at);
      });
      resolve(client);
    });
  });
}

function report(): LoadReport {
  const sorted = [...delaysMs].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  const maxMs = sorted.at(-1) ?? Number.NaN;
  return { events: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs, closed };
}
