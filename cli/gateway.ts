import { type Config, readConfig, remoteOptions } from '../gateway/config.ts';
import { createGateway } from '../gateway/gateway.ts';
import type { TransportMaker } from '../gateway/generations.ts';
import { createLog } from '../gateway/log.ts';
import { Metrics } from '../gateway/metrics.ts';
import { addProcessMetrics } from '../gateway/process-metrics.ts';
import { createSecurity } from '../gateway/security.ts';
import { fileSource } from '../gateway/supergraph/file.ts';
import { followSupergraph } from '../gateway/supergraph/follow.ts';
import type { SupergraphSource } from '../gateway/supergraph/source.ts';
import { createRemoteMaker } from '../gateway/transport/remote.ts';
import { parseArguments } from './arguments.ts';
import { WrongUsage } from './failure.ts';
import { untilStopped } from './until-stopped.ts';

/** `c360 gateway`: serves any supergraph until it is stopped. */
export async function runGateway(argv: readonly string[]): Promise<number> {
  const { options } = parseArguments(argv, ['supergraph', 'subgraphs', 'poll-seconds', 'port', 'host'], 0);
  const config = readConfig(process.env, options);
  const log = createLog(config.logLevel);
  const { subgraphTimeoutMs: timeoutMs } = config;
  const metrics = new Metrics();
  addProcessMetrics(metrics);
  const makeRemote = createRemoteMaker({ ...remoteOptions(config), metrics });
  const transportTo: TransportMaker = ({ name, url }) => makeRemote({ name, url, timeoutMs });
  const source = await sourceOf(config, transportTo, (message) => log.warn(message));
  const { closeAuthenticator, ...security } = await createSecurity(config.security, { clock: Date.now, log });
  const gateway = await createGateway({
    ...security,
    supergraphSdl: await source.read(),
    transportTo,
    subgraphTimeoutMs: timeoutMs,
    operationTimeoutMs: config.operationTimeoutMs,
    deduplication: config.deduplication,
    planner: config.planner,
    overrideLabels: config.overrideLabels,
    // Clients of somebody else's graph expect what its subgraphs say.
    passesSubgraphErrors: true,
    logSamplePercent: config.logSamplePercent,
    metrics,
    log,
  });
  const server = await gateway.listen(config);
  const unfollow = followSupergraph(source, (read) => gateway.reload(read));
  const stopped = untilStopped(async () => {
    await Promise.all([unfollow(), server.drain(config.shutdown.limitMs, config.shutdown.graceMs)]);
    await gateway.close();
    closeAuthenticator();
  });
  console.log(`The graph is at ${server.origin}/graphql`);
  if (!config.security.authentication) {
    console.log('Authentication is not configured: only this machine can reach it.');
  }
  return stopped;
}

async function sourceOf(
  config: Config,
  transportTo: TransportMaker,
  onWarning: (message: string) => void,
): Promise<SupergraphSource> {
  const { supergraph, subgraphList } = config;
  const pollMs = config.pollSeconds * 1000;
  if (subgraphList !== undefined) {
    const { composedSource } = await import('../gateway/supergraph/composed.ts');
    const { composeInThread: compose } = await import('../gateway/supergraph/compose-thread.ts');
    return composedSource(subgraphList, { pollMs, compose, transportTo, onWarning });
  }
  if (supergraph === undefined) {
    throw new WrongUsage('--supergraph FILE|URL is missing, or --subgraphs FILE. See --help.');
  }
  if (!/^https?:\/\//.test(supergraph)) return fileSource(supergraph, { pollMs });
  const { urlSource } = await import('../gateway/supergraph/url.ts');
  return urlSource(supergraph, { pollMs });
}
