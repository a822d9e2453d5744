import type { CloudDescriptor } from '../../schema/clouds.ts';
import type { IdentityContext } from './context.ts';
import { type CustomerSource, foundCustomer } from './customer.ts';
import type { Survivorship } from './survivorship-document.ts';

type Resolver = (source: never, args: unknown, context: IdentityContext) => unknown;

/** Resolvers by type and field. */
export type EdgeResolvers = Record<string, Record<string, Resolver>>;

/** What identity resolves for one cloud: the record ids of a customer, and the way back from each of the cloud's own types. */
export function createCloudEdges(cloud: CloudDescriptor, survivorship: Survivorship): EdgeResolvers {
  const edges: EdgeResolvers = {
    Customer: { [`${cloud.name}RecordIds`]: (customer: CustomerSource) => recordIdsOf(customer, cloud.name) },
  };
  for (const { type, customerKey } of cloud.entities) {
    edges[type] = {
      __resolveReference: (representation: object) => representation,
      customer: async (entity: Readonly<Record<string, unknown>>, _args: unknown, { loaders }: IdentityContext) => {
        const sourceRecordId = entity[customerKey];
        if (typeof sourceRecordId !== 'string') return null;
        const identity = await loaders.byRecord.load({ dataSourceId: cloud.name, sourceRecordId });
        return identity && foundCustomer(identity, survivorship);
      },
    };
  }
  return edges;
}

async function recordIdsOf(customer: CustomerSource, cloud: string): Promise<string[]> {
  const { records } = await customer.identity();
  return records.flatMap(({ dataSourceId, sourceRecordId }) => (dataSourceId === cloud ? [sourceRecordId] : [])).sort();
}
