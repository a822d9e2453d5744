import { randomUUID } from 'node:crypto';
import { readConfig } from '../gateway/config.ts';
import { createGateway } from '../gateway/gateway.ts';
import { createLog } from '../gateway/log.ts';
import { readSupergraphSdl } from '../gateway/supergraph/load.ts';
import { createHttpTransport } from '../gateway/transport/http.ts';
import { parseArguments } from './arguments.ts';
import { WrongUsage } from './failure.ts';
import { untilStopped } from './until-stopped.ts';

const DRAIN_MS = 10_000;

/** `c360 gateway`: serves any supergraph until it is stopped. */
export async function runGateway(argv: readonly string[]): Promise<number> {
  const { options } = parseArguments(argv, ['supergraph', 'port', 'host'], 0);
  if (options.supergraph === undefined) throw new WrongUsage('--supergraph FILE|URL is missing. See --help.');
  const config = readConfig(process.env, options);
  const { subgraphTimeoutMs: timeoutMs } = config;
  const gateway = createGateway({
    supergraphSdl: await readSupergraphSdl(options.supergraph),
    transportTo: ({ name, url }) => createHttpTransport({ subgraph: name, url, timeoutMs }),
    subgraphTimeoutMs: timeoutMs,
    introspection: !config.isProduction,
    readiness: () => [],
    stories: false,
    log: createLog(config.logLevel),
    clock: () => performance.timeOrigin + performance.now(),
    newId: () => randomUUID(),
  });
  const server = await gateway.listen(config);
  const stopped = untilStopped(async () => {
    await server.drain(DRAIN_MS);
    await gateway.close();
  });
  console.log(`The graph is at ${server.origin}/graphql`);
  return stopped;
}
