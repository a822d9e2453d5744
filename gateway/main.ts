import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Database, type StatementObserver, StoreUnavailable } from '../database/database.ts';
import { migrate, readMigrations } from '../database/migrate.ts';
import { openPglite } from '../database/pglite.ts';
import { openPostgresql } from '../database/postgresql.ts';
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
import { openNeo4jRepository } from '../subgraphs/identity/store/neo4j.ts';
import type { IdentityRepository } from '../subgraphs/identity/store/repository.ts';
import { createSqlRepository } from '../subgraphs/identity/store/sql.ts';
import { loadSurvivorship } from '../subgraphs/identity/survivorship-document.ts';
import { createMarketingSubgraph } from '../subgraphs/marketing/index.ts';
import { fillSampleData } from '../subgraphs/sample-data/fill.ts';
import { startSubgraphServer } from '../subgraphs/server.ts';
import { createServiceSubgraph } from '../subgraphs/service/index.ts';
import type { Subgraph } from '../subgraphs/subgraph.ts';
import { type Config, type ConfigFault, ConfigInvalid } from './config.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { checkPort } from './server.ts';
import { readSupergraphSdl } from './supergraph/load.ts';
import { createHttpTransport } from './transport/http.ts';
import { createInProcessTransport } from './transport/in-process.ts';

/** What the process hands in; all but the log have defaults. */
export interface StartParts {
  readonly log: Logger;
  /** Told in words what a start is doing that takes time. */
  readonly onProgress?: (text: string) => void;
  readonly clock?: Clock;
  /** Gives a new id at each call. */
  readonly newId?: () => string;
  /** Told of every statement to a store: `embedded`, or the name of the subgraph whose store it is. */
  readonly observe?: (store: string, statement: string) => void;
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
    const local = await start.clouds(CLOUDS.map(({ name }) => name).filter((name) => !config.subgraphs[name]?.url));
    const identity = config.subgraphs['identity']?.url ? undefined : await start.identity(local);
    const subgraphs = identity ? [...local, identity.subgraph] : local;
    const gateway = createGateway({
      supergraphSdl: await readSupergraphSdl(),
      scalars: SCALARS,
      transportTo: ({ name }) => start.transportTo(name, subgraphs, config.subgraphTimeoutMs),
      subgraphTimeoutMs: config.subgraphTimeoutMs,
      introspection: !config.isProduction,
      readiness: subgraphs.map((subgraph) => ({
        name: subgraph.name,
        isEssential: subgraph.name === 'identity',
        check: () => subgraph.checkReadiness(),
      })),
      stories: true,
      log: parts.log,
      clock: () => performance.timeOrigin + performance.now(),
      newId: start.newId,
    });
    start.onClose(() => gateway.close());
    await identity?.begin();
    const server = await gateway.listen(config);
    start.onClose(() => server.drain(DRAIN_MS));
    return { origin: server.origin, ask: gateway.ask, follower: identity?.follower, close: () => start.close() };
  } catch (error) {
    await start.close();
    throw error;
  }
}

/** Starts one subgraph alone, over HTTP. Rejects as `startCustomer360` does. */
export async function startSubgraph(name: string, config: Config, parts: StartParts): Promise<Running> {
  await checkPort(config);
  const start = new Start(config, parts);
  try {
    if (name === 'identity') requireRemoteClouds(config);
    const identity = name === 'identity' ? await start.identity([]) : undefined;
    const subgraph = identity?.subgraph ?? (await start.clouds([name]))[0];
    if (!subgraph) throw new Error(`There is no subgraph \`${name}\`.`);
    await identity?.begin();
    const server = await startSubgraphServer(subgraph, { host: config.host, port: config.port, log: parts.log });
    start.onClose(() => server.close());
    return { origin: `http://${config.host}:${server.port}`, close: () => start.close() };
  } catch (error) {
    await start.close();
    throw error;
  }
}

/** Opens and migrates the store of one of our own clouds, for imports. The caller closes it. */
export async function openCloudStore(name: string, config: Config): Promise<Database> {
  const url = config.subgraphs[name]?.databaseUrl;
  const database = url
    ? await naming(variableOf(name, 'DATABASE_URL'), () => openPostgresql({ url }))
    : await openPglite({ directory: config.data.kind === 'memory' ? null : config.data.path });
  await migrateCloud(name, database);
  return database;
}

/** One start in progress: opens what is needed once, and knows how to close it again in the opposite order. */
class Start {
  readonly newId: () => string;
  readonly #config: Config;
  readonly #parts: StartParts;
  readonly #clock: Clock;
  readonly #closers: (() => Promise<void>)[] = [];
  #embedded: Promise<Database> | undefined;

  constructor(config: Config, parts: StartParts) {
    this.#config = config;
    this.#parts = parts;
    this.#clock = parts.clock ?? Date.now;
    this.newId = parts.newId ?? randomUUID;
  }

  onClose(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (let close = this.#closers.pop(); close; close = this.#closers.pop()) await close();
  }

  /** Makes the subgraphs of clouds in this process: their stores, migrated and filled, their mappings, checked. */
  async clouds(names: readonly string[]): Promise<Subgraph[]> {
    const documents = await allOrFaults(names, async (name) => loadMapping(this.#mappingPath(name)));
    const databases = new Map<string, Database>();
    for (const [name, document] of documents) databases.set(name, await this.#openStore(name, document.database));
    await this.#fill(databases, await this.#migrateOwn(databases));
    const subgraphs = await allOrFaults(names, async (name) => {
      const database = databases.get(name);
      const document = documents.get(name);
      const create = FACTORIES[name];
      if (!database || !document || !create) throw new Error(`There is no cloud \`${name}\`.`);
      return create(await this.#cloudOptions(name, database, document));
    });
    for (const subgraph of subgraphs.values()) this.onClose(() => subgraph.close());
    return [...subgraphs.values()];
  }

  /** Makes the identity subgraph and its follower, which `begin` starts. */
  async identity(local: readonly Subgraph[]) {
    const { log } = this.#parts;
    const repository = await this.#openRepository();
    await naming(this.#identityVariable(), () => repository.prepare());
    const ruleset = loadRuleset();
    const clients = CLOUDS.map((cloud) => {
      const transport = this.transportTo(cloud.name, local, READ_TIMEOUT_MS);
      this.onClose(() => transport.close());
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
    this.onClose(() => follower.stop());
    const subgraph = await createIdentitySubgraph({
      repository,
      clouds: clients,
      survivorship: loadSurvivorship(CLOUDS.map(({ name }) => name)),
      ruleset,
      onWarning: (message: string) => log.warn(message),
      ...(this.#config.defaultCountry !== undefined && { defaultCountry: this.#config.defaultCountry }),
    });
    return { subgraph, follower, begin: () => this.#begin(repository, follower) };
  }

  /** The way to a subgraph: in this process when it is here, else over HTTP. */
  transportTo(name: string, local: readonly Subgraph[], timeoutMs: number): SubgraphTransport {
    const subgraph = local.find((candidate) => candidate.name === name);
    if (subgraph) {
      return createInProcessTransport({
        execute: (request) => executeSubgraph(subgraph, request),
        subscribe: (request) => subscribeSubgraph(subgraph, request),
      });
    }
    const url = this.#config.subgraphs[name]?.url;
    if (url === undefined) throw new Error(`The supergraph names \`${name}\`, which is neither here nor elsewhere.`);
    return createHttpTransport({ subgraph: name, url, timeoutMs });
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

  async #openStore(name: string, documentUrl?: string): Promise<Database> {
    const url = this.#config.subgraphs[name]?.databaseUrl ?? documentUrl;
    if (url === undefined) return this.#openEmbedded();
    const observe = this.#observer(name);
    const database = await naming(variableOf(name, 'DATABASE_URL'), () => openPostgresql({ url, ...observe }));
    this.onClose(() => database.close());
    return database;
  }

  #openEmbedded(): Promise<Database> {
    const { data } = this.#config;
    this.#embedded ??= openPglite({
      directory: data.kind === 'memory' ? null : data.path,
      ...this.#observer('embedded'),
    }).then((database) => {
      this.onClose(() => database.close());
      return database;
    });
    return this.#embedded;
  }

  async #openRepository(): Promise<IdentityRepository> {
    const { neo4j } = this.#config;
    if (!neo4j) return createSqlRepository({ database: await this.#openStore('identity') });
    const repository = openNeo4jRepository({ ...neo4j, newId: this.newId, ...this.#observer('identity') });
    this.onClose(() => repository.close());
    return repository;
  }

  /** Migrates the stores of our own clouds; another system's is only read. Gives the names of those that were made just now. */
  async #migrateOwn(databases: ReadonlyMap<string, Database>): Promise<string[]> {
    const created: string[] = [];
    for (const [name, database] of databases) {
      if (this.#isForeign(name)) continue;
      if (await naming(variableOf(name, 'DATABASE_URL'), () => migrateCloud(name, database))) created.push(name);
    }
    return created;
  }

  async #fill(databases: ReadonlyMap<string, Database>, created: readonly string[]): Promise<void> {
    const { sampleData, isProduction } = this.#config;
    const own = [...databases.keys()].filter((name) => !this.#isForeign(name));
    const names = sampleData === true ? own : sampleData === false || isProduction ? [] : created;
    if (names.length === 0) return;
    this.#parts.onProgress?.(`Filling ${names.join(', ')} with sample data …`);
    const { samplePeople } = this.#parts;
    await fillSampleData({
      databases: Object.fromEntries([...databases].filter(([name]) => names.includes(name))),
      now: this.#clock(),
      ...(samplePeople !== undefined && { people: samplePeople }),
    });
  }

  async #cloudOptions(name: string, database: Database, document: MappingDocument): Promise<CloudOptions> {
    const clock = this.#clock;
    const onWarning = (message: string) => this.#parts.log.warn(message);
    const reader = await createCloudReader({ database, document, onWarning });
    const changes = await createChangeLog({ database, document, clock });
    return { database, reader, changes, clock, newId: this.newId, writable: !this.#isForeign(name), onWarning };
  }

  #isForeign(name: string): boolean {
    return this.#config.subgraphs[name]?.mapping !== undefined;
  }

  #identityVariable(): string {
    return this.#config.neo4j ? 'NEO4J_URI, NEO4J_USER or NEO4J_PASSWORD' : variableOf('identity', 'DATABASE_URL');
  }

  /** The embedded store has one process at a time, so a process that was killed is known again by a fixed name. */
  #holder(): string {
    const isEmbedded =
      this.#embedded !== undefined && !this.#config.neo4j && !this.#config.subgraphs['identity']?.databaseUrl;
    return isEmbedded ? 'embedded' : `${hostname()}:${this.#config.port || this.newId()}`;
  }

  #observer(store: string): { observe?: StatementObserver } {
    const { observe } = this.#parts;
    return observe ? { observe: (statement) => observe(store, statement) } : {};
  }
}

/** Works on every name and throws the faults of all mappings together. */
async function allOrFaults<T>(names: readonly string[], work: (name: string) => Promise<T>): Promise<Map<string, T>> {
  const results = new Map<string, T>();
  const faults: ConfigFault[] = [];
  for (const name of names) {
    try {
      results.set(name, await work(name));
    } catch (error) {
      if (!(error instanceof MappingInvalid)) throw error;
      faults.push({
        name: variableOf(name, 'MAPPING'),
        message: `names a mapping that can't be used. ${error.message}`,
      });
    }
  }
  if (faults.length > 0) throw new ConfigInvalid(faults);
  return results;
}

async function migrateCloud(name: string, database: Database): Promise<boolean> {
  const migrations = readMigrations(join(PACKAGE_ROOT, 'subgraphs', name, 'migrations'));
  return (await migrate(database, { schema: name, migrations })).createdSchema;
}

/** Says which variable to look at when a store can't be used. */
async function naming<T>(variable: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    throw new StoreUnavailable(`${variable}: ${error.message}`, { cause: error });
  }
}

function requireRemoteClouds(config: Config): void {
  const missing = CLOUDS.filter(({ name }) => !config.subgraphs[name]?.url);
  const message = 'is missing: identity alone reads the clouds over HTTP.';
  if (missing.length > 0) {
    throw new ConfigInvalid(missing.map(({ name }) => ({ name: variableOf(name, 'URL'), message })));
  }
}

function variableOf(subgraph: string, suffix: string): string {
  return `${subgraph.toUpperCase()}_${suffix}`;
}
