import { CodedError } from '../schema/errors.ts';
import { NotNow } from './consumer-contract.ts';
import { StoreUnavailable } from './database.ts';
import { isError, sqlStateOf } from './statement-errors.ts';

/** Deadlocks and conflicts of transactions, too many connections or no space, a server that shuts down, a lock that is not to be had. */
const PASSING_STATE = /^(40|53|57P|55P03)/;

/** True when the same event may well succeed in a while: it is the store's, or the world's, doing. */
export function isPassing(error: unknown): boolean {
  return error instanceof NotNow || error instanceof StoreUnavailable || PASSING_STATE.test(sqlStateOf(error));
}

/** True when the source says that it can't go on from the position that it was given. */
export function isGap(error: unknown): boolean {
  return error instanceof CodedError && (error.code === 'CURSOR_TOO_OLD' || error.code === 'MALFORMED_ID');
}

/** What may be told of a failure: an engine's or a library's message may quote values, one of our own codes does not. */
export function describeFailure(error: unknown): string {
  if (error instanceof CodedError) return `${error.code}: ${error.message}`;
  const state = sqlStateOf(error);
  if (state !== '') return `SQLSTATE ${state}`;
  return isError(error) ? error.name : 'unknown';
}

/** The same as one word. */
export function codeOfFailure(error: unknown): string {
  return describeFailure(error).split(':')[0] ?? 'unknown';
}
