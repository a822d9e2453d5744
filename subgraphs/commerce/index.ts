import { type CloudOptions, createCloudSubgraph, createCloudWrite } from '../cloud/cloud-subgraph.ts';
import type { Subgraph } from '../subgraph.ts';
import { createCommerceResolvers } from './resolvers.ts';
import { createCommerceStore } from './store.ts';

/** Makes the commerce subgraph over a store that has been migrated, or over another system that a mapping describes. */
export async function createCommerceSubgraph(options: CloudOptions): Promise<Subgraph> {
  const resolvers = createCommerceResolvers(createCommerceStore(options), createCloudWrite(options));
  return createCloudSubgraph(options, resolvers);
}
