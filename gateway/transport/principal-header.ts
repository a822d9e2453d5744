import type { Principal } from '../../schema/principal.ts';

/** Principals that ask now are asked about again at once, and are objects that nobody changes. */
const known = new WeakMap<Principal, string>();

/** A principal as its header carries it: JSON in base64url. */
export function principalHeader(principal: Principal): string {
  let header = known.get(principal);
  if (header === undefined) {
    header = Buffer.from(JSON.stringify(principal)).toString('base64url');
    known.set(principal, header);
  }
  return header;
}
