import type { ExecutionResult, GraphQLFormattedError } from 'graphql';
import { CodedError, type ErrorCode } from '../../schema/errors.ts';
import { SocketRefused } from '../transport/upstream-socket.ts';
import { EventIncomplete } from './event-patience.ts';

/** A fault is none of them: it would come again with the same event. */
const OUTAGES: ReadonlySet<unknown> = new Set<ErrorCode>([
  'STORE_UNAVAILABLE',
  'SHUTTING_DOWN',
  'SUBGRAPH_DOWN',
  'SUBGRAPH_TIMEOUT',
  'SUBGRAPH_RATE_LIMITED',
]);

/** A new supergraph asks the subgraph something else, and there is no cursor to go on from. */
export const UNMENDABLE = Symbol('unmendable');

/** True for an event without data whose reason is the subgraph or its store, not what it was asked. */
export function isLoss({ data, errors }: ExecutionResult): boolean {
  // What came over a socket has no prototype of ours, and may be anything.
  if (data || !Array.isArray(errors) || errors.length === 0) return false;
  return errors.every((error) => OUTAGES.has(error?.extensions?.['code']));
}

/** True when another attempt would end in the same way, or was made already. */
export function isFinal(reason: unknown): boolean {
  return reason instanceof EventIncomplete || (reason instanceof Error && reason.cause instanceof SocketRefused);
}

/** What subscribers are told when a stream can't go on. What the subgraph itself says stays in the log. */
export function interruption(subgraph: string, reason: unknown): GraphQLFormattedError {
  const what = reason === UNMENDABLE ? 'was changed by a new schema' : 'broke off';
  const error = new CodedError(
    'SUBSCRIPTION_INTERRUPTED',
    `The subscription to \`${subgraph}\` ${what}, and events may have been missed: subscribe again, with \`since\` where the field takes it.`,
    { subgraph },
  );
  return { message: error.message, extensions: error.extensions };
}
