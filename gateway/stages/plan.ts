import type { BoundedCache } from '../bounded-cache.ts';
import { compileOperation } from '../execute/compile.ts';
import type { Executable } from '../execute/executable.ts';
import type { ExecutorParts } from '../execute/run.ts';
import type { OperationPlan } from '../planner/plan.ts';
import type { Planner } from '../planner/planner.ts';
import type { RunSharing } from '../share-in-flight.ts';
import type { Guarded } from './guard.ts';

/** A plan and what was compiled from it. */
export interface Compiled {
  readonly plan: OperationPlan;
  readonly executable: Executable;
}

/** An operation with what answers it. */
export interface Planned extends Guarded, Compiled {}

/** What operations are planned with. */
export interface Planning {
  readonly planner: Planner;
  readonly executor: ExecutorParts;
  /** Operations that were planned and compiled, by the guard's `planKey`. */
  readonly executables: BoundedCache<Compiled>;
  /** Lets equal queries share a run. */
  readonly shareRuns?: RunSharing;
}

/** Stage 3: decides which subgraph is asked what, in which order, and compiles that once. */
export function plan(guarded: Guarded, planning: Planning): Planned {
  const { executable, plan } = planning.executables.getOrMake(guarded.planKey, () => compile(guarded, planning));
  return { ...guarded, executable, plan };
}

function compile(guarded: Guarded, { planner, executor, shareRuns = (own) => own }: Planning): Compiled {
  const { planDocument, operationName, document, operation, deniedFields, denied } = guarded;
  const plan = planner.plan({ document: planDocument, ...(operationName !== undefined && { operationName }) });
  return {
    plan,
    executable: shareRuns(compileOperation({ plan, document, operation, deniedFields, denied }, executor)),
  };
}
