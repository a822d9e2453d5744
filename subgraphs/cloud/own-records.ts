import type { CanonicalRow } from '../../mapping/reader.ts';
import { CodedError } from '../../schema/errors.ts';
import { isConfined } from '../../schema/principal.ts';
import type { CloudContext } from './context.ts';

/**
 * Keys of the only records whose data a customer may reach in this cloud, as the gateway found them; undefined for whoever works
 * for the company. A customer of whom the gateway said nothing has none.
 */
export function ownRecordIds({ cloud, principal }: CloudContext): readonly string[] | undefined {
  return isConfined(principal) ? (principal.records?.[cloud] ?? []) : undefined;
}

/** False when a record is somebody else's than the customer's who asks. `owner` is the cloud's own customer key. */
export function mayReach(owner: unknown, context: CloudContext): boolean {
  const own = ownRecordIds(context);
  return own === undefined || (typeof owner === 'string' && own.includes(owner));
}

/** Throws NOT_FOUND when a record is somebody else's: that it exists is not told either. `absence` is what is said of one that is not there. */
export function checkReach(owner: unknown, context: CloudContext, absence: string): void {
  if (!mayReach(owner, context)) throw new CodedError('NOT_FOUND', absence);
}

/** The row, or null when it belongs to somebody else; `by` is the field with the cloud's own customer key. */
export function withinReach(row: CanonicalRow | null, by: string, context: CloudContext): CanonicalRow | null {
  return row && mayReach(row[by], context) ? row : null;
}
