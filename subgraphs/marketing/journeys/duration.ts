import { parseDuration } from '../../../schema/duration.ts';
import type { Duration } from './definition.ts';

/** What a duration looks like: `P3D`, `PT16H`, `P1DT12H`, `PT30M`, `PT10S`; days are 24 hours. At least one part. */
export const DURATION_PATTERN = '^P(?=.)(\\d{1,4}D)?(T(?=.)(\\d{1,5}H)?(\\d{1,6}M)?(\\d{1,7}S)?)?$';

/** A duration of a document that was checked, in milliseconds. Throws RangeError for a text that is none. */
export function durationMs(duration: Duration): number {
  const milliseconds = parseDuration(duration);
  if (milliseconds === null) throw new RangeError(`${JSON.stringify(duration)} is no duration.`);
  return milliseconds;
}
