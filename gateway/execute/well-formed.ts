import { type ExecutionResult, GraphQLError } from 'graphql';
import { isRawObject } from './raw-object.ts';

/** The answer with errors in the form that GraphQL gives them, whatever the subgraph sent; without `errors` when there are none. */
export function wellFormed(answer: ExecutionResult): ExecutionResult {
  const errors: unknown = answer.errors;
  if (errors === undefined) return answer;
  const { data = null } = answer;
  if (errors === null || (Array.isArray(errors) && errors.length === 0)) return { data };
  const list: unknown[] = Array.isArray(errors) ? errors : [errors];
  return list.every(isError)
    ? answer
    : { data, errors: list.map((error) => (isError(error) ? error : asError(error))) };
}

function isError(error: unknown): error is GraphQLError {
  if (typeof error !== 'object' || error === null || !('message' in error)) return false;
  const { message, path, extensions } = error as { message: unknown; path?: unknown; extensions?: unknown };
  return typeof message === 'string' && (path === undefined || isPath(path)) && isExtensions(extensions);
}

function asError(error: unknown): GraphQLError {
  const { message, path, extensions } = isRawObject(error) ? error : {};
  return new GraphQLError(typeof message === 'string' ? message : 'The subgraph told an error without a message.', {
    ...(isPath(path) && { path }),
    ...(isRawObject(extensions) && { extensions }),
  });
}

function isPath(path: unknown): path is (string | number)[] {
  return Array.isArray(path) && path.every((step) => typeof step === 'string' || typeof step === 'number');
}

function isExtensions(extensions: unknown): boolean {
  return extensions === undefined || isRawObject(extensions);
}
