import { LOCAL_ADMINISTRATOR, type Principal } from '../../schema/principal.ts';
import type { Requirement } from './requirement.ts';

/** Whoever sends no token where tokens are asked for. */
export const ANONYMOUS: Principal = { subject: 'anonymous', roles: [], scopes: [] };

/** Decides whether a policy holds for somebody. */
export type PolicyEvaluator = (policy: string, principal: Principal) => boolean;

/** The policy of a role holds for whoever has the role. */
export const policyOfRole: PolicyEvaluator = (policy, { roles }) => roles.includes(policy);

/** Without a token nobody is authenticated, the local administrator neither. */
export function isAuthenticated({ subject }: Principal): boolean {
  return subject !== ANONYMOUS.subject && subject !== LOCAL_ADMINISTRATOR.subject;
}

/** Whether somebody fulfils a requirement. */
export function fulfils(requirement: Requirement, principal: Principal, holds: PolicyEvaluator): boolean {
  if (requirement.kind === 'authenticated') return isAuthenticated(principal);
  const has =
    requirement.kind === 'scopes'
      ? (scope: string) => principal.scopes.includes(scope)
      : (policy: string) => holds(policy, principal);
  return requirement.anyOf.some((all) => all.every(has));
}
