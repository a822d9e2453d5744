/** Name of the WebSocket subprotocol. */
export const SUBPROTOCOL = 'graphql-transport-ws';

/**
 * Why a socket is closed. 4400 to 4429 are the protocol's own. After 1012 and 4290 the client connects again and goes on with
 * its last cursor: everything before was sent, nothing was left out.
 */
export const CLOSE_CODES = {
  serviceRestart: 1012,
  slowConsumer: 4290,
  invalidMessage: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  subprotocolNotAcceptable: 4406,
  initialisationTimeout: 4408,
  subscriberExists: 4409,
  tooManyInitialisations: 4429,
} as const;

/** Why a socket is closed. */
export type CloseCode = (typeof CLOSE_CODES)[keyof typeof CLOSE_CODES];

/** What a client says. */
export type ClientMessage =
  | { readonly type: 'connection_init'; readonly payload?: Readonly<Record<string, unknown>> }
  | { readonly type: 'ping'; readonly payload?: Readonly<Record<string, unknown>> }
  | { readonly type: 'pong' }
  | { readonly type: 'subscribe'; readonly id: string; readonly payload: Readonly<Record<string, unknown>> }
  | { readonly type: 'complete'; readonly id: string };

/** A client names its operations; a name is kept as long as its operation runs. */
const ID_LIMIT = 256;
const REASON_LIMIT_BYTES = 123;

/** Reads a message. Gives what is wrong with it as a text for the client, which carries nothing of the message. */
export function readMessage(text: string): ClientMessage | string {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return 'The message is not JSON';
  }
  if (!isObject(message)) return 'The message is not an object';
  switch (message['type']) {
    case 'connection_init':
    case 'ping':
    case 'pong':
      return readSignal(message['type'], message['payload']);
    case 'subscribe':
      return readSubscribe(message['id'], message['payload']);
    case 'complete':
      return isId(message['id']) ? { type: 'complete', id: message['id'] } : WRONG_ID;
    default:
      return 'The message has no `type` of the protocol';
  }
}

const WRONG_ID = `\`id\` is not a text of 1 to ${ID_LIMIT} characters`;

function readSignal(type: 'connection_init' | 'ping' | 'pong', payload: unknown): ClientMessage | string {
  if (payload == null) return { type };
  return isObject(payload) ? { type, payload } : '`payload` is not an object';
}

function readSubscribe(id: unknown, payload: unknown): ClientMessage | string {
  if (!isId(id)) return WRONG_ID;
  if (!isObject(payload)) return '`payload` is not an object';
  const { query, operationName, variables, extensions } = payload;
  if (query != null && typeof query !== 'string') return '`query` is not a text';
  if (operationName != null && typeof operationName !== 'string') return '`operationName` is not a text';
  if (variables != null && !isObject(variables)) return '`variables` is not an object';
  if (extensions != null && !isObject(extensions)) return '`extensions` is not an object';
  // A persisted operation has no text.
  if (query == null && extensions == null && payload['documentId'] == null) return '`query` is missing';
  return { type: 'subscribe', id, payload };
}

/** The answer to a ping, with what it carried. Undefined when that is nested too deeply to be written. */
export function pongText(payload: Readonly<Record<string, unknown>> | undefined): string | undefined {
  try {
    return JSON.stringify({ type: 'pong', payload });
  } catch {
    // What JSON.parse reads without recursion, JSON.stringify may not have the stack for.
    return undefined;
  }
}

/** A close reason has at most 123 bytes of UTF-8. */
export function closeReason(text: string): string {
  let reason = text;
  while (Buffer.byteLength(reason) > REASON_LIMIT_BYTES) reason = reason.slice(0, -1);
  return reason;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= ID_LIMIT;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
