import type { IncomingMessage } from 'node:http';
import { CodedError, type ErrorCode } from '../../schema/errors.ts';
import { type OperationRequest, Refused } from '../operation.ts';

/** Largest request body. */
const BODY_LIMIT_BYTES = 256 * 1024;

/** What a client asked and whether it may change anything. */
export interface Received {
  readonly request: OperationRequest;
  readonly readOnly: boolean;
}

/** Stage 1: HTTP request → GraphQL request. Throws Refused for what is not one. */
export async function receive(message: IncomingMessage): Promise<Received> {
  switch (message.method) {
    case 'GET':
    case 'HEAD':
      return { request: fromSearchParameters(message.url ?? ''), readOnly: true };
    case 'POST':
      requireJson(message.headers['content-type']);
      return { request: fromBody(await readBody(message)), readOnly: false };
    default:
      throw refusal('BAD_REQUEST', 'Send the operation by POST, or a query by GET.', 405, { allow: 'GET, HEAD, POST' });
  }
}

/** A browser sends `application/json` to another site only after asking first, which is never granted: forged posts end here. */
function requireJson(contentType: string | undefined): void {
  const [mediaType, ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (mediaType?.trim() === 'application/json' && isUtf8) return;
  throw refusal('BAD_REQUEST', 'A POST carries `content-type: application/json` in UTF-8.', 415);
}

async function readBody(message: IncomingMessage): Promise<string> {
  const tooLarge = () =>
    refusal('PAYLOAD_TOO_LARGE', `A request body has at most ${BODY_LIMIT_BYTES} bytes.`, undefined, {
      connection: 'close',
    });
  if (Number(message.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of message.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > BODY_LIMIT_BYTES) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (message.destroyed) throw refusal('BAD_REQUEST', 'The request broke off.');
    throw error;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fromBody(body: string): OperationRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw refusal('BAD_REQUEST', 'The request body is not JSON.');
  }
  if (!isObject(parsed)) throw refusal('BAD_REQUEST', 'The request body is one JSON object with `query`.');
  return checkParameters(parsed);
}

function fromSearchParameters(url: string): OperationRequest {
  const search = new URLSearchParams(url.split('?')[1] ?? '');
  return checkParameters({
    query: search.get('query'),
    operationName: search.get('operationName') || undefined,
    variables: parseJsonParameter(search, 'variables'),
    extensions: parseJsonParameter(search, 'extensions'),
  });
}

function parseJsonParameter(search: URLSearchParams, name: string): unknown {
  const text = search.get(name);
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw refusal('BAD_REQUEST', `\`${name}\` is not JSON.`);
  }
}

function checkParameters(parameters: Record<string, unknown>): OperationRequest {
  const { query, operationName, variables, extensions } = parameters;
  if (typeof query !== 'string' || query.trim() === '')
    throw refusal('BAD_REQUEST', '`query` is missing or no string.');
  if (operationName != null && typeof operationName !== 'string') {
    throw refusal('BAD_REQUEST', '`operationName` is not a string.');
  }
  if (variables != null && !isObject(variables)) throw refusal('BAD_REQUEST', '`variables` is not an object.');
  if (extensions != null && !isObject(extensions)) throw refusal('BAD_REQUEST', '`extensions` is not an object.');
  return { query, ...(operationName && { operationName }), ...(variables && { variables }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal(code: ErrorCode, message: string, status?: number, headers?: Record<string, string>): Refused {
  return new Refused([new CodedError(code, message)], { ...(status && { status }), ...(headers && { headers }) });
}
