import type { DocumentNode, GraphQLSchema } from 'graphql';
import { type AccessRules, readAccessRules } from './authorize/requirements.ts';
import { type PolicyEvaluator, policyOfRole } from './authorize/rights.ts';
import { BoundedCache } from './bounded-cache.ts';
import type { CheckedDocument } from './checked-document.ts';
import { type Budgets, DEFAULT_BUDGETS } from './limits/budgets.ts';
import { type CostRules, readCostRules } from './limits/cost-rules.ts';
import { DEFAULT_LIMITS, type Limits } from './limits/limits.ts';
import { PersistedOperations } from './persisted/persisted-operations.ts';

/** What the guard may be told; all of it has a default. */
export interface GuardOptions {
  readonly limits?: Partial<Limits>;
  /** What an operation may cost, by the caller's role. Without it costs count only in a supergraph that speaks of costs. */
  readonly budgets?: Budgets;
  /** Items of a list of which the supergraph says nothing: 10 when not given. */
  readonly assumedListSize?: number;
  /** False takes "Did you mean" out of errors. */
  readonly suggestions?: boolean;
  /** Decides about the policies of `@policy`; the policy of a role holds for whoever has it when not given. */
  readonly policy?: PolicyEvaluator;
  /** Documents that clients name instead of sending them; what clients register is kept here across generations. */
  readonly persisted?: PersistedOperations;
}

/** What the guard measures operations by. */
export interface GuardRules {
  readonly apiSchema: GraphQLSchema;
  /** False hides the schema from clients. */
  readonly introspection: boolean;
  readonly suggestions: boolean;
  readonly limits: Limits;
  /** Undefined: costs do not count. */
  readonly costs: (CostRules & { readonly assumedListSize: number; readonly budgets: Budgets }) | undefined;
  /** Undefined: every field is open to everybody. */
  readonly access: AccessRules | undefined;
  readonly holds: PolicyEvaluator;
  readonly persisted: PersistedOperations;
  /** Documents that were found good. */
  readonly documents: BoundedCache<CheckedDocument>;
}

/** Documents kept that were found good, and characters of them together: parsed, one takes up to 50 times as much. */
const DOCUMENTS_CAPACITY = 1000;
const DOCUMENTS_CHARACTERS = 1_000_000;
const ASSUMED_LIST_SIZE = 10;
const NO_COSTS: CostRules = { weights: new Map(), listSizes: new Map() };

/** Reads the rules that a supergraph carries and adds what the operator says. */
export function createGuardRules(
  { document, apiSchema }: { readonly document: DocumentNode; readonly apiSchema: GraphQLSchema },
  options: GuardOptions & { readonly introspection: boolean },
): GuardRules {
  const costs = readCostRules(document) ?? (options.budgets && NO_COSTS);
  return {
    apiSchema,
    introspection: options.introspection,
    suggestions: options.suggestions ?? options.introspection,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    costs: costs && {
      ...costs,
      assumedListSize: options.assumedListSize ?? ASSUMED_LIST_SIZE,
      budgets: options.budgets ?? DEFAULT_BUDGETS,
    },
    access: readAccessRules(document),
    holds: options.policy ?? policyOfRole,
    persisted: options.persisted ?? new PersistedOperations(),
    documents: new BoundedCache<CheckedDocument>(DOCUMENTS_CAPACITY, DOCUMENTS_CHARACTERS),
  };
}
