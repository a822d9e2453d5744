import type { JWTPayload } from 'jose';
import type { Principal } from '../../schema/principal.ts';

/** In which claims a token carries what a principal is made of. A name with dots leads into objects, unless a claim is called so. */
export interface ClaimNames {
  readonly roles: string;
  readonly scopes: string;
  readonly customer360Id: string;
  readonly purpose: string;
}

/** What holds unless the configuration says otherwise. */
export const DEFAULT_CLAIMS: ClaimNames = {
  roles: 'roles',
  scopes: 'scope',
  customer360Id: 'customer360Id',
  purpose: 'purpose',
};

/** Who a token speaks of. Lists may be JSON lists or words with spaces between. */
export function principalOf(payload: JWTPayload & { readonly sub: string }, names: ClaimNames): Principal {
  const customer360Id = claim(payload, names.customer360Id);
  const purpose = claim(payload, names.purpose);
  return {
    subject: payload.sub,
    roles: words(claim(payload, names.roles)),
    scopes: words(claim(payload, names.scopes)),
    ...(typeof customer360Id === 'string' && { customer360Id }),
    ...(typeof purpose === 'string' && { purpose }),
  };
}

function claim(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  return name.split('.').reduce<unknown>((at, key) => {
    return typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as JWTPayload)[key] : undefined;
  }, payload);
}

function words(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(/\s+/).filter((word) => word !== '');
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
}
