import type { Logger } from 'pino';
import type { Clock } from '../schema/clock.ts';
import type { SubgraphTransport } from '../schema/subgraph-transport.ts';
import { describeError } from './describe-error.ts';
import { createGeneration, type GenerationOptions } from './generation.ts';
import type { ReadinessCheck } from './health.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { createPlayground } from './playground/playground.ts';
import { type ListenOptions, listen, type RunningServer } from './server.ts';
import { createTelemetry } from './telemetry.ts';

/** What a gateway is made from. */
export interface GatewayOptions extends Omit<GenerationOptions, 'onFetchFailure'> {
  /** Parts in this process whose readiness is told. */
  readonly readiness: () => readonly ReadinessCheck[];
  /** True: the playground opens with the queries of this package's own graph. */
  readonly stories: boolean;
  readonly log: Logger;
  /** Milliseconds, with fractions. */
  readonly clock: Clock;
  /** Gives a new request id at each call. */
  readonly newId: () => string;
}

/** A gateway over one supergraph. */
export interface Gateway {
  /** Answers callers in this process. */
  readonly ask: Pipeline['ask'];
  /** Begins to answer over HTTP. Rejects with PortInUse. */
  listen(options: ListenOptions): Promise<RunningServer>;
  /** Closes the ways to the subgraphs. */
  close(): Promise<void>;
}

/** Makes a gateway. Throws SupergraphInvalid. */
export function createGateway(options: GatewayOptions): Gateway {
  const { log, clock, newId, readiness, introspection, stories } = options;
  const transports: SubgraphTransport[] = [];
  const generation = createGeneration({
    ...options,
    transportTo(subgraph) {
      const transport = options.transportTo(subgraph);
      transports.push(transport);
      return transport;
    },
    onFetchFailure: (subgraph, error) => log.warn({ subgraph, error: describeError(error) }, 'a fetch failed'),
  });
  const telemetry = createTelemetry(log, clock);
  const pipeline = createPipeline({ generation: () => generation, telemetry, log });
  const playground = introspection ? createPlayground({ stories }) : undefined;
  const parts = { pipeline, playground, readiness, metrics: telemetry.metrics, newId };
  return {
    ask: pipeline.ask,
    listen: (where) => listen(parts, where),
    close: async () => {
      await Promise.all(transports.map((transport) => transport.close()));
    },
  };
}
