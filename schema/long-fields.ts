/**
 * Root fields whose answer takes as long as there is data to look at, or whose templates are compiled by what has to be loaded
 * first: they may take as long as the operation, where others are given up after the time of a fetch.
 */
export const LONG_FIELDS: ReadonlySet<string> = new Set([
  'simulateRuleset',
  'fitIdentityModel',
  'saveJourney',
  'installJourneyPackage',
  'activateRuleset',
  'rollBackRuleset',
  'activateIdentityDocument',
  'rollBackIdentityDocument',
  'eraseCustomer',
]);
