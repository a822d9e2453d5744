import {
  type CloudOptions,
  createCloudLiveUpdates,
  createCloudSubgraph,
  createCloudWrite,
} from '../cloud/cloud-subgraph.ts';
import type { Subgraph } from '../subgraph.ts';
import { createDiscountCodeGenerator } from './discounts/discount-code.ts';
import { createCommerceLive } from './live.ts';
import { createCommerceResolvers } from './resolvers.ts';
import { createCommerceStore } from './store.ts';

/** Makes the commerce subgraph over a store that has been migrated, or over another system that a mapping describes. */
export async function createCommerceSubgraph(options: CloudOptions): Promise<Subgraph> {
  const store = createCommerceStore({ ...options, newDiscountCode: createDiscountCodeGenerator() });
  const resolvers = createCommerceResolvers(store, createCloudWrite(options), options.clock);
  return createCloudSubgraph(options, resolvers, createCommerceLive(createCloudLiveUpdates(options)));
}
