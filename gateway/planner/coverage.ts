import { type DocumentNode, Kind, type SelectionSetNode } from 'graphql';
import { ParsedFetches } from './parsed-fetch.ts';
import type { OperationPlan } from './plan.ts';
import { chooseOperation, prepareOperation } from './prepare.ts';
import { responseNameOf } from './selections.ts';
import { fetchesOf, writes } from './writes.ts';

/**
 * True when a plan fetches every field of an operation that stands under no fragment and no condition. Apollo's planner leaves a
 * field that no subgraph can be asked for out of its plan, and the answer would say null where there is an error.
 */
export function coversOperation(
  plan: OperationPlan,
  document: DocumentNode,
  operationName: string | undefined,
): boolean {
  const { document: prepared } = prepareOperation(document, operationName);
  if (!prepared) return true;
  const parsed = new ParsedFetches();
  const fetches = [...(plan.subscription ? [plan.subscription] : []), ...(plan.root ? fetchesOf(plan.root) : [])];
  return unconditionalLeaves(chooseOperation(prepared, undefined).selectionSet, []).every((names) =>
    fetches.some((fetch) => writes(fetch, names, parsed)),
  );
}

/** Response names from the top to each field that has none below it. */
function unconditionalLeaves({ selections }: SelectionSetNode, above: readonly string[]): string[][] {
  return selections.flatMap((node) => {
    if (node.kind !== Kind.FIELD || node.directives?.length || node.name.value === '__typename') return [];
    const names = [...above, responseNameOf(node)];
    return node.selectionSet ? unconditionalLeaves(node.selectionSet, names) : [names];
  });
}
