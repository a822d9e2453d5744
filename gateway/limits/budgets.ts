import type { Principal } from '../../schema/principal.ts';

/** What one operation may cost, by role. */
export interface Budgets {
  readonly byRole: Readonly<Record<string, number>>;
  /** For whoever has none of these roles. */
  readonly otherwise: number;
}

/** Generous: a page of a hundred customers with what an agent looks at is within an agent's. */
export const DEFAULT_BUDGETS: Budgets = {
  byRole: { app: 20_000, agent: 100_000, admin: 1_000_000, service: 1_000_000 },
  otherwise: 20_000,
};

/** The largest budget that somebody's roles give. */
export function budgetOf({ roles }: Principal, { byRole, otherwise }: Budgets): number {
  const budgets = roles.flatMap((role) => byRole[role] ?? []);
  return budgets.length > 0 ? Math.max(...budgets) : otherwise;
}
