import { monotonicFactory } from 'ulid';
import type { Clock } from './clock.ts';
import { CodedError } from './errors.ts';

const FORM = /^c360_[0-9a-hjkmnp-tv-z]{26}$/;

/** Gives a new Customer 360 ID at each call: `c360_` and a ULID in lower case, growing with time. */
export type Customer360IdGenerator = () => string;

/** Makes a generator over a clock. Ids of one generator grow strictly, also within a millisecond. */
export function createCustomer360IdGenerator(clock: Clock): Customer360IdGenerator {
  const ulid = monotonicFactory();
  return () => `c360_${ulid(clock()).toLowerCase()}`;
}

/** True when the text has the form of a Customer 360 ID. */
export function isCustomer360Id(value: unknown): value is string {
  return typeof value === 'string' && FORM.test(value);
}

/** Gives the id back, or throws MALFORMED_ID. */
export function parseCustomer360Id(value: unknown): string {
  if (!isCustomer360Id(value)) {
    throw new CodedError(
      'MALFORMED_ID',
      'A Customer360Id is `c360_` followed by 26 characters of 0-9 and a-z without i, l, o, u.',
    );
  }
  return value;
}
