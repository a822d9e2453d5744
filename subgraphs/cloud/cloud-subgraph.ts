import type { Database } from '../../database/database.ts';
import type { ChangeLog } from '../../mapping/changes.ts';
import type { CloudReader } from '../../mapping/reader.ts';
import type { Clock } from '../../schema/clock.ts';
import { buildExecutableSchema } from '../executable-schema.ts';
import type { Subgraph } from '../subgraph.ts';
import type { CloudContext, CloudResolvers } from './context.ts';
import { createContractResolvers } from './contract-resolvers.ts';
import { createIdempotentWrite, type IdempotentWrite } from './idempotent-writes.ts';
import { createLiveUpdates, type LiveUpdates } from './live-updates.ts';
import { CloudReads } from './reads.ts';
import type { OnWarning } from './store-failure.ts';

/** What every cloud is made from; `main.ts` and the tests hand it to a cloud's own factory. */
export interface CloudOptions {
  /** The cloud's own store. The subgraph does not close it. */
  readonly database: Database;
  /** The cloud's mapping, compiled and checked against the store. */
  readonly reader: CloudReader;
  /** Tells which of the cloud's records changed. */
  readonly changes: ChangeLog;
  readonly clock: Clock;
  /** Gives a new key for a record at each call. */
  readonly newId: () => string;
  /** True with the built-in mapping, which names our own tables; false when another system is read: mutations are refused. */
  readonly writable: boolean;
  /** Told when the store fails, for the operator. */
  readonly onWarning?: OnWarning;
}

/**
 * Makes a cloud's subgraph: its schema from the SDL, what every cloud has in common, and the cloud's own resolvers.
 * Fails when the SDL and the resolvers do not fit.
 */
export function createCloudSubgraph(options: CloudOptions, ...resolvers: CloudResolvers[]): Subgraph {
  const { database, reader, changes } = options;
  const cloud = reader.cloud;
  const onWarning = options.onWarning ?? (() => {});
  const contract = createContractResolvers({ cloud, changes, onWarning });
  return {
    name: cloud,
    schema: buildExecutableSchema(cloud, [contract, ...resolvers]),
    createContext: ({ principal, signal }): CloudContext => ({
      cloud,
      principal,
      signal,
      reads: new CloudReads({ cloud, openReader: () => reader.forOperation(signal), onWarning, signal }),
    }),
    checkReadiness: async () => {
      await database.query('SELECT 1');
    },
    close: async () => {},
  };
}

/** Makes the function through which the mutations of a cloud run. */
export function createCloudWrite(options: CloudOptions): IdempotentWrite {
  const { database, clock, writable } = options;
  return createIdempotentWrite({
    cloud: options.reader.cloud,
    database,
    clock,
    writable,
    onWarning: options.onWarning ?? (() => {}),
  });
}

/** Makes the function that makes the live fields of a cloud. */
export function createCloudLiveUpdates({ reader, changes, onWarning }: CloudOptions): LiveUpdates {
  return createLiveUpdates({ cloud: reader.cloud, changes, onWarning: onWarning ?? (() => {}) });
}
