import {
  type FieldNode,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { CANONICAL_OBJECTS } from '../../mapping/canonical.ts';
import type { ChildSelection } from '../../mapping/reader.ts';

/**
 * Which relations of a canonical object the operation selects below the current field, so that they are read in the same
 * statement and nothing is read that was not asked for. `path` leads from the field to the object, such as
 * `['edges', 'node']` for a connection.
 */
export function selectedChildren(
  info: GraphQLResolveInfo,
  object: string,
  path: readonly string[] = [],
): ChildSelection {
  let nodes: readonly FieldNode[] = info.fieldNodes;
  for (const step of path) nodes = fieldsNamed(info, nodes, step);
  return childrenBelow(info, nodes, object);
}

/** True when the operation selects the field directly below the current one. */
export function isSelected(info: GraphQLResolveInfo, field: string): boolean {
  return fieldsNamed(info, info.fieldNodes, field).length > 0;
}

function childrenBelow(info: GraphQLResolveInfo, nodes: readonly FieldNode[], object: string): ChildSelection {
  const children: Record<string, ChildSelection> = {};
  for (const [name, relation] of Object.entries(CANONICAL_OBJECTS[object]?.relations ?? {})) {
    const selected = fieldsNamed(info, nodes, name, object);
    if (selected.length > 0) children[name] = childrenBelow(info, selected, relation.object);
  }
  return children;
}

function fieldsNamed(
  info: GraphQLResolveInfo,
  nodes: readonly FieldNode[],
  name: string,
  typeName?: string,
): FieldNode[] {
  const found: FieldNode[] = [];
  const visit = (selectionSet: SelectionSetNode | undefined): void => {
    for (const selection of selectionSet?.selections ?? []) {
      if (!isIncluded(info, selection)) continue;
      if (selection.kind === Kind.FIELD) {
        if (selection.name.value === name) found.push(selection);
        continue;
      }
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : info.fragments[selection.name.value];
      if (fragment && appliesTo(info, fragment.typeCondition?.name.value, typeName)) visit(fragment.selectionSet);
    }
  };
  for (const node of nodes) visit(node.selectionSet);
  return found;
}

/** Canonical objects have the names of their GraphQL types; a condition on an abstract type is decided further in. */
function appliesTo(info: GraphQLResolveInfo, condition: string | undefined, typeName: string | undefined): boolean {
  if (condition === undefined || typeName === undefined || condition === typeName) return true;
  const type = info.schema.getType(condition);
  return type !== undefined && isAbstractType(type);
}

function isIncluded(info: GraphQLResolveInfo, selection: SelectionNode): boolean {
  if (!selection.directives || selection.directives.length === 0) return true;
  if (getDirectiveValues(GraphQLSkipDirective, selection, info.variableValues)?.['if'] === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, selection, info.variableValues)?.['if'] !== false;
}
