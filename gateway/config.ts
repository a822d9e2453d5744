import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { CLOUDS } from '../schema/clouds.ts';

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
  /** How long one fetch to a subgraph may take. */
  readonly subgraphTimeoutMs: number;
  readonly logLevel: LogLevel;
  /** ISO 3166 code used where a telephone number has no country of its own. */
  readonly defaultCountry?: string;
  /** True: fill every schema that this start creates; false: never; undefined: as `SAMPLE_DATA` is documented. */
  readonly sampleData?: boolean;
  readonly isProduction: boolean;
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
}

/** One thing that is wrong with the configuration. */
export interface ConfigFault {
  /** The variable or flag. */
  readonly name: string;
  /** What is expected, and what was given unless it may be secret. */
  readonly message: string;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const NODE_ENVS = ['development', 'test', 'production'] as const;
const NEO4J_SCHEMES = ['bolt:', 'bolt+s:', 'bolt+ssc:', 'neo4j:', 'neo4j+s:', 'neo4j+ssc:'];

/** Reads environment and flags into one object. Throws ConfigInvalid with every fault at once. */
export function readConfig(environment: NodeJS.ProcessEnv, flags: ConfigFlags = {}): Config {
  const reader = new VariableReader(environment);
  const sampleData = reader.boolean('SAMPLE_DATA');
  const defaultCountry = reader.matching('DEFAULT_COUNTRY', /^[A-Z]{2}$/, 'an ISO 3166 code of two capital letters');
  const neo4j = readNeo4j(reader);
  const config: Config = {
    host: readHost(reader, flags),
    port: reader.integer('PORT', { flag: flags.port, otherwise: 4000, from: 0, to: 65_535 }),
    data: readData(flags.data ?? '.data'),
    subgraphs: readSubgraphs(reader),
    subgraphTimeoutMs: reader.integer('SUBGRAPH_TIMEOUT_MS', { otherwise: 2000, from: 1, to: 600_000 }),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
    isProduction: reader.oneOf('NODE_ENV', NODE_ENVS) === 'production',
    ...(neo4j && { neo4j }),
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

/** True for a host that only this machine can reach. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

function readHost(reader: VariableReader, flags: ConfigFlags): string {
  const host = flags.host ?? reader.text('HOST') ?? '127.0.0.1';
  if (!isLoopback(host)) {
    reader.fault(
      flags.host === undefined ? 'HOST' : '--host',
      `must be a loopback address such as 127.0.0.1 as long as authentication is not configured, not \`${host}\`.`,
    );
  }
  return host;
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

function readNeo4j(reader: VariableReader): Config['neo4j'] {
  const uri = reader.url('NEO4J_URI', NEO4J_SCHEMES);
  const values = {
    NEO4J_URI: uri,
    NEO4J_USER: reader.text('NEO4J_USER'),
    NEO4J_PASSWORD: reader.text('NEO4J_PASSWORD'),
  };
  const missing = Object.keys(values).filter((name) => reader.text(name) === undefined);
  if (missing.length === 0) {
    return { uri: uri ?? '', user: values.NEO4J_USER ?? '', password: values.NEO4J_PASSWORD ?? '' };
  }
  if (missing.length < 3) {
    for (const name of missing) reader.fault(name, 'is missing: NEO4J_URI, NEO4J_USER and NEO4J_PASSWORD go together.');
  }
  return undefined;
}

/** Reads variables one by one and collects what is wrong, so that everything can be said at once. */
class VariableReader {
  readonly faults: ConfigFault[] = [];
  private readonly environment: NodeJS.ProcessEnv;

  constructor(environment: NodeJS.ProcessEnv) {
    this.environment = environment;
  }

  fault(name: string, message: string): void {
    this.faults.push({ name, message });
  }

  /** An empty variable counts as one that is not set. */
  text(name: string): string | undefined {
    return this.environment[name]?.trim() || undefined;
  }

  integer(
    name: string,
    options: { readonly flag?: string | undefined; otherwise: number; from: number; to: number },
  ): number {
    const given = options.flag ?? this.text(name);
    if (given === undefined) return options.otherwise;
    const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= options.from && value <= options.to) return value;
    const label = options.flag === undefined ? name : `--${name.toLowerCase()}`;
    this.fault(label, `must be a whole number from ${options.from} to ${options.to}, not \`${given}\`.`);
    return options.otherwise;
  }

  boolean(name: string): boolean | undefined {
    const given = this.oneOf(name, ['true', 'false', 'on', 'off'] as const);
    return given === undefined ? undefined : given === 'true' || given === 'on';
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    const value = allowed.find((candidate) => candidate === given);
    if (value === undefined) this.fault(name, `must be one of ${allowed.join(', ')}, not \`${given}\`.`);
    return value;
  }

  matching(name: string, form: RegExp, expected: string): string | undefined {
    const given = this.text(name);
    if (given !== undefined && !form.test(given)) this.fault(name, `must be ${expected}, not \`${given}\`.`);
    return given;
  }

  /** URLs may carry credentials, so what was given is never repeated. */
  url(name: string, protocols: readonly string[]): string | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    if (!URL.canParse(given) || !protocols.includes(new URL(given).protocol) || new URL(given).host === '') {
      this.fault(name, `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}.`);
    }
    return given;
  }

  file(name: string): string | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    const path = isAbsolute(given) ? given : resolve(given);
    if (!existsSync(path)) this.fault(name, `must be the path of a file, and there is none at \`${given}\`.`);
    return path;
  }
}

/** The configuration is wrong. The message lists every fault. */
export class ConfigInvalid extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super(`The configuration is wrong:\n${faults.map(({ name, message }) => `- ${name} ${message}`).join('\n')}`);
    this.name = 'ConfigInvalid';
    this.faults = faults;
  }
}
