import { randomUUID } from 'node:crypto';
import type { Tracer } from '@opentelemetry/api';
import { trace } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Clock } from '../schema/clock.ts';
import type { Authenticator } from './auth/authenticator.ts';
import { LOCAL_AUTHENTICATOR } from './auth/local.ts';
import type { PrincipalChanges, PrincipalCompletion } from './authorize/complete-principal.ts';
import { describeError } from './describe-error.ts';
import { createGeneration, type Generation, type GenerationOptions, OPERATION_TIMEOUT_MS } from './generation.ts';
import { Generations, type TransportMaker } from './generations.ts';
import { checkReadiness, type ReadinessCheck } from './health.ts';
import { DEFAULT_LIMITS } from './limits/limits.ts';
import { createLog } from './log.ts';
import { Metrics } from './metrics.ts';
import { PersistedOperations } from './persisted/persisted-operations.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { createPlayground } from './playground/playground.ts';
import { createReloading } from './reloading.ts';
import { createHandler, type Handler, type Page, type RoutesParts } from './routes.ts';
import { type ListenOptions, listen, type RunningServer } from './server.ts';
import { createRunSharing } from './share-in-flight.ts';
import { type ReceiveParts, receive } from './stages/receive.ts';
import { subgraphChecks } from './subgraph-readiness.ts';
import { createLive, type Live } from './subscribe/live.ts';
import type { LiveLimits } from './subscribe/live-limits.ts';
import { createLiveStages } from './subscribe/live-stages.ts';
import { isSocketOriginAllowed } from './subscribe/socket-origin.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';
import { Tracing } from './tracing.ts';
import type { Deduplication } from './transport/deduplicate.ts';

/** What a gateway is made from. Only the supergraph is needed. */
export interface GatewayOptions
  extends Partial<Omit<GenerationOptions, 'onFetchFailure' | 'onPlannerWarning' | 'supergraphSdl'>> {
  readonly supergraphSdl: string;
  /** Parts whose readiness is told; each subgraph when not given. */
  readonly readiness?: () => readonly ReadinessCheck[];
  /** True: the playground opens with the queries of this package's own graph. */
  readonly stories?: boolean;
  /** False: browsers get no page. As introspection when not given. */
  readonly playground?: boolean;
  /** What is served beside the graph; looked at anew for each request. None when not given. */
  readonly pages?: readonly Page[];
  /** Finds out who asks over HTTP. Everybody is the local administrator when not given: then listen on loopback only. */
  readonly authenticator?: Authenticator;
  /** Adds to whoever asks what the subgraphs need to know about them. */
  readonly completePrincipal?: PrincipalCompletion;
  /** What subscriptions are told by that this is otherwise by now. */
  readonly principalChanges?: PrincipalChanges;
  /** Origins whose pages may ask from a browser, beside the server's own; `*` for all. */
  readonly allowedOrigins?: readonly string[];
  /** Which equal queries share one run, and which equal reads of subgraphs one fetch; `BEFORE_SENDING` when not given. */
  readonly deduplication?: Deduplication;
  /** Where errors and requests are written to; nowhere when not given. */
  readonly log?: Logger;
  /** Limits of sockets, event streams and subscriptions; DEFAULT_LIVE_LIMITS for what is not given. */
  readonly liveLimits?: Partial<LiveLimits>;
  /** Of the requests that went well, how many in a hundred have a line in the log: 100 when not given. */
  readonly logSamplePercent?: number;
  /** Counts beside what others count. */
  readonly metrics?: Metrics;
  /** Makes spans; the tracer of the SDK that is registered, if one is, when not given. */
  readonly tracer?: Tracer;
  /** Milliseconds, with fractions. */
  readonly clock?: Clock;
  /** Gives a new request id at each call. */
  readonly newId?: () => string;
}

/** A gateway over one supergraph at a time. */
export interface Gateway {
  /** Answers callers in this process. Never rejects: refusals and faults are errors of the answer. */
  readonly execute: Pipeline['ask'];
  /**
   * The answers of an operation of any kind, as they come; ending the iteration ends it. Refusals and breaks are errors of the last
   * one. Who reads too slowly gets SLOW_CONSUMER as the last one.
   */
  readonly subscribe: Live['subscribe'];
  /**
   * To mount on a server of node:http that somebody else runs:
   * `createServer(gateway.handler).on('upgrade', gateway.handler.upgrade)`.
   */
  readonly handler: Handler;
  /** Begins to answer over HTTP. Rejects with PortInUse. */
  listen(options: ListenOptions): Promise<RunningServer>;
  /**
   * Takes another supergraph, or what is read by the function given. It is built completely, then serves the requests that come
   * from then on. False when nothing is new. Rejects with SupergraphInvalid, or as the function does; the one before stays then.
   */
  reload(supergraph: string | (() => Promise<string>)): Promise<boolean>;
  /** Closes the ways to the subgraphs. */
  close(): Promise<void>;
}

const SUBGRAPH_TIMEOUT_MS = 2000;

/** Makes a gateway. Rejects with SupergraphInvalid. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { log = createLog('silent'), metrics = new Metrics(), newId = randomUUID } = options;
  const { clock = () => performance.timeOrigin + performance.now() } = options;
  const guard = { ...options.guard, persisted: options.guard?.persisted ?? new PersistedOperations() };
  const shared = metrics.counter({
    name: 'c360_shared_runs_total',
    help: 'Queries that shared the run of an equal one.',
  });
  const kind = options.deduplication ?? 'BEFORE_SENDING';
  const shareRuns = createRunSharing({ kind, clock, onShared: () => shared.add([]) });
  const generations = await beginGenerations({ ...options, guard, metrics, shareRuns }, log);
  const telemetry = createTelemetry({
    log,
    clock,
    metrics,
    tracing: new Tracing(options.tracer ?? trace.getTracer('customer-360')),
    logSamplePercent: options.logSamplePercent ?? 100,
  });
  const door: ReceiveParts = {
    authenticator: options.authenticator ?? LOCAL_AUTHENTICATOR,
    allowedOrigins: new Set(options.allowedOrigins),
    limits: { ...DEFAULT_LIMITS, ...guard.limits },
  };
  const { completePrincipal } = options;
  const pipeline = createPipeline({
    lease: () => generations.lease(),
    telemetry,
    log,
    door,
    completePrincipal,
  });
  const live = beginLive({ generations, telemetry, log, door, newId, metrics, clock, options });
  const reloading = createReloading(generations, { log, metrics, clock, onSwapped: () => live.generationChanged() });
  const readiness = options.readiness ?? subgraphChecks(() => generations.lease(), clock);
  const parts: RoutesParts = {
    pipeline,
    playground:
      (options.playground ?? options.introspection)
        ? createPlayground({ stories: options.stories ?? false })
        : undefined,
    readiness: (isDraining) => checkReadiness(readiness(), { isDraining, isOutdated: reloading.isOutdated() }),
    metrics: () => metrics.text(),
    newId,
    allowedOrigins: door.allowedOrigins,
    sockets: live,
    pages: options.pages ?? [],
  };
  let isClosing = false;
  const servers = new Set<RunningServer>();
  metrics.gauge({ name: 'c360_open_connections', help: 'Connections of clients that are open.' }, () => [
    [[], [...servers].reduce((sum, server) => sum + server.connections(), 0)],
  ]);
  return {
    execute: pipeline.ask,
    subscribe: live.subscribe,
    handler: createHandler(parts, { isLoopbackOnly: false, isDraining: () => isClosing }),
    async listen(where) {
      const server = await listen(parts, where);
      servers.add(server);
      return server;
    },
    reload: reloading.reload,
    close() {
      isClosing = true;
      live.close();
      return generations.close();
    },
  };
}

interface LiveBeginning {
  readonly generations: Generations<Generation>;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly door: ReceiveParts;
  readonly newId: () => string;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly options: Pick<
    GatewayOptions,
    'asksDespiteFailures' | 'completePrincipal' | 'principalChanges' | 'liveLimits' | 'operationTimeoutMs'
  >;
}

/** Sockets, event streams and subscriptions. */
function beginLive({ generations, telemetry, log, door, newId, metrics, clock, options }: LiveBeginning): Live {
  const { completePrincipal, principalChanges, liveLimits, operationTimeoutMs = OPERATION_TIMEOUT_MS } = options;
  // Answers of a graph that asks despite failures say what is missing: nobody is kept waiting for the one that is down.
  const patience = options.asksDespiteFailures ? undefined : { clock, limitMs: operationTimeoutMs };
  return createLive({
    stages: createLiveStages({ lease: () => generations.lease(), telemetry, log, completePrincipal, patience }),
    principalChanges,
    receive: (message) => receive(message, door),
    authenticator: door.authenticator,
    isOriginAllowed: ({ headers }) => isSocketOriginAllowed(headers, door.allowedOrigins),
    newId,
    metrics,
    clock,
    onLoss: (subgraph, error) => log.warn({ subgraph, error: describeError(error) }, 'a subscription broke off'),
    limits: { messageBytes: door.limits.bodyBytes, ...liveLimits },
  });
}

async function beginGenerations(options: GatewayOptions, log: Logger): Promise<Generations<Generation>> {
  const { introspection = false, subgraphTimeoutMs = SUBGRAPH_TIMEOUT_MS } = options;
  const onFetchFailure = (subgraph: string, error: unknown): void =>
    log.warn({ subgraph, error: describeError(error) }, 'a fetch failed');
  return Generations.begin(options.supergraphSdl, {
    transportTo: options.transportTo ?? (await overHttp(subgraphTimeoutMs, options)),
    create: (supergraphSdl, transportTo) =>
      createGeneration({
        ...options,
        supergraphSdl,
        transportTo,
        introspection,
        subgraphTimeoutMs,
        onFetchFailure,
        onPlannerWarning: (message) => log.warn(message),
      }),
  });
}

/** Loaded only where it is used: a gateway over subgraphs in its own process needs no HTTP client. */
async function overHttp(
  timeoutMs: number,
  { deduplication, metrics, clock }: Pick<GatewayOptions, 'deduplication' | 'metrics' | 'clock'>,
): Promise<TransportMaker> {
  const { createRemoteMaker } = await import('./transport/remote.ts');
  const make = createRemoteMaker({
    ...(deduplication && { deduplication }),
    ...(metrics && { metrics }),
    ...(clock && { clock }),
  });
  return ({ name, url }) => make({ name, url, timeoutMs });
}
