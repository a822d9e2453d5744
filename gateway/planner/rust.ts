import { createRequire } from 'node:module';
import type * as rust from '@graphql-hive/router-query-planner';
import { type DocumentNode, print } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import { Refused } from '../operation.ts';
import { checkTypes } from './check-types.ts';
import { foldPlan } from './fold.ts';
import { hasNameOfTwoFields, twoFieldsRefused, withoutIdleAliases } from './one-name-two-fields.ts';
import type { ActiveLabels } from './override-labels.ts';
import { planParts } from './parts.ts';
import type { OperationPlan } from './plan.ts';
import type { Planner } from './planner.ts';
import { fromRustPlan } from './rust-plan.ts';
import { readSubgraphFacts } from './subgraph-facts.ts';

/** The class that the native module gives. */
export type RustQueryPlanner = typeof rust.QueryPlanner;

/**
 * Loads the native module. It has binaries for glibc Linux and macOS on x64 and ARM: elsewhere, as on Alpine or Windows, this
 * throws what the loader says.
 */
export function loadRustQueryPlanner(): RustQueryPlanner {
  const load = createRequire(__filename);
  return (load('@graphql-hive/router-query-planner') as typeof rust).QueryPlanner;
}

/**
 * The Rust planner over a supergraph, its plans folded. Keeps no plans: who asks does. Throws what the planner says of a supergraph
 * that it cannot read; `plan` throws OPERATION_NOT_PLANNABLE, what the planner says of an operation that it cannot read, or UnknownPlan.
 */
export function createRustPlanner(
  QueryPlanner: RustQueryPlanner,
  { sdl, document }: { readonly sdl: string; readonly document: DocumentNode },
  activeLabels: ActiveLabels = new Set(),
): Planner {
  const planner = new QueryPlanner(sdl);
  const facts = readSubgraphFacts(document);
  const labels = new Set([...activeLabels].filter((label) => planner.overrideLabels.includes(label)));
  const plan = (given: DocumentNode, percentage: number): OperationPlan => {
    const document = withoutIdleAliases(given);
    if (hasNameOfTwoFields(document)) throw twoFieldsRefused();
    const planned = fromRustPlan(askPlanner(planner, document, labels, percentage));
    checkTypes(planned, document, facts);
    return foldPlan(planned, facts);
  };
  return { plan: (operation) => planParts(operation, plan) };
}

function askPlanner(
  planner: rust.QueryPlanner,
  document: DocumentNode,
  labels: Set<string>,
  percentage: number,
): rust.QueryPlan {
  try {
    return planner.plan(print(document), undefined, labels, percentage);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes(NO_WAY)) throw error;
    throw new Refused([
      new CodedError('OPERATION_NOT_PLANNABLE', 'The graph has no way to a field from where it is asked for.'),
    ]);
  }
}

/** What the planner says when no subgraph can be asked for a field where it stands. */
const NO_WAY = 'No paths found';
