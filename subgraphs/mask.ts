import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { ERRORS } from '../schema/errors.ts';

/** A fault of ours as the log tells it: the id that the caller was given, and where it happened. */
export interface Fault {
  readonly errorId: string;
  /** Field path in the answer, such as `salesOrder.product`. */
  readonly path: string;
  readonly name: string;
  /** The message of a programming error; other messages may quote somebody's data and are left out. */
  readonly message: string | undefined;
  readonly stack: readonly string[];
}

/** Names of the engine's own errors, whose messages speak of the program and not of data. */
const PROGRAMMING_ERRORS = new Set(['TypeError', 'ReferenceError', 'RangeError']);

/**
 * Makes the errors of an answer fit to leave the process: those that the table knows keep their message and code,
 * everything else becomes INTERNAL_SERVER_ERROR with an id, under which `onFault` hears the reason.
 */
export function maskErrors(errors: readonly GraphQLError[], onFault: (fault: Fault) => void): GraphQLError[] {
  return errors.map((error) => maskError(error, onFault));
}

function maskError(error: GraphQLError, onFault: (fault: Fault) => void): GraphQLError {
  const { code } = error.extensions;
  if (typeof code === 'string' && Object.hasOwn(ERRORS, code)) return error;
  const fault = describeFault(error);
  onFault(fault);
  const { nodes = null, source = null, positions = null, path = null } = error;
  return new GraphQLError('Something went wrong on our side.', {
    nodes,
    source,
    positions,
    path,
    extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: fault.errorId },
  });
}

function describeFault(error: GraphQLError): Fault {
  const cause: Error = error.originalError ?? error;
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    errorId: randomUUID(),
    path: (error.path ?? []).join('.'),
    name: cause.name,
    message: PROGRAMMING_ERRORS.has(cause.name) ? cause.message : undefined,
    stack: frames.map((line) => line.trim()),
  };
}
