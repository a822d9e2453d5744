import {
  type CloudOptions,
  createCloudLiveUpdates,
  createCloudSubgraph,
  createCloudWrite,
} from '../cloud/cloud-subgraph.ts';
import type { Subgraph } from '../subgraph.ts';
import { createServiceLive } from './live.ts';
import { createServiceResolvers } from './resolvers.ts';
import { createServiceStore } from './store.ts';

/** Makes the service subgraph over a store that has been migrated, or over another system that a mapping describes. */
export async function createServiceSubgraph(options: CloudOptions): Promise<Subgraph> {
  const resolvers = createServiceResolvers(createServiceStore(options), createCloudWrite(options));
  return createCloudSubgraph(options, resolvers, createServiceLive(createCloudLiveUpdates(options)));
}
