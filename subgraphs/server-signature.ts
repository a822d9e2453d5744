import type { KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../schema/clock.ts';
import { CodedError } from '../schema/errors.ts';
import { isBodyOf, isSignedBy, parseSignature, type SignatureParts } from '../schema/request-signature.ts';
import { DEADLINE_HEADER, PRINCIPAL_HEADER, SIGNATURE_HEADER } from '../schema/subgraph-headers.ts';
import { createNonceCache } from './nonce-cache.ts';

/** Whose requests a subgraph server answers. */
export interface SignatureRules {
  /** All that are accepted, so that a key can be changed without a request refused. At least one. */
  readonly keys: readonly KeyObject[];
  /** Milliseconds since 1970, as the gateway's clock tells them too. */
  readonly clock: Clock;
  /** Requests of the last 30 seconds that are remembered, so that none is taken twice; 500,000 when not given. Beyond, requests are refused. */
  readonly rememberedRequests?: number;
}

/** Makes sure that requests come from somebody who holds a key, unchanged and once. */
export interface SignatureCheck {
  /**
   * Checks all but the body, before it is read. Throws REQUEST_UNSIGNED or SIGNATURE_REFUSED; the function given throws the same
   * for a body that is not the one signed.
   */
  checkHead(request: IncomingMessage): (body: string | Uint8Array) => void;
}

/** How old a signature may be, and how far its clock may go before ours. */
const MAX_AGE_MS = 30_000;
const REMEMBERED = 500_000;

/** Makes the check of one subgraph's server. */
export function createSignatureCheck(subgraph: string, rules: SignatureRules): SignatureCheck {
  const { keys, clock, rememberedRequests = REMEMBERED } = rules;
  const nonces = createNonceCache(rememberedRequests);
  return {
    checkHead(request) {
      const parts = readSignature(request, subgraph, keys);
      const now = clock();
      if (Math.abs(now - parts.time) > MAX_AGE_MS) throw refused('is too old, or of a clock that differs from ours.');
      // Only what was signed is remembered: whoever has no key can't fill the memory.
      const taken = nonces.take(parts.nonce, parts.time + MAX_AGE_MS, now);
      if (taken === 'KNOWN') throw refused('was used before.');
      if (taken === 'FULL') throw refused('is one too many: no more can be remembered now.');
      return (body) => {
        if (!isBodyOf(parts, body)) throw refused('is of another body.');
      };
    },
  };
}

function readSignature(request: IncomingMessage, subgraph: string, keys: readonly KeyObject[]): SignatureParts {
  const header = textOf(request, SIGNATURE_HEADER);
  if (header === undefined) {
    throw new CodedError('REQUEST_UNSIGNED', 'This subgraph answers signed requests of its gateway only.');
  }
  const parts = parseSignature(header);
  if (!parts) throw refused('has not its form.');
  const signed = {
    subgraph,
    method: request.method ?? '',
    target: request.url ?? '',
    principal: textOf(request, PRINCIPAL_HEADER),
    deadline: textOf(request, DEADLINE_HEADER),
  };
  if (!isSignedBy(signed, parts, keys)) throw refused('is not by an accepted key, or of another request.');
  if (signed.principal === undefined)
    throw new CodedError('BAD_REQUEST', `The header \`${PRINCIPAL_HEADER}\` is missing.`);
  return parts;
}

function textOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return value === undefined ? undefined : String(value);
}

function refused(why: string): CodedError {
  return new CodedError('SIGNATURE_REFUSED', `The signature ${why}`);
}
