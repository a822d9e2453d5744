import type { ExecutionResult, GraphQLFormattedError } from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import { SocketRefused } from '../transport/upstream-socket.ts';
import { EventIncomplete } from './event-patience.ts';
import { isOutage } from './outage.ts';

/** A new supergraph asks the subgraph something else, and there is no cursor to go on from. */
export const UNMENDABLE = Symbol('unmendable');

/** What was read was read for a principal that is completed otherwise by now: it must not be told. */
export class PrincipalOutdated extends Error {
  constructor() {
    super('the principal is completed otherwise by now');
    this.name = 'PrincipalOutdated';
  }
}

/** True for an event without data whose reason is the subgraph or its store, not what it was asked. */
export function isLoss({ data, errors }: ExecutionResult): boolean {
  // What came over a socket has no prototype of ours, and may be anything.
  if (data || !Array.isArray(errors) || errors.length === 0) return false;
  return errors.every(isOutage);
}

/** True when another attempt would end in the same way, or was made already. */
export function isFinal(reason: unknown): boolean {
  return reason instanceof EventIncomplete || (reason instanceof Error && reason.cause instanceof SocketRefused);
}

/** What subscribers are told when a stream can't go on. What the subgraph itself says stays in the log. */
export function interruption(subgraph: string, reason: unknown): GraphQLFormattedError {
  const error = new CodedError(
    'SUBSCRIPTION_INTERRUPTED',
    `The subscription to \`${subgraph}\` ${whatHappened(reason)}, and events may have been missed: subscribe again, with \`since\` where the field takes it.`,
    { subgraph },
  );
  return { message: error.message, extensions: error.extensions };
}

function whatHappened(reason: unknown): string {
  if (reason === UNMENDABLE) return 'was changed by a new schema';
  return reason instanceof PrincipalOutdated ? 'is about other records now' : 'broke off';
}
