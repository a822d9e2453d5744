import { randomUUID } from 'node:crypto';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';
import type { ReadinessCheck } from '../../gateway/health.ts';
import { createLog } from '../../gateway/log.ts';
import type { RunningServer } from '../../gateway/server.ts';
import { SCALARS } from '../../schema/scalars.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { composeTiny, type TinyName } from './tiny-supergraph.ts';

/** A gateway over the tiny supergraph that listens, with what it logged. */
export interface TinyGateway {
  readonly gateway: Gateway;
  readonly server: RunningServer;
  readonly log: readonly Record<string, unknown>[];
  /** POSTs an operation and gives the body. */
  post(query: string, variables?: Record<string, unknown>): Promise<TinyAnswer>;
  /** Waits for a line of the log. */
  logged(message: string): Record<string, unknown> | undefined;
  close(): Promise<void>;
}

/** A GraphQL answer as a test reads it. */
export interface TinyAnswer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly unknown[];
    readonly extensions: Record<string, unknown>;
  }[];
}

/** Starts a gateway over the tiny supergraph, on a free port. */
export async function startTinyGateway(options: {
  readonly transports: Readonly<Record<TinyName, SubgraphTransport>>;
  readonly subgraphTimeoutMs?: number;
  readonly introspection?: boolean;
  readonly readiness?: readonly ReadinessCheck[];
  /** Whatever else the gateway is to be told. */
  readonly gateway?: Partial<GatewayOptions>;
}): Promise<TinyGateway> {
  const log: Record<string, unknown>[] = [];
  const gateway = await createGateway({
    supergraphSdl: composeTiny({ hub: 'http://hub.invalid', shop: 'http://shop.invalid', desk: 'http://desk.invalid' }),
    scalars: SCALARS,
    transportTo: ({ name }) => options.transports[name as TinyName],
    subgraphTimeoutMs: options.subgraphTimeoutMs ?? 5000,
    introspection: options.introspection ?? true,
    readiness: () => options.readiness ?? [],
    stories: true,
    asksDespiteFailures: true,
    log: createLog('debug', { write: (line) => log.push(JSON.parse(line)) }),
    clock: () => performance.timeOrigin + performance.now(),
    newId: () => randomUUID(),
    ...options.gateway,
  });
  const server = await gateway.listen({ host: '127.0.0.1', port: 0 });
  return {
    gateway,
    server,
    log,
    async post(query, variables) {
      const response = await fetch(`${server.origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as TinyAnswer;
    },
    logged: (message) => log.findLast((line) => line['msg'] === message),
    async close() {
      await server.drain(1000);
      await gateway.close();
    },
  };
}
