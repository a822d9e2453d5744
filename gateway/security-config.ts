import { type Algorithm, ASYMMETRIC_ALGORITHMS } from './auth/algorithms.ts';
import type { ClaimNames } from './auth/claims.ts';
import type { Budgets } from './limits/budgets.ts';
import { DEFAULT_LIMITS, type Limits } from './limits/limits.ts';
import { DEFAULT_LIVE_LIMITS, type LiveLimits } from './subscribe/live-limits.ts';
import type { VariableReader } from './variable-reader.ts';
import type { VariableName } from './variables.ts';

/** What the configuration says of who may ask what, and how much. */
export interface SecurityConfig {
  /** Undefined: nobody is asked who they are, and only this machine can reach the server. */
  readonly authentication: AuthenticationConfig | undefined;
  readonly limits: Limits;
  readonly liveLimits: Pick<LiveLimits, 'operationsPerSocket' | 'clients' | 'queue'>;
  /** Undefined: the default budgets. */
  readonly budgets: Budgets | undefined;
  /** Items of a list of which a supergraph says nothing. */
  readonly assumedListSize: number;
  readonly introspection: boolean;
  readonly suggestions: boolean;
  readonly playground: boolean;
  readonly allowedOrigins: readonly string[];
  /** Path of the manifest of registered operations. */
  readonly manifest: string | undefined;
  readonly onlyRegistered: boolean;
}

/** How tokens are checked. */
export interface AuthenticationConfig {
  /** Path or URL of the issuer's JSON Web Key Set. */
  readonly keys: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly Algorithm[] | undefined;
  readonly isRequired: boolean;
  readonly claims: Partial<ClaimNames>;
  /** Path or URL of a list of revocations. */
  readonly revocations: string | undefined;
}

const LIMIT_VARIABLES: readonly (readonly [keyof Limits, VariableName, number])[] = [
  ['bodyBytes', 'LIMIT_BODY_BYTES', 64 * 1024 * 1024],
  ['tokens', 'LIMIT_TOKENS', 100_000],
  ['depth', 'LIMIT_DEPTH', 100],
  ['aliases', 'LIMIT_ALIASES', 100_000],
  ['rootFields', 'LIMIT_ROOT_FIELDS', 100_000],
  ['directives', 'LIMIT_DIRECTIVES', 100_000],
  ['fields', 'LIMIT_FIELDS', 100_000],
  ['overlaps', 'LIMIT_OVERLAPS', 1_000_000],
];

/** Reads what is about security. What is wrong is told to the reader. */
export function readSecurity(reader: VariableReader, isProduction: boolean): SecurityConfig {
  const limits = LIMIT_VARIABLES.map(([name, variable, to]) => [
    name,
    reader.integer(variable, { otherwise: DEFAULT_LIMITS[name], from: 1, to }),
  ]);
  const onlyRegistered = reader.boolean('PERSISTED_OPERATIONS_ONLY') ?? false;
  const manifest = reader.file('PERSISTED_OPERATIONS');
  if (onlyRegistered && manifest === undefined) {
    reader.fault('PERSISTED_OPERATIONS', 'is missing: PERSISTED_OPERATIONS_ONLY needs a manifest of what may run.');
  }
  const authentication = readAuthentication(reader);
  return {
    authentication,
    limits: Object.fromEntries(limits) as Record<keyof Limits, number>,
    liveLimits: readLiveLimits(reader),
    budgets: readBudgets(reader),
    assumedListSize: reader.integer('COST_LIST_SIZE', { otherwise: 10, from: 0, to: 1_000_000 }),
    introspection: reader.boolean('INTROSPECTION') ?? !isProduction,
    suggestions: reader.boolean('SUGGESTIONS') ?? !isProduction,
    playground: reader.boolean('PLAYGROUND') ?? !isProduction,
    allowedOrigins: readOrigins(reader, authentication !== undefined),
    manifest,
    onlyRegistered,
  };
}

function readLiveLimits(reader: VariableReader): SecurityConfig['liveLimits'] {
  const { operationsPerSocket, clients, queue } = DEFAULT_LIVE_LIMITS;
  const upTo = (variable: VariableName, otherwise: number, to: number): number =>
    reader.integer(variable, { otherwise, from: 1, to });
  return {
    operationsPerSocket: upTo('LIMIT_SOCKET_OPERATIONS', operationsPerSocket, 10_000),
    clients: upTo('LIMIT_LIVE_CLIENTS', clients, 1_000_000),
    queue: {
      messages: upTo('LIMIT_WAITING_EVENTS', queue.messages, 1_000_000),
      bytes: upTo('LIMIT_WAITING_BYTES', queue.bytes, 256 * 1024 * 1024),
    },
  };
}

function readAuthentication(reader: VariableReader): AuthenticationConfig | undefined {
  const required = { keys: 'AUTH_KEYS', issuer: 'AUTH_ISSUER', audience: 'AUTH_AUDIENCE' } as const;
  const missing = Object.values(required).filter((name) => reader.text(name) === undefined);
  if (missing.length === 3) return undefined;
  for (const name of missing) reader.fault(name, 'is missing: AUTH_KEYS, AUTH_ISSUER and AUTH_AUDIENCE go together.');
  return {
    keys: placeOf(reader, required.keys) ?? '',
    issuer: reader.text(required.issuer) ?? '',
    audience: reader.text(required.audience) ?? '',
    algorithms: readAlgorithms(reader),
    isRequired: reader.boolean('AUTH_REQUIRED') ?? false,
    claims: readClaims(reader),
    revocations: placeOf(reader, 'AUTH_REVOCATIONS'),
  };
}

/** A path that leads to a file, or an http(s) URL. What looks like a URL of any kind may carry credentials and is not repeated. */
function placeOf(reader: VariableReader, name: VariableName): string | undefined {
  const given = reader.text(name);
  return given?.includes('://') ? reader.url(name, ['http:', 'https:']) : reader.file(name);
}

function readAlgorithms(reader: VariableReader): readonly Algorithm[] | undefined {
  const given = listOf(reader, 'AUTH_ALGORITHMS');
  if (given.length === 0) return undefined;
  const known = ASYMMETRIC_ALGORITHMS.filter((algorithm) => given.includes(algorithm));
  if (known.length < given.length) {
    reader.fault('AUTH_ALGORITHMS', `must be some of ${ASYMMETRIC_ALGORITHMS.join(', ')}, with commas between them.`);
  }
  return known;
}

function readClaims(reader: VariableReader): Partial<ClaimNames> {
  const names = {
    roles: reader.text('AUTH_ROLES_CLAIM'),
    scopes: reader.text('AUTH_SCOPES_CLAIM'),
    customer360Id: reader.text('AUTH_CUSTOMER_CLAIM'),
    purpose: reader.text('AUTH_PURPOSE_CLAIM'),
  };
  return Object.fromEntries(Object.entries(names).filter(([, name]) => name !== undefined));
}

/** Such as `app=20000,agent=100000,*=1000`. */
function readBudgets(reader: VariableReader): Budgets | undefined {
  const given = listOf(reader, 'COST_BUDGETS');
  if (given.length === 0) return undefined;
  const budgets = new Map<string, number>();
  for (const entry of given) {
    const [, role = '', budget] = /^([\w:.*-]+)=(\d{1,12})$/.exec(entry) ?? [];
    if (budget === undefined) {
      reader.fault('COST_BUDGETS', `must be such as \`app=20000,agent=100000,*=1000\`, not \`${entry}\`.`);
    } else budgets.set(role, Number(budget));
  }
  const otherwise = budgets.get('*') ?? Math.min(...budgets.values());
  budgets.delete('*');
  return { byRole: Object.fromEntries(budgets), otherwise };
}

function readOrigins(reader: VariableReader, isAuthenticated: boolean): readonly string[] {
  const origins = listOf(reader, 'CORS_ORIGINS');
  for (const origin of origins) {
    if (origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)) continue;
    reader.fault('CORS_ORIGINS', `must be origins such as https://shop.example, not \`${origin}\`.`);
  }
  if (origins.includes('*') && !isAuthenticated) {
    reader.fault('CORS_ORIGINS', 'can be `*` only with authentication: every page would be the administrator.');
  }
  return origins;
}

function listOf(reader: VariableReader, name: VariableName): string[] {
  return (reader.text(name) ?? '').split(',').flatMap((entry) => entry.trim() || []);
}
