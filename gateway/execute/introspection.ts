import {
  type DocumentNode,
  executeSync,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import type { Introspect } from './completion.ts';

/** Answers fields about the schema from what clients see of it; once for all runs when no variables are about. */
export function createIntrospection(
  apiSchema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): Introspect {
  return (fields) => {
    const document = documentOf(fields);
    let known: string | undefined;
    return ({ variables }) => {
      if (known !== undefined) return known;
      const { data } = executeSync({ schema: apiSchema, document, variableValues: variables });
      const [answer] = Object.values(data ?? {});
      const text = JSON.stringify(answer ?? null);
      if (variableDefinitions.length === 0) known = text;
      return text;
    };
  };

  function documentOf(fields: readonly FieldNode[]): DocumentNode {
    const operation: OperationDefinitionNode = {
      kind: Kind.OPERATION_DEFINITION,
      operation: OperationTypeNode.QUERY,
      variableDefinitions,
      selectionSet: { kind: Kind.SELECTION_SET, selections: fields },
    };
    return { kind: Kind.DOCUMENT, definitions: [operation, ...fragments.values()] };
  }
}
