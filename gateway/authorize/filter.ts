import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';

/** What an object is asked for of which nothing else is left: it still has to be there. */
const TYPENAME: SelectionNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/** A document of one operation without some of its fields, and without what is then unused. */
export function withoutFields(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  denied: ReadonlySet<FieldNode>,
): DocumentNode {
  const kept = new Map<string, FragmentDefinitionNode>();
  const keepFragment = (name: string): void => {
    const fragment = fragments.get(name);
    if (!fragment || kept.has(name)) return;
    kept.set(name, fragment);
    kept.set(name, { ...fragment, selectionSet: keepSelections(fragment.selectionSet) });
  };
  const keepSelections = (selectionSet: SelectionSetNode): SelectionSetNode => {
    const selections = selectionSet.selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD && denied.has(selection)) return [];
      if (selection.kind === Kind.FRAGMENT_SPREAD) keepFragment(selection.name.value);
      if (selection.kind === Kind.FRAGMENT_SPREAD || !selection.selectionSet) return [selection];
      return [{ ...selection, selectionSet: keepSelections(selection.selectionSet) }];
    });
    return { ...selectionSet, selections: selections.length > 0 ? selections : [TYPENAME] };
  };
  const filtered = { ...operation, selectionSet: keepSelections(operation.selectionSet) };
  const used = variablesIn([filtered, ...kept.values()]);
  const variableDefinitions = (operation.variableDefinitions ?? []).filter(({ variable }) =>
    used.has(variable.name.value),
  );
  return { kind: Kind.DOCUMENT, definitions: [{ ...filtered, variableDefinitions }, ...kept.values()] };
}

function variablesIn(definitions: readonly (OperationDefinitionNode | FragmentDefinitionNode)[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const definition of definitions) {
    visit(definition, {
      enter(node) {
        if (node.kind === Kind.VARIABLE_DEFINITION) return false;
        if (node.kind === Kind.VARIABLE) names.add(node.name.value);
        return undefined;
      },
    });
  }
  return names;
}
