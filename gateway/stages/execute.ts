import type { Executed, Executor } from '../execute/executor.ts';
import type { Caller } from '../operation.ts';
import type { Planned } from './plan.ts';

/** Stage 4: asks the subgraphs, hop by hop, and puts their answers together. Never rejects for what a subgraph did. */
export function execute(planned: Planned, caller: Caller, executor: Executor): Promise<Executed> {
  return executor.execute({
    queryPlan: planned.queryPlan,
    document: planned.document,
    operation: planned.operation,
    variables: planned.variables,
    principal: caller.principal,
    ...(caller.signal && planned.operation.operation === 'query' && { signal: caller.signal }),
  });
}
