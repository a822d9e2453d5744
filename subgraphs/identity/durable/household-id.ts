import { monotonicFactory } from 'ulid';
import type { Clock } from '../../../schema/clock.ts';

/** Makes a generator of household ids: `hh_` and a ULID in lower case, growing with time. */
export function createHouseholdIdGenerator(clock: Clock): () => string {
  const ulid = monotonicFactory();
  return () => `hh_${ulid(clock()).toLowerCase()}`;
}
