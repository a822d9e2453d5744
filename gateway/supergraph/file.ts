import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Every, everyByTimer, SupergraphInvalid, type SupergraphSource } from './source.ts';

/** A change is often several events, and a file may be written in pieces. */
const SETTLE_MS = 50;

/** A supergraph in a file. Its folder is watched, and it is read every `pollMs` where the system tells of no changes. */
export function fileSource(
  path: string,
  options: { readonly pollMs: number; readonly every?: Every },
): SupergraphSource {
  return {
    async read() {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        throw new SupergraphInvalid(`The supergraph cannot be read from ${path}: ${reasonOf(error)}`);
      }
    },
    watch: (onChange) => watchFiles([path], { ...options, onChange }),
  };
}

/**
 * Watches the folders of files: editors and deployments replace files, or the link that leads to them, and a replaced
 * file is watched no longer. Tells of a change once it has settled, and every `pollMs` in any case.
 */
export function watchFiles(
  paths: readonly string[],
  options: { readonly pollMs: number; readonly onChange: () => void; readonly every?: Every },
): () => void {
  const { pollMs, onChange, every = everyByTimer } = options;
  let settling: NodeJS.Timeout | undefined;
  const changed = (): void => {
    clearTimeout(settling);
    settling = setTimeout(onChange, SETTLE_MS).unref();
  };
  const watchers = [...new Set(paths.map((path) => dirname(path)))].flatMap((folder) => watchFolder(folder, changed));
  const stopPolling = every(pollMs, onChange);
  return () => {
    clearTimeout(settling);
    stopPolling();
    for (const watcher of watchers) watcher.close();
  };
}

/** Where a folder cannot be watched, what is read every so often has to do. */
function watchFolder(folder: string, onEvent: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent);
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}

/** What the system says about a file. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
