import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { OperationPlan } from './plan.ts';

/** Conditions decided beforehand; each one doubles the plans of an operation. */
const DECIDED_AT_MOST = 3;

/**
 * Plans an operation once for each outcome of its `@skip` and `@include`, so that no plan asks for what is not selected, or
 * waits for it, and a planner never sees a condition. Operations with many conditions, and subscriptions, whose upstream operation
 * is one whatever the variables, are planned as they are.
 */
export function planByCondition(
  document: DocumentNode,
  plan: (document: DocumentNode) => OperationPlan,
): OperationPlan {
  const decided = decide(document, new Map());
  const variables = conditionVariables(decided);
  const [variable] = variables;
  if (variable === undefined) return plan(decided);
  if (variables.size > DECIDED_AT_MOST || isSubscription(document)) return plan(withStandingObjects(decided));
  const { root: whenTrue } = planByCondition(decide(decided, new Map([[variable, true]])), plan);
  const { root: whenFalse } = planByCondition(decide(decided, new Map([[variable, false]])), plan);
  if (!whenTrue && !whenFalse) return { root: undefined };
  return { root: { kind: 'condition', variable, ...(whenTrue && { whenTrue }), ...(whenFalse && { whenFalse }) } };
}

function isSubscription({ definitions }: DocumentNode): boolean {
  return definitions.some((one) => one.kind === Kind.OPERATION_DEFINITION && one.operation === 'subscription');
}

/** Without the selections that constants and these variables switch off, and without the directives that let the others stand. */
function decide(document: DocumentNode, values: ReadonlyMap<string, boolean>): DocumentNode {
  const enter = <Node extends SelectionNode>(node: Node): Node | null | undefined => {
    const outcomes = (node.directives ?? []).map((directive) => outcomeOf(directive, values));
    if (outcomes.includes(false)) return null;
    if (!outcomes.includes(true)) return undefined;
    return { ...node, directives: (node.directives ?? []).filter((_, index) => outcomes[index] !== true) };
  };
  return visit(document, {
    [Kind.FIELD]: { enter },
    [Kind.INLINE_FRAGMENT]: { enter },
    [Kind.FRAGMENT_SPREAD]: { enter },
    [Kind.SELECTION_SET]: {
      leave: (node: SelectionSetNode) =>
        node.selections.length === 0 ? { ...node, selections: [TYPENAME] } : undefined,
    },
  });
}

/** An object nothing of which is selected is there all the same. */
const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/** Asks for something of each object, so that one of which the conditions leave nothing is there all the same. */
function withStandingObjects(document: DocumentNode): DocumentNode {
  return visit(document, {
    [Kind.FIELD]: {
      leave(node: FieldNode) {
        const { selectionSet } = node;
        if (!selectionSet?.selections.every(mayBeLeftOut)) return undefined;
        return { ...node, selectionSet: { ...selectionSet, selections: [...selectionSet.selections, TYPENAME] } };
      },
    },
  });
}

/** A spread may be of another type than the object is. */
function mayBeLeftOut(selection: SelectionNode): boolean {
  return selection.kind !== Kind.FIELD || (selection.directives ?? []).some(isCondition);
}

function isCondition({ name }: DirectiveNode): boolean {
  return name.value === 'skip' || name.value === 'include';
}

/** True: the selection stands; false: it is left out; undefined: that is not known yet, or the directive is another one. */
function outcomeOf(
  { name, arguments: args }: DirectiveNode,
  values: ReadonlyMap<string, boolean>,
): boolean | undefined {
  if (name.value !== 'skip' && name.value !== 'include') return undefined;
  const condition = args?.[0]?.value;
  const value =
    condition?.kind === Kind.VARIABLE
      ? values.get(condition.name.value)
      : condition?.kind === Kind.BOOLEAN
        ? condition.value
        : undefined;
  return value === undefined ? undefined : value === (name.value === 'include');
}

function conditionVariables(document: DocumentNode): ReadonlySet<string> {
  const variables = new Set<string>();
  visit(document, {
    [Kind.DIRECTIVE]: {
      enter({ name, arguments: args }: DirectiveNode) {
        const condition = args?.[0]?.value;
        const isCondition = name.value === 'skip' || name.value === 'include';
        if (isCondition && condition?.kind === Kind.VARIABLE) variables.add(condition.name.value);
      },
    },
  });
  return variables;
}
