import { type CloudOptions, createCloudSubgraph, createCloudWrite } from '../cloud/cloud-subgraph.ts';
import type { Subgraph } from '../subgraph.ts';
import { createMarketingResolvers } from './resolvers.ts';
import { createMarketingStore } from './store.ts';

/** Makes the marketing subgraph over a store that has been migrated, or over another system that a mapping describes. */
export async function createMarketingSubgraph(options: CloudOptions): Promise<Subgraph> {
  const resolvers = createMarketingResolvers(createMarketingStore(options), createCloudWrite(options));
  return createCloudSubgraph(options, resolvers);
}
