import { foldInto } from './fold-into.ts';
import { ParsedFetches, withoutPaths } from './parsed-fetch.ts';
import type { FetchNode, OperationPlan, PlanNode, PlanPath } from './plan.ts';
import { schedule } from './schedule.ts';
import type { SubgraphFacts } from './subgraph-facts.ts';

/**
 * Puts what a later fetch asks of a subgraph into the earlier fetch to the same subgraph that brings the objects it is about,
 * wherever that gives the same answer. The Rust planner makes two hops of such a pair when the second one's fields are needed for
 * a third. `foldInto` says when a pair may be folded; everything else stays as it was planned.
 */
export function foldPlan(plan: OperationPlan, facts: SubgraphFacts): OperationPlan {
  const { subscription } = plan;
  const nodes = [...(subscription ? [subscription] : []), ...(plan.root ? [plan.root] : [])];
  if (nodes.length === 0) return plan;
  const parsed = new ParsedFetches();
  let root: PlanNode = { kind: 'sequence', nodes };
  for (let folded = foldOnce(root, facts, parsed); folded; folded = foldOnce(root, facts, parsed)) root = folded;
  if (!subscription) return { root: schedule(root, parsed) };
  const [first, ...rest] = root.kind === 'sequence' ? root.nodes : [root];
  if (first?.kind !== 'fetch') throw new Error('Folding lost the subscription.');
  return { subscription: first, root: schedule({ kind: 'sequence', nodes: rest }, parsed) };
}

/** A fetch and the way to it from the top of the plan. */
interface PlacedFetch {
  readonly fetch: FetchNode;
  readonly trail: readonly { readonly parent: PlanNode; readonly index: number }[];
}

/** The plan with one fetch less; undefined when no pair can be folded. */
function foldOnce(root: PlanNode, facts: SubgraphFacts, parsed: ParsedFetches): PlanNode | undefined {
  const placed = placedFetches(root, []);
  for (const later of placed) {
    const replacements = foldAway(later, placed, facts, parsed);
    if (replacements) return replace(root, replacements);
  }
  return undefined;
}

/** What the fetches become when earlier ones take over what they can of this one; undefined when that is nothing. */
function foldAway(
  later: PlacedFetch,
  placed: readonly PlacedFetch[],
  facts: SubgraphFacts,
  parsed: ParsedFetches,
): Replacements | undefined {
  const { fetch } = later;
  if (!fetch.entities || fetch.operationKind !== 'query') return undefined;
  const earlier = placed.filter((other) => other.fetch.subgraph === fetch.subgraph && isAlwaysBefore(other, later));
  if (earlier.length === 0) return undefined;
  const replacements = new Map<FetchNode, FetchNode | undefined>();
  const taken = new Set<PlanPath>();
  for (const entity of fetch.entities) {
    for (const path of entity.paths) {
      for (const candidate of earlier) {
        const target = replacements.get(candidate.fetch) ?? candidate.fetch;
        const others = placed.flatMap((other) =>
          other === candidate || other === later ? [] : [replacements.get(other.fetch) ?? other.fetch],
        );
        const folded = foldInto({ target, others, fetch, entity, path, facts, parsed });
        if (!folded) continue;
        replacements.set(candidate.fetch, folded);
        taken.add(path);
        break;
      }
    }
  }
  return taken.size === 0 ? undefined : replacements.set(fetch, withoutPaths(fetch, taken, parsed));
}

/** What becomes of fetches: undefined for one that is no longer needed. */
type Replacements = ReadonlyMap<FetchNode, FetchNode | undefined>;

function placedFetches(node: PlanNode, trail: PlacedFetch['trail']): PlacedFetch[] {
  if (node.kind === 'fetch') return [{ fetch: node, trail }];
  return childrenOf(node).flatMap((child, index) => placedFetches(child, [...trail, { parent: node, index }]));
}

function childrenOf(node: Exclude<PlanNode, FetchNode>): readonly PlanNode[] {
  if (node.kind !== 'condition') return node.nodes;
  return [...(node.whenTrue ? [node.whenTrue] : []), ...(node.whenFalse ? [node.whenFalse] : [])];
}

/** True when whoever runs `later` has run `earlier`, to the end. */
function isAlwaysBefore(earlier: PlacedFetch, later: PlacedFetch): boolean {
  const fork = earlier.trail.findIndex(({ parent, index }, depth) => {
    const step = later.trail[depth];
    return step?.parent !== parent || step.index !== index;
  });
  const before = earlier.trail[fork];
  const after = later.trail[fork];
  if (!before || !after || before.parent !== after.parent || before.parent.kind !== 'sequence') return false;
  const isConditional = ({ trail }: PlacedFetch): boolean =>
    trail.slice(fork).some(({ parent }) => parent.kind === 'condition');
  return before.index < after.index && !isConditional(earlier) && !isConditional(later);
}

function replace(node: PlanNode, replacements: Replacements): PlanNode {
  return rebuild(node, (fetch) => (replacements.has(fetch) ? replacements.get(fetch) : fetch)) ?? EMPTY;
}

const EMPTY: PlanNode = { kind: 'sequence', nodes: [] };

function rebuild(node: PlanNode, change: (fetch: FetchNode) => FetchNode | undefined): PlanNode | undefined {
  if (node.kind === 'fetch') return change(node);
  if (node.kind === 'condition') {
    const whenTrue = node.whenTrue && rebuild(node.whenTrue, change);
    const whenFalse = node.whenFalse && rebuild(node.whenFalse, change);
    if (!whenTrue && !whenFalse) return undefined;
    return {
      kind: 'condition',
      variable: node.variable,
      ...(whenTrue && { whenTrue }),
      ...(whenFalse && { whenFalse }),
    };
  }
  const nodes = node.nodes.flatMap((child) => rebuild(child, change) ?? []);
  return { kind: node.kind, nodes };
}
