import { writeFile } from 'node:fs/promises';
import { readConfig } from '../gateway/config.ts';
import { composeOwnSupergraph, ownSubgraphs } from '../schema/compose.ts';
import { parseArguments } from './arguments.ts';

/** `c360 compose`: writes the supergraph of this package's subgraphs. */
export async function runCompose(argv: readonly string[]): Promise<number> {
  const { options } = parseArguments(argv, ['output'], 0);
  const { subgraphs } = readConfig(process.env);
  const { supergraphSdl: sdl } = composeOwnSupergraph(
    ownSubgraphs().map((subgraph) => ({ ...subgraph, url: subgraphs[subgraph.name]?.url ?? subgraph.url })),
  );
  if (options.output === undefined) process.stdout.write(sdl);
  else await writeFile(options.output, sdl);
  return 0;
}
