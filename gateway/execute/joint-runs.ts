import type { PlanNode } from '../planner/plan.ts';
import { principalHeader } from '../transport/principal-header.ts';
import { ownValue } from './raw-object.ts';
import { Run, type Step } from './run.ts';

/** Events whose fetches are one; more are several. */
const RUNS_AT_ONCE = 500;

interface Member {
  readonly run: Run;
  readonly resolve: (isWhole: boolean) => void;
}

/**
 * Runs a plan once for all runs of it that come up in the same turn of the event loop for the same principal and variables: each
 * fetch is one, with what all of them ask for. Whatever goes wrong in it is nobody's in particular, so that each is then run alone.
 */
export class JointRuns {
  readonly #step: Step;
  readonly #variables: readonly string[];
  readonly #open = new Map<string, Member[]>();

  /** The plan is one of `isJoint`, the step what it was compiled to. */
  constructor(plan: PlanNode, step: Step) {
    this.#step = step;
    this.#variables = [...variablesOf(plan)];
  }

  /** Resolves when everything is fetched that the run needs; to false when something went wrong and what it has is not to be used. */
  join(run: Run): Promise<boolean> {
    return new Promise((resolve) => {
      const key = this.#keyOf(run);
      const members = this.#open.get(key);
      if (members && members.length < RUNS_AT_ONCE) {
        members.push({ run, resolve });
        return;
      }
      const opened: Member[] = [{ run, resolve }];
      this.#open.set(key, opened);
      setImmediate(() => {
        if (this.#open.get(key) === opened) this.#open.delete(key);
        void this.#runAll(opened);
      });
    });
  }

  /** Everything that the answers of the fetches may depend on, but the events. */
  #keyOf({ context: { principal, variables } }: Run): string {
    const header = principalHeader(principal);
    if (this.#variables.length === 0) return header;
    const used = this.#variables.map((name) => [name, ownValue(variables, name)]);
    return `${header}\n${JSON.stringify(Object.fromEntries(used))}`;
  }

  async #runAll(members: readonly Member[]): Promise<void> {
    const runs = members.map(({ run }) => run);
    const joint = Run.joining(runs);
    let isWhole = true;
    try {
      await this.#step(joint);
      // Alone, a run knows whose its errors are.
      isWhole = runs.length === 1 || joint.errors.length === 0;
    } catch {
      isWhole = false;
    }
    if (isWhole && runs.length > 1) for (const { outcomes } of runs) outcomes.take(joint.outcomes);
    for (const { resolve } of members) resolve(isWhole);
  }
}

/** True for a plan of fetches that take what they are about from their representations alone. */
export function isJoint(plan: PlanNode): boolean {
  return fetchesOf(plan).every(
    ({ entities }) => entities?.every(({ contextRewrites }) => contextRewrites.length === 0) === true,
  );
}

function variablesOf(plan: PlanNode): Set<string> {
  const names = new Set(fetchesOf(plan).flatMap(({ variableUsages }) => variableUsages));
  for (const node of nodesOf(plan)) if (node.kind === 'condition') names.add(node.variable);
  return names;
}

function fetchesOf(plan: PlanNode): Extract<PlanNode, { kind: 'fetch' }>[] {
  return nodesOf(plan).flatMap((node) => (node.kind === 'fetch' ? [node] : []));
}

function nodesOf(node: PlanNode): PlanNode[] {
  switch (node.kind) {
    case 'fetch':
      return [node];
    case 'condition':
      return [node, ...[node.whenTrue, node.whenFalse].flatMap((child) => (child ? nodesOf(child) : []))];
    default:
      return [node, ...node.nodes.flatMap(nodesOf)];
  }
}
