import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../schema/clock.ts';
import type { Principal } from '../../schema/principal.ts';
import { signRequest } from '../../schema/request-signature.ts';
import { DEADLINE_HEADER, PRINCIPAL_HEADER, SIGNATURE_HEADER } from '../../schema/subgraph-headers.ts';
import { principalHeader } from './principal-header.ts';

/** With what requests to remote subgraphs are signed. */
export interface Signing {
  readonly key: KeyObject;
  /** Milliseconds since 1970, as the subgraphs' own clocks tell them. */
  readonly clock: Clock;
  /** Gives a text of 16 to 64 letters, digits, `-` and `_` that it never gave before. */
  readonly newNonce: () => string;
}

/** A request as its headers tell of it. */
export interface HeaderSubject {
  readonly subgraph: string;
  readonly method: 'GET' | 'POST';
  /** Path and query, as the request line has them. */
  readonly target: string;
  /** Empty for a GET. */
  readonly body: string;
  readonly principal: Principal;
  /** How long the answer is still waited for; undefined when it has no end, as with a subscription. */
  readonly remainingMs?: number;
}

/**
 * What a subgraph is told in headers of ours: who asks, how long the answer is waited for, and the signature over all of it. Made
 * anew for each attempt, because a signature is taken once.
 */
export function requestHeaders(subject: HeaderSubject, signing: Signing | undefined): Record<string, string> {
  const { subgraph, method, target, body, remainingMs } = subject;
  const principal = principalHeader(subject.principal);
  const deadline = remainingMs === undefined ? undefined : String(Math.max(1, Math.floor(remainingMs)));
  const headers: Record<string, string> = { [PRINCIPAL_HEADER]: principal };
  if (deadline !== undefined) headers[DEADLINE_HEADER] = deadline;
  if (signing) {
    const { key, clock, newNonce } = signing;
    const parts = { subgraph, method, target, principal, deadline };
    headers[SIGNATURE_HEADER] = signRequest(parts, body, { key, time: clock(), nonce: newNonce() });
  }
  return headers;
}
