import { type DocumentNode, type InlineFragmentNode, Kind, type SelectionNode } from 'graphql';
import type { OperationPlan, PlanNode } from './plan.ts';
import { chooseOperation, documentOf, fragmentsOf } from './prepare.ts';

/**
 * Plans a mutation so that its fields run in series, each with all that is selected below it, before the next one begins.
 * A planner left alone asks for what the first field returned while the second one already changes it. Neighbours that one
 * subgraph answers without the help of another stay one fetch: there the subgraph itself keeps the order.
 */
export function planInSeries(document: DocumentNode, plan: (document: DocumentNode) => OperationPlan): OperationPlan {
  const fields = rootFields(chooseOperation(document, undefined).selectionSet.selections);
  if (fields.length < 2) return plan(document);
  const runs: Run[] = [];
  for (const field of fields) {
    const alone: Run = { selections: field, plan: plan(withSelections(document, field)) };
    const before = runs.at(-1);
    if (before && continues(before, alone)) {
      const selections = [...before.selections, ...field];
      runs[runs.length - 1] = { selections, plan: plan(withSelections(document, selections)) };
    } else {
      runs.push(alone);
    }
  }
  return { root: { kind: 'sequence', nodes: runs.flatMap((run) => run.plan.root ?? []) } };
}

/** Fields that are planned together. */
interface Run {
  readonly selections: readonly SelectionNode[];
  readonly plan: OperationPlan;
}

/** True when everything before is one fetch and the field begins in the same subgraph. */
function continues({ plan: before }: Run, { plan: alone }: Run): boolean {
  const subgraph = before.root?.kind === 'fetch' ? before.root.subgraph : undefined;
  return subgraph !== undefined && firstSubgraph(alone.root) === subgraph;
}

function firstSubgraph(node: PlanNode | undefined): string | undefined {
  if (node?.kind === 'fetch') return node.subgraph;
  return node?.kind === 'sequence' ? firstSubgraph(node.nodes[0]) : undefined;
}

function withSelections(document: DocumentNode, selections: readonly SelectionNode[]): DocumentNode {
  return documentOf(chooseOperation(document, undefined), selections, fragmentsOf(document));
}

/** The selections of each field of the answer, in order: one name selected twice is run once. */
function rootFields(selections: readonly SelectionNode[]): SelectionNode[][] {
  const fields = new Map<string, SelectionNode[]>();
  const collect = (nodes: readonly SelectionNode[], within: readonly InlineFragmentNode[]): void => {
    for (const node of nodes) {
      if (node.kind === Kind.INLINE_FRAGMENT) {
        collect(node.selectionSet.selections, [...within, node]);
      } else if (node.kind === Kind.FIELD) {
        const name = node.alias?.value ?? node.name.value;
        fields.set(name, [...(fields.get(name) ?? []), wrap(node, within)]);
      }
    }
  };
  collect(selections, []);
  return [...fields.values()];
}

function wrap(node: SelectionNode, within: readonly InlineFragmentNode[]): SelectionNode {
  return within.reduceRight<SelectionNode>(
    (inner, fragment) => ({ ...fragment, selectionSet: { kind: Kind.SELECTION_SET, selections: [inner] } }),
    node,
  );
}
