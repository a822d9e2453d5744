import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { CodedError } from '../schema/errors.ts';
import { Refused } from './operation.ts';

/** Origins whose pages may ask, such as `https://shop.example`; `*` for all. The server's own page needs none. */
export type AllowedOrigins = ReadonlySet<string>;

/** A page can set one of these only after the browser asked us, which is granted to allowed origins. */
const PROOFS = ['x-graphql-csrf', 'apollo-require-preflight', 'x-apollo-operation-name'] as const;
const ALLOWED_HEADERS = ['content-type', 'authorization', 'traceparent', ...PROOFS].join(', ');
const PREFLIGHT_KEPT_SECONDS = '600';

/**
 * Refuses what a page of another site made a browser send: such a page can't read the answer, but the work would be done.
 * Browsers say where a request comes from, or else that they are one. Throws Refused with CROSS_SITE_REQUEST.
 */
export function checkSite(method: string | undefined, headers: IncomingHttpHeaders, origins: AllowedOrigins): void {
  if (isAllowed(headers.origin, origins) || PROOFS.some((name) => headers[name])) return;
  const site = headers['sec-fetch-site'];
  const isForeign =
    site === undefined
      ? method !== 'POST' && /^Mozilla\//.test(headers['user-agent'] ?? '')
      : site !== 'same-origin' && site !== 'none';
  if (!isForeign) return;
  const message =
    'A page of another site may not ask: send the header `x-graphql-csrf: 1` or ask for its origin to be allowed.';
  throw new Refused([new CodedError('CROSS_SITE_REQUEST', message)]);
}

/** Tells a browser which pages may read the answer. True when that was all it asked for, and is answered. */
export function serveCors(request: IncomingMessage, response: ServerResponse, origins: AllowedOrigins): boolean {
  const { origin } = request.headers;
  if (origins.size > 0) response.setHeader('vary', 'origin');
  const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
  if (origin !== undefined && isAllowed(origin, origins)) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'x-request-id');
    if (isPreflight) {
      response.setHeader('access-control-allow-methods', 'GET, POST');
      response.setHeader('access-control-allow-headers', ALLOWED_HEADERS);
      response.setHeader('access-control-max-age', PREFLIGHT_KEPT_SECONDS);
    }
  }
  if (isPreflight) response.writeHead(204).end();
  return isPreflight;
}

function isAllowed(origin: string | undefined, origins: AllowedOrigins): boolean {
  return origin !== undefined && (origins.has(origin) || origins.has('*'));
}
