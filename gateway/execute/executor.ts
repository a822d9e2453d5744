import type { QueryPlan } from '@apollo/query-planner';
import type { DocumentNode, GraphQLError, OperationDefinitionNode } from 'graphql';
import type { Principal } from '../../schema/principal.ts';
import type { FetchOutcome } from '../../schema/subgraph-transport.ts';

/** A planned operation and who asks. */
export interface Execution {
  readonly queryPlan: QueryPlan;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly principal: Principal;
  readonly signal?: AbortSignal;
}

/** What came of an operation. Errors are as they arose: `respond` shapes them. */
export interface Executed {
  readonly data: Record<string, unknown> | null | undefined;
  readonly errors: readonly GraphQLError[];
  /** How the fetches ended, by subgraph. */
  readonly fetches: Readonly<Record<string, FetchOutcome>>;
}

/** Runs query plans. */
export interface Executor {
  execute(execution: Execution): Promise<Executed>;
}
