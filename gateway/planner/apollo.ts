import { operationFromDocument, type Supergraph } from '@apollo/federation-internals';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import { BoundedCache } from '../bounded-cache.ts';
import type { PlannableOperation, Planner } from './planner.ts';

/** Plans kept. One takes some tens of kilobytes. */
const CACHE_CAPACITY = 500;

/** Apollo's planner over a supergraph, with the plans used last kept. */
export function createApolloPlanner(supergraph: Supergraph, capacity: number = CACHE_CAPACITY): Planner {
  const planner = new QueryPlanner(supergraph, { exposeDocumentNodeInFetchNode: true });
  const plans = new BoundedCache<QueryPlan>(capacity);
  const apiSchema = supergraph.apiSchema();
  return {
    plan: (operation) =>
      plans.getOrMake(cacheKey(operation), () => {
        const options = operation.operationName === undefined ? {} : { operationName: operation.operationName };
        return planner.buildQueryPlan(operationFromDocument(apiSchema, operation.document, options));
      }),
  };
}

/** A name holds no line break, so that no document can be taken for another one with a name. */
function cacheKey(operation: PlannableOperation): string {
  return `${operation.operationName ?? ''}\n${operation.query}`;
}
