import type { IncomingMessage } from 'node:http';
import { CodedError } from '../schema/errors.ts';
import { LOCAL_ADMINISTRATOR, type Principal } from '../schema/principal.ts';
import { DEADLINE_HEADER, PRINCIPAL_HEADER } from '../schema/subgraph-headers.ts';
import type { FetchOutcome, SubgraphRequest } from '../schema/subgraph-transport.ts';
import type { SignatureCheck } from './server-signature.ts';

/** Largest request body, in bytes: representations of a page of entities come many at once. */
export const BODY_LIMIT = 8 * 1024 * 1024;

const JSON_TYPE = /^application\/(json|graphql-response\+json)\s*(;|$)/i;
const OUTCOMES: readonly string[] = ['LIVE', 'TIMEOUT', 'RATE_LIMITED', 'DOWN'] satisfies FetchOutcome[];

/** Reads a GraphQL request from an HTTP request. Throws BAD_REQUEST, PAYLOAD_TOO_LARGE, CROSS_SITE_REQUEST, REQUEST_UNSIGNED and SIGNATURE_REFUSED. */
export async function readGraphqlRequest(
  request: IncomingMessage,
  signal: AbortSignal,
  signatures: SignatureCheck | undefined,
): Promise<SubgraphRequest> {
  refusePages(request, signatures);
  const checkBody = signatures?.checkHead(request);
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) {
    throw new CodedError('BAD_REQUEST', 'Send POST with `content-type: application/json`.');
  }
  const principal = readPrincipal(request);
  const body = await readBody(request);
  checkBody?.(body);
  return { ...parseOperation(parseJson(body.toString('utf8'))), principal, signal };
}

/**
 * Keeps pages of browsers out where everybody who reaches the server is believed: a page of any site reaches loopback, by a socket or
 * by a name that it makes resolve to it. A gateway says no origin. Throws CROSS_SITE_REQUEST.
 */
export function refusePages(request: IncomingMessage, signatures: SignatureCheck | undefined): void {
  if (signatures || request.headers.origin === undefined) return;
  throw new CodedError('CROSS_SITE_REQUEST', 'A subgraph answers its gateway, no page of a browser.');
}

/** How many milliseconds the answer is still waited for; undefined when the gateway does not say. Throws BAD_REQUEST. */
export function readDeadline(request: IncomingMessage): number | undefined {
  const header = request.headers[DEADLINE_HEADER];
  if (header === undefined) return undefined;
  if (!/^\d{1,9}$/.test(String(header))) {
    throw new CodedError('BAD_REQUEST', `The header \`${DEADLINE_HEADER}\` holds no number of milliseconds.`);
  }
  return Number(header);
}

/** Who asks, as the header says; the local administrator without it. Throws BAD_REQUEST. */
export function readPrincipal(request: IncomingMessage): Principal {
  const header = request.headers[PRINCIPAL_HEADER];
  if (header === undefined) return LOCAL_ADMINISTRATOR;
  const value = parseJson(Buffer.from(String(header), 'base64url').toString('utf8'));
  if (!isPrincipal(value))
    throw new CodedError('BAD_REQUEST', `The header \`${PRINCIPAL_HEADER}\` holds no principal.`);
  return value;
}

/** The parts of a GraphQL request, checked. Throws BAD_REQUEST. */
export function parseOperation(body: unknown): Omit<SubgraphRequest, 'principal' | 'signal'> {
  if (!isRecord(body) || typeof body['query'] !== 'string') {
    throw new CodedError('BAD_REQUEST', 'The body is a JSON object with `query`.');
  }
  const { query, variables, operationName, extensions } = body;
  if (variables !== undefined && variables !== null && !isRecord(variables)) {
    throw new CodedError('BAD_REQUEST', '`variables` is an object.');
  }
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    throw new CodedError('BAD_REQUEST', '`operationName` is a string.');
  }
  const fetches = isRecord(extensions) ? readOutcomes(extensions['fetches']) : undefined;
  return {
    query,
    ...(variables ? { variables } : {}),
    ...(operationName ? { operationName } : {}),
    ...(fetches ? { fetches } : {}),
  };
}

function readOutcomes(fetches: unknown): Readonly<Record<string, FetchOutcome>> | undefined {
  if (fetches === undefined || fetches === null) return undefined;
  if (!isRecord(fetches) || Object.values(fetches).some((outcome) => !OUTCOMES.includes(String(outcome)))) {
    throw new CodedError('BAD_REQUEST', '`extensions.fetches` tells for each subgraph how its fetch ended.');
  }
  return fetches as Record<string, FetchOutcome>;
}

function isPrincipal(value: unknown): value is Principal {
  if (!isRecord(value)) return false;
  const { subject, roles, scopes, customer360Id, purpose, records } = value;
  const isOptionalText = (part: unknown): boolean => part === undefined || typeof part === 'string';
  const isTexts = (part: unknown): boolean => Array.isArray(part) && part.every((text) => typeof text === 'string');
  return (
    typeof subject === 'string' &&
    subject.length > 0 &&
    isTexts(roles) &&
    isTexts(scopes) &&
    isOptionalText(customer360Id) &&
    isOptionalText(purpose) &&
    (records === undefined || (isRecord(records) && Object.values(records).every(isTexts)))
  );
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new CodedError('PAYLOAD_TOO_LARGE', `A body has at most ${BODY_LIMIT} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CodedError('BAD_REQUEST', 'What was sent is not JSON.');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
