import type { ErrorCode } from '../../schema/errors.ts';

/** A subgraph did not answer for now; asked again later, it may. A fault is none of them: it would come again with the same event. */
const OUTAGES: ReadonlySet<unknown> = new Set<ErrorCode>([
  'STORE_UNAVAILABLE',
  'SHUTTING_DOWN',
  'SUBGRAPH_DOWN',
  'SUBGRAPH_TIMEOUT',
  'SUBGRAPH_RATE_LIMITED',
  'OPERATION_TIMEOUT',
]);

/** An error of an answer. What came over a socket may be anything. */
interface AnyError {
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** True for an error that says that a subgraph, or its store, was away or too slow. */
export function isOutage(error: AnyError | null | undefined): boolean {
  return OUTAGES.has(error?.extensions?.['code']);
}
