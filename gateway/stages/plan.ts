import type { QueryPlan } from '@apollo/query-planner';
import type { Planner } from '../planner/planner.ts';
import type { Guarded } from './guard.ts';

/** An operation with the fetches that answer it. */
export interface Planned extends Guarded {
  readonly queryPlan: QueryPlan;
}

/** Stage 3: decides which subgraph is asked what, in which order. */
export function plan(guarded: Guarded, planner: Planner): Planned {
  const { query, document, operationName } = guarded;
  const queryPlan = planner.plan({ query, document, ...(operationName !== undefined && { operationName }) });
  return { ...guarded, queryPlan };
}
