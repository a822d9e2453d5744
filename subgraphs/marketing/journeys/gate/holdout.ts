import { createHash } from 'node:crypto';

const DRAWN_BITS = 2 ** 48;

/**
 * True for the share of people (percent) that get nothing from a journey, so that its effect can be measured. The same at every
 * time for a person and a journey, and independent of what other journeys draw. `customer360Id` is the id that survives, which after
 * merges is the oldest: a person who is found to be somebody known before draws as that one does.
 */
export function isHeldOut(journeyId: string, customer360Id: string, percent: number): boolean {
  const digest = createHash('sha256').update(`holdout ${journeyId} ${customer360Id}`).digest();
  return (digest.readUIntBE(0, 6) / DRAWN_BITS) * 100 < percent;
}
