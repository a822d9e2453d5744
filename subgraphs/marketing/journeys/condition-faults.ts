import {
  buildSchema,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { faultAt } from '../../../mapping/faults.ts';
import type { UnifiedGraph } from '../../../schema/unified-graph.ts';
import type { JourneyDefinition, LiveCondition } from './definition.ts';
import { lastingErrors } from './live/ask.ts';

/** What is asked about a customer: the selection as an operation of the unified graph. */
export function conditionQuery(selection: string): string {
  return `query ($customer360Id: Customer360Id!) { customer(customer360Id: $customer360Id) { ${selection} } }`;
}

/** What is wrong with the questions of a definition, by the API schema (SDL), which is read only when there are some. */
export function findConditionFaults(definition: JourneyDefinition, apiSchema: () => string): string[] {
  const conditions = conditionsOf(definition);
  if (conditions.length === 0) return [];
  const schema = buildSchema(apiSchema(), { assumeValid: true });
  return conditions.flatMap(({ path, condition }) => [
    ...selectionFaults(schema, path, condition),
    ...valueFaults(path, condition),
  ]);
}

/**
 * What the graph will never answer of the questions of a definition that is well otherwise, such as one beyond its limits: each is
 * asked once, about nobody. A graph that does not answer now finds no fault.
 */
export async function findRefusedQuestions(
  definition: JourneyDefinition,
  graph: Pick<UnifiedGraph, 'execute'>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const { path, condition } of conditionsOf(definition)) {
    const asked = { query: conditionQuery(condition.selection), variables: { customer360Id: NOBODY } };
    const answer = await graph.execute(asked).catch(() => ({}));
    faults.push(...lastingErrors(answer).map(({ message }) => faultAt([...path, 'selection'], message)));
  }
  return faults;
}

/** Well formed, and never given to anybody: ids begin with the time. */
const NOBODY = `c360_${'0'.repeat(26)}`;

type Path = readonly (string | number)[];

function conditionsOf(definition: JourneyDefinition): { readonly path: Path; readonly condition: LiveCondition }[] {
  return [
    ...(definition.entry.where ? [{ path: ['entry', 'where'], condition: definition.entry.where }] : []),
    ...definition.steps.flatMap((step, index) =>
      (step.kind === 'BRANCH' || step.kind === 'WAIT_FOR_EVENT') && step.when
        ? [{ path: ['steps', index, 'when'], condition: step.when }]
        : [],
    ),
  ];
}

function selectionFaults(schema: GraphQLSchema, path: Path, { selection, all }: LiveCondition): string[] {
  const at = [...path, 'selection'];
  let document: DocumentNode;
  try {
    document = parse(conditionQuery(selection), { maxTokens: 2_000 });
  } catch (error) {
    return [faultAt(at, `It is no GraphQL selection: ${error instanceof Error ? error.message : 'unreadable'}`)];
  }
  const [operation, ...others] = document.definitions;
  // Whoever closes the brace writes an operation of their own behind it.
  if (operation?.kind !== Kind.OPERATION_DEFINITION || others.length > 0 || rootFieldsOf(operation) !== 1) {
    return [faultAt(at, 'It is more than a selection on Customer: leave the braces around it out.')];
  }
  const errors = validate(schema, document).map(({ message }) => faultAt(at, message));
  if (errors.length > 0) return errors;
  return all.flatMap(({ path: wanted }, index) =>
    isSelected(document, wanted.split('.'))
      ? []
      : [faultAt([...path, 'all', index, 'path'], `\`${wanted}\` is not in the selection: select it there.`)],
  );
}

function rootFieldsOf(operation: OperationDefinitionNode): number {
  return operation.selectionSet.selections.length;
}

/** Names along the path, by alias where there is one; what stands in fragments is taken for selected. */
function isSelected(document: DocumentNode, path: readonly string[]): boolean {
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return false;
  let nodes = operation.selectionSet.selections;
  for (const name of ['customer', ...path]) {
    if (nodes.some(({ kind }) => kind !== Kind.FIELD)) return true;
    const found = nodes.find((node) => node.kind === Kind.FIELD && (node.alias ?? node.name).value === name);
    if (found?.kind !== Kind.FIELD) return false;
    nodes = found.selectionSet?.selections ?? [];
  }
  return true;
}

function valueFaults(path: Path, { all }: LiveCondition): string[] {
  return all.flatMap(({ is, value }, index) => {
    const needsValue = is !== 'EXISTS' && is !== 'MISSING';
    if (needsValue === (value !== undefined)) return [];
    const at = [...path, 'all', index, 'value'];
    return [
      faultAt(at, needsValue ? `It is missing: ${is} compares with it.` : `${is} compares with nothing: take it out.`),
    ];
  });
}
