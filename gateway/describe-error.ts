/**
 * Errors of the language itself and of Apollo's libraries: their messages name code and schema, never values. And those that say
 * what was wrong with an answer of a subgraph, in words of ours.
 */
const SPEAKING = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'InvalidAnswer',
  'WireFault',
  'LetAlone',
  'DeadlinePassed',
]);
const SPEAKING_CODES = new Set<unknown>(['INVALID_GRAPHQL']);
const FRAMES = 8;

/**
 * What the log may hold of an error: its kind, code and place. The message only where it can't carry anybody's data, as a
 * database's or a subgraph's own message may.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { kind: typeof error };
  const origin = originOf(error);
  const reason = codeOf(origin);
  const code = codeOf(error) ?? reason;
  const isSpeaking = SPEAKING.has(origin.name) || SPEAKING_CODES.has(code);
  return {
    kind: origin.name,
    ...(code !== undefined && { code }),
    ...(reason !== undefined && reason !== code && { reason }),
    ...(isSpeaking && { message: origin.message }),
    frames: (origin.stack ?? '')
      .split('\n')
      .filter((line) => line.startsWith('    at '))
      .slice(0, FRAMES)
      .map((line) => line.trim()),
  };
}

function originOf(error: Error): Error {
  // Errors of GraphQL have the first one always; ours have a cause.
  const origin = ('originalError' in error ? error.originalError : undefined) ?? error.cause;
  return origin instanceof Error ? originOf(origin) : error;
}

function codeOf(error: Error): unknown {
  if ('extensions' in error) return (error.extensions as Record<string, unknown>)['code'];
  return 'code' in error ? error.code : undefined;
}
