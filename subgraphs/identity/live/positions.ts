import { CodedError } from '../../../schema/errors.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import { LOG } from '../identity-events.ts';

/** Where a reader stands in each log, by the log's name: what it has been told up to. A log that is missing was never reached. */
export type Positions = Readonly<Record<string, string>>;

/** Name of the list in cursors. */
const LIST = 'customerUpdated';
/** Logs in a cursor; more is no cursor of ours. */
const LOGS_LIMIT = 50;
/** A position ends in a number that grows with the log; what is before it names one life of the log. */
const DIGITS = /^[1-9]\d{0,14}$/;
const POSITION = /^(.*?)(\d{1,15})$/s;

/**
 * Tells whether one position of a log is before (negative), at (0) or after (positive) another. Positions of different lives of a
 * log can't be compared: the first counts as behind, so that the log is asked, and says what is wrong.
 */
export function comparePositions(one: string, other: string): number {
  if (one === other) return 0;
  if (DIGITS.test(one) && DIGITS.test(other)) return one.length - other.length || (one < other ? -1 : 1);
  const [, lifeOfOne, numberOfOne] = POSITION.exec(one) ?? [];
  const [, lifeOfOther, numberOfOther] = POSITION.exec(other) ?? [];
  if (numberOfOne === undefined || numberOfOther === undefined || lifeOfOne !== lifeOfOther) return -1;
  return Number(numberOfOne) - Number(numberOfOther);
}

/** Positions as a client hands them back: opaque. */
export function writePositions(positions: Positions): string {
  return writeCursor(LIST, ...Object.entries(positions).flat());
}

/** The positions of a cursor, in any of the logs named. Throws MALFORMED_ID for what `writePositions` did not write. */
export function readPositions(cursor: string, logs: readonly string[]): Positions {
  const places = readCursor(LIST, cursor);
  const positions: Record<string, string> = {};
  for (let at = 0; at < places.length; at += 2) {
    const [log, position] = [places[at], places[at + 1]];
    if (typeof log !== 'string' || typeof position !== 'string' || places.length > 2 * LOGS_LIMIT) throw malformed();
    // The clouds check theirs; identity's own goes straight into a statement.
    if (log === LOG && position !== '0' && !DIGITS.test(position)) throw malformed();
    // A cloud that is no part of the graph any more has nothing to tell.
    if (logs.includes(log)) positions[log] = position;
  }
  return positions;
}

function malformed(): CodedError {
  return new CodedError('MALFORMED_ID', 'The cursor is none of this list.');
}
