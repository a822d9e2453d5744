import { Kind, type SelectionSetNode } from 'graphql';
import type { ParsedFetches } from './parsed-fetch.ts';
import type { FetchNode, PlanNode, PlanPath } from './plan.ts';
import { fieldsNamed, responseNameOf } from './selections.ts';

/**
 * True when a fetch brings a value or an object to this place, given as response names from the top, rather than more fields of
 * objects that are there. Lists and types on the way are not looked at.
 */
export function writes(fetch: FetchNode, names: readonly string[], parsed: ParsedFetches): boolean {
  const { selectionSet } = parsed.operationOf(fetch);
  if (!fetch.entities) return reaches(selectionSet, namesOf(fetch.path), names);
  return fetch.entities.some(({ responseName, paths }) =>
    selectionSet.selections.some(
      (node) =>
        node.kind === Kind.FIELD &&
        responseNameOf(node) === responseName &&
        paths.some((path) => node.selectionSet && reaches(node.selectionSet, namesOf(path), names)),
    ),
  );
}

/** True when a selection whose objects stand at `base` selects what stands at `names`, below them. */
function reaches(start: SelectionSetNode, base: readonly string[], names: readonly string[]): boolean {
  if (base.length >= names.length || base.some((name, index) => name !== names[index])) return false;
  let level: readonly SelectionSetNode[] = [start];
  for (const [depth, name] of names.slice(base.length).entries()) {
    const found = level.flatMap((selectionSet) => fieldsNamed(selectionSet, name, ''));
    if (depth === names.length - base.length - 1) return found.length > 0;
    level = found.flatMap(({ node }) => node.selectionSet ?? []);
  }
  return false;
}

/** The response names on a path. */
export function namesOf(path: PlanPath): string[] {
  return path.flatMap((segment) => (segment.kind === 'field' ? [segment.responseName] : []));
}

/** Every fetch of a plan, in its order; of a condition those of both outcomes. */
export function fetchesOf(node: PlanNode): FetchNode[] {
  if (node.kind === 'fetch') return [node];
  const children = node.kind === 'condition' ? [node.whenTrue, node.whenFalse] : node.nodes;
  return children.flatMap((child) => (child ? fetchesOf(child) : []));
}
