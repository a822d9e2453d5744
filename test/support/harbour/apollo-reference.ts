import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { executeQueryPlan } from '@apollo/gateway/dist/executeQueryPlan';
import { QueryPlanner } from '@apollo/query-planner';
import { type FragmentDefinitionNode, Kind, parse } from 'graphql';
import type { Harbour } from './harbour.ts';
import type { GeneratedOperation } from './operations.ts';

type Arguments = Parameters<typeof executeQueryPlan>;

/** What Apollo's own planner and executor answer, of which the gateway used to be made. */
export function createApolloReference({ supergraphSdl, transports }: Harbour) {
  process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';
  const supergraph = Supergraph.build(supergraphSdl);
  const planner = new QueryPlanner(supergraph);
  const apiSchema = supergraph.apiSchema();
  const schema = apiSchema.toGraphQLJSSchema();
  const fullSchema = supergraph.schema.toGraphQLJSSchema();
  const services = Object.fromEntries(
    Object.entries(transports).map(([name, transport]) => [
      name,
      {
        process: async ({
          request: { query = '', variables = {} },
        }: {
          request: { query?: string; variables?: object };
        }) =>
          transport.execute({
            query,
            variables: { ...variables },
            principal: { subject: 'test', roles: [], scopes: [] },
          }),
      },
    ]),
  ) as unknown as Arguments[1];
  return async ({ query, variables }: GeneratedOperation): Promise<{ data: unknown; hasErrors: boolean }> => {
    const document = parse(query);
    const plan = planner.buildQueryPlan(operationFromDocument(apiSchema, document));
    const fragments: Record<string, FragmentDefinitionNode> = {};
    for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments[one.name.value] = one;
    const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
    if (!operation) throw new Error('No operation.');
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    const context = { request: { variables: { ...variables } }, context: {}, metrics: {}, logger: silent };
    const result = await executeQueryPlan(
      plan,
      services,
      context as unknown as Arguments[2],
      { schema, operation, fragments },
      fullSchema,
      apiSchema,
    );
    const violations = (result.extensions?.['valueCompletion'] ?? []) as readonly unknown[];
    return { data: result.data ?? null, hasErrors: (result.errors ?? []).length + violations.length > 0 };
  };
}
