import { parse, print } from 'graphql';
import type { Caller } from './operation.ts';
import type { FetchNode, OperationPlan, PlanNode, PlanPath } from './planner/plan.ts';
import type { RequestWatch, Stage, TimedFetch } from './telemetry.ts';

/** A plan and how long its parts took, as developers are shown it under `extensions.c360`. Times are milliseconds since the request began. */
export interface PlanView {
  /** How long each stage took before the answer was written. */
  readonly stageMs: Readonly<Partial<Record<Stage, number>>>;
  readonly totalMs: number;
  readonly plan: PlanViewNode | undefined;
}

/** One step of the plan. */
export type PlanViewNode =
  | { readonly kind: 'sequence' | 'parallel'; readonly nodes: readonly PlanViewNode[] }
  | { readonly kind: 'condition'; readonly variable: string; readonly nodes: readonly PlanViewNode[] }
  | FetchView;

/** One request to one subgraph. */
export interface FetchView {
  readonly kind: 'fetch';
  readonly subgraph: string;
  /** Where in the answer its values belong, such as `customers.edges.@.node`. */
  readonly path: string;
  /** What the subgraph is asked, without anybody's values. */
  readonly operation: string;
  /** Each time that it ran: none when nothing was to be asked. */
  readonly runs: readonly Omit<TimedFetch, 'fetch'>[];
}

/** What makes the view of a request when it is over; undefined when it is not wanted or not for this caller. */
export function planViewFor(
  { wantsPlan = false, principal }: Caller,
  plan: OperationPlan,
  watch: RequestWatch,
): (() => PlanView) | undefined {
  if (!wantsPlan || !principal.roles.includes('admin')) return undefined;
  return () => viewPlan(plan, watch.fetches, { stageMs: { ...watch.stageMs }, totalMs: watch.elapsedMs() });
}

/** Makes the view of a plan and its fetches. */
export function viewPlan(
  plan: OperationPlan,
  fetches: readonly TimedFetch[],
  times: Pick<PlanView, 'stageMs' | 'totalMs'>,
): PlanView {
  const root = plan.root && viewNode(plan.root, fetches);
  const first = plan.subscription && viewNode(plan.subscription, fetches);
  const nodes = [first, root].flatMap((node) => (node ? [node] : []));
  return { ...times, plan: nodes.length > 1 ? { kind: 'sequence', nodes } : nodes[0] };
}

function viewNode(node: PlanNode, fetches: readonly TimedFetch[]): PlanViewNode {
  switch (node.kind) {
    case 'fetch':
      return viewFetch(node, fetches);
    case 'condition': {
      const branches = [node.whenTrue, node.whenFalse].flatMap((branch) => (branch ? [branch] : []));
      return {
        kind: 'condition',
        variable: node.variable,
        nodes: branches.map((branch) => viewNode(branch, fetches)),
      };
    }
    default:
      return { kind: node.kind, nodes: node.nodes.map((inner) => viewNode(inner, fetches)) };
  }
}

function viewFetch(node: FetchNode, fetches: readonly TimedFetch[]): FetchView {
  const paths = node.entities?.flatMap((entity) => entity.paths) ?? [node.path];
  return {
    kind: 'fetch',
    subgraph: node.subgraph,
    path: paths.map(pathText).join(', '),
    operation: print(parse(node.operation, { noLocation: true })),
    runs: fetches.filter(({ fetch }) => fetch === node).map(({ fetch: _, ...run }) => run),
  };
}

function pathText(path: PlanPath): string {
  return path
    .map((segment) => {
      if (segment.kind === 'items') return '@';
      return segment.kind === 'field' ? segment.responseName : `|[${segment.typenames.join(',')}]`;
    })
    .join('.');
}
