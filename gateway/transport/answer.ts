import type { ExecutionResult } from 'graphql';

/** An HTTP answer of a subgraph. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** Takes a subgraph's answer for what it is. Throws when it is no GraphQL answer; the message carries nothing of the body. */
export function parseAnswer({ status, contentType, text }: HttpAnswer): ExecutionResult {
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase();
  const isOwnType = mediaType === 'application/graphql-response+json';
  if (!isOwnType && mediaType !== 'application/json') throw new Error(`the answer is ${status} of another media type`);
  if (!isOwnType && (status < 200 || status > 299)) throw new Error(`the answer has status ${status}`);
  const body = parseObject(text);
  const data = body['data'];
  const errors = body['errors'];
  const hasData = typeof data === 'object' && data !== null && !Array.isArray(data);
  const hasErrors = Array.isArray(errors) && errors.length > 0 && errors.every(isError);
  if (!hasData && hasErrors && errors[0].extensions?.code === 'SHUTTING_DOWN')
    throw new Error('the server is being stopped');
  if (!hasData && !hasErrors) throw new Error('the answer has neither data nor errors');
  return {
    data: hasData ? (data as Record<string, unknown>) : null,
    ...(hasErrors && { errors: errors as NonNullable<ExecutionResult['errors']> }),
  };
}

function parseObject(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error('the answer is not JSON');
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new Error('the answer is not an object');
}

function isError(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { message?: unknown }).message === 'string';
}
