import { StoreUnavailable } from './database.ts';
import { codeOf, isError, withoutData } from './statement-errors.ts';

/**
 * Class 08 connection, 28 login, 3D no such database, 53 out of connections, memory or disk, 57 cancelled or shut down, 58 the
 * server's own system; 55000 a database that takes no connections.
 */
const UNAVAILABLE_STATES = /^(08|28|3D|53|55000|57|58)/;
/** What the operating system calls a connection that can't be made or broke. */
const UNAVAILABLE_CODES = /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EPIPE|EHOST|ENET|ENOENT|EACCES)/;
/** The driver's own errors have no code. */
const UNAVAILABLE_MESSAGES =
  /connection (terminated|timeout|error)|timeout exceeded when trying to connect|timeout expired|not queryable|pool after calling end|client was closed|SSL|SASL/i;

const REASONS: Readonly<Record<string, string>> = {
  '28P01': 'refuses the user or the password',
  '28000': 'refuses the user',
  '3D000': 'has no such database',
  '53300': 'has no connection left',
  '55000': 'takes no connections',
  '57014': 'cancelled a statement that took too long',
  '57P01': 'is shutting down',
  '57P03': 'is starting up or shutting down',
  ECONNREFUSED: "can't be reached: nothing listens there",
  ENOTFOUND: "can't be reached: its host name is unknown",
};

/** Names a server for the operator: host, port and database, never user or password. Throws StoreUnavailable when the URL is none. */
export function describeServer(url: string): string {
  try {
    const { protocol, hostname, port, pathname } = new URL(url);
    if (!/^postgres(ql)?:$/.test(protocol)) throw new Error('not PostgreSQL');
    return `PostgreSQL at ${hostname || 'localhost'}:${port || 5432}, database ${decodeURIComponent(pathname.slice(1)) || '(default)'},`;
  } catch {
    // Without a cause: it would quote the URL and with it the password.
    throw new StoreUnavailable('A PostgreSQL URL has the form postgresql://user:password@host:port/database.');
  }
}

/** Tells an error of the connection (StoreUnavailable) from an error of the statement (as the engine gave it, freed of data). */
export function toStoreError(server: string, error: unknown): unknown {
  if (error instanceof StoreUnavailable || !isError(error)) return error;
  const code = codeOf(error);
  const isUnavailable =
    code === ''
      ? UNAVAILABLE_MESSAGES.test(error.message)
      : UNAVAILABLE_STATES.test(code) || UNAVAILABLE_CODES.test(code);
  if (!isUnavailable) return withoutData(error);
  const reason = REASONS[code] ?? (code === '' ? "can't be reached or broke off" : `can't be used (${code})`);
  return new StoreUnavailable(`${server} ${reason}.`, { cause: withoutData(error) });
}
