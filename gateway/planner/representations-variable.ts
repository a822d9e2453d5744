import { Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';

/**
 * Gives the variable of an entity fetch's representations a name that no variable of the client has. Planners call it
 * `representations` whatever the client's are called; an operation with two variables of one name is not valid.
 */
export function renameRepresentations(
  operation: string,
  name: string,
  variableUsages: readonly string[],
): { readonly operation: string; readonly variable: string } {
  if (!variableUsages.includes(name)) return { operation: stripIgnoredCharacters(operation), variable: name };
  const variable = freeName(name, variableUsages);
  const renamed = { kind: Kind.NAME, value: variable } as const;
  let isDefined = false;
  const document = visit(parse(operation), {
    // Of two definitions with one name, the planner's own comes first: a list of representations.
    VariableDefinition(node) {
      if (isDefined || node.variable.name.value !== name) return undefined;
      isDefined = true;
      return { ...node, variable: { ...node.variable, name: renamed } };
    },
    Field(node) {
      if (node.name.value !== '_entities') return undefined;
      const args = node.arguments?.map((argument) => ({
        ...argument,
        value: { kind: Kind.VARIABLE, name: renamed } as const,
      }));
      return { ...node, arguments: args ?? [] };
    },
  });
  return { operation: stripIgnoredCharacters(print(document)), variable };
}

function freeName(name: string, taken: readonly string[]): string {
  let number = 1;
  while (taken.includes(`${name}${number}`)) number++;
  return `${name}${number}`;
}
