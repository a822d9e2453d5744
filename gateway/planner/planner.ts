import type { DocumentNode } from 'graphql';
import type { OperationPlan } from './plan.ts';

/** An operation to plan. The document has been validated. */
export interface PlannableOperation {
  readonly document: DocumentNode;
  /** Chooses one of several operations in the document. */
  readonly operationName?: string;
}

/** Decides which subgraph is asked what, in which order. */
export interface Planner {
  /** The plan of an operation. Makes it anew each time: who asks keeps it. */
  plan(operation: PlannableOperation): OperationPlan;
}

/** Which planner makes the plans. `auto`: the Rust planner where its binary runs and it reads the supergraph, else Apollo's. */
export type PlannerChoice = (typeof PLANNER_CHOICES)[number];

/** Every choice of a planner. */
export const PLANNER_CHOICES = ['auto', 'rust', 'apollo'] as const;
