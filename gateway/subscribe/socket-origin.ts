import type { IncomingHttpHeaders } from 'node:http';
import type { AllowedOrigins } from '../cross-site.ts';

/**
 * True unless a page of another site opens the socket. Browsers let any page do so, with its cookies and to addresses that only this
 * machine reaches, and let it read what comes: unlike with HTTP nobody asks first.
 */
export function isSocketOriginAllowed({ origin, host }: IncomingHttpHeaders, allowed: AllowedOrigins): boolean {
  if (origin === undefined || allowed.has(origin) || allowed.has('*')) return true;
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
}
