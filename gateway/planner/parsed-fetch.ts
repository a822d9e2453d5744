import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionSetNode,
  stripIgnoredCharacters,
} from 'graphql';
import type { FetchNode, PlanPath } from './plan.ts';
import { chooseOperation, documentOf, fragmentsOf } from './prepare.ts';
import { responseNameOf } from './selections.ts';

/** The operations of fetches, parsed once each, with fragments where they are spread. */
export class ParsedFetches {
  private readonly operations = new WeakMap<FetchNode, OperationDefinitionNode>();

  operationOf(fetch: FetchNode): OperationDefinitionNode {
    let operation = this.operations.get(fetch);
    if (!operation) {
      operation = withoutSpreads(parse(fetch.operation, { noLocation: true }));
      this.operations.set(fetch, operation);
    }
    return operation;
  }
}

/** The one operation of a document with its fragments where they are spread. */
export function withoutSpreads(document: DocumentNode): OperationDefinitionNode {
  const operation = chooseOperation(document, undefined);
  return { ...operation, selectionSet: expand(operation.selectionSet, fragmentsOf(document)) };
}

function expand(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): SelectionSetNode {
  return {
    ...selectionSet,
    selections: selectionSet.selections.map((node) => {
      if (node.kind === Kind.FIELD) {
        return node.selectionSet ? { ...node, selectionSet: expand(node.selectionSet, fragments) } : node;
      }
      if (node.kind === Kind.INLINE_FRAGMENT) return { ...node, selectionSet: expand(node.selectionSet, fragments) };
      const fragment = fragments.get(node.name.value);
      if (!fragment) throw new Error('A fetch of a plan spreads a fragment that it does not have.');
      return {
        kind: Kind.INLINE_FRAGMENT,
        typeCondition: fragment.typeCondition,
        directives: node.directives ?? [],
        selectionSet: expand(fragment.selectionSet, fragments),
      };
    }),
  };
}

/** The fetch without these places, and without the entity fields that are for no place then; undefined when none remains. */
export function withoutPaths(
  fetch: FetchNode,
  taken: ReadonlySet<PlanPath>,
  parsed: ParsedFetches,
): FetchNode | undefined {
  const entities = (fetch.entities ?? []).flatMap((entity) => {
    const paths = entity.paths.filter((path) => !taken.has(path));
    return paths.length > 0 ? [{ ...entity, paths }] : [];
  });
  if (entities.length === 0) return undefined;
  if (entities.length === fetch.entities?.length) return { ...fetch, entities };
  const names = new Set(entities.map(({ responseName }) => responseName));
  const operation = parsed.operationOf(fetch);
  const selections = operation.selectionSet.selections.filter(
    (node) => node.kind === Kind.FIELD && names.has(responseNameOf(node)),
  );
  const document = documentOf(operation, selections, new Map());
  const usages = new Set(
    chooseOperation(document, undefined).variableDefinitions?.map((one) => one.variable.name.value),
  );
  return {
    ...fetch,
    entities,
    operation: stripIgnoredCharacters(print(document)),
    variableUsages: fetch.variableUsages.filter((variable) => usages.has(variable)),
  };
}
