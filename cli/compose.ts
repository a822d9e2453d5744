import { writeFile } from 'node:fs/promises';
import { readConfig, remoteOptions } from '../gateway/config.ts';
import { composeOwnSupergraph, composeSupergraph, ownSubgraphs } from '../schema/compose.ts';
import { parseArguments } from './arguments.ts';

/** `c360 compose`: writes the supergraph of this package's subgraphs, or of those that a file lists. */
export async function runCompose(argv: readonly string[]): Promise<number> {
  const { options } = parseArguments(argv, ['subgraphs', 'output'], 0);
  const sdl = options.subgraphs === undefined ? composeOwn() : await composeListed(options.subgraphs);
  if (options.output === undefined) process.stdout.write(sdl);
  else await writeFile(options.output, sdl);
  return 0;
}

function composeOwn(): string {
  const { subgraphs } = readConfig(process.env);
  const { supergraphSdl } = composeOwnSupergraph(
    ownSubgraphs().map((subgraph) => ({ ...subgraph, url: subgraphs[subgraph.name]?.url ?? subgraph.url })),
  );
  return supergraphSdl;
}

async function composeListed(path: string): Promise<string> {
  const { composedSource } = await import('../gateway/supergraph/composed.ts');
  const { createRemoteMaker } = await import('../gateway/transport/remote.ts');
  const config = readConfig(process.env);
  const makeRemote = createRemoteMaker(remoteOptions(config));
  const source = composedSource(path, {
    pollMs: config.pollSeconds * 1000,
    compose: async (subgraphs) => composeSupergraph(subgraphs).supergraphSdl,
    transportTo: (subgraph) => makeRemote({ ...subgraph, timeoutMs: config.subgraphTimeoutMs }),
    onWarning: (message) => console.error(message),
  });
  return source.read();
}
