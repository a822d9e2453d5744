import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from './config.ts';

/** Fields that must never be written, should anybody hand them over. */
const REDACTED = ['password', 'variables', 'query', 'authorization', 'uri', 'url', 'databaseUrl'].flatMap((field) => [
  field,
  `*.${field}`,
]);

/** The process's log: one JSON object a line, on standard error unless told otherwise. */
export function createLog(level: LogLevel, destination?: DestinationStream): Logger {
  const options = { level, base: null, redact: { paths: REDACTED, censor: '[redacted]' } };
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }));
}
