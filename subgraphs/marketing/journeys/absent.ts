import { CodedError } from '../../../schema/errors.ts';
import type { CloudResolvers } from '../../cloud/context.ts';

/** Resolvers where there are no journeys, as over another system: lists are empty, what would change or follow something is refused. */
export function createAbsentJourneys(): CloudResolvers {
  const refuse = (): never => {
    throw new CodedError('NOT_SUPPORTED_BY_CLOUD', 'There are no journeys over this marketing system.');
  };
  return {
    Query: { journeys: () => [], journeyPackages: () => [] },
    Mutation: {
      saveJourney: refuse,
      controlJourney: refuse,
      controlJourneyInstance: refuse,
      settleJourneyMessage: refuse,
      installJourneyPackage: refuse,
      uninstallJourneyPackage: refuse,
      replayPoisonEvents: refuse,
      recordEmailEngagement: refuse,
    },
    Subscription: { journeyTriggered: { subscribe: refuse }, journeyInstanceUpdated: { subscribe: refuse } },
  };
}
