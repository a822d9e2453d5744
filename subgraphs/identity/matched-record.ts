import type { IdentityContext } from './context.ts';
import { type CustomerSource, foundCustomer } from './customer.ts';
import type { SourceRecordKey } from './store/repository.ts';
import type { Survivorship } from './survivorship-document.ts';

/** Makes the resolvers of `MatchedRecord`: the customers of any number of records are one statement. */
export function createMatchedRecordFields(survivorship: Survivorship) {
  return {
    customer: async (
      record: SourceRecordKey,
      _args: unknown,
      { loaders }: IdentityContext,
    ): Promise<CustomerSource | null> => {
      const identity = await loaders.byRecord.load(record);
      return identity && foundCustomer(identity, survivorship);
    },
  };
}
