import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Clock } from '../schema/clock.ts';
import type { Authenticator } from './auth/authenticator.ts';
import { LOCAL_AUTHENTICATOR } from './auth/local.ts';
import { describeError } from './describe-error.ts';
import type { GuardOptions } from './guard-rules.ts';
import { readManifest } from './persisted/manifest.ts';
import { PersistedOperations } from './persisted/persisted-operations.ts';
import type { AuthenticationConfig, SecurityConfig } from './security-config.ts';
import { ConfigInvalid } from './variable-reader.ts';
import type { VariableName } from './variables.ts';

/** What a gateway is told of security, as its options. */
export interface SecurityOptions {
  readonly guard: GuardOptions;
  readonly liveLimits: SecurityConfig['liveLimits'];
  readonly introspection: boolean;
  readonly playground: boolean;
  readonly allowedOrigins: readonly string[];
  readonly authenticator: Authenticator;
  /** Ends what follows the issuer's revocations. */
  closeAuthenticator(): void;
}

/** What is needed beside the configuration. */
export interface SecurityParts {
  /** Milliseconds. */
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes a gateway's options from the configuration. Rejects with ConfigInvalid when the manifest or the list of revocations can't be used. */
export async function createSecurity(config: SecurityConfig, parts: SecurityParts): Promise<SecurityOptions> {
  const { manifest, onlyRegistered, limits, budgets, assumedListSize, suggestions } = config;
  const registered = manifest === undefined ? undefined : naming('PERSISTED_OPERATIONS', () => registeredIn(manifest));
  const { authenticator, close } = await createAuthenticator(config.authentication, parts);
  return {
    guard: {
      limits,
      ...(budgets && { budgets }),
      assumedListSize,
      suggestions,
      persisted: new PersistedOperations({ ...(registered && { registered }), onlyRegistered }),
    },
    liveLimits: config.liveLimits,
    introspection: config.introspection,
    playground: config.playground,
    allowedOrigins: config.allowedOrigins,
    authenticator,
    closeAuthenticator: close,
  };
}

/** What checks tokens is loaded only where there are some. */
async function createAuthenticator(
  config: AuthenticationConfig | undefined,
  { clock, log }: SecurityParts,
): Promise<{ readonly authenticator: Authenticator; readonly close: () => void }> {
  if (!config) return { authenticator: LOCAL_AUTHENTICATOR, close: () => {} };
  const { createJwtAuthenticator } = await import('./auth/jwt.ts');
  const { algorithms, revocations, ...rest } = config;
  const made = createJwtAuthenticator({
    ...rest,
    ...(algorithms && { algorithms }),
    ...(revocations !== undefined && { revocations }),
    clock,
    onFailure: (what, error) =>
      log.warn({ what, error: describeError(error) }, 'what tokens are checked by was not read'),
  });
  const authenticator = await made.catch((error: unknown) => naming('AUTH_REVOCATIONS', () => rethrow(error)));
  return { authenticator, close: () => authenticator.close() };
}

function registeredIn(manifest: string): ReadonlyMap<string, string> {
  return readManifest(readFileSync(manifest, 'utf8'));
}

/** What goes wrong is the fault of a variable. */
function naming<T>(name: VariableName, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it is not known why.';
    throw new ConfigInvalid([{ name, message: `can't be used: ${reason}` }]);
  }
}

function rethrow(error: unknown): never {
  throw error;
}
