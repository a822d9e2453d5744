import type { IncomingMessage } from 'node:http';
import { CodedError, type ErrorCode } from '../../schema/errors.ts';
import type { Authenticated, Authenticator } from '../auth/authenticator.ts';
import { type AllowedOrigins, checkSite } from '../cross-site.ts';
import type { Limits } from '../limits/limits.ts';
import { type OperationRequest, Refused } from '../operation.ts';

/** What requests are received with. */
export interface ReceiveParts {
  readonly authenticator: Authenticator;
  readonly allowedOrigins: AllowedOrigins;
  readonly limits: Pick<Limits, 'bodyBytes'>;
}

/** What a client asked, who it is and whether it may change anything. */
export interface Received {
  readonly request: OperationRequest;
  readonly readOnly: boolean;
  /** To be released when the answer has been sent. */
  readonly authenticated: Authenticated;
}

/** Stage 1: HTTP request → GraphQL request, and who asks. Throws Refused for what is not one. */
export async function receive(message: IncomingMessage, parts: ReceiveParts): Promise<Received> {
  const readOnly = message.method === 'GET' || message.method === 'HEAD';
  if (!readOnly && message.method !== 'POST') {
    throw refusal('BAD_REQUEST', 'Send the operation by POST, or a query by GET.', 405, { allow: 'GET, HEAD, POST' });
  }
  if (!readOnly) requireJson(message.headers['content-type']);
  checkSite(message.method, message.headers, parts.allowedOrigins);
  const authenticated = await authenticate(message, parts.authenticator);
  const request = readOnly
    ? fromSearchParameters(message.url ?? '')
    : fromBody(await readBody(message, parts.limits.bodyBytes));
  return { request, readOnly, authenticated };
}

async function authenticate({ headers }: IncomingMessage, authenticator: Authenticator): Promise<Authenticated> {
  try {
    return await authenticator.authenticate({ headers });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    throw new Refused([error], error.code === 'UNAUTHENTICATED' ? { headers: { 'www-authenticate': 'Bearer' } } : {});
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

function readBody(message: IncomingMessage, limitBytes: number): Promise<string> {
  const tooLarge = () =>
    refusal('PAYLOAD_TOO_LARGE', `A request body has at most ${limitBytes} bytes.`, undefined, {
      connection: 'close',
    });
  if (Number(message.headers['content-length'] ?? 0) > limitBytes) return Promise.reject(tooLarge());
  // Listeners cost a third of what an iterator over the same body does.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        message.pause();
        reject(tooLarge());
      } else {
        chunks.push(chunk);
      }
    });
    message.on('end', () =>
      resolve((chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString('utf8')),
    );
    const onBroken = (): void => {
      if (!message.complete) reject(refusal('BAD_REQUEST', 'The request broke off.'));
    };
    message.on('close', onBroken);
    message.on('error', onBroken);
  });
}

function fromBody(body: string): OperationRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw refusal('BAD_REQUEST', 'The request body is not JSON.');
  }
  if (Array.isArray(parsed)) throw refusal('BATCHING_NOT_SUPPORTED', 'A request carries one operation.');
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
    documentId: search.get('documentId'),
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

/** Takes the parameters of a request, however they came. Throws Refused for those that are none. */
export function checkParameters(parameters: Record<string, unknown>): OperationRequest {
  const { operationName, variables, extensions } = parameters;
  if (operationName != null && typeof operationName !== 'string') {
    throw refusal('BAD_REQUEST', '`operationName` is not a string.');
  }
  if (variables != null && !isObject(variables)) throw refusal('BAD_REQUEST', '`variables` is not an object.');
  if (extensions != null && !isObject(extensions)) throw refusal('BAD_REQUEST', '`extensions` is not an object.');
  const documentId = readDocumentId(parameters);
  const query = parameters['query'] ?? (documentId === undefined ? undefined : '');
  if (typeof query !== 'string' || (query.trim() === '' && documentId === undefined)) {
    throw refusal('BAD_REQUEST', '`query` is missing or no string.');
  }
  return {
    query,
    ...(documentId !== undefined && { documentId }),
    ...(operationName && { operationName }),
    ...(variables && { variables }),
  };
}

/** `documentId`, or the hash of automatic persisted queries. */
function readDocumentId({ documentId, extensions }: Record<string, unknown>): string | undefined {
  if (typeof documentId === 'string' && documentId !== '') return documentId;
  const persisted = isObject(extensions) ? extensions['persistedQuery'] : undefined;
  const hash = isObject(persisted) ? persisted['sha256Hash'] : undefined;
  return typeof hash === 'string' && hash !== '' ? hash : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal(code: ErrorCode, message: string, status?: number, headers?: Record<string, string>): Refused {
  return new Refused([new CodedError(code, message)], { ...(status && { status }), ...(headers && { headers }) });
}
