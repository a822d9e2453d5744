import { WebSocket } from 'ws';
import { machineClock } from './clock.ts';

/** What the parent asks of the process of clients. */
export type ClientOrder =
  | { readonly kind: 'follow'; readonly origin: string; readonly ids: readonly string[]; readonly selection: string }
  /** Everybody leaves. */
  | { readonly kind: 'leave' }
  /** How many events have come since `begin`. */
  | { readonly kind: 'count' }
  /** Forget what came so far. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'report' }
  /** One comes back with their last cursor and says how long it took until so many events had come. */
  | {
      readonly kind: 'return';
      readonly origin: string;
      readonly id: string;
      readonly selection: string;
      readonly events: number;
    };

/** What came since `begin`. */
export interface ClientReport {
  /** When each event came, by person, in order. */
  readonly arrivals: Record<string, number[]>;
  readonly closed: number;
  readonly cpuMs: number;
}

/** How one who came back was served. */
export interface ReturnReport {
  readonly seconds: number;
  readonly distinct: number;
  /** True when the events of each log came in its order. */
  readonly isInOrder: boolean;
}

interface Message {
  readonly type: string;
  readonly payload?: {
    readonly errors?: unknown;
    readonly data: {
      readonly customerUpdated: { readonly cursor: string; readonly id: string; readonly occurredAt: string };
    };
  };
}

const AT_ONCE = 50;
const sockets: WebSocket[] = [];
const cursors = new Map<string, string>();
let arrivals: Record<string, number[]> = {};
let closed = 0;
let cpuBefore = process.cpuUsage();

process.on('message', (order: ClientOrder) => {
  answer(order).then(
    (answered) => process.send?.(answered),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

async function answer(order: ClientOrder): Promise<object> {
  switch (order.kind) {
    case 'follow':
      await followAll(order.origin, order.ids, order.selection);
      return {};
    case 'leave':
      for (const socket of sockets.splice(0)) socket.terminate();
      return {};
    case 'count':
      return { count: Object.values(arrivals).reduce((sum, { length }) => sum + length, 0) };
    case 'begin':
      arrivals = {};
      closed = 0;
      cpuBefore = process.cpuUsage();
      return {};
    case 'report': {
      const { user, system } = process.cpuUsage(cpuBefore);
      return { arrivals, closed, cpuMs: (user + system) / 1000 } satisfies ClientReport;
    }
    case 'return':
      return comeBack(order);
  }
}

async function followAll(origin: string, ids: readonly string[], selection: string): Promise<void> {
  const left = [...ids];
  const followMany = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const followed = id;
      sockets.push(
        await open(origin, followed, selection, undefined, ({ cursor }) => {
          cursors.set(followed, cursor);
          arrivals[followed] ??= [];
          arrivals[followed]?.push(machineClock());
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, followMany));
}

function open(
  origin: string,
  id: string,
  selection: string,
  since: string | undefined,
  onEvent: (event: NonNullable<Message['payload']>['data']['customerUpdated']) => void,
): Promise<WebSocket> {
  const query = `subscription ($id: Customer360Id!, $since: Cursor) { customerUpdated(customer360Id: $id, since: $since) { cursor id occurredAt ${selection} } }`;
  return new Promise((resolve, reject) => {
    const url = `${origin.replace('http', 'ws')}/graphql`;
    const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
    socket.on('error', reject);
    socket.on('close', () => {
      closed += 1;
    });
    socket.on('open', () => socket.send('{"type":"connection_init"}'));
    socket.on('message', (text) => {
      const message: Message = JSON.parse(String(text));
      if (message.type === 'connection_ack') {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { id, since } } }));
        resolve(socket);
        return;
      }
      // A figure of wrong answers is worth nothing.
      if (message.type !== 'next' || !message.payload || message.payload.errors) {
        console.error(`a wrong message: ${String(text).slice(0, 300)}`);
        process.exit(1);
      }
      onEvent(message.payload.data.customerUpdated);
    });
  });
}

async function comeBack(order: Extract<ClientOrder, { kind: 'return' }>): Promise<ReturnReport> {
  const ids = new Set<string>();
  let isInOrder = true;
  let before = '';
  const began = machineClock();
  let socket: WebSocket | undefined;
  await new Promise<void>((resolve, reject) => {
    open(order.origin, order.id, order.selection, cursors.get(order.id), ({ id, occurredAt }) => {
      isInOrder &&= occurredAt >= before && !ids.has(id);
      before = occurredAt;
      ids.add(id);
      if (ids.size === order.events) resolve();
    }).then((opened) => {
      socket = opened;
    }, reject);
  });
  socket?.terminate();
  return { seconds: (machineClock() - began) / 1000, distinct: ids.size, isInOrder };
}
