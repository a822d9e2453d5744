import { type DocumentNode, print } from 'graphql';
import { planByCondition } from './conditions.ts';
import { planInSeries } from './mutation-series.ts';
import { percentageOf } from './override-labels.ts';
import type { OperationPlan } from './plan.ts';
import type { PlannableOperation } from './planner.ts';
import { prepareOperation } from './prepare.ts';

/**
 * Plans an operation part by part: once for each outcome of its conditions, and each field of a mutation for itself. `plan` is given
 * a document with one operation, and the percentage that `@override` goes by: the same for all parts, so that a field is
 * read and written in one subgraph.
 */
export function planParts(
  { document, operationName }: PlannableOperation,
  plan: (part: DocumentNode, percentage: number) => OperationPlan,
): OperationPlan {
  const { document: prepared } = prepareOperation(document, operationName);
  if (!prepared) return { root: undefined };
  const percentage = percentageOf(print(prepared));
  return planByCondition(prepared, (decided) => {
    const { kind, document: part } = prepareOperation(decided, undefined);
    if (!part) return { root: undefined };
    return kind === 'mutation' ? planInSeries(part, (one) => plan(one, percentage)) : plan(part, percentage);
  });
}
