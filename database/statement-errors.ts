/** What an engine tells beside the message that may quote the data: the row of a broken constraint, parameters, the statement. */
const TELLING = ['detail', 'where', 'internalQuery', 'query', 'params', 'queryOptions', 'line', 'file', 'routine'];

/**
 * Takes the data out of an engine's error, which may reach a log: a value that doesn't fit is quoted in the message
 * (class 22), a duplicate row in `detail`. What remains: `code` (SQLSTATE), `constraint`, `table`, `column`.
 */
export function withoutData(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  for (const property of TELLING) if (property in error) Reflect.deleteProperty(error, property);
  if (sqlStateOf(error).startsWith('22')) {
    const message = error.message.replace(/[:;]? "[\s\S]*$/, '');
    error.stack = error.stack?.replace(error.message, message) ?? message;
    error.message = message;
  }
  return error;
}

/** The five-letter SQLSTATE of an error, empty when it has none. */
export function sqlStateOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : '';
}

/** A prepared statement whose tables were altered since: it works again when it is sent unprepared. */
export function isStalePlan(error: unknown): boolean {
  return sqlStateOf(error) === '0A000' && error instanceof Error && error.message.startsWith('cached plan');
}
