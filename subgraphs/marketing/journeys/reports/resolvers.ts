import type { Database } from '../../../../database/database.ts';
import type { JourneyGate } from '../../../../schema/generated/marketing.ts';
import type { CloudContext, CloudResolvers } from '../../../cloud/context.ts';
import { readReport } from './report.ts';

/** In the order in which they are asked. */
const GATES: readonly JourneyGate[] = [
  'STILL_IN_JOURNEY',
  'CART_UNCHANGED',
  'NO_ORDER_SINCE',
  'CART_WORTH_IT',
  'CONSENT',
  'NOT_SUPPRESSED',
  'NO_OPEN_COMPLAINT',
  'FREQUENCY_CAP',
  'QUIET_HOURS',
  'NOT_HELD_OUT',
  'DISCOUNT_NOT_GRANTED',
  'PROVIDER_HEALTHY',
];

/** Resolvers of reports. */
export function createReportResolvers(database: Database): CloudResolvers {
  return {
    Journey: {
      report: (
        { id }: { readonly id: string },
        args: { readonly enteredFrom?: string | null; readonly enteredBefore?: string | null },
        { signal }: CloudContext,
      ) => {
        const { enteredFrom = null, enteredBefore = null } = args;
        return readReport(database, { journeyId: id, enteredFrom, enteredBefore }, GATES, signal);
      },
    },
  };
}
