import { type DocumentNode, parse } from 'graphql';
import { createApolloPlanner } from './apollo.ts';
import { coversOperation } from './coverage.ts';
import { refusingTwoFields } from './one-name-two-fields.ts';
import type { ActiveLabels } from './override-labels.ts';
import type { Planner, PlannerChoice } from './planner.ts';
import { withOwnRequiredNames } from './required-names.ts';
import { createRustPlanner, loadRustQueryPlanner } from './rust.ts';

/** What a planner is chosen by. */
export interface PlannerOptions {
  readonly supergraphSdl: string;
  /** The same, parsed, where that is done already. */
  readonly document?: DocumentNode;
  /** The supergraph as Apollo's planner wants it. Built, and its library loaded, when it is first asked for. */
  readonly supergraph: () => Parameters<typeof createApolloPlanner>[0];
  /** `auto` when not given. */
  readonly choice?: PlannerChoice;
  /** Labels of `@override` that are switched on; none when not given. Those in per cent switch themselves. */
  readonly activeLabels?: ActiveLabels;
  /** Told once, for the operator, why another planner is used than the one that was chosen. */
  readonly onWarning?: (message: string) => void;
  /** Loads the native module; another one in tests. */
  readonly loadRust?: typeof loadRustQueryPlanner;
}

/**
 * The planner of a supergraph. The Rust planner makes fewer fetches, faster, and its plans pass every case of the federation
 * audit; Apollo's planner stands in for a whole graph where the Rust planner cannot, and for single operations that it cannot read.
 * docs/decisions/0006-planners.md has the figures.
 */
export function choosePlanner(options: PlannerOptions): Planner {
  const planner = withOwnRequiredNames(chooseAmong(options), options.supergraphSdl);
  return options.supergraphSdl.includes('isInterfaceObject: true') ? refusingTwoFields(planner) : planner;
}

function chooseAmong(options: PlannerOptions): Planner {
  const { supergraphSdl, choice = 'auto', activeLabels, onWarning, loadRust = loadRustQueryPlanner } = options;
  const apollo = lazy(() => createApolloPlanner(options.supergraph(), activeLabels));
  if (choice === 'apollo') return apollo();
  const reason = usesContext(supergraphSdl) ? 'The supergraph uses @context, which the Rust planner does not know' : '';
  if (reason !== '') {
    onWarning?.(`${reason}: Apollo's planner is used.`);
    return apollo();
  }
  try {
    const { document = parse(supergraphSdl, { noLocation: true }) } = options;
    const rust = createRustPlanner(loadRust(), { sdl: supergraphSdl, document }, activeLabels);
    return choice === 'rust' ? rust : withFallback(rust, apollo);
  } catch (error) {
    onWarning?.(`The Rust planner cannot be used (${firstLine(error)}): Apollo's planner is used.`);
    return apollo();
  }
}

/**
 * An operation that one planner cannot plan is planned by the other: the Rust planner fails on some keys that lead to other keys, on
 * some fields behind `@interfaceObject`, and on numbers beyond 64 bits. Throws what the first one said when the other one has no
 * complete plan either.
 */
function withFallback(planner: Planner, fallback: () => Planner): Planner {
  return {
    plan(operation) {
      try {
        return planner.plan(operation);
      } catch (reason) {
        const plan = fallback().plan(operation);
        if (!coversOperation(plan, operation.document, operation.operationName)) throw reason;
        return plan;
      }
    },
  };
}

function lazy<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The specification is linked by composition whether it is used or not: an argument from the context is what counts. */
function usesContext(supergraphSdl: string): boolean {
  return /\bcontextArguments:\s*\[/.test(supergraphSdl.replace(/directive @join__field[^\n]*/, ''));
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}
