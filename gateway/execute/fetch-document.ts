import {
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql';
import type { FetchNode } from '../planner/plan.ts';

/** The document of a fetch, parsed once. */
export interface FetchDocument {
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** Parses what a planner wrote. */
export function parseFetch(fetch: FetchNode): FetchDocument {
  const fragments = new Map<string, FragmentDefinitionNode>();
  let operation: OperationDefinitionNode | undefined;
  for (const definition of parse(fetch.operation, { noLocation: true }).definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    else if (definition.kind === Kind.OPERATION_DEFINITION) operation ??= definition;
  }
  if (!operation) throw new Error(`A fetch to \`${fetch.subgraph}\` has no operation.`);
  return { operation, fragments };
}

/** The name under which a field stands in the answer. */
export function responseNameOf(field: FieldNode): string {
  return field.alias?.value ?? field.name.value;
}

/** Calls back for each field of a selection, fragments entered; `on` is the innermost type condition, undefined for none. */
export function forEachField(
  selection: SelectionSetNode,
  fragments: FetchDocument['fragments'],
  visit: (field: FieldNode, on: string | undefined) => void,
  on?: string,
): void {
  for (const node of selection.selections) {
    if (node.kind === Kind.FIELD) {
      visit(node, on);
    } else if (node.kind === Kind.INLINE_FRAGMENT) {
      forEachField(node.selectionSet, fragments, visit, node.typeCondition?.name.value ?? on);
    } else {
      const fragment = fragments.get(node.name.value);
      if (fragment) forEachField(fragment.selectionSet, fragments, visit, fragment.typeCondition.name.value);
    }
  }
}

/** Selections of the root field with this response name. */
export function rootSelections({ operation, fragments }: FetchDocument, responseName: string): SelectionSetNode[] {
  const found: SelectionSetNode[] = [];
  forEachField(operation.selectionSet, fragments, (field) => {
    if (responseNameOf(field) === responseName && field.selectionSet) found.push(field.selectionSet);
  });
  return found;
}
