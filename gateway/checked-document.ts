import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { Authorization } from './authorize/authorize.ts';
import type { Cost } from './limits/cost.ts';

/** A document that is well formed, within its limits and fits the schema. */
export interface CheckedDocument {
  readonly document: DocumentNode;
  readonly operations: readonly CheckedOperation[];
}

/** One operation of it, with what depends on who asks and with which variables. */
export interface CheckedOperation {
  readonly operation: OperationDefinitionNode;
  readonly authorize: Authorization;
  /** Undefined: costs do not count. */
  readonly cost: Cost | undefined;
}
