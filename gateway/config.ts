import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { CLOUDS } from '../schema/clouds.ts';
import { parseDuration } from '../schema/duration.ts';
import { type NatsAddress, parseNatsUrl } from '../schema/nats-address.ts';
import { SIGNING_KEY_BYTES } from '../schema/request-signature.ts';
import { type JourneysConfig, readJourneys } from './journeys-config.ts';
import { type MailConfig, readMail } from './mail-config.ts';
import { PLANNER_CHOICES, type PlannerChoice } from './planner/planner.ts';
import { readSecurity, type SecurityConfig } from './security-config.ts';
import type { Deduplication } from './transport/deduplicate.ts';
import type { RemoteOptions } from './transport/remote.ts';
import { ConfigInvalid, VariableReader } from './variable-reader.ts';

/** Everything the process may be told, checked and frozen. Made once by `readConfig`; nothing else reads the environment. */
export interface Config {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Where the embedded store is kept. */
  readonly data: { readonly kind: 'memory' } | { readonly kind: 'directory'; readonly path: string };
  /** Each subgraph by name, `identity` and every cloud. */
  readonly subgraphs: Readonly<Record<string, SubgraphConfig>>;
  /** The identity store, when it is Neo4j. */
  readonly neo4j?: { readonly uri: string; readonly user: string; readonly password: string };
  /** How journeys go. */
  readonly journeys: JourneysConfig;
  /** How mail of journeys is sent. */
  readonly mail: MailConfig;
  /** Where the events of the stores are relayed to. Carries a password. */
  readonly nats?: { readonly address: NatsAddress; readonly prefix: string; readonly replicas: number };
  /** How long one fetch to a subgraph may take. */
  readonly subgraphTimeoutMs: number;
  /** How long all fetches of one operation may take together. */
  readonly operationTimeoutMs: number;
  /** Shared keys with the subgraphs; the first one signs, all are accepted. Secret. */
  readonly signingKeys: readonly string[];
  /** Which equal reads share one piece of work. */
  readonly deduplication: Deduplication;
  /** True: entity fetches of different requests are joined. */
  readonly entityBatching: boolean;
  /** Which planner makes the plans. */
  readonly planner: PlannerChoice;
  /** Labels of `@override` that are switched on. */
  readonly overrideLabels: ReadonlySet<string>;
  readonly logLevel: LogLevel;
  /** Of the requests that went well, how many in a hundred have a line in the log. Errors always have one. */
  readonly logSamplePercent: number;
  readonly shutdown: {
    /** How long new connections are still served after SIGTERM, as long as they come. */
    readonly graceMs: number;
    /** When connections are cut that are still busy. */
    readonly limitMs: number;
  };
  /** Where a plain gateway's supergraph is, file or URL. */
  readonly supergraph?: string;
  /** File that lists the subgraphs which a plain gateway composes. */
  readonly subgraphList?: string;
  /** How often a supergraph's URL or subgraphs are asked for something new, seconds. */
  readonly pollSeconds: number;
  /** ISO 3166 code used where a telephone number has no country of its own. */
  readonly defaultCountry?: string;
  /** How long events of the clouds are kept. */
  readonly eventRetentionMs: number;
  /** True: fill every schema that this start creates; false: never; undefined: as `SAMPLE_DATA` is documented. */
  readonly sampleData?: boolean;
  readonly isProduction: boolean;
  /** Who may ask what, and how much. */
  readonly security: SecurityConfig;
}

/** Where one subgraph and its store are; all undefined means the embedded store. */
export interface SubgraphConfig {
  /** PostgreSQL server of its store. Carries a password. */
  readonly databaseUrl?: string;
  /** Path of another mapping document than the built-in one. Clouds only. */
  readonly mapping?: string;
  /** The subgraph runs elsewhere and is asked over HTTP. */
  readonly url?: string;
}

/** How much is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the command line says; it wins over the environment. */
export interface ConfigFlags {
  readonly port?: string;
  readonly host?: string;
  readonly data?: string;
  readonly supergraph?: string;
  readonly subgraphs?: string;
  readonly 'poll-seconds'?: string;
  /** What is started, where it makes a difference: a subgraph that has a signing key may be reached by others. */
  readonly command?: 'subgraph';
}

const DEFAULT_RETENTION_MS = 30 * 86_400_000;
const LEAST_RETENTION_MS = 3_600_000;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const DEDUPLICATIONS = { off: 'OFF', 'before-sending': 'BEFORE_SENDING', 'in-flight': 'IN_FLIGHT' } as const;
const NODE_ENVS = ['development', 'test', 'production'] as const;
const NEO4J_SCHEMES = ['bolt:', 'bolt+s:', 'bolt+ssc:', 'neo4j:', 'neo4j+s:', 'neo4j+ssc:'];

/** Reads environment and flags into one object. Throws ConfigInvalid with every fault at once. */
export function readConfig(environment: NodeJS.ProcessEnv, flags: ConfigFlags = {}): Config {
  const reader = new VariableReader(environment);
  const sampleData = reader.boolean('SAMPLE_DATA');
  const defaultCountry = reader.matching('DEFAULT_COUNTRY', /^[A-Z]{2}$/, 'an ISO 3166 code of two capital letters');
  const neo4j = readNeo4j(reader);
  const nats = readNats(reader);
  const isProduction = reader.oneOf('NODE_ENV', NODE_ENVS) === 'production';
  const config: Config = {
    host: readHost(reader, flags),
    port: reader.integer('PORT', { flag: flags.port, otherwise: 4000, from: 0, to: 65_535 }),
    data: readData(flags.data ?? '.data'),
    subgraphs: readSubgraphs(reader),
    subgraphTimeoutMs: reader.integer('SUBGRAPH_TIMEOUT_MS', { otherwise: 2000, from: 1, to: 600_000 }),
    operationTimeoutMs: reader.integer('OPERATION_TIMEOUT_MS', { otherwise: 30_000, from: 1, to: 600_000 }),
    signingKeys: readSigningKeys(reader),
    deduplication:
      DEDUPLICATIONS[reader.oneOf('DEDUPLICATION', ['off', 'before-sending', 'in-flight']) ?? 'before-sending'],
    entityBatching: reader.boolean('ENTITY_BATCHING') ?? false,
    planner: reader.oneOf('PLANNER', PLANNER_CHOICES) ?? 'auto',
    overrideLabels: new Set((reader.text('OVERRIDE_LABELS') ?? '').split(',').flatMap((label) => label.trim() || [])),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
    logSamplePercent: reader.integer('LOG_SAMPLE_PERCENT', { otherwise: 100, from: 0, to: 100 }),
    shutdown: {
      graceMs: reader.integer('SHUTDOWN_GRACE_MS', { otherwise: 2000, from: 0, to: 600_000 }),
      limitMs: reader.integer('SHUTDOWN_LIMIT_MS', { otherwise: 10_000, from: 0, to: 600_000 }),
    },
    ...readSupergraphPlace(reader, flags),
    eventRetentionMs: readRetention(reader),
    journeys: readJourneys(reader),
    mail: readMail(reader),
    isProduction,
    security: readSecurity(reader, isProduction),
    ...(neo4j && { neo4j }),
    ...(nats && { nats }),
    ...(sampleData !== undefined && { sampleData }),
    ...(defaultCountry !== undefined && { defaultCountry }),
  };
  if (reader.faults.length > 0) throw new ConfigInvalid(reader.faults);
  return Object.freeze(config);
}

/** The variable of a subgraph, such as `COMMERCE_MAPPING`. */
export function variableOf(subgraph: string, suffix: 'DATABASE_URL' | 'MAPPING' | 'URL'): string {
  return `${subgraph.toUpperCase()}_${suffix}`;
}

/** Identity alone reads every cloud over HTTP. Throws ConfigInvalid with each that is missing. */
export function requireRemoteClouds(config: Config): void {
  const missing = CLOUDS.filter(({ name }) => !config.subgraphs[name]?.url);
  const message = 'is missing: identity alone reads the clouds over HTTP.';
  if (missing.length > 0) {
    throw new ConfigInvalid(missing.map(({ name }) => ({ name: variableOf(name, 'URL'), message })));
  }
}

/**
 * Marketing alone serves no page to people: links to unsubscribe lead to a gateway, which knows the key only if both were given it.
 * Throws ConfigInvalid when mail leaves the house without.
 */
export function requireSharedUnsubscribeKey({ mail }: Config): void {
  if (!mail.smtp || mail.unsubscribeKeys.length > 0) return;
  const message =
    'is missing: the gateways at PUBLIC_URL serve the links in mail of marketing alone when they have the same one.';
  throw new ConfigInvalid([{ name: 'UNSUBSCRIBE_KEY', message }]);
}

/** What the ways to all remote subgraphs are made with. */
export function remoteOptions(config: Config): RemoteOptions {
  const { signingKeys, deduplication, entityBatching: batching } = config;
  return { signingKeys, deduplication, batching };
}

/** True for a host that only this machine can reach. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

function readHost(reader: VariableReader, flags: ConfigFlags): string {
  const host = flags.host ?? reader.text('HOST') ?? '127.0.0.1';
  const isSigned = flags.command === 'subgraph' && reader.text('SUBGRAPH_SIGNING_KEY') !== undefined;
  const isAuthenticated = flags.command !== 'subgraph' && reader.text('AUTH_KEYS') !== undefined;
  if (!isLoopback(host) && !isSigned && !isAuthenticated) {
    reader.fault(
      flags.host === undefined ? 'HOST' : '--host',
      `must be a loopback address such as 127.0.0.1 as long as authentication is not configured, not \`${host}\`.`,
    );
  }
  return host;
}

function readRetention(reader: VariableReader): number {
  const given = reader.text('EVENT_RETENTION');
  const retentionMs = given === undefined ? DEFAULT_RETENTION_MS : (parseDuration(given) ?? 0);
  if (retentionMs < LEAST_RETENTION_MS) {
    reader.fault('EVENT_RETENTION', `must be an ISO 8601 duration of an hour or more such as P30D, not \`${given}\`.`);
  }
  return retentionMs;
}

function readSigningKeys(reader: VariableReader): string[] {
  const keys = (reader.text('SUBGRAPH_SIGNING_KEY') ?? '').split(',').filter((key) => key !== '');
  if (keys.some((key) => Buffer.byteLength(key) < SIGNING_KEY_BYTES)) {
    reader.fault('SUBGRAPH_SIGNING_KEY', `must have at least ${SIGNING_KEY_BYTES} bytes in each key.`);
  }
  return keys;
}

function readSupergraphPlace(reader: VariableReader, flags: ConfigFlags) {
  const supergraph = flags.supergraph ?? reader.text('SUPERGRAPH');
  const subgraphList = flags.subgraphs ?? reader.text('SUBGRAPHS');
  if (supergraph !== undefined && subgraphList !== undefined) {
    reader.fault('--supergraph', 'and --subgraphs exclude each other, as SUPERGRAPH and SUBGRAPHS do.');
  }
  return {
    ...(supergraph !== undefined && { supergraph }),
    ...(subgraphList !== undefined && { subgraphList }),
    pollSeconds: reader.integer('POLL_SECONDS', { flag: flags['poll-seconds'], otherwise: 10, from: 1, to: 86_400 }),
  };
}

function readData(given: string): Config['data'] {
  return given === 'memory' ? { kind: 'memory' } : { kind: 'directory', path: resolve(given) };
}

function readSubgraphs(reader: VariableReader): Record<string, SubgraphConfig> {
  const subgraphs: Record<string, SubgraphConfig> = {};
  for (const name of ['identity', ...CLOUDS.map((cloud) => cloud.name)]) {
    const prefix = name.toUpperCase();
    const databaseUrl = reader.url(`${prefix}_DATABASE_URL`, ['postgresql:', 'postgres:']);
    const url = reader.url(`${prefix}_URL`, ['http:', 'https:']);
    const mapping = name === 'identity' ? undefined : reader.file(`${prefix}_MAPPING`);
    if (url !== undefined && databaseUrl !== undefined) {
      reader.fault(
        `${prefix}_URL`,
        `and ${prefix}_DATABASE_URL exclude each other: a remote subgraph has its own store.`,
      );
    }
    subgraphs[name] = { ...(databaseUrl && { databaseUrl }), ...(mapping && { mapping }), ...(url && { url }) };
  }
  return subgraphs;
}

function readNats(reader: VariableReader): Config['nats'] {
  const given = reader.text('NATS_URL');
  const prefix = reader.matching('NATS_PREFIX', /^[A-Za-z0-9-]{1,32}$/, 'at most 32 letters, digits or hyphens');
  const replicas = reader.integer('NATS_REPLICAS', { otherwise: 1, from: 1, to: 5 });
  if (given === undefined) return undefined;
  const address = parseNatsUrl(given);
  if (address) return { address, prefix: prefix ?? 'c360', replicas };
  reader.fault('NATS_URL', 'must be a URL that begins with nats:// or tls://, or several with commas between them.');
  return undefined;
}

function readNeo4j(reader: VariableReader): Config['neo4j'] {
  const uri = reader.url('NEO4J_URI', NEO4J_SCHEMES);
  const values = {
    NEO4J_URI: uri,
    NEO4J_USER: reader.text('NEO4J_USER'),
    NEO4J_PASSWORD: reader.text('NEO4J_PASSWORD'),
  };
  const missing = (['NEO4J_URI', 'NEO4J_USER', 'NEO4J_PASSWORD'] as const).filter(
    (name) => reader.text(name) === undefined,
  );
  if (missing.length === 0) {
    return { uri: uri ?? '', user: values.NEO4J_USER ?? '', password: values.NEO4J_PASSWORD ?? '' };
  }
  if (missing.length < 3) {
    for (const name of missing) reader.fault(name, 'is missing: NEO4J_URI, NEO4J_USER and NEO4J_PASSWORD go together.');
  }
  return undefined;
}
