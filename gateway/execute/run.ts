import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { Clock } from '../../schema/clock.ts';
import type { SubgraphTransport } from '../../schema/subgraph-transport.ts';
import type { CallWatch } from '../deadline.ts';
import type { ExecutionContext } from './executable.ts';
import { FetchOutcomes } from './fetch-outcomes.ts';
import type { JsonWriter } from './json-writer.ts';
import type { RawObject } from './raw-object.ts';
import type { TypeConditions } from './type-conditions.ts';
import type { ResponsePath } from './walk.ts';

/** What an executor is made from. */
export interface ExecutorParts {
  /** What clients see. */
  readonly apiSchema: GraphQLSchema;
  /** The supergraph with all that clients do not see. */
  readonly types: TypeConditions;
  /** Writes the answers, one at a time. */
  readonly out: JsonWriter;
  /** A way to each subgraph, by name. */
  readonly transports: Readonly<Record<string, SubgraphTransport>>;
  /** The ways that the fetches for events take; the same when not given. */
  readonly eventTransports?: Readonly<Record<string, SubgraphTransport>>;
  /** How long one fetch may take. */
  readonly subgraphTimeoutMs: number;
  /** Root fields that may take as long as the run, by name; none when not given. */
  readonly longFields?: ReadonlySet<string>;
  /** How long all fetches of a run may take together. */
  readonly operationTimeoutMs: number;
  readonly clock: Clock;
  /** Ends fetches that do not end in time by themselves. Goes by the same clock. */
  readonly watch: CallWatch;
  /** Told of each fetch that failed, for the operator: the reason may name what a client must not see. */
  readonly onFetchFailure: (subgraph: string, error: unknown) => void;
  /**
   * True: nullable fields of a failed fetch count as null, so that fields that `@require` them are asked for all the same, and
   * each subgraph is told how the earlier fetches of the operation ended.
   */
  readonly asksDespiteFailures: boolean;
}

/** What a run may be given beside its context. */
export interface RunOptions {
  /** Set for a run that follows on another. */
  readonly deadline?: number;
  readonly joined?: readonly Run[];
}

/** One run of an operation. */
export class Run {
  readonly parts: ExecutorParts;
  readonly context: ExecutionContext;
  /** When its time is over, by the clock of the parts. What has not come by then is missing. */
  readonly deadline: number;
  /** The answer so far, with all that was fetched. */
  readonly data: RawObject = {};
  readonly errors: GraphQLError[] = [];
  readonly outcomes = new FetchOutcomes();
  /** The runs that this one fetches for at once, in place of having an answer itself. */
  readonly joined: readonly Run[] | undefined;

  constructor(parts: ExecutorParts, context: ExecutionContext, options: RunOptions = {}) {
    this.parts = parts;
    this.context = context;
    this.deadline = options.deadline ?? parts.clock() + parts.operationTimeoutMs;
    this.joined = options.joined;
  }

  /** A run that fetches for several of the same plan, principal and variables; for one alone, itself. It outlives whoever leaves. */
  static joining(runs: readonly Run[]): Run {
    const [first, another] = runs;
    if (!first) throw new Error('Nothing is to be run.');
    if (!another) return first;
    const { signal: _signal, ...context } = first.context;
    return new Run(first.parts, context, { deadline: first.deadline, joined: runs });
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
