import type { IncomingMessage } from 'node:http';
import { CodedError } from '../schema/errors.ts';
import { LOCAL_ADMINISTRATOR, type Principal } from '../schema/principal.ts';
import type { FetchOutcome, SubgraphRequest } from '../schema/subgraph-transport.ts';

/** Header in which our gateway says who asks: the principal as JSON in base64url. */
export const PRINCIPAL_HEADER = 'c360-principal';

/** Largest request body, in bytes: representations of a page of entities come many at once. */
export const BODY_LIMIT = 8 * 1024 * 1024;

const JSON_TYPE = /^application\/(json|graphql-response\+json)\s*(;|$)/i;
const ROLES: readonly string[] = ['app', 'agent', 'admin', 'service'];
const OUTCOMES: readonly string[] = ['LIVE', 'TIMEOUT', 'RATE_LIMITED', 'DOWN'] satisfies FetchOutcome[];

/** Reads a GraphQL request from an HTTP request. Throws BAD_REQUEST and PAYLOAD_TOO_LARGE. */
export async function readGraphqlRequest(request: IncomingMessage, signal: AbortSignal): Promise<SubgraphRequest> {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) {
    throw new CodedError('BAD_REQUEST', 'Send POST with `content-type: application/json`.');
  }
  const principal = readPrincipal(request);
  return { ...parseOperation(parseJson(await readBody(request))), principal, signal };
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
  const { subject, roles, scopes, customer360Id, purpose } = value;
  const isOptionalText = (part: unknown): boolean => part === undefined || typeof part === 'string';
  return (
    typeof subject === 'string' &&
    subject.length > 0 &&
    Array.isArray(roles) &&
    roles.every((role) => ROLES.includes(role)) &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === 'string') &&
    isOptionalText(customer360Id) &&
    isOptionalText(purpose)
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new CodedError('PAYLOAD_TOO_LARGE', `A body has at most ${BODY_LIMIT} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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
