import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** What a signature covers of a request to a subgraph. */
export interface SignedRequest {
  /** Name of the subgraph: what is signed for one is worth nothing at another. */
  readonly subgraph: string;
  readonly method: string;
  /** Path and query, as the request line has them. */
  readonly target: string;
  /** Value of the principal's header; undefined without one. */
  readonly principal: string | undefined;
  /** Value of the deadline's header; undefined without one. */
  readonly deadline: string | undefined;
}

/** A signature as its header carries it. */
export interface SignatureParts {
  /** When it was made, milliseconds since 1970. */
  readonly time: number;
  /** Never the same twice. */
  readonly nonce: string;
  /** SHA-256 of the body in base64url. */
  readonly bodyHash: string;
  /** HMAC-SHA-256 in base64url. */
  readonly mac: string;
}

/** Bytes that a key has at least. */
export const SIGNING_KEY_BYTES = 32;

/** A shared key of at least 32 bytes. Throws RangeError for a shorter one. */
export function signingKey(secret: string): KeyObject {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < SIGNING_KEY_BYTES) throw new RangeError(`A signing key has at least ${SIGNING_KEY_BYTES} bytes.`);
  return createSecretKey(bytes);
}

/** Makes the value of the signature's header. */
export function signRequest(
  request: SignedRequest,
  body: string,
  { key, time, nonce }: { readonly key: KeyObject; readonly time: number; readonly nonce: string },
): string {
  const parts = { time: Math.floor(time), nonce, bodyHash: hashBody(body) };
  return `v1 t=${parts.time} n=${nonce} b=${parts.bodyHash} s=${macOf(request, parts, key)}`;
}

const FORM = /^v1 t=(\d{1,15}) n=([\w-]{16,64}) b=([\w-]{43}) s=([\w-]{43})$/;

/** Reads the value of the signature's header. Undefined when it has not its form. */
export function parseSignature(header: string): SignatureParts | undefined {
  const [, time, nonce, bodyHash, mac] = FORM.exec(header) ?? [];
  if (time === undefined || nonce === undefined || bodyHash === undefined || mac === undefined) return undefined;
  // Leading zeros would be a second way to write the same time.
  return String(Number(time)) === time ? { time: Number(time), nonce, bodyHash, mac } : undefined;
}

/** True when one of the keys made the signature for this request; the body is compared by `isBodyOf`. */
export function isSignedBy(request: SignedRequest, parts: SignatureParts, keys: readonly KeyObject[]): boolean {
  let isKnown = false;
  // Texts are compared, not the bytes they stand for: the last letter of base64url has several ways to be written.
  for (const key of keys) isKnown = isSameText(macOf(request, parts, key), parts.mac) || isKnown;
  return isKnown;
}

/** True when the body is the one that was signed. */
export function isBodyOf(parts: SignatureParts, body: string | Uint8Array): boolean {
  return isSameText(hashBody(body), parts.bodyHash);
}

function hashBody(body: string | Uint8Array): string {
  return createHash('sha256').update(body).digest('base64url');
}

/** A line for each part; none of them can hold a line break. What is absent differs from what is empty. */
function macOf(request: SignedRequest, parts: Omit<SignatureParts, 'mac'>, key: KeyObject): string {
  const { subgraph, method, target, principal, deadline } = request;
  const told = (value: string | undefined): string => (value === undefined ? '-' : `=${value}`);
  const text = `v1\n${subgraph}\n${method}\n${target}\n${told(principal)}\n${told(deadline)}\n${parts.time}\n${parts.nonce}\n${parts.bodyHash}`;
  return createHmac('sha256', key).update(text).digest('base64url');
}

function isSameText(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
