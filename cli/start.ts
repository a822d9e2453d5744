import { type Config, readConfig } from '../gateway/config.ts';
import { createLog } from '../gateway/log.ts';
import { parseArguments } from './arguments.ts';
import { untilStopped } from './until-stopped.ts';

/** `c360 start`: serves the whole of Customer 360 until it is stopped. */
export async function runStart(argv: readonly string[]): Promise<number> {
  const { options } = parseArguments(argv, ['port', 'host', 'data'], 0);
  const config = readConfig(process.env, options);
  const { startCustomer360 } = await import('../gateway/main.ts');
  const running = await startCustomer360(config, {
    log: createLog(config.logLevel),
    onProgress: (text) => process.stderr.write(`${text}\n`),
  });
  const stopped = untilStopped(() => running.close());
  console.log(greeting(running.origin, config));
  return stopped;
}

/** The addresses and two queries to paste; the second names people of the sample data. */
function greeting(origin: string, { security }: Pick<Config, 'security'>): string {
  const bearer = security.authentication ? ` -H "authorization: Bearer $TOKEN"` : '';
  const post = (query: string) =>
    `  curl -s ${origin}/graphql -H 'content-type: application/json'${bearer} -d '{"query":"${query}"}'`;
  return `
Customer 360 is running.

  graph       ${origin}/graphql${security.playground ? '   (a browser gets the playground)' : ''}
  readiness   ${origin}/health/ready
  metrics     ${origin}/metrics
  access      ${security.authentication ? 'by tokens' : 'from this machine only, as its administrator: authentication is not configured'}

The first customers, with what each cloud knows of them right now:

${post('{ customers(first: 3) { edges { node { customer360Id fullName completeness { dataSourceId state } } } } }')}

One person of the sample data, over all three clouds:

${post(String.raw`{ customerBy(by: {emailAddress: \"alice.martin@example.org\"}) { fullName openShoppingCart { totalProductAmount { amount currencyCode } } salesOrders(first: 3) { edges { node { orderNumber salesOrderStatus } } } cases { edges { node { subject status } } } contactPointConsents { engagementChannelType status } } }`)}

Ctrl+C stops it.`;
}
