import type { CloudDescriptor } from '../../schema/clouds.ts';
import type { ResolversByType } from '../executable-schema.ts';
import type { IdentityContext } from './context.ts';
import { type CustomerSource, foundCustomer } from './customer.ts';
import type { Survivorship } from './survivorship-document.ts';

/** What identity resolves for one cloud: the record ids of a customer, and the way back from each of the cloud's own types. */
export function createCloudEdges(cloud: CloudDescriptor, survivorship: Survivorship): ResolversByType {
  const edges: Record<string, Record<string, unknown>> = {
    Customer: { [`${cloud.name}RecordIds`]: (customer: CustomerSource) => recordIdsOf(customer, cloud.name) },
  };
  for (const { type, customerKey } of cloud.entities) {
    edges[type] = {
      __resolveReference: (representation: object) => representation,
      customer: async (entity: Readonly<Record<string, unknown>>, _args: unknown, { loaders }: IdentityContext) => {
        const key = entity[customerKey];
        if (typeof key !== 'string') return null;
        const identity = await (customerKey === 'customer360Id'
          ? loaders.byId.load(key)
          : loaders.byRecord.load({ dataSourceId: cloud.name, sourceRecordId: key }));
        return identity && foundCustomer(identity, survivorship);
      },
    };
  }
  return edges;
}

async function recordIdsOf(customer: CustomerSource, cloud: string): Promise<string[]> {
  const records = customer.records ?? (await customer.identity()).records;
  return records.flatMap(({ dataSourceId, sourceRecordId }) => (dataSourceId === cloud ? [sourceRecordId] : [])).sort();
}
