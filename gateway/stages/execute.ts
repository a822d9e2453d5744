import type { Executed, ExecutionContext } from '../execute/executable.ts';
import type { FetchWatch } from '../execute/fetch-watch.ts';
import type { Caller } from '../operation.ts';
import type { Planned } from './plan.ts';

/** Stage 4: asks the subgraphs, hop by hop, and puts their answers together. Never rejects for what a subgraph did. */
export function execute(planned: Planned, caller: Caller, fetchWatch?: FetchWatch): Promise<Executed> {
  return planned.executable.execute(executionContext(planned, caller, fetchWatch));
}

/** What a run is given. A mutation that was begun is not left halfway because its client has gone. */
export function executionContext(
  { variables, operation }: Pick<Planned, 'variables' | 'operation'>,
  { principal, requestId, signal }: Caller,
  fetchWatch?: FetchWatch,
): ExecutionContext {
  return {
    variables,
    principal,
    requestId,
    ...(signal && operation.operation !== 'mutation' && { signal }),
    ...(fetchWatch && { fetchWatch }),
  };
}
