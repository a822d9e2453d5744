import './telemetry-off.ts';
import { executeQueryPlan } from '@apollo/gateway/dist/executeQueryPlan';
import { type FragmentDefinitionNode, GraphQLError, Kind } from 'graphql';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import type { LoadedSupergraph } from '../supergraph/load.ts';
import { createDataSource, type DataSource, FailedFetch, type OperationFetches } from './data-source.ts';
import type { Executed, Execution, Executor } from './executor.ts';
import { FetchOutcomes } from './fetch-outcomes.ts';

type ServiceMap = Parameters<typeof executeQueryPlan>[1];
type RequestContext = Parameters<typeof executeQueryPlan>[2];
type Process = ServiceMap[string]['process'];
type GatewayErrors = NonNullable<Awaited<ReturnType<Process>>['errors']>;

/** What Apollo's executor is made from. */
export interface ApolloExecutorOptions {
  readonly supergraph: LoadedSupergraph;
  /** A way to each subgraph of the supergraph, by name. */
  readonly transports: Readonly<Record<string, SubgraphTransport>>;
  readonly subgraphTimeoutMs: number;
  /** Told of each fetch that failed, for the operator. */
  readonly onFetchFailure: (subgraph: string, error: unknown) => void;
}

/** Apollo's executor over data sources of ours. */
export function createApolloExecutor(options: ApolloExecutorOptions): Executor {
  const { supergraph, transports, subgraphTimeoutMs: timeoutMs, onFetchFailure: onFailure } = options;
  const { fullSchema, apiSchema } = supergraph;
  const apolloApiSchema = supergraph.supergraph.apiSchema();
  const services: ServiceMap = {};
  for (const [subgraph, transport] of Object.entries(transports)) {
    const dataSource = createDataSource({ subgraph, transport, timeoutMs, fullSchema, onFailure });
    services[subgraph] = { process: (fetch) => process(dataSource, fetch) };
  }
  return {
    async execute(execution) {
      const fetches: OperationFetches = {
        principal: execution.principal,
        signal: execution.signal,
        outcomes: new FetchOutcomes(),
      };
      const result = await executeQueryPlan(
        execution.queryPlan,
        services,
        requestContext(execution, fetches),
        { schema: apiSchema, operation: execution.operation, fragments: fragmentsOf(execution) },
        fullSchema,
        apolloApiSchema,
      );
      return { data: result.data, errors: errorsOf(result), fetches: fetches.outcomes.soFar() };
    },
  };
}

async function process(dataSource: DataSource, fetch: Parameters<Process>[0]): ReturnType<Process> {
  const { query, variables } = fetch.request;
  const isOperation = 'incomingRequestContext' in fetch;
  const answer = await dataSource({
    query: query ?? '',
    document: isOperation ? fetch.document : undefined,
    variables: variables ?? {},
    path: (isOperation && fetch.pathInIncomingRequest) || [],
    operation: fetch.context as OperationFetches,
  });
  return { data: answer.data ?? null, ...(answer.errors && { errors: answer.errors as GatewayErrors }) };
}

/** The parts of Apollo Server's request that the executor looks at. */
function requestContext(execution: Execution, fetches: OperationFetches): RequestContext {
  return {
    request: { variables: { ...execution.variables } },
    context: fetches,
    metrics: {},
    logger: SILENT,
  } as unknown as RequestContext;
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

function fragmentsOf(execution: Execution): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const definition of execution.document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  return fragments;
}

/** Apollo gives violations of non-null only when there is no other error, in the extensions; and failed fetches no path. */
function errorsOf(result: Awaited<ReturnType<typeof executeQueryPlan>>): Executed['errors'] {
  const violations = (result.extensions?.['valueCompletion'] ?? []) as readonly GraphQLError[];
  return [...(result.errors ?? []), ...violations].map((error) => {
    const failure = error.originalError;
    if (!(failure instanceof FailedFetch)) return error;
    return new GraphQLError(failure.message, {
      path: failure.responsePath,
      originalError: failure,
      extensions: failure.extensions,
    });
  });
}
