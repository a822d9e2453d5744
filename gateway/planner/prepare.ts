import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';

/** What remains of an operation for the subgraphs. */
export interface PreparedOperation {
  readonly kind: 'query' | 'mutation' | 'subscription';
  /** One operation and the fragments it uses; undefined when no subgraph has to be asked. */
  readonly document: DocumentNode | undefined;
}

/**
 * Takes away what no planner needs to see: the other operations of the document and root fields about the schema, `__schema`,
 * `__type` and `__typename`.
 */
export function prepareOperation(document: DocumentNode, operationName: string | undefined): PreparedOperation {
  const fragments = fragmentsOf(document);
  const operation = chooseOperation(document, operationName);
  const selections = fetchedSelections(operation.selectionSet, fragments);
  const kind = operation.operation;
  return selections.length === 0
    ? { kind, document: undefined }
    : { kind, document: documentOf(operation, selections, fragments) };
}

/** The operation with other root selections, and the fragments and variables that it uses then. */
export function documentOf(
  operation: OperationDefinitionNode,
  selections: readonly SelectionNode[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): DocumentNode {
  const chosen: OperationDefinitionNode = {
    ...operation,
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
  const usedFragments = new Map<string, FragmentDefinitionNode>();
  const usedVariables = new Set<string>();
  const note = (node: OperationDefinitionNode | FragmentDefinitionNode): void => {
    visit(node, {
      VariableDefinition() {
        return false;
      },
      Variable({ name }) {
        usedVariables.add(name.value);
      },
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (!fragment || usedFragments.has(name.value)) return;
        usedFragments.set(name.value, fragment);
        note(fragment);
      },
    });
  };
  note(chosen);
  const variableDefinitions = (operation.variableDefinitions ?? []).filter(({ variable }) =>
    usedVariables.has(variable.name.value),
  );
  return { kind: Kind.DOCUMENT, definitions: [{ ...chosen, variableDefinitions }, ...usedFragments.values()] };
}

/** The fragments of a document, by name. */
export function fragmentsOf(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}

/** The operation of this name, or the only one. The guard has seen that there is one. */
export function chooseOperation(document: DocumentNode, operationName: string | undefined): OperationDefinitionNode {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (operationName === undefined || definition.name?.value === operationName) return definition;
  }
  throw new Error('A document without its operation came to be planned.');
}

/** Fragments are entered, because what is taken away may stand in one that is used elsewhere too. */
function fetchedSelections(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): SelectionNode[] {
  return selections.flatMap((selection): SelectionNode[] => {
    if (selection.kind === Kind.FIELD) return isAboutSchema(selection.name.value) ? [] : [selection];
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
    const entered = fragment ? fetchedSelections(fragment.selectionSet, fragments) : [];
    if (entered.length === 0) return [];
    const { directives = [] } = selection;
    if (directives.length === 0) return entered;
    return [
      { kind: Kind.INLINE_FRAGMENT, directives, selectionSet: { kind: Kind.SELECTION_SET, selections: entered } },
    ];
  });
}

function isAboutSchema(name: string): boolean {
  return name === '__schema' || name === '__type' || name === '__typename';
}
