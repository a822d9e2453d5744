import type { ExecutionResult } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import type { FetchOutcome, SubgraphRequest, SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { withDeadline } from '../deadline.ts';
import type { FetchNode } from '../planner/plan.ts';
import { type FailedOutcome, failedFetch, failedOutcome, fetchWithoutTime } from './failed-fetch.ts';
import { outcomeOfAnswer } from './fetch-outcomes.ts';
import type { WatchedFetch } from './fetch-watch.ts';
import type { ExecutorParts, Run } from './run.ts';
import type { ResponsePath } from './walk.ts';
import { wellFormed } from './well-formed.ts';

/** A fetch with the way to its subgraph. */
export interface Sendable {
  readonly node: FetchNode;
  readonly transport: SubgraphTransport;
}

/** What one sending of a fetch is about. */
export interface Sending {
  /** Set when there are variables. */
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  /** The same as JSON text, where it is known. */
  readonly variablesJson: string | undefined;
  /** Representations sent; 0 for a root fetch. */
  readonly representations: number;
  readonly watched: WatchedFetch | undefined;
  /** Where the answer lacks something if none comes. */
  readonly places: () => readonly ResponsePath[];
  /** False: the answer is not one of this fetch. */
  readonly isAnswer: (answer: ExecutionResult) => boolean;
  /** True: it may take as long as the run. */
  readonly takesLong?: boolean;
}

/** The way to the subgraph of a fetch. Throws when there is none. */
export function sendable(node: FetchNode, parts: ExecutorParts): Sendable {
  const transport = parts.transports[node.subgraph];
  if (!transport) throw new Error(`There is no way to the subgraph \`${node.subgraph}\`.`);
  return { node, transport };
}

/** With less time than this left no other fetch can bring anything: that a fetch ran out of time is the operation's doing. */
const WORTH_MS = 50;

/**
 * Sends a fetch, unless the time of the run is over. What keeps an answer away becomes an error of the run; then nothing is given.
 * Never rejects.
 */
export async function send(
  run: Run,
  { node, transport }: Sendable,
  sending: Sending,
): Promise<ExecutionResult | undefined> {
  const { subgraph } = node;
  const request = requestOf(run, { node, transport }, sending);
  let outcome: FetchOutcome;
  try {
    if (run.parts.clock() >= run.deadline) throw new CodedError('OPERATION_TIMEOUT', 'No time was left to send it.');
    const answer = wellFormed(await dispatch(run, transport, subgraph, request));
    if (!sending.isAnswer(answer)) throw new Error('the answer is not one to what was asked');
    outcome = answer.errors === undefined ? 'LIVE' : outcomeOfAnswer(answer);
    run.outcomes.record(subgraph, outcome);
    sending.watched?.answered(outcome);
    return answer;
  } catch (error) {
    const failed: FailedOutcome = failedOutcome(error);
    run.outcomes.record(subgraph, failed);
    sending.watched?.answered(failed);
    if (!run.context.signal?.aborted) run.parts.onFetchFailure(subgraph, error);
    const isOver = failed === 'TIMEOUT' && run.deadline - run.parts.clock() < WORTH_MS;
    run.fail(isOver ? fetchWithoutTime(subgraph) : failedFetch(subgraph, failed), sending.places());
    return undefined;
  }
}

function dispatch(
  run: Run,
  transport: SubgraphTransport,
  subgraph: string,
  request: Mutable<SubgraphRequest>,
): Promise<ExecutionResult> {
  const { signal } = run.context;
  if (transport.keepsDeadlines) {
    if (signal) request.cancellation = signal;
    return transport.execute(request);
  }
  const { clock, subgraphTimeoutMs, watch } = run.parts;
  const deadline = request.takesLong ? run.deadline : Math.min(run.deadline, clock() + subgraphTimeoutMs);
  return withDeadline({ deadline, subgraph, outer: signal, watch }, (ending) => {
    request.signal = ending;
    return transport.execute(request);
  });
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function requestOf(run: Run, { node, transport }: Sendable, sending: Sending): Mutable<SubgraphRequest> {
  const traceparent = sending.watched?.send(sending.representations);
  const { principal } = run.context;
  const request: Mutable<SubgraphRequest> = { query: node.operation, principal, deadline: run.deadline };
  if (node.operationName !== undefined) request.operationName = node.operationName;
  if (sending.variables !== undefined) request.variables = sending.variables;
  else if (sending.variablesJson !== undefined) {
    if (transport.takesJson) request.variablesJson = sending.variablesJson;
    else request.variables = JSON.parse(sending.variablesJson);
  }
  if (run.parts.asksDespiteFailures) request.fetches = run.outcomes.soFar();
  const [entity, another] = node.entities ?? [];
  if (entity && !another) {
    request.entities = { variable: entity.representationsVariable, responseName: entity.responseName };
  }
  if (traceparent !== undefined) request.traceparent = traceparent;
  if (sending.takesLong) request.takesLong = true;
  return request;
}
