import { type CloudOptions, createCloudSubgraph, createCloudWrite } from '../cloud/cloud-subgraph.ts';
import type { CloudResolvers } from '../cloud/context.ts';
import type { Subgraph } from '../subgraph.ts';
import { createAbsentJourneys } from './journeys/absent.ts';
import { createMarketingResolvers } from './resolvers.ts';
import { createMarketingStore } from './store.ts';

/**
 * Makes the marketing subgraph over a store that has been migrated, or over another system that a mapping describes. `journeys` are the
 * resolvers of journeys, which exist over a store of our own; without them there are none.
 */
export async function createMarketingSubgraph(
  options: CloudOptions,
  journeys: readonly CloudResolvers[] = [createAbsentJourneys()],
): Promise<Subgraph> {
  const resolvers = createMarketingResolvers(createMarketingStore(options), createCloudWrite(options));
  return createCloudSubgraph(options, resolvers, ...journeys);
}
