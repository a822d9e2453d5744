/** Errors of the language itself and of Apollo's libraries: their messages name code and schema, never values. */
const SPEAKING = new Set(['TypeError', 'RangeError', 'ReferenceError']);
const SPEAKING_CODES = new Set<unknown>(['INVALID_GRAPHQL']);
const FRAMES = 8;

/**
 * What the log may hold of an error: its kind, code and place. The message only where it can't carry anybody's data, as a
 * database's or a subgraph's own message may.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { kind: typeof error };
  const origin = originOf(error);
  const code = codeOf(error) ?? codeOf(origin);
  const isSpeaking = SPEAKING.has(origin.name) || SPEAKING_CODES.has(code);
  return {
    kind: origin.name,
    ...(code !== undefined && { code }),
    ...(isSpeaking && { message: origin.message }),
    frames: (origin.stack ?? '')
      .split('\n')
      .filter((line) => line.startsWith('    at '))
      .slice(0, FRAMES)
      .map((line) => line.trim()),
  };
}

function originOf(error: Error): Error {
  const origin = 'originalError' in error ? error.originalError : error.cause;
  return origin instanceof Error ? originOf(origin) : error;
}

function codeOf(error: Error): unknown {
  if ('extensions' in error) return (error.extensions as Record<string, unknown>)['code'];
  return 'code' in error ? error.code : undefined;
}
