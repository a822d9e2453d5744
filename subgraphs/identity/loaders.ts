import DataLoader from 'dataloader';
import { StoreUnavailable } from '../../database/database.ts';
import { CodedError } from '../../schema/errors.ts';
import {
  type CustomerIdentity,
  type Identifier,
  type IdentityRepository,
  identifierKey,
  recordKey,
  type SourceRecordKey,
} from './store/repository.ts';

/** Told of what an operator has to know. The text carries nobody's data. */
export type OnWarning = (message: string) => void;

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
  /** How many records of all customers carry an identifier, counted up to `largestLimit` and one more. */
  readonly carriers: DataLoader<Identifier, number, string>;
  /** One page of all customers, by id. */
  list(options: { readonly after?: string; readonly first: number }): Promise<CustomerIdentity[]>;
}

/** Makes the loaders of one operation. Their rejections are CodedError STORE_UNAVAILABLE when the store can't be reached. */
export function createLoaders(
  repository: IdentityRepository,
  largestLimit: number,
  onWarning: OnWarning,
): IdentityLoaders {
  const guard = <T>(work: Promise<T>): Promise<T> => guardStore(work, onWarning);
  const batching = { maxBatchSize: KEYS_PER_STATEMENT };
  return {
    byId: new DataLoader(async (ids) => {
      const found = await guard(repository.customersByIds(ids));
      return ids.map((id) => found.get(id) ?? null);
    }, batching),
    byRecord: new DataLoader(
      async (keys) => {
        const found = await guard(repository.customersByRecords(keys));
        return keys.map((key) => found.get(recordKey(key)) ?? null);
      },
      { ...batching, cacheKeyFn: recordKey },
    ),
    byIdentifier: new DataLoader(
      async (identifiers) => {
        const found = await guard(repository.customersByIdentifiers(identifiers, CUSTOMERS_PER_IDENTIFIER));
        return identifiers.map((identifier) => found.get(identifierKey(identifier)) ?? []);
      },
      { ...batching, cacheKeyFn: identifierKey },
    ),
    carriers: new DataLoader(
      async (identifiers) => {
        const found = await guard(repository.recordsByIdentifiers(identifiers, largestLimit + 1));
        return identifiers.map((identifier) => found.get(identifierKey(identifier))?.length ?? 0);
      },
      { ...batching, cacheKeyFn: identifierKey },
    ),
    list: (options) => guard(repository.listCustomers(options)),
  };
}

async function guardStore<T>(work: Promise<T>, onWarning: OnWarning): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    onWarning(`The identity store failed: ${error.message}`);
    throw new CodedError('STORE_UNAVAILABLE', "The identity store can't answer at the moment.");
  }
}
