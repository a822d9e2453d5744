import {
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { responseNameOf } from './fetch-document.ts';

/** What decides which fields of a selection an object has. */
export interface CollectParts {
  readonly apiSchema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Values of the variables that `@skip` and `@include` read. */
  readonly conditions: Readonly<Record<string, unknown>>;
}

/** The fields that are selected of an object of a type, by response name and in the client's order. */
export function collectFields(
  type: GraphQLNamedType,
  selections: readonly SelectionSetNode[],
  parts: CollectParts,
): ReadonlyMap<string, readonly FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  for (const selection of selections) collect(type, selection, parts, fields, visited);
  return fields;
}

function collect(
  type: GraphQLNamedType,
  { selections }: SelectionSetNode,
  parts: CollectParts,
  fields: Map<string, FieldNode[]>,
  visited: Set<string>,
): void {
  for (const node of selections) {
    if (!isIncluded(node.directives, parts.conditions)) continue;
    if (node.kind === Kind.FIELD) {
      const name = responseNameOf(node);
      const known = fields.get(name);
      if (known) known.push(node);
      else fields.set(name, [node]);
    } else if (node.kind === Kind.INLINE_FRAGMENT) {
      const condition = node.typeCondition?.name.value;
      if (condition === undefined || applies(type, condition, parts)) {
        collect(type, node.selectionSet, parts, fields, visited);
      }
    } else if (!visited.has(node.name.value)) {
      visited.add(node.name.value);
      const fragment = parts.fragments.get(node.name.value);
      if (fragment && applies(type, fragment.typeCondition.name.value, parts)) {
        collect(type, fragment.selectionSet, parts, fields, visited);
      }
    }
  }
}

function applies(type: GraphQLNamedType, condition: string, { apiSchema }: CollectParts): boolean {
  if (type.name === condition) return true;
  const abstract = apiSchema.getType(condition);
  if (!isAbstractType(abstract)) return false;
  return (isObjectType(type) || isInterfaceType(type)) && apiSchema.isSubType(abstract, type);
}

function isIncluded(
  directives: readonly DirectiveNode[] | undefined,
  conditions: Readonly<Record<string, unknown>>,
): boolean {
  if (!directives || directives.length === 0) return true;
  for (const { name, arguments: given } of directives) {
    const isSkip = name.value === 'skip';
    if (!isSkip && name.value !== 'include') continue;
    const condition = given?.find((argument) => argument.name.value === 'if')?.value;
    const value = condition?.kind === Kind.VARIABLE ? conditions[condition.name.value] : condition;
    const isTrue =
      typeof value === 'object' && value !== null && 'value' in value ? value.value === true : value === true;
    if (isTrue === isSkip) return false;
  }
  return true;
}
