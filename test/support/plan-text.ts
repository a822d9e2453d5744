import type { FetchNode, OperationPlan, PlanNode, PlanPath } from '../../gateway/planner/plan.ts';

/** A plan as lines: each a fetch as `subgraph` or `subgraph@path`, steps of a sequence below each other, side by side with `|`. */
export function hopsOf(plan: OperationPlan): string[] {
  return [...(plan.subscription ? [describe(plan.subscription)] : []), ...(plan.root ? lines(plan.root) : [])];
}

/** How many fetches wait for one another, at worst. */
export function hopCount({ root, subscription }: OperationPlan): number {
  return (subscription ? 1 : 0) + (root ? depth(root) : 0);
}

/** How many fetches are made, at most. */
export function fetchCount({ root, subscription }: OperationPlan): number {
  return (subscription ? 1 : 0) + (root ? count(root) : 0);
}

function lines(node: PlanNode): string[] {
  switch (node.kind) {
    case 'fetch':
      return [describe(node)];
    case 'sequence':
      return node.nodes.flatMap(lines);
    case 'parallel':
      return [
        node.nodes
          .map((child) => lines(child).join(' then '))
          .sort()
          .join(' | '),
      ];
    case 'condition':
      return [
        ...(node.whenTrue ? [`if ${node.variable}: ${lines(node.whenTrue).join(' then ')}`] : []),
        ...(node.whenFalse ? [`unless ${node.variable}: ${lines(node.whenFalse).join(' then ')}`] : []),
      ];
  }
}

function describe({ subgraph, entities, path }: FetchNode): string {
  const places = entities ? entities.flatMap((entity) => entity.paths.map(textOf)) : [textOf(path)];
  return places.map((place) => (place === '' ? subgraph : `${subgraph}@${place}`)).join(' + ');
}

function textOf(path: PlanPath): string {
  return path
    .map((segment) => {
      if (segment.kind === 'field') return segment.responseName;
      return segment.kind === 'items' ? '@' : `|${segment.typenames.join('|')}`;
    })
    .join('.');
}

function depth(node: PlanNode): number {
  if (node.kind === 'fetch') return 1;
  if (node.kind === 'sequence') return node.nodes.reduce((sum, child) => sum + depth(child), 0);
  return Math.max(0, ...childrenOf(node).map(depth));
}

function count(node: PlanNode): number {
  if (node.kind === 'fetch') return 1;
  if (node.kind === 'condition') return Math.max(0, ...childrenOf(node).map(count));
  return node.nodes.reduce((sum, child) => sum + count(child), 0);
}

function childrenOf(node: Exclude<PlanNode, FetchNode>): readonly PlanNode[] {
  if (node.kind !== 'condition') return node.nodes;
  return [...(node.whenTrue ? [node.whenTrue] : []), ...(node.whenFalse ? [node.whenFalse] : [])];
}
