import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import type { ExecutionContext } from './executable.ts';
import { FetchOutcomes } from './fetch-outcomes.ts';
import type { RawObject } from './raw-object.ts';
import type { TypeConditions } from './type-conditions.ts';
import type { ResponsePath } from './walk.ts';

/** What an executor is made from. */
export interface ExecutorParts {
  /** What clients see. */
  readonly apiSchema: GraphQLSchema;
  /** The supergraph with all that clients do not see. */
  readonly types: TypeConditions;
  /** A way to each subgraph, by name. */
  readonly transports: Readonly<Record<string, SubgraphTransport>>;
  readonly subgraphTimeoutMs: number;
  /** Told of each fetch that failed, for the operator: the reason may name what a client must not see. */
  readonly onFetchFailure: (subgraph: string, error: unknown) => void;
  /**
   * True: nullable fields of a failed fetch count as null, so that fields that `@require` them are asked for all the same, and
   * each subgraph is told how the earlier fetches of the operation ended.
   */
  readonly asksDespiteFailures: boolean;
}

/** One run of an operation. */
export class Run {
  readonly parts: ExecutorParts;
  readonly context: ExecutionContext;
  /** The answer so far, with all that was fetched. */
  readonly data: RawObject = {};
  readonly errors: GraphQLError[] = [];
  readonly outcomes = new FetchOutcomes();

  constructor(parts: ExecutorParts, context: ExecutionContext) {
    this.parts = parts;
    this.context = context;
  }

  /** Notes an error at each of its places; without a place when none is known. */
  fail(error: GraphQLError, paths: readonly (ResponsePath | undefined)[]): void {
    for (const path of paths.length > 0 ? paths : [undefined]) {
      this.errors.push(
        new GraphQLError(error.message, {
          path,
          originalError: error.originalError ?? error,
          extensions: error.extensions,
        }),
      );
    }
  }
}

/** One step of a plan, compiled. Gives nothing when nothing had to be waited for. */
export type Step = (run: Run) => Promise<void> | undefined;
