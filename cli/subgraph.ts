import { readConfig } from '../gateway/config.ts';
import { createLog } from '../gateway/log.ts';
import { SUBGRAPH_NAMES } from '../schema/sdl.ts';
import { parseArguments } from './arguments.ts';
import { WrongUsage } from './failure.ts';
import { untilStopped } from './until-stopped.ts';

/** `c360 subgraph NAME`: serves one subgraph alone until it is stopped. */
export async function runSubgraph(argv: readonly string[]): Promise<number> {
  const { options, positionals } = parseArguments(argv, ['port', 'host', 'data'], 1);
  const [name] = positionals;
  if (name === undefined || !SUBGRAPH_NAMES.includes(name)) {
    throw new WrongUsage(`NAME is one of ${SUBGRAPH_NAMES.join(', ')}. See --help.`);
  }
  if (options.port === undefined) throw new WrongUsage('--port N is missing. See --help.');
  const config = readConfig(process.env, { ...options, command: 'subgraph' });
  const { startSubgraph } = await import('../gateway/main.ts');
  const running = await startSubgraph(name, config, {
    log: createLog(config.logLevel),
    onProgress: (text) => process.stderr.write(`${text}\n`),
  });
  const stopped = untilStopped(() => running.close());
  console.log(`${name} is at ${running.origin}/graphql`);
  return stopped;
}
