import type { ExecutionResult } from 'graphql';
import type { ErrorCode } from '../../schema/errors.ts';

/** An HTTP answer of a subgraph. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** What came back is no GraphQL answer. The message carries nothing of it. */
export class InvalidAnswer extends Error {
  /** Of HTTP. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'InvalidAnswer';
    this.status = status;
  }
}

const OWN_TYPE = 'application/graphql-response+json';
const JSON_TYPE = 'application/json';

/** Codes with which a subgraph of ours refuses the gateway, not the client. */
const REFUSALS: ReadonlySet<unknown> = new Set<ErrorCode>([
  'SHUTTING_DOWN',
  'REQUEST_UNSIGNED',
  'SIGNATURE_REFUSED',
  'PAYLOAD_TOO_LARGE',
]);

/** Takes a subgraph's answer for what it is. Throws InvalidAnswer. */
export function parseAnswer({ status, contentType, text }: HttpAnswer): ExecutionResult {
  const mediaType = mediaTypeOf(contentType);
  const isOwnType = mediaType === OWN_TYPE;
  if (!isOwnType && mediaType !== JSON_TYPE) {
    throw new InvalidAnswer(status, `the answer is ${status} of another media type`);
  }
  if (status >= 300 && status < 400) throw new InvalidAnswer(status, `the answer leads elsewhere (${status})`);
  if (!isOwnType && (status < 200 || status > 299)) throw new InvalidAnswer(status, `the answer has status ${status}`);
  const body = parseObject(text, status);
  const data = body['data'];
  const errors = body['errors'];
  const hasData = typeof data === 'object' && data !== null && !Array.isArray(data);
  const hasErrors = Array.isArray(errors) && errors.length > 0;
  if (hasErrors ? !errors.every(isError) : errors !== undefined && errors !== null && !Array.isArray(errors)) {
    throw new InvalidAnswer(status, 'the errors of the answer are none');
  }
  if (!hasData && !hasErrors) throw new InvalidAnswer(status, 'the answer has neither data nor errors');
  const code = hasErrors && !hasData ? errors[0].extensions?.code : undefined;
  if (REFUSALS.has(code)) throw new InvalidAnswer(status, `the subgraph refuses: ${code}`);
  return {
    data: hasData ? (data as Record<string, unknown>) : null,
    ...(hasErrors && { errors: errors as NonNullable<ExecutionResult['errors']> }),
  };
}

/** The type without parameters. How it is mostly written is known at a glance. */
function mediaTypeOf(contentType: string): string | undefined {
  if (contentType === JSON_TYPE || contentType.startsWith('application/json;')) return JSON_TYPE;
  if (contentType === OWN_TYPE || contentType.startsWith('application/graphql-response+json;')) return OWN_TYPE;
  return contentType.split(';', 1)[0]?.trim().toLowerCase();
}

function parseObject(text: string, status: number): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new InvalidAnswer(status, 'the answer is not JSON');
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new InvalidAnswer(status, 'the answer is not an object');
}

function isError(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { message?: unknown }).message === 'string';
}
