import { type FragmentDefinitionNode, Kind, type OperationDefinitionNode, visit } from 'graphql';

/** A Boolean variable that decides which fields are part of the answer. */
export interface ConditionVariable {
  readonly name: string;
  readonly defaultValue: boolean | undefined;
}

/** The variables of `@skip` and `@include` in an operation and its fragments. */
export function conditionVariables(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): ConditionVariable[] {
  const names = new Set<string>();
  for (const definition of [operation, ...fragments.values()]) {
    visit(definition, {
      Directive({ name, arguments: given }) {
        if (name.value !== 'skip' && name.value !== 'include') return;
        for (const { value } of given ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
      },
    });
  }
  return [...names].map((name) => {
    const definition = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name);
    const { defaultValue } = definition ?? {};
    return { name, defaultValue: defaultValue?.kind === Kind.BOOLEAN ? defaultValue.value : undefined };
  });
}

/** Whether a condition holds in a run. */
export function isConditionTrue(
  { name, defaultValue }: ConditionVariable,
  variables: Readonly<Record<string, unknown>>,
): boolean {
  const value = variables[name];
  return (value === undefined ? defaultValue : value) === true;
}
