import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Database, StoreUnavailable } from '../database/database.ts';
import { FolderLocked } from '../database/folder-lock.ts';
import { migrate, readMigrations } from '../database/migrate.ts';
import { namingVariable, Stores } from '../database/stores.ts';
import { createChangeLog } from '../mapping/change-log.ts';
import { createCloudReader } from '../mapping/cloud-reader.ts';
import type { MappingDocument } from '../mapping/document.ts';
import { MappingInvalid } from '../mapping/faults.ts';
import { loadMapping } from '../mapping/load.ts';
import type { Clock } from '../schema/clock.ts';
import { CLOUDS } from '../schema/clouds.ts';
import { createCustomer360IdGenerator } from '../schema/customer360-id.ts';
import { PACKAGE_ROOT } from '../schema/package-root.ts';
import { SCALARS } from '../schema/scalars.ts';
import type { SubgraphTransport } from '../schema/subgraph-transport.ts';
import type { CloudOptions } from '../subgraphs/cloud/cloud-subgraph.ts';
import { createCommerceSubgraph } from '../subgraphs/commerce/index.ts';
import { executeSubgraph, subscribeSubgraph } from '../subgraphs/execute.ts';
import { createCloudClient } from '../subgraphs/identity/cloud-client.ts';
import { createFollower, type Follower } from '../subgraphs/identity/follow.ts';
import { createIdentitySubgraph } from '../subgraphs/identity/index.ts';
import { createResolver } from '../subgraphs/identity/resolution/resolve.ts';
import { loadRuleset } from '../subgraphs/identity/resolution/ruleset.ts';
import type { IdentityRepository } from '../subgraphs/identity/store/repository.ts';
import { createSqlRepository } from '../subgraphs/identity/store/sql.ts';
import { loadSurvivorship } from '../subgraphs/identity/survivorship-document.ts';
import { createMarketingSubgraph } from '../subgraphs/marketing/index.ts';
import { createServiceSubgraph } from '../subgraphs/service/index.ts';
import type { Subgraph } from '../subgraphs/subgraph.ts';
import { Closing } from './closing.ts';
import { type Config, type ConfigFault, ConfigInvalid, requireRemoteClouds, variableOf } from './config.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { ReadinessCheck } from './health.ts';
import { checkPort, originOf } from './server.ts';
import { readSupergraphSdl } from './supergraph/load.ts';
import type { createHttpTransport } from './transport/http.ts';
import { createInProcessTransport } from './transport/in-process.ts';

/** What the process hands in; all but the log have defaults. */
export interface StartParts {
  readonly log: Logger;
  /** Told in words what a start is doing that takes time. */
  readonly onProgress?: (text: string) => void;
  readonly clock?: Clock;
  /** Gives a new id at each call. */
  readonly newId?: () => string;
  /** The stores of the process, closed with it; made from the configuration when not given. */
  readonly stores?: Stores;
  /** How many people the sample data invents. */
  readonly samplePeople?: number;
}

/** Something that runs until it is closed. */
export interface Running {
  /** Such as `http://127.0.0.1:4000`. */
  readonly origin: string;
  /** Takes nothing new, finishes what was accepted, then lets the stores go. */
  close(): Promise<void>;
}

/** The whole of Customer 360. */
export interface RunningCustomer360 extends Running {
  /** Answers callers in this process. */
  readonly ask: Gateway['ask'];
  /** Keeps identity up to date; undefined when identity is remote. */
  readonly follower: Follower | undefined;
}

const DRAIN_MS = 10_000;
/** Reading a page of records and applying it may take longer than what a client waits for. */
const READ_TIMEOUT_MS = 30_000;

const FACTORIES: Readonly<Record<string, (options: CloudOptions) => Promise<Subgraph>>> = {
  commerce: createCommerceSubgraph,
  marketing: createMarketingSubgraph,
  service: createServiceSubgraph,
};

/**
 * Starts everything that the configuration does not place elsewhere. Rejects with ConfigInvalid (every fault of every mapping),
 * StoreUnavailable (naming the variable), FolderLocked, SupergraphInvalid or PortInUse; nothing is left open then.
 */
export async function startCustomer360(config: Config, parts: StartParts): Promise<RunningCustomer360> {
  await checkPort(config);
  const start = new Start(config, parts);
  try {
    await start.prepare();
    const gateway = createGateway({
      supergraphSdl: await readSupergraphSdl(),
      scalars: SCALARS,
      transportTo: ({ name }) => start.transportTo(name, config.subgraphTimeoutMs),
      subgraphTimeoutMs: config.subgraphTimeoutMs,
      introspection: !config.isProduction,
      readiness: () => start.readiness(),
      stories: true,
      log: parts.log,
      clock: () => performance.timeOrigin + performance.now(),
      newId: start.newId,
    });
    start.closing.add(() => gateway.close());
    await start.clouds(CLOUDS.map(({ name }) => name).filter((name) => !config.subgraphs[name]?.url));
    const follower = config.subgraphs['identity']?.url ? undefined : await start.identity();
    const server = await gateway.listen(config);
    start.closing.add(() => server.drain(DRAIN_MS));
    return { origin: server.origin, ask: gateway.ask, follower, close: () => start.closing.close() };
  } catch (error) {
    await start.closing.close();
    throw error;
  }
}

/** Starts one subgraph alone, over HTTP. Rejects as `startCustomer360` does. */
export async function startSubgraph(name: string, config: Config, parts: StartParts): Promise<Running> {
  if (name === 'identity') requireRemoteClouds(config);
  await checkPort(config);
  const start = new Start(config, parts);
  try {
    await start.prepare();
    if (name === 'identity') await start.identity();
    else await start.clouds([name]);
    const { startSubgraphServer } = await import('../subgraphs/server.ts');
    const { host, port } = config;
    const server = await startSubgraphServer(start.subgraph(name), { host, port, log: parts.log });
    start.closing.add(() => server.close());
    return { origin: originOf(host, server.port), close: () => start.closing.close() };
  } catch (error) {
    await start.closing.close();
    throw error;
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

/** One start in progress: opens what is needed once, and knows how to close it again in the opposite order. */
class Start {
  readonly newId: () => string;
  readonly closing = new Closing();
  readonly #config: Config;
  readonly #parts: StartParts;
  readonly #clock: Clock;
  readonly #subgraphs = new Map<string, Subgraph>();
  readonly #stores: Stores;
  readonly #onWarning = (message: string): void => this.#parts.log.warn(message);
  #createHttpTransport: typeof createHttpTransport | undefined;

  constructor(config: Config, parts: StartParts) {
    this.#config = config;
    this.#parts = parts;
    this.#clock = parts.clock ?? Date.now;
    this.newId = parts.newId ?? randomUUID;
    const directory = config.data.kind === 'memory' ? null : config.data.path;
    this.#stores = parts.stores ?? new Stores({ directory });
    this.closing.add(() => this.#stores.close());
  }

  /** Loads what only remote subgraphs need, where there are some; else the embedded store begins to open behind other work. */
  async prepare(): Promise<void> {
    const { subgraphs, neo4j } = this.#config;
    if (Object.values(subgraphs).some(({ url }) => url !== undefined)) {
      this.#createHttpTransport = (await import('./transport/http.ts')).createHttpTransport;
    } else if (
      CLOUDS.some(({ name }) => !subgraphs[name]?.databaseUrl) ||
      !(neo4j || subgraphs['identity']?.databaseUrl)
    ) {
      this.#stores.embedded().catch(() => {});
    }
  }

  /** A subgraph that this start has made. */
  subgraph(name: string): Subgraph {
    const subgraph = this.#subgraphs.get(name);
    if (!subgraph) throw new Error(`The subgraph \`${name}\` is neither here nor elsewhere.`);
    return subgraph;
  }

  /** One check for each subgraph in this process. */
  readiness(): ReadinessCheck[] {
    return [...this.#subgraphs.values()].map((subgraph) => ({
      name: subgraph.name,
      isEssential: subgraph.name === 'identity',
      check: () => subgraph.checkReadiness(),
    }));
  }

  /** Makes the subgraphs of clouds in this process: their stores, migrated and filled, their mappings, checked. */
  async clouds(names: readonly string[]): Promise<void> {
    const opened = await allOrFaults(names, (name) => this.#openCloud(name));
    await this.#fill(opened);
    for (const [name, { database, document, reader, isOwn }] of opened) {
      const create = FACTORIES[name];
      if (!create) throw new Error(`There is no cloud \`${name}\`.`);
      const clock = this.#clock;
      const changes = await createChangeLog({ database, document, clock });
      const parts = { clock, newId: this.newId, onWarning: this.#onWarning };
      this.#add(await create({ database, reader, changes, writable: isOwn, ...parts }));
    }
  }

  /** Makes the identity subgraph and begins to follow the clouds. */
  async identity(): Promise<Follower> {
    const { log } = this.#parts;
    const repository = await this.#openRepository();
    await namingVariable(this.#identityVariable(), () => repository.prepare());
    const ruleset = loadRuleset();
    const clients = CLOUDS.map((cloud) => {
      const transport = this.transportTo(cloud.name, READ_TIMEOUT_MS);
      this.closing.add(() => transport.close());
      return createCloudClient(cloud, transport);
    });
    const resolver = createResolver({
      repository,
      ruleset,
      hashKey: await repository.hashKey(),
      clock: this.#clock,
      newCustomer360Id: createCustomer360IdGenerator(this.#clock),
      newMergeEventId: this.newId,
    });
    const follower = createFollower({
      repository,
      resolver,
      clouds: clients,
      clock: this.#clock,
      holder: this.#holder(),
      log,
    });
    this.closing.add(() => follower.stop());
    const subgraph = await createIdentitySubgraph({
      repository,
      clouds: clients,
      survivorship: loadSurvivorship(CLOUDS.map(({ name }) => name)),
      ruleset,
      onWarning: (message: string) => log.warn(message),
      // A cloud that does not answer must not cost the answers of the others: identity itself has a deadline.
      nameSearchTimeoutMs: Math.ceil(this.#config.subgraphTimeoutMs / 2),
      ...(this.#config.defaultCountry !== undefined && { defaultCountry: this.#config.defaultCountry }),
    });
    this.#add(subgraph);
    await this.#begin(repository, follower);
    return follower;
  }

  /** The way to a subgraph: over HTTP when it is elsewhere, else in this process as soon as it is made. */
  transportTo(name: string, timeoutMs: number): SubgraphTransport {
    const url = this.#config.subgraphs[name]?.url;
    if (url !== undefined && this.#createHttpTransport)
      return this.#createHttpTransport({ subgraph: name, url, timeoutMs });
    return createInProcessTransport({
      execute: (request) => executeSubgraph(this.subgraph(name), request),
      subscribe: (request) => subscribeSubgraph(this.subgraph(name), request),
    });
  }

  #add(subgraph: Subgraph): void {
    this.#subgraphs.set(subgraph.name, subgraph);
    this.closing.add(() => subgraph.close());
  }

  /** Nobody is served before the first full read of every cloud; later starts catch up while they serve. */
  async #begin(repository: IdentityRepository, follower: Follower): Promise<void> {
    const positions = await Promise.all(CLOUDS.map(({ name }) => repository.positionOf(name)));
    follower.start();
    if (positions.every((position) => position?.phase === 'FOLLOWING')) return;
    this.#parts.onProgress?.('Reading the clouds for the first time …');
    await follower.caughtUp();
    const records = follower.status().map(({ dataSourceId, recordsResolved }) => `${dataSourceId} ${recordsResolved}`);
    this.#parts.onProgress?.(`Records resolved: ${records.join(', ')}.`);
  }

  #mappingPath(name: string): string {
    return this.#config.subgraphs[name]?.mapping ?? join(PACKAGE_ROOT, 'subgraphs', name, 'mapping.json');
  }

  #openStore(name: string, documentUrl?: string): Promise<Database> {
    const url = this.#config.subgraphs[name]?.databaseUrl ?? documentUrl;
    if (url === undefined) return this.#stores.embedded();
    return namingVariable(variableOf(name, 'DATABASE_URL'), () => this.#stores.server(name, url));
  }

  async #openRepository(): Promise<IdentityRepository> {
    const { neo4j } = this.#config;
    if (!neo4j) return createSqlRepository({ database: await this.#openStore('identity') });
    const { openNeo4jRepository } = await import('../subgraphs/identity/store/neo4j.ts');
    const repository = openNeo4jRepository({ ...neo4j, newId: this.newId, ...this.#stores.observerOf('identity') });
    this.closing.add(() => repository.close());
    return repository;
  }

  /**
   * Opens a cloud's store, with its tables up to date where they are our own, and compares the mapping with it. Throws
   * MappingInvalid with every fault of both, StoreUnavailable or FolderLocked.
   */
  async #openCloud(name: string): Promise<OpenedCloud> {
    const { isPlaced, ...mapping } = loadMapping(this.#mappingPath(name));
    const { document, faults, subject } = mapping;
    if (!isPlaced && !this.#config.subgraphs[name]?.databaseUrl) throw new MappingInvalid(subject, faults);
    try {
      const database = await this.#openStore(name, document.database);
      const isOwn = isOwnSystem(name, document);
      const variable = variableOf(name, 'DATABASE_URL');
      const isUntouched = isOwn && (await namingVariable(variable, () => migrateCloud(name, database)));
      const reader = await createCloudReader({ database, ...mapping, onWarning: this.#onWarning });
      return { database, document, reader, isOwn, isUntouched };
    } catch (error) {
      if (faults.length === 0 || !isStoreFailure(error)) throw error;
      throw new MappingInvalid(subject, [...faults, `/: It can't be compared with the database. ${error.message}`]);
    }
  }

  async #fill(clouds: ReadonlyMap<string, OpenedCloud>): Promise<void> {
    const { sampleData, isProduction } = this.#config;
    const databases = [...clouds].flatMap(([name, { database, isOwn, isUntouched }]) =>
      isOwn && (sampleData ?? (isUntouched && !isProduction)) ? [[name, database] as const] : [],
    );
    if (databases.length === 0) return;
    this.#parts.onProgress?.(`Filling ${databases.map(([name]) => name).join(', ')} with sample data …`);
    const { samplePeople } = this.#parts;
    const { fillSampleData } = await import('../subgraphs/sample-data/fill.ts');
    await fillSampleData({
      databases: Object.fromEntries(databases),
      now: this.#clock(),
      ...(samplePeople !== undefined && { people: samplePeople }),
    });
  }

  #identityVariable(): string {
    return this.#config.neo4j ? 'NEO4J_URI, NEO4J_USER or NEO4J_PASSWORD' : variableOf('identity', 'DATABASE_URL');
  }

  /** The embedded store has one process at a time, so a process that was killed is known again by a fixed name. */
  #holder(): string {
    const isEmbedded = !this.#config.neo4j && !this.#config.subgraphs['identity']?.databaseUrl;
    return isEmbedded ? 'embedded' : `${hostname()}:${this.#config.port || this.newId()}`;
  }
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
