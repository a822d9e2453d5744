import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ComposedSubgraph } from '../../schema/compose.ts';

/** What the thread answers: the supergraph, or what is wrong. */
export type Composed = { readonly sdl: string } | { readonly fault: string };

/**
 * Composes in a thread of its own, so that nobody who is being served waits for it: a large graph takes seconds. The thread, and
 * the libraries with it, are gone afterwards.
 */
export function composeInThread(subgraphs: readonly ComposedSubgraph[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(join(__dirname, 'compose-worker.js'), { workerData: subgraphs });
    worker.once('message', (composed: Composed) => {
      if ('sdl' in composed) resolve(composed.sdl);
      else reject(new Error(composed.fault));
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('Composition ended without a result.')));
  });
}
