import { parentPort, workerData } from 'node:worker_threads';
import { type ComposedSubgraph, composeSupergraph } from '../../schema/compose.ts';
import type { Composed } from './compose-thread.ts';

function compose(subgraphs: readonly ComposedSubgraph[]): Composed {
  try {
    return { sdl: composeSupergraph(subgraphs).supergraphSdl };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(compose(workerData as readonly ComposedSubgraph[]));
