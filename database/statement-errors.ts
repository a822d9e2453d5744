/** What an engine tells beside the message that may quote the data: the row of a broken constraint, parameters, the statement. */
const TELLING = ['detail', 'where', 'internalQuery', 'query', 'params', 'queryOptions', 'line', 'file', 'routine'];

/**
 * Takes the data out of an engine's error, which may reach a log: a value that doesn't fit is quoted in the message
 * (class 22), a duplicate row in `detail`. What remains: `code` (SQLSTATE), `constraint`, `table`, `column`.
 */
export function withoutData(error: unknown): unknown {
  if (!isError(error)) return error;
  for (const property of TELLING) if (property in error) Reflect.deleteProperty(error, property);
  if (sqlStateOf(error).startsWith('22')) {
    const message = error.message.replace(/"[\s\S]*"/, '…');
    error.stack = error.stack?.replace(error.message, message) ?? message;
    error.message = message;
  }
  return error;
}

/** The code of an error, such as `ECONNREFUSED` of the system or a SQLSTATE of the engine; empty when it has none. */
export function codeOf(error: unknown): string {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The five-letter SQLSTATE of an error, empty when it has none. */
export function sqlStateOf(error: unknown): string {
  const code = codeOf(error);
  return /^[0-9A-Z]{5}$/.test(code) ? code : '';
}

/** A prepared statement whose tables were altered since: it works again when it is sent unprepared. */
export function isStalePlan(error: unknown): boolean {
  return isError(error) && sqlStateOf(error) === '0A000' && error.message.startsWith('cached plan');
}

/** By its form: errors of the system are no instances of Error in another realm, such as a test's. */
export function isError(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}
