import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { AccessRules } from './requirements.ts';

/** `@skip` or `@include` by a variable. */
export interface Condition {
  readonly variable: string;
  /** The value with which the field is in the answer. */
  readonly value: boolean;
  /** What the variable is when it is not given. */
  readonly otherwise: boolean | undefined;
}

/** A field of an operation that not everybody may ask for. */
export interface FieldNeed {
  readonly node: FieldNode;
  /** Numbers of requirements, all of which have to be fulfilled. */
  readonly numbers: readonly number[];
  /** Where it stands in the answer, without list indices. */
  readonly path: readonly string[];
  readonly conditions: readonly Condition[];
  /** The fields it stands below. */
  readonly above: readonly FieldNode[];
}

/** Where a selection stands. */
interface Position {
  readonly parent: GraphQLCompositeType;
  readonly path: readonly string[];
  readonly conditions: readonly Condition[];
  readonly above: readonly FieldNode[];
}

/** Finds what an operation's fields need, at every place a fragment is spread. The operation is valid and within its limits. */
export function findNeeds(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  schema: GraphQLSchema,
  rules: AccessRules,
): readonly FieldNeed[] {
  const needs: FieldNeed[] = [];
  const defaults = booleanDefaults(operation);
  const visit = ({ selections }: SelectionSetNode, position: Position): void => {
    for (const selection of selections) {
      const within = { ...position, conditions: [...position.conditions, ...conditionsOf(selection, defaults)] };
      if (selection.kind === Kind.FIELD) {
        visitField(selection, within);
        continue;
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      const parent = fragment?.typeCondition ? schema.getType(fragment.typeCondition.name.value) : position.parent;
      if (fragment && isCompositeType(parent)) visit(fragment.selectionSet, { ...within, parent });
    }
  };
  const visitField = (node: FieldNode, { parent, conditions, ...position }: Position): void => {
    const name = node.name.value;
    const path = [...position.path, (node.alias ?? node.name).value];
    const numbers = rules.of(parent.name, name);
    if (numbers) needs.push({ node, numbers, path, conditions, above: position.above });
    const field = 'getFields' in parent ? parent.getFields()[name] : undefined;
    const type = field && getNamedType(field.type);
    if (!node.selectionSet || !isCompositeType(type)) return;
    visit(node.selectionSet, { parent: type, path, conditions, above: [...position.above, node] });
  };
  const root = schema.getRootType(operation.operation);
  if (root) visit(operation.selectionSet, { parent: root, path: [], conditions: [], above: [] });
  return needs;
}

function booleanDefaults({ variableDefinitions }: OperationDefinitionNode): ReadonlyMap<string, boolean> {
  return new Map(
    (variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
      defaultValue?.kind === Kind.BOOLEAN ? [[variable.name.value, defaultValue.value] as const] : [],
    ),
  );
}

/** With a literal that takes the field out there is no need to say anything; that is rare enough to be told all the same. */
function conditionsOf({ directives }: SelectionNode, defaults: ReadonlyMap<string, boolean>): readonly Condition[] {
  return (directives ?? []).flatMap(({ name, arguments: given }) => {
    const condition = given?.[0]?.value;
    if (condition?.kind !== Kind.VARIABLE || (name.value !== 'skip' && name.value !== 'include')) return [];
    const variable = condition.name.value;
    return [{ variable, value: name.value === 'include', otherwise: defaults.get(variable) }];
  });
}
