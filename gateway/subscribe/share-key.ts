import type { Principal } from '../../schema/principal.ts';
import type { PreparedSubscription } from './live-operation.ts';
import { sinceVariableOf } from './resumption.ts';

/**
 * Names everything that the events of a subscription depend on, but for where it begins: two with the same key in the same
 * generation get the same events after the same cursor.
 */
export function shareKey({ guarded, principal }: PreparedSubscription, isResumable: boolean): string {
  const { planKey, document, operation, variables } = guarded;
  const since = isResumable ? sinceVariableOf(document, operation) : undefined;
  const shared = since === undefined ? variables : { ...variables, [since]: undefined };
  return canonicalJson([planKey, shared, principalParts(principal)]);
}

/** True for two of whom all that is forwarded is the same. */
export function isSamePrincipal(one: Principal, other: Principal): boolean {
  return canonicalJson(principalParts(one)) === canonicalJson(principalParts(other));
}

/** JSON with the keys of every object in order. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`;
}

/** All of a principal, since all of it is forwarded. The order of roles, scopes and records says nothing. */
function principalParts({ records, ...principal }: Principal): object {
  return {
    ...principal,
    roles: [...principal.roles].sort(),
    scopes: [...principal.scopes].sort(),
    records: records && Object.fromEntries(Object.entries(records).map(([cloud, keys]) => [cloud, [...keys].sort()])),
  };
}
