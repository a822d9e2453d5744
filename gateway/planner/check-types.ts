import type { DocumentNode } from 'graphql';
import { withoutSpreads } from './parsed-fetch.ts';
import type { EntityFetch, OperationPlan, PlanPath } from './plan.ts';
import { fieldsNamed } from './selections.ts';
import type { SubgraphFacts } from './subgraph-facts.ts';
import { UnknownPlan } from './unknown-plan.ts';
import { fetchesOf } from './writes.ts';

/**
 * Throws UnknownPlan for a plan that asks an `@interfaceObject` about one type of objects where objects of several may stand: the Rust
 * planner takes the first implementing type for whatever type the client's fragment names.
 */
export function checkTypes(plan: OperationPlan, document: DocumentNode, facts: SubgraphFacts): void {
  const operation = withoutSpreads(document);
  const root = facts.rootType(operation.operation);
  for (const fetch of plan.root ? fetchesOf(plan.root) : []) {
    for (const entity of fetch.entities ?? []) {
      if (!isForInterfaceObject(entity)) continue;
      const names = entity.requires.flatMap((one) => (one.kind === 'inline' && one.typename ? [one.typename] : []));
      for (const path of entity.paths) {
        const types = typesAt(path);
        if (names.every((name) => types.includes(name))) continue;
        const standing = standingAt(path);
        if (!standing.every((type) => names.includes(type))) {
          throw new UnknownPlan('an interface object asked about one type of several');
        }
      }
    }
  }

  /** Declared types of the client's fields at a place. */
  function standingAt(path: PlanPath): readonly string[] {
    let level = [{ selectionSet: operation.selectionSet, type: root }];
    let found: string[] = [];
    for (const segment of path) {
      if (segment.kind !== 'field') continue;
      const fields = level.flatMap(({ selectionSet, type }) => fieldsNamed(selectionSet, segment.responseName, type));
      const typed = fields.flatMap(({ node, within }) => {
        const type = facts.fieldType('', within, node.name.value);
        return type === undefined ? [] : [{ selectionSet: node.selectionSet, type }];
      });
      found = typed.map(({ type }) => type);
      level = typed.flatMap(({ selectionSet, type }) => (selectionSet ? [{ selectionSet, type }] : []));
    }
    return found;
  }
}

function isForInterfaceObject({ inputRewrites }: EntityFetch): boolean {
  return inputRewrites.some((rewrite) => rewrite.kind === 'set');
}

/** The types that a path ends in, if it says so. */
function typesAt(path: PlanPath): readonly string[] {
  const last = path.at(-1);
  return last?.kind === 'types' ? last.typenames : [];
}
