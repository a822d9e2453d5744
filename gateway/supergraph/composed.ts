import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ComposedSubgraph } from '../../schema/compose.ts';
import type { Principal } from '../../schema/principal.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { reasonOf, watchFiles } from './file.ts';
import { type Every, SupergraphInvalid, type SupergraphSource } from './source.ts';

/** What subgraphs are composed with. */
export interface ComposedSourceOptions {
  readonly pollMs: number;
  readonly every?: Every;
  /** Gives the supergraph SDL. Rejects with the faults, one a line. */
  readonly compose: (subgraphs: readonly ComposedSubgraph[]) => Promise<string>;
  /** The way to a subgraph that is asked for its SDL. */
  readonly transportTo: (subgraph: { readonly name: string; readonly url: string }) => SubgraphTransport;
  /** Told of a subgraph that does not answer: the SDL that it gave before is used. */
  readonly onWarning: (message: string) => void;
}

/** One entry of the list. */
interface ListedSubgraph {
  readonly name: string;
  readonly url: string;
  /** Path of its SDL beside the list; undefined: it is asked. */
  readonly sdl?: string;
}

const SERVICE_SDL = '{ _service { sdl } }';
const GATEWAY: Principal = { subject: 'gateway', roles: ['service'], scopes: [] };

/** A supergraph composed from the subgraphs that a file lists. Composed anew when the list or one of their SDLs has changed. */
export function composedSource(listPath: string, options: ComposedSourceOptions): SupergraphSource {
  const known = new Map<string, string>();
  let last: { readonly key: string; readonly sdl: string } | undefined;
  let files = [listPath];
  return {
    async read() {
      const listed = await readList(listPath);
      files = [listPath, ...listed.flatMap(({ sdl }) => (sdl === undefined ? [] : [besideList(listPath, sdl)]))];
      const subgraphs = await Promise.all(
        listed.map(async (entry) => ({
          name: entry.name,
          url: entry.url,
          sdl: await sdlOf(entry, { listPath, known, options }),
        })),
      );
      const key = JSON.stringify(subgraphs);
      if (last?.key === key) return last.sdl;
      const sdl = await options.compose(subgraphs).catch((error: unknown) => {
        throw new SupergraphInvalid(reasonOf(error));
      });
      last = { key, sdl };
      return sdl;
    },
    watch: (onChange) => watchFiles(files, { ...options, onChange }),
  };
}

async function sdlOf(
  { name, url, sdl: path }: ListedSubgraph,
  parts: { readonly listPath: string; readonly known: Map<string, string>; readonly options: ComposedSourceOptions },
): Promise<string> {
  const { listPath, known, options } = parts;
  if (path !== undefined) {
    return readFile(besideList(listPath, path), 'utf8').catch((error) => {
      throw new SupergraphInvalid(`The SDL of \`${name}\` cannot be read: ${reasonOf(error)}`);
    });
  }
  const key = `${name}\n${url}`;
  try {
    const sdl = await askForSdl(options.transportTo({ name, url }));
    known.set(key, sdl);
    return sdl;
  } catch (error) {
    const before = known.get(key);
    if (before === undefined) throw new SupergraphInvalid(`\`${name}\` did not give its SDL: ${reasonOf(error)}`);
    options.onWarning(`\`${name}\` did not give its SDL, the one before stays: ${reasonOf(error)}`);
    return before;
  }
}

async function askForSdl(transport: SubgraphTransport): Promise<string> {
  try {
    const { data, errors } = await transport.execute({ query: SERVICE_SDL, principal: GATEWAY });
    const service = data?.['_service'];
    const sdl = typeof service === 'object' && service !== null ? (service as { sdl?: unknown }).sdl : undefined;
    if (typeof sdl === 'string') return sdl;
    throw new Error(errors?.[0]?.message ?? 'the answer has no `_service { sdl }`.');
  } finally {
    await transport.close();
  }
}

async function readList(path: string): Promise<readonly ListedSubgraph[]> {
  let list: unknown;
  try {
    list = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new SupergraphInvalid(`The list of subgraphs cannot be read from ${path}: ${reasonOf(error)}`);
  }
  if (!Array.isArray(list) || list.length === 0) {
    throw new SupergraphInvalid(`${path} is not a list of {"name", "url", "sdl"?}.`);
  }
  const faults = list.flatMap((entry, index) => faultsOf(entry).map((fault) => `- entry ${index + 1}: ${fault}`));
  if (faults.length > 0) throw new SupergraphInvalid(`${path} is not a list of subgraphs:\n${faults.join('\n')}`);
  return list as readonly ListedSubgraph[];
}

function faultsOf(entry: unknown): string[] {
  const { name, url, sdl } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
  return [
    ...(typeof name === 'string' && name !== '' ? [] : ['`name` is missing.']),
    ...(typeof url === 'string' && URL.canParse(url) ? [] : ['`url` is missing or no URL.']),
    ...(sdl === undefined || typeof sdl === 'string' ? [] : ['`sdl` is not the path of a file.']),
  ];
}

function besideList(listPath: string, path: string): string {
  return resolve(dirname(listPath), path);
}
