import type { ParsedFetches } from './parsed-fetch.ts';
import type { FetchNode, PlanNode, PlanPath, RequiredSelection } from './plan.ts';
import { fetchesOf, namesOf, writes } from './writes.ts';

/**
 * The same fetches, each as soon as what it reads is there. The Rust planner lays its plans out in levels, where each fetch waits
 * for the whole level before it; here two that have nothing to do with each other don't wait for one another, and the
 * number of hops is that of the longest chain. Undefined when there is nothing to fetch.
 */
export function schedule(root: PlanNode, parsed: ParsedFetches): PlanNode | undefined {
  return layOut(stepsOf(root, [], parsed));
}

/** A fetch, or a condition with all that stands under it. */
interface Step {
  readonly node: PlanNode;
  /** Steps whose values this one reads. */
  readonly needs: ReadonlySet<Step>;
}

/** In the order of the plan. `before` are the steps that the plan itself lets run first. */
function stepsOf(node: PlanNode, before: readonly Step[], parsed: ParsedFetches): Step[] {
  switch (node.kind) {
    case 'parallel':
      return node.nodes.flatMap((child) => stepsOf(child, before, parsed));
    case 'sequence': {
      const steps: Step[] = [];
      for (const child of node.nodes) steps.push(...stepsOf(child, [...before, ...steps], parsed));
      return steps;
    }
    default: {
      const fetches = fetchesOf(node);
      if (fetches.length === 0) return [];
      const needed = before.filter((step) =>
        fetchesOf(step.node).some((writer) => fetches.some((reader) => mayRead(reader, writer, parsed))),
      );
      return [{ node: node.kind === 'condition' ? scheduleBranches(node, parsed) : node, needs: new Set(needed) }];
    }
  }
}

function scheduleBranches(node: Extract<PlanNode, { kind: 'condition' }>, parsed: ParsedFetches): PlanNode {
  const whenTrue = node.whenTrue && schedule(node.whenTrue, parsed);
  const whenFalse = node.whenFalse && schedule(node.whenFalse, parsed);
  return { kind: 'condition', variable: node.variable, ...(whenTrue && { whenTrue }), ...(whenFalse && { whenFalse }) };
}

/** What does not hang together runs side by side; of what does, first the steps that need nothing. */
function layOut(steps: readonly Step[]): PlanNode | undefined {
  if (steps.length === 0) return undefined;
  const groups = connected(steps);
  if (groups.length > 1) return { kind: 'parallel', nodes: groups.flatMap((group) => layOut(group) ?? []) };
  const here = new Set(steps);
  const first = steps.filter(({ needs }) => ![...needs].some((step) => here.has(step)));
  const head = first.length > 1 ? { kind: 'parallel' as const, nodes: first.map(({ node }) => node) } : first[0]?.node;
  const rest = layOut(steps.filter((step) => !first.includes(step)));
  if (!head || !rest) return head;
  return { kind: 'sequence', nodes: [head, ...(rest.kind === 'sequence' ? rest.nodes : [rest])] };
}

/** Groups of steps that need each other, in the order of the plan. */
function connected(steps: readonly Step[]): Step[][] {
  let groups: Step[][] = [];
  for (const step of steps) {
    const touched = groups.filter((group) => group.some((other) => step.needs.has(other)));
    const joined = [...touched.flat(), step];
    groups = [...groups.filter((group) => !touched.includes(group)), joined];
  }
  return groups;
}

/**
 * True unless it is clear that the reader takes nothing from the writer: not the objects it is about, nor the values that its
 * representations are made of, nor the `__typename` that conditions on its way look at. A mutation waits, and is waited for.
 */
function mayRead(reader: FetchNode, writer: FetchNode, parsed: ParsedFetches): boolean {
  if (reader.operationKind === 'mutation' || writer.operationKind === 'mutation') return true;
  if (hasRewrites(writer) || reader.entities?.some((entity) => entity.contextRewrites.length > 0)) return true;
  return readsOf(reader).some((names) => writes(writer, names, parsed));
}

function hasRewrites({ outputRewrites, entities }: FetchNode): boolean {
  return outputRewrites.length > 0 || (entities ?? []).some((entity) => entity.outputRewrites.length > 0);
}

/** Places of the answer that a fetch reads, as response names from the top. */
function readsOf({ path, entities }: FetchNode): string[][] {
  if (!entities) return prefixesOf(path);
  return entities.flatMap((entity) =>
    entity.paths.flatMap((place) => {
      const base = namesOf(place);
      const required = entity.requires.flatMap((selection) => requiredNames(selection));
      return [...prefixesOf(place), ...[['__typename'], ...required].map((names) => [...base, ...names])];
    }),
  );
}

/** Every object on the way, and the `__typename` of those that must be of a certain type. */
function prefixesOf(path: PlanPath): string[][] {
  const prefixes: string[][] = [];
  let names: string[] = [];
  for (const segment of path) {
    if (segment.kind === 'types') prefixes.push([...names, '__typename']);
    if (segment.kind !== 'field') continue;
    names = [...names, segment.responseName];
    prefixes.push(names);
  }
  return prefixes;
}

function requiredNames(selection: RequiredSelection): string[][] {
  const below = selection.selections.flatMap(requiredNames);
  if (selection.kind === 'inline') return below;
  return [[selection.responseName], ...below.map((names) => [selection.responseName, ...names])];
}
