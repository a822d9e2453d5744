import type { QueryPlan } from '@apollo/query-planner';
import type { DocumentNode } from 'graphql';

/** An operation to plan. The document has been validated. */
export interface PlannableOperation {
  /** The document as it was sent; with the name it is what plans are remembered by. */
  readonly query: string;
  readonly document: DocumentNode;
  readonly operationName?: string;
}

/** Decides which subgraph is asked what, in which order. */
export interface Planner {
  /** The plan of an operation. Plans are shared between requests: never change one. */
  plan(operation: PlannableOperation): QueryPlan;
}
