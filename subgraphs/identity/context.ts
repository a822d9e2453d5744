import type { Principal } from '../../schema/principal.ts';
import type { FetchOutcome } from '../../schema/subgraph-transport.ts';
import type { IdentityLoaders } from './loaders.ts';

/** What the resolvers of identity are given. It lives exactly as long as one operation. */
export interface IdentityContext {
  readonly principal: Principal;
  readonly loaders: IdentityLoaders;
  /** How the fetches of the client's operation have ended so far, by cloud. */
  readonly fetches: Readonly<Record<string, FetchOutcome>>;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined;
}
