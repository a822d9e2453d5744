import DataLoader from 'dataloader';
import type { StoredHousehold } from './store/household.ts';
import {
  type CustomerIdentity,
  type Identifier,
  type IdentityRepository,
  identifierKey,
  recordKey,
  type SourceRecordKey,
} from './store/repository.ts';
import { guardStore, type OnWarning } from './store-guard.ts';

/** Most customers that one identifier is looked up for. */
export const CUSTOMERS_PER_IDENTIFIER = 1_000;
const KEYS_PER_STATEMENT = 1_000;

/** The reads of one operation: all that a hop asks of one kind becomes one statement, answers are kept until it ends. */
export interface IdentityLoaders {
  /** The customer with an id, the survivor for one that was merged away, null for an unknown one. */
  readonly byId: DataLoader<string, CustomerIdentity | null>;
  /** The customer a record is linked to, null for one that identity does not know. */
  readonly byRecord: DataLoader<SourceRecordKey, CustomerIdentity | null, string>;
  /** Customers that carry an identifier, oldest first, at most CUSTOMERS_PER_IDENTIFIER. */
  readonly byIdentifier: DataLoader<Identifier, readonly CustomerIdentity[], string>;
  /** The household a customer lives in, null for one alone. */
  readonly household: DataLoader<string, StoredHousehold | null>;
  /** How many records of all customers carry an identifier, counted up to `largestLimit` and one more. */
  readonly carriers: DataLoader<Identifier, number, string>;
  /** One page of all customers, by id. */
  list(options: { readonly after?: string; readonly first: number }): Promise<CustomerIdentity[]>;
  /** Reads everything anew from now on: after a change. */
  forget(): void;
}

/** Makes the loaders of one operation. Their rejections are CodedError STORE_UNAVAILABLE when the store can't be reached. */
export function createLoaders(
  repository: IdentityRepository,
  largestLimit: number,
  onWarning: OnWarning,
): IdentityLoaders {
  const guard = <T>(work: Promise<T>): Promise<T> => guardStore(work, onWarning);
  const batching = { maxBatchSize: KEYS_PER_STATEMENT };
  const loaders = {
    byId: new DataLoader<string, CustomerIdentity | null>(async (ids) => {
      const found = await guard(repository.customersByIds(ids));
      return ids.map((id) => found.get(id) ?? null);
    }, batching),
    byRecord: new DataLoader<SourceRecordKey, CustomerIdentity | null, string>(
      async (keys) => {
        const found = await guard(repository.customersByRecords(keys));
        return keys.map((key) => found.get(recordKey(key)) ?? null);
      },
      { ...batching, cacheKeyFn: recordKey },
    ),
    byIdentifier: new DataLoader<Identifier, readonly CustomerIdentity[], string>(
      async (identifiers) => {
        const found = await guard(repository.customersByIdentifiers(identifiers, CUSTOMERS_PER_IDENTIFIER));
        return identifiers.map((identifier) => found.get(identifierKey(identifier)) ?? []);
      },
      { ...batching, cacheKeyFn: identifierKey },
    ),
    household: new DataLoader<string, StoredHousehold | null>(async (ids) => {
      const found = await guard(repository.households.ofCustomers(ids));
      return ids.map((id) => found.get(id) ?? null);
    }, batching),
    carriers: new DataLoader<Identifier, number, string>(
      async (identifiers) => {
        const found = await guard(repository.recordsByIdentifiers(identifiers, largestLimit + 1));
        return identifiers.map((identifier) => found.get(identifierKey(identifier))?.length ?? 0);
      },
      { ...batching, cacheKeyFn: identifierKey },
    ),
  };
  return {
    ...loaders,
    list: (options) => guard(repository.listCustomers(options)),
    forget: () => {
      for (const loader of Object.values(loaders)) loader.clearAll();
    },
  };
}
