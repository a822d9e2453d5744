import { errors, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose';
import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import type { Principal } from '../../schema/principal.ts';
import { ANONYMOUS } from '../authorize/rights.ts';
import { type Algorithm, ASYMMETRIC_ALGORITHMS } from './algorithms.ts';
import type { Authenticated, Authenticator, Credentials } from './authenticator.ts';
import { type ClaimNames, DEFAULT_CLAIMS, principalOf } from './claims.ts';
import { Endings } from './endings.ts';
import { KeySet } from './key-set.ts';
import { followRevocations, type RevocableToken, type Revocations } from './revocations.ts';

/** How tokens are checked. */
export interface JwtOptions {
  /** Path or URL of the issuer's JSON Web Key Set. */
  readonly keys: string;
  readonly issuer: string;
  readonly audience: string;
  /** All of ASYMMETRIC_ALGORITHMS when not given. */
  readonly algorithms?: readonly Algorithm[];
  readonly claims?: Partial<ClaimNames>;
  /** How far clocks may differ: 30 s when not given. */
  readonly skewSeconds?: number;
  /** True: who sends no token is refused; else they are anonymous, and only unrestricted fields are open to them. */
  readonly isRequired?: boolean;
  /** Path or URL of a list of revocations, or a function that knows. */
  readonly revocations?: string | ((token: RevocableToken) => boolean);
  /** Milliseconds. */
  readonly clock: Clock;
  /** Told, for the operator, when keys or revocations can't be read; what was read last holds on. */
  readonly onFailure: (what: 'keys' | 'revocations', error: unknown) => void;
}

/** Checks tokens until it is closed. */
export interface JwtAuthenticator extends Authenticator {
  close(): void;
}

interface Verified extends RevocableToken {
  readonly principal: Principal;
  /** Milliseconds. */
  readonly expiresAt: number;
}

const SKEW_SECONDS = 30;
/** Tokens remembered as verified, so that a client's next request costs no signature. */
const VERIFIED_CAPACITY = 5000;
const NEVER = new AbortController().signal;

/**
 * Makes an authenticator of bearer tokens. A token has to have a subject and an expiry besides its signature, issuer and
 * audience. Rejects when a list of revocations is given that can't be read.
 */
export async function createJwtAuthenticator(options: JwtOptions): Promise<JwtAuthenticator> {
  const { clock, onFailure, revocations: given } = options;
  const revocations: Revocations =
    typeof given === 'string'
      ? await followRevocations({ place: given, onFailure: (error) => onFailure('revocations', error) })
      : { isRevoked: given ?? (() => false), close: () => {} };
  const tokens = new VerifiedTokens(options);
  const endings = new Endings(clock, (token) => revocations.isRevoked(token as Verified));
  const skewMs = 1000 * (options.skewSeconds ?? SKEW_SECONDS);
  return {
    async authenticate(credentials) {
      const token = bearerToken(credentials);
      if (token === undefined) {
        if (options.isRequired) throw new CodedError('UNAUTHENTICATED', 'A token is needed.');
        return { principal: ANONYMOUS, ended: NEVER, release: () => {} };
      }
      const verified = await tokens.verify(token);
      const now = clock();
      if (revocations.isRevoked(verified) || now >= verified.expiresAt + skewMs) throw invalid();
      // The skew lets in whose clock is late; who was let in before stays until the expiry itself.
      const endsAt = now < verified.expiresAt ? verified.expiresAt : verified.expiresAt + skewMs;
      return new TokenAuthentication(verified, endsAt, endings);
    },
    close() {
      revocations.close();
      endings.close();
    },
  };
}

/** Most requests never look at `ended`: only those that do are watched. */
class TokenAuthentication implements Authenticated {
  readonly principal: Principal;
  readonly #watch: () => ReturnType<Endings['watch']>;
  #ending: ReturnType<Endings['watch']> | undefined;

  constructor(verified: Verified, endsAt: number, endings: Endings) {
    this.principal = verified.principal;
    this.#watch = () => endings.watch(verified, endsAt);
  }

  get ended(): AbortSignal {
    this.#ending ??= this.#watch();
    return this.#ending.signal;
  }

  release(): void {
    this.#ending?.release();
  }
}

/** Verifies tokens, each once as long as the keys are the same. */
class VerifiedTokens {
  readonly #options: JwtOptions;
  readonly #keys: KeySet;
  #verified = new Map<string, Verified>();

  constructor(options: JwtOptions) {
    this.#options = options;
    this.#keys = new KeySet({
      place: options.keys,
      clock: options.clock,
      onFailure: (error) => options.onFailure('keys', error),
      onChange: () => {
        this.#verified = new Map();
      },
    });
  }

  async verify(token: string): Promise<Verified> {
    this.#keys.refreshWhenOld();
    const known = this.#verified.get(token);
    if (known) return known;
    // Other keys bring another map: what the former ones verified is not remembered under them.
    const remembered = this.#verified;
    const verified = await this.#check(token);
    remembered.set(token, verified);
    if (remembered.size > VERIFIED_CAPACITY) {
      const [oldest] = remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
    }
    return verified;
  }

  /** A token that names no key may be of any of them that has its algorithm. */
  async #verifyWithAnyKey(token: string, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
    try {
      return await jwtVerify(token, this.#keys.find, options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      for await (const key of error) {
        try {
          return await jwtVerify(token, key, options);
        } catch (refusal) {
          if (!(refusal instanceof errors.JWSSignatureVerificationFailed)) throw refusal;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }

  async #check(token: string): Promise<Verified> {
    const { issuer, audience, clock } = this.#options;
    try {
      const { payload } = await this.#verifyWithAnyKey(token, {
        issuer,
        audience,
        algorithms: [...(this.#options.algorithms ?? ASYMMETRIC_ALGORITHMS)],
        clockTolerance: this.#options.skewSeconds ?? SKEW_SECONDS,
        currentDate: new Date(clock()),
        requiredClaims: ['sub', 'exp'],
      });
      const { sub, exp = 0, jti } = payload;
      // Nobody checked their types: a number, say, would be found in no list of revocations.
      if (typeof sub !== 'string' || sub === '' || (jti !== undefined && typeof jti !== 'string')) throw invalid();
      const principal = principalOf({ ...payload, sub }, { ...DEFAULT_CLAIMS, ...this.#options.claims });
      return { principal, subject: sub, tokenId: jti, expiresAt: exp * 1000 };
    } catch (error) {
      // Why a token is not valid helps only whoever tries to make one.
      throw error instanceof CodedError ? error : invalid();
    }
  }
}

function bearerToken({ headers, connectionParams }: Credentials): string | undefined {
  const given = headers.authorization ?? connectionParams?.['authorization'] ?? connectionParams?.['Authorization'];
  if (given === undefined || given === '') return undefined;
  const token = typeof given === 'string' ? /^bearer +([\w.~+/=-]+)$/i.exec(given.trim())?.[1] : undefined;
  if (token === undefined) throw invalid();
  return token;
}

function invalid(): CodedError {
  return new CodedError('UNAUTHENTICATED', 'The token is not valid, has expired or was revoked.');
}
