import { join } from 'node:path';
import { type Database, StoreUnavailable } from '../../database/database.ts';
import { FolderLocked } from '../../database/folder-lock.ts';
import { migrate, readMigrations } from '../../database/migrate.ts';
import { namingVariable, Stores } from '../../database/stores.ts';
import { createChangeLog } from '../../mapping/change-log.ts';
import { createCloudReader } from '../../mapping/cloud-reader.ts';
import type { MappingDocument } from '../../mapping/document.ts';
import { MappingInvalid } from '../../mapping/faults.ts';
import { loadMapping } from '../../mapping/load.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';
import type { CloudOptions } from '../../subgraphs/cloud/cloud-subgraph.ts';
import type { CloudResolvers } from '../../subgraphs/cloud/context.ts';
import { createCommerceSubgraph } from '../../subgraphs/commerce/index.ts';
import { createMarketingSubgraph } from '../../subgraphs/marketing/index.ts';
import { createServiceSubgraph } from '../../subgraphs/service/index.ts';
import type { Subgraph } from '../../subgraphs/subgraph.ts';
import { type Config, variableOf } from '../config.ts';
import { type ConfigFault, ConfigInvalid } from '../variable-reader.ts';
import { makeJourneys } from './journeys.ts';
import { relayCloudLog } from './nats.ts';
import type { Start } from './start.ts';

type CloudFactory = (options: CloudOptions, more?: readonly CloudResolvers[]) => Promise<Subgraph>;

const FACTORIES: Readonly<Record<string, CloudFactory>> = {
  commerce: createCommerceSubgraph,
  marketing: createMarketingSubgraph,
  service: createServiceSubgraph,
};

/** Makes the subgraphs of clouds in this process: their stores, migrated and filled, their mappings, checked. */
export async function startClouds(start: Start, names: readonly string[]): Promise<void> {
  const opened = await allOrFaults(names, (name) => openCloud(start, name));
  await fill(start, opened);
  for (const [name, { database, document, reader, isOwn }] of opened) {
    const create = FACTORIES[name];
    if (!create) throw new Error(`There is no cloud \`${name}\`.`);
    const { clock, newId, onWarning } = start;
    const relayed = isOwn ? await relayCloudLog(start, name, database) : undefined;
    const changes = await createChangeLog({ database, document, clock, ...(relayed && { reader: relayed }) });
    if (isOwn) start.eventLogs.keep(start, name, database);
    const options = { database, reader, changes, writable: isOwn, clock, newId, onWarning };
    const journeys = isOwn && name === 'marketing' ? [await makeJourneys(start, options)] : [];
    start.add(await create(options, ...journeys));
  }
}

/** Opens and migrates the store of one of our own clouds, for imports. The caller closes it. */
export async function openCloudStore(name: string, config: Config): Promise<Database> {
  const url = config.subgraphs[name]?.databaseUrl;
  const stores = new Stores({ directory: config.data.kind === 'memory' ? null : config.data.path });
  const database = url
    ? await namingVariable(variableOf(name, 'DATABASE_URL'), () => stores.server(name, url))
    : await stores.embedded();
  await migrateCloud(name, database).catch(async (error) => {
    await database.close();
    throw error;
  });
  return database;
}

/** A cloud whose mapping fits its store. */
interface OpenedCloud extends Pick<CloudOptions, 'database' | 'reader'> {
  readonly document: MappingDocument;
  readonly isOwn: boolean;
  /** True when it is our own and nothing was ever written to it. */
  readonly isUntouched: boolean;
}

/**
 * Opens a cloud's store, with its tables up to date where they are our own, and compares the mapping with it. Throws
 * MappingInvalid with every fault of both, StoreUnavailable or FolderLocked.
 */
async function openCloud(start: Start, name: string): Promise<OpenedCloud> {
  const path = start.config.subgraphs[name]?.mapping ?? join(PACKAGE_ROOT, 'subgraphs', name, 'mapping.json');
  const { isPlaced, ...mapping } = loadMapping(path);
  const { document, faults, subject } = mapping;
  if (!isPlaced && !start.config.subgraphs[name]?.databaseUrl) throw new MappingInvalid(subject, faults);
  try {
    const database = await start.openStore(name, document.database);
    const isOwn = isOwnSystem(name, document);
    const variable = variableOf(name, 'DATABASE_URL');
    const isUntouched = isOwn && (await namingVariable(variable, () => migrateCloud(name, database)));
    const reader = await createCloudReader({ database, ...mapping, onWarning: start.onWarning });
    return { database, document, reader, isOwn, isUntouched };
  } catch (error) {
    if (faults.length === 0 || !isStoreFailure(error)) throw error;
    throw new MappingInvalid(subject, [...faults, `/: It can't be compared with the database. ${error.message}`]);
  }
}

async function fill(start: Start, clouds: ReadonlyMap<string, OpenedCloud>): Promise<void> {
  const { sampleData, isProduction } = start.config;
  const databases = [...clouds].flatMap(([name, { database, isOwn, isUntouched }]) =>
    isOwn && (sampleData ?? (isUntouched && !isProduction)) ? [[name, database] as const] : [],
  );
  if (databases.length === 0) return;
  const { onProgress, samplePeople } = start.parts;
  // With SAMPLE_DATA=on stores are looked at that were filled by an earlier start.
  const untouched = databases.flatMap(([name]) => (clouds.get(name)?.isUntouched ? [name] : []));
  if (untouched.length > 0) onProgress?.(`Filling ${untouched.join(', ')} with sample data …`);
  const { fillSampleData } = await import('../../subgraphs/sample-data/fill.ts');
  await fillSampleData({
    databases: Object.fromEntries(databases),
    now: start.clock(),
    ...(samplePeople !== undefined && { people: samplePeople }),
  });
}

/** Works on every name and throws the faults of all mappings together; a store that fails hides none of them. */
async function allOrFaults<T>(names: readonly string[], work: (name: string) => Promise<T>): Promise<Map<string, T>> {
  const results = new Map<string, T>();
  const faults: ConfigFault[] = [];
  const failures: Error[] = [];
  for (const name of names) {
    try {
      results.set(name, await work(name));
    } catch (error) {
      if (isStoreFailure(error)) {
        failures.push(error);
      } else if (error instanceof MappingInvalid) {
        const message = `names a mapping that can't be used. ${error.message}`;
        faults.push({ name: variableOf(name, 'MAPPING'), message });
      } else {
        throw error;
      }
    }
  }
  if (faults.length > 0) throw new ConfigInvalid(faults);
  if (failures[0]) throw failures[0];
  return results;
}

function isStoreFailure(error: unknown): error is Error {
  return error instanceof StoreUnavailable || error instanceof FolderLocked;
}

/** Another system is only read: its tables are not ours to make, fill or change. Ours write the outbox of their own schema. */
function isOwnSystem(name: string, document: MappingDocument): boolean {
  return document.changes.kind === 'outbox' && document.changes.schema === name;
}

/** Gives whether the store is untouched: nothing was ever written to it, also not by a start that was killed while it filled it. */
async function migrateCloud(name: string, database: Database): Promise<boolean> {
  const migrations = readMigrations(join(PACKAGE_ROOT, 'subgraphs', name, 'migrations'));
  await migrate(database, { schema: name, migrations });
  return (await database.query(`SELECT FROM ${name}.outbox LIMIT 1`)).length === 0;
}
