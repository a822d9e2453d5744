import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '../../schema/principal.ts';

/** Somebody whose word was proven, for as long as it is. */
export interface Authenticated {
  readonly principal: Principal;
  /** Fires when the token has expired or was revoked: no event may be sent after it. */
  readonly ended: AbortSignal;
  /** Frees what watches the token. Every holder calls it once it needs `ended` no more. */
  release(): void;
}

/** What a request proves who asks with: its headers, or what a socket was opened with. */
export interface Credentials {
  readonly headers: IncomingHttpHeaders;
  /** Payload of `connection_init`, for sockets of browsers, which can't set headers. */
  readonly connectionParams?: Readonly<Record<string, unknown>>;
}

/** Finds out who asks. Throws CodedError UNAUTHENTICATED. */
export interface Authenticator {
  authenticate(credentials: Credentials): Promise<Authenticated>;
}
