import type { Clock } from '../schema/clock.ts';
import type { Executable, Executed, ExecutionContext } from './execute/executable.ts';
import { dataOf } from './execute/outcome.ts';
import { createDeduplicator, type Deduplication } from './transport/deduplicate.ts';
import { principalHeader } from './transport/principal-header.ts';

/** Makes of an operation one that lets equal queries share a run. */
export type RunSharing = (executable: Executable) => Executable;

/** How equal queries of clients share runs. */
export interface RunSharingOptions {
  readonly kind: Deduplication;
  readonly clock: Clock;
  /** Told of each query that needed no run of its own. */
  readonly onShared?: () => void;
}

/**
 * Makes the sharing in which equal queries share one run, and the text of its answer. Two are equal when they are the same
 * compiled operation (so: of one supergraph, document and set of rights) with the same variables for the same principal: that
 * is all that is forwarded. With `BEFORE_SENDING` a run begins at the end of the turn of the event loop in which it was asked for,
 * and only queries that had come by then share it. A caller that goes leaves the run to the others.
 */
export function createRunSharing({ kind, clock, onShared }: RunSharingOptions): RunSharing {
  if (kind === 'OFF') return (executable) => executable;
  const deduplicator = createDeduplicator<Executed>(kind, clock, onShared);
  let lastNumber = 0;
  return (executable) => {
    if (executable.operationKind !== 'query') return executable;
    lastNumber += 1;
    const number = lastNumber;
    const execute = async (context: ExecutionContext): Promise<Executed> => {
      const key = `${number}\n${principalHeader(context.principal)}\n${JSON.stringify(context.variables)}`;
      const waiting = { deadline: Number.POSITIVE_INFINITY, signal: context.signal };
      const run = await deduplicator.share(key, waiting, async (shared) => {
        await new Promise(setImmediate);
        shared.sent();
        return executable.execute({ ...context, signal: shared.signal });
      });
      return viewOf(run);
    };
    return {
      operationKind: 'query',
      execute,
      upstream: (context) => executable.upstream(context),
      executeEvent: (event, context) => executable.executeEvent(event, context),
    };
  };
}

/** The bytes are the same for all; objects are each caller's own, who may change them. */
function viewOf(executed: Executed): Executed {
  let data: Record<string, unknown> | null | undefined;
  return {
    data() {
      if (data === undefined) data = dataOf(executed.bytes());
      return data;
    },
    bytes: () => executed.bytes(),
    get errors() {
      return executed.errors;
    },
    get fetches() {
      return executed.fetches;
    },
  };
}
