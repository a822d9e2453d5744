import type { Principal } from '../../schema/principal.ts';

/** Header in which a subgraph is told who asks. */
export const PRINCIPAL_HEADER = 'c360-principal';

/** A principal as the header carries it: JSON in base64url. */
export function principalHeader(principal: Principal): string {
  return Buffer.from(JSON.stringify(principal)).toString('base64url');
}
