import { CLOUDS } from '../schema/clouds.ts';
import { LONG_FIELDS } from '../schema/long-fields.ts';
import { signingKey } from '../schema/request-signature.ts';
import { SCALARS } from '../schema/scalars.ts';
import type { Follower } from '../subgraphs/identity/follow.ts';
import type { JourneyEngine } from '../subgraphs/marketing/journeys/engine.ts';
import { completeWithOwnRecords, ownRecordChanges } from './authorize/own-records.ts';
import { type Config, requireRemoteClouds, requireSharedUnsubscribeKey } from './config.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { createSecurity } from './security.ts';
import { checkPort, originOf } from './server.ts';
import { startClouds } from './start/clouds.ts';
import { startIdentity } from './start/identity.ts';
import { startJourneys } from './start/journeys.ts';
import type { StartParts } from './start/parts.ts';
import { Start } from './start/start.ts';
import { graphByUrl, graphInProcess, tokenIn } from './start/unified-graph.ts';
import { serveUnsubscribing } from './start/unsubscribe.ts';
import { readOwnSupergraph } from './supergraph/source.ts';

/** Something that runs until it is closed. */
export interface Running {
  /** Such as `http://127.0.0.1:4000`. */
  readonly origin: string;
  /** Takes nothing new, finishes what was accepted, then lets the stores go. */
  close(): Promise<void>;
}

/** The whole of Customer 360. */
export interface RunningCustomer360 extends Running {
  /** Answers callers in this process. */
  readonly ask: Gateway['execute'];
  /** The answers of an operation of any kind, for callers in this process. */
  readonly subscribe: Gateway['subscribe'];
  /** Keeps identity up to date; undefined when identity is remote. */
  readonly follower: Follower | undefined;
  /** Makes journeys go; undefined where they are switched off or not ours. */
  readonly engine: JourneyEngine | undefined;
}

/**
 * Starts everything that the configuration does not place elsewhere. Rejects with ConfigInvalid (every fault of every mapping),
 * StoreUnavailable (naming the variable), FolderLocked, SupergraphInvalid or PortInUse; nothing is left open then.
 */
export async function startCustomer360(config: Config, parts: StartParts): Promise<RunningCustomer360> {
  await checkPort(config);
  const start = new Start(config, parts);
  try {
    await start.prepare();
    const gateway = await serveGraph(start);
    start.graph = graphInProcess(gateway, start.newId);
    start.closing.add(() => gateway.close());
    await startClouds(
      start,
      CLOUDS.map(({ name }) => name).filter((name) => !config.subgraphs[name]?.url),
    );
    serveUnsubscribing(start);
    const follower = config.subgraphs['identity']?.url ? undefined : await startIdentity(start);
    const server = await gateway.listen(config);
    start.closing.add(() => server.drain(config.shutdown.limitMs, config.shutdown.graceMs));
    const engine = await startJourneys(start);
    return {
      origin: server.origin,
      ask: gateway.execute,
      subscribe: gateway.subscribe,
      follower,
      engine,
      close: () => start.closing.close(),
    };
  } catch (error) {
    await start.closing.close();
    throw error;
  }
}

/** Starts one subgraph alone, over HTTP. Rejects as `startCustomer360` does. */
export async function startSubgraph(name: string, config: Config, parts: StartParts): Promise<Running> {
  if (name === 'identity') requireRemoteClouds(config);
  if (name === 'marketing') requireSharedUnsubscribeKey(config);
  await checkPort(config);
  const start = new Start(config, parts);
  addProcessMetrics(start.metrics);
  try {
    await start.prepare();
    const { graphUrl, graphToken, graphTokenFile } = config.journeys;
    if (name === 'marketing' && graphUrl !== undefined) {
      start.graph = graphByUrl(graphUrl, graphTokenFile === undefined ? graphToken : tokenIn(graphTokenFile));
    }
    if (name === 'identity') await startIdentity(start);
    else await startClouds(start, [name]);
    const { startSubgraphServer } = await import('../subgraphs/server.ts');
    const { host, port, signingKeys } = config;
    const keys = signingKeys.map(signingKey);
    const server = await startSubgraphServer(start.subgraph(name), {
      host,
      port,
      log: start.parts.log,
      metrics: () => start.metrics.text(),
      checks: () => start.checks.flatMap((checksOf) => checksOf()),
      ...(keys.length > 0 && { signatures: { keys, clock: Date.now } }),
    });
    start.closing.add(() => server.close());
    await startJourneys(start);
    return { origin: originOf(host, server.port), close: () => start.closing.close() };
  } catch (error) {
    await start.closing.close();
    throw error;
  }
}

/** The gateway over our own graph. */
async function serveGraph(start: Start): Promise<Gateway> {
  const { config, metrics, newId } = start;
  const { log } = start.parts;
  addProcessMetrics(metrics);
  const { closeAuthenticator, ...security } = await createSecurity(config.security, { clock: start.clock, log });
  start.closing.add(async () => closeAuthenticator());
  const identity = start.transportTo('identity', config.subgraphTimeoutMs);
  start.closing.add(() => identity.close());
  return createGateway({
    ...security,
    completePrincipal: completeWithOwnRecords(identity, config.subgraphTimeoutMs),
    principalChanges: ownRecordChanges,
    supergraphSdl: await readOwnSupergraph(),
    scalars: SCALARS,
    transportTo: ({ name }) => start.transportTo(name, config.subgraphTimeoutMs),
    subgraphTimeoutMs: config.subgraphTimeoutMs,
    longFields: LONG_FIELDS,
    operationTimeoutMs: config.operationTimeoutMs,
    deduplication: config.deduplication,
    planner: config.planner,
    overrideLabels: config.overrideLabels,
    readiness: start.readinessChecks(),
    pages: start.pages,
    stories: true,
    asksDespiteFailures: true,
    joinsEventFetches: true,
    logSamplePercent: config.logSamplePercent,
    metrics,
    log,
    newId,
  });
}
