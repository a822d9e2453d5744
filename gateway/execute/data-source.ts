import { type DocumentNode, type ExecutionResult, type GraphQLError, type GraphQLSchema, Kind, parse } from 'graphql';
import { CodedError, type ErrorCode } from '../../schema/errors.ts';
import type { Principal } from '../../schema/principal.ts';
import type { FetchOutcome, SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { withDeadline } from '../deadline.ts';
import { type FetchOutcomes, outcomeOfAnswer, outcomeOfCode } from './fetch-outcomes.ts';
import { type Entity, nullEntities } from './null-entities.ts';

/** What all fetches of one client operation share. */
export interface OperationFetches {
  readonly principal: Principal;
  readonly signal: AbortSignal | undefined;
  readonly outcomes: FetchOutcomes;
}

/** One fetch of a plan. */
export interface Fetch {
  readonly query: string;
  readonly document: DocumentNode | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Where in the answer the fetch's values go; `@` stands for every item of a list. */
  readonly path: readonly (string | number)[];
  readonly operation: OperationFetches;
}

/** What a data source is made from. */
export interface DataSourceOptions {
  readonly subgraph: string;
  readonly transport: SubgraphTransport;
  readonly timeoutMs: number;
  /** The supergraph with all that clients do not see: tells which fields may be null. */
  readonly fullSchema: GraphQLSchema;
  /** Told of each fetch that failed, for the operator: the reason may name what a client must not see. */
  readonly onFailure: (subgraph: string, error: unknown) => void;
}

/** A fetch as the executor sees it: an answer always, never a rejection. */
export type DataSource = (fetch: Fetch) => Promise<ExecutionResult>;

/**
 * Makes the way from the executor to one subgraph. It ends each fetch at its deadline, records how the fetch ended, tells the
 * subgraph how the earlier ones did, and answers a failed entity fetch with entities whose nullable fields are null, so
 * that one cloud's failure does not keep identity from being asked about the others.
 */
export function createDataSource(options: DataSourceOptions): DataSource {
  const { subgraph } = options;
  return async (fetch) => {
    const { outcomes } = fetch.operation;
    try {
      const answer = await send(options, fetch);
      outcomes.record(subgraph, outcomeOfAnswer(answer));
      return completeEntities(answer, fetch, options.fullSchema);
    } catch (error) {
      const failure = new FailedFetch(subgraph, failedOutcome(error), responsePath(fetch));
      outcomes.record(subgraph, failure.outcome);
      options.onFailure(subgraph, error);
      return completeEntities({ data: null, errors: [failure] }, fetch, options.fullSchema);
    }
  };
}

function send(options: DataSourceOptions, fetch: Fetch): Promise<ExecutionResult> {
  const { subgraph, transport, timeoutMs } = options;
  const { principal, signal, outcomes } = fetch.operation;
  return withDeadline({ timeoutMs, subgraph, ...(signal && { outer: signal }) }, (deadline) =>
    transport.execute({
      query: fetch.query,
      variables: fetch.variables,
      principal,
      signal: deadline,
      fetches: outcomes.soFar(),
    }),
  );
}

/** Puts entities with null fields where a failure left none. An entity that is null without an error is not there, and stays so. */
function completeEntities(answer: ExecutionResult, fetch: Fetch, fullSchema: GraphQLSchema): ExecutionResult {
  const representations = fetch.variables['representations'] as readonly Entity[] | undefined;
  if (!answer.errors?.length || !Array.isArray(representations)) return answer;
  const answered = (answer.data?.['_entities'] ?? null) as readonly (Entity | null)[] | null;
  const isComplete = answered?.length === representations.length;
  if (answered && isComplete && answered.every((entity) => entity !== null)) return answer;
  const nulls = nullEntities(fetch.document ?? parse(fetch.query), representations, fullSchema);
  const entities = nulls.map((entity, index) => {
    if (!answered || !isComplete) return entity;
    return answered[index] ?? (failedAt(index, answer.errors ?? []) ? entity : null);
  });
  return { ...answer, data: { ...answer.data, _entities: entities } };
}

function failedAt(index: number, errors: readonly Pick<GraphQLError, 'path'>[]): boolean {
  return errors.some(({ path }) => path === undefined || path.length < 2 || path[1] === index);
}

const MESSAGES = {
  TIMEOUT: 'did not answer in time.',
  RATE_LIMITED: 'was asked too often and refused for now.',
  DOWN: 'could not be reached or gave no valid answer.',
} as const;

const CODES = {
  TIMEOUT: 'SUBGRAPH_TIMEOUT',
  RATE_LIMITED: 'SUBGRAPH_RATE_LIMITED',
  DOWN: 'SUBGRAPH_DOWN',
} as const satisfies Record<string, ErrorCode>;

function failedOutcome(error: unknown): FailedOutcome {
  const outcome = error instanceof CodedError ? outcomeOfCode(error.code) : undefined;
  return outcome === undefined || outcome === 'LIVE' ? 'DOWN' : outcome;
}

/** Down to the first list; of a root fetch for one field, that field; undefined when it was for several. */
function responsePath(fetch: Fetch): ResponsePath {
  const firstList = fetch.path.indexOf('@');
  if (fetch.path.length > 0) return firstList < 0 ? fetch.path : fetch.path.slice(0, firstList);
  const operation = fetch.document?.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const [field, second] = operation?.selectionSet.selections ?? [];
  return field?.kind === Kind.FIELD && !second ? [field.alias?.value ?? field.name.value] : undefined;
}

type ResponsePath = readonly (string | number)[] | undefined;

type FailedOutcome = Exclude<FetchOutcome, 'LIVE'>;

/** A fetch that brought no answer, told as a client may know it: which subgraph, in what way, and for which part of the answer. */
export class FailedFetch extends CodedError {
  readonly outcome: FailedOutcome;
  /** The part of the answer that the fetch was for. */
  readonly responsePath: ResponsePath;

  constructor(subgraph: string, outcome: FailedOutcome, path: ResponsePath) {
    super(CODES[outcome], `\`${subgraph}\` ${MESSAGES[outcome]}`, { subgraph });
    this.outcome = outcome;
    this.responsePath = path;
  }
}
