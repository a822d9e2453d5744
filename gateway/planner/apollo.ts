import { createRequire } from 'node:module';
import type * as federation from '@apollo/federation-internals';
import type * as apollo from '@apollo/query-planner';
import { type DocumentNode, Kind, visit } from 'graphql';
import { fromApolloPlan } from './apollo-plan.ts';
import { type ActiveLabels, isActive } from './override-labels.ts';
import { planParts } from './parts.ts';
import type { OperationPlan } from './plan.ts';
import type { Planner } from './planner.ts';

/**
 * Apollo's planner over a supergraph. Keeps no plans: who asks does. Its library is loaded here, because that takes longer than
 * the rest of a start. `@defer` is no directive of the schema, so that validation has refused it.
 */
export function createApolloPlanner(
  supergraph: federation.Supergraph,
  activeLabels: ActiveLabels = new Set(),
): Planner {
  const load = createRequire(__filename);
  const { QueryPlanner } = load('@apollo/query-planner') as typeof apollo;
  const { operationFromDocument } = load('@apollo/federation-internals') as typeof federation;
  const planner = new QueryPlanner(supergraph);
  const apiSchema = supergraph.apiSchema();
  const labels = overrideLabels(supergraph);
  const plan = (document: DocumentNode, percentage: number): OperationPlan => {
    const clientVariable = freeName(document);
    const plannable = clientVariable === undefined ? document : renameVariable(document, clientVariable);
    const operation = operationFromDocument(apiSchema, plannable, { validate: false });
    const overrideConditions = new Map(
      labels.map((label) => [label, isActive(label, activeLabels, percentage)] as const),
    );
    return fromApolloPlan(planner.buildQueryPlan(operation, { overrideConditions }), clientVariable);
  };
  return { plan: (operation) => planParts(operation, plan) };
}

/** Apollo's name for the variable of an entity fetch, whatever the client's variables are called. */
const REPRESENTATIONS = 'representations';

/** A name for a client's variable that is called as Apollo's own; undefined when there is none. */
function freeName(document: DocumentNode): string | undefined {
  const names = new Set<string>();
  visit(document, {
    enter(node) {
      if (node.kind === Kind.VARIABLE) names.add(node.name.value);
    },
  });
  if (!names.has(REPRESENTATIONS)) return undefined;
  let number = 1;
  while (names.has(`${REPRESENTATIONS}${number}`)) number++;
  return `${REPRESENTATIONS}${number}`;
}

function renameVariable(document: DocumentNode, name: string): DocumentNode {
  return visit(document, {
    enter(node) {
      if (node.kind !== Kind.VARIABLE || node.name.value !== REPRESENTATIONS) return undefined;
      return { ...node, name: { kind: Kind.NAME, value: name } };
    },
  });
}

/** The labels of `@override` that progress: whoever plans says which ones are switched on. */
function overrideLabels(supergraph: federation.Supergraph): string[] {
  const labels = new Set<string>();
  for (const type of supergraph.schema.types()) {
    if (type.kind !== 'ObjectType' && type.kind !== 'InterfaceType') continue;
    for (const field of type.fields()) {
      for (const directive of field.appliedDirectivesOf('join__field')) {
        const label = directive.arguments()['overrideLabel'];
        if (typeof label === 'string') labels.add(label);
      }
    }
  }
  return [...labels];
}
