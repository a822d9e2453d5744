import { createHash } from 'node:crypto';
import { monotonicFactory } from 'ulid';
import type { Clock } from '../../../schema/clock.ts';

/** Makes a generator of household ids: `hh_` and a ULID in lower case, growing with time. */
export function createHouseholdIdGenerator(clock: Clock): () => string {
  const ulid = monotonicFactory();
  return () => `hh_${ulid(clock()).toLowerCase()}`;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_LENGTH = 26;

/** The id of the household that these customers found: the same for the same people, in the form of the others. */
export function foundersId(customer360Ids: readonly string[]): string {
  const digest = createHash('sha256').update(customer360Ids.toSorted().join(' ')).digest();
  let id = ALPHABET[(digest[0] as number) & 7] as string;
  for (let i = 1; i < ID_LENGTH; i += 1) id += ALPHABET[(digest[i] as number) & 31];
  return `hh_${id}`;
}
