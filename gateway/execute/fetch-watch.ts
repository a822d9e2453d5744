import type { FetchOutcome } from '../../schema/subgraph-transport.ts';
import type { FetchNode } from '../planner/plan.ts';

/** Watches the fetches of one run: for metrics, spans and the view of a plan's latency. */
export interface FetchWatch {
  /** Called as the work on a fetch begins, before its representations are made. */
  begin(fetch: FetchNode): WatchedFetch;
}

/** A fetch under way; its methods are called in this order, the last one only when there is something to merge. */
export interface WatchedFetch {
  /** The request is about to be sent with so many representations (0 for a root fetch). Gives the W3C trace context to send along. */
  send(representations: number): string | undefined;
  /** The answer is there, or it is known that none comes. */
  answered(outcome: FetchOutcome): void;
  /** What it brought is part of the answer. */
  merged(): void;
}
