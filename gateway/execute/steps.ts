import type { PlanNode } from '../planner/plan.ts';
import { compileEntityFetch } from './entity-fetch.ts';
import { compileRootFetch } from './root-fetch.ts';
import type { ExecutorParts, Run, Step } from './run.ts';

/** Gives the value of a Boolean variable in a run. */
export type ConditionReader = (run: Run, variable: string) => boolean;

/** Compiles the steps of a plan. */
export function compileStep(node: PlanNode, parts: ExecutorParts, isTrue: ConditionReader): Step {
  switch (node.kind) {
    case 'fetch':
      return node.entities ? compileEntityFetch(node, node.entities, parts) : compileRootFetch(node, parts);
    case 'sequence':
      return inSequence(node.nodes.map((child) => compileStep(child, parts, isTrue)));
    case 'parallel':
      return inParallel(node.nodes.map((child) => compileStep(child, parts, isTrue)));
    case 'condition': {
      const whenTrue = node.whenTrue && compileStep(node.whenTrue, parts, isTrue);
      const whenFalse = node.whenFalse && compileStep(node.whenFalse, parts, isTrue);
      return (run) => (isTrue(run, node.variable) ? whenTrue : whenFalse)?.(run);
    }
  }
}

function inSequence(steps: readonly Step[]): Step {
  return async (run) => {
    for (let i = 0; i < steps.length; i++) {
      const pending = steps[i]?.(run);
      if (pending) await pending;
    }
  };
}

function inParallel(steps: readonly Step[]): Step {
  return (run) => {
    const pending: Promise<void>[] = [];
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]?.(run);
      if (step) pending.push(step);
    }
    return pending.length < 2 ? pending[0] : Promise.all(pending).then(nothing);
  };
}

function nothing(): void {}
