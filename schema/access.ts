/** Who may ask for a field. */
export type Role = 'app' | 'agent' | 'admin' | 'service';

/** A customer about themselves, and everybody who works for the company. */
const EVERYBODY: readonly Role[] = ['app', 'agent', 'admin', 'service'];
/** Whoever works for the company, and its programs. */
const STAFF: readonly Role[] = ['agent', 'admin', 'service'];
/** Whoever answers for rules and erasure. */
const ADMINISTRATION: readonly Role[] = ['admin', 'service'];

/**
 * The one table of rights: who may ask for what in our own graph. A type's rule holds for all of its fields; where a type
 * has no rule of its own, each of its fields has one. What is not here is open to nobody: the build fails. An app reaches
 * only its own customer: `Query` and `Mutation` are where that is kept, so a field of theirs that is open to apps has to look at
 * who asks. See docs/decisions/0009-roles.md.
 */
export const ACCESS: Readonly<Record<string, readonly Role[] | Readonly<Record<string, readonly Role[]>>>> = {
  Query: {
    me: EVERYBODY,
    customer: EVERYBODY,
    salesOrder: EVERYBODY,
    shoppingCart: EVERYBODY,
    product: EVERYBODY,
    case: EVERYBODY,
    customerBy: STAFF,
    customers: STAFF,
    campaign: STAFF,
    campaigns: STAFF,
    caseQueue: STAFF,
    household: STAFF,
    mergeEvent: STAFF,
    explainMatch: STAFF,
    matchReviews: STAFF,
    matchDecisions: STAFF,
    identityResolutionRulesets: STAFF,
    activeIdentityResolutionRuleset: STAFF,
    identityDocuments: STAFF,
    simulateRuleset: ADMINISTRATION,
    erasureProof: ADMINISTRATION,
    erasureAlarms: ADMINISTRATION,
  },
  Mutation: {
    addShoppingCartProduct: EVERYBODY,
    setShoppingCartProductQuantity: EVERYBODY,
    checkOutShoppingCart: EVERYBODY,
    setContactPointConsent: EVERYBODY,
    openCase: EVERYBODY,
    commentOnCase: EVERYBODY,
    closeCase: STAFF,
    mergeCustomers: STAFF,
    unmergeCustomers: STAFF,
    pinRecord: STAFF,
    forbidMatch: STAFF,
    decideMatchReview: STAFF,
    revokeMatchDecision: STAFF,
    activateRuleset: ADMINISTRATION,
    rollBackRuleset: ADMINISTRATION,
    activateIdentityDocument: ADMINISTRATION,
    rollBackIdentityDocument: ADMINISTRATION,
    eraseCustomer: ADMINISTRATION,
  },
  Subscription: { identityChanged: STAFF },
  Customer: {
    customer360Id: EVERYBODY,
    resolvedFrom: EVERYBODY,
    createdDate: EVERYBODY,
    salutation: EVERYBODY,
    firstName: EVERYBODY,
    middleName: EVERYBODY,
    lastName: EVERYBODY,
    fullName: EVERYBODY,
    birthDate: EVERYBODY,
    contactPointEmails: EVERYBODY,
    contactPointPhones: EVERYBODY,
    contactPointAddresses: EVERYBODY,
    contactPointSocials: EVERYBODY,
    partyIdentifications: EVERYBODY,
    completeness: EVERYBODY,
    commerceProfiles: EVERYBODY,
    marketingProfiles: EVERYBODY,
    serviceProfiles: EVERYBODY,
    salesOrders: EVERYBODY,
    shoppingCarts: EVERYBODY,
    openShoppingCart: EVERYBODY,
    loyaltyProgramMembers: EVERYBODY,
    contactPointConsents: EVERYBODY,
    campaignMembers: EVERYBODY,
    emailEngagements: EVERYBODY,
    cases: EVERYBODY,
    // How identity came to its answer, and who else it is about.
    mergedCustomer360Ids: STAFF,
    identityLinks: STAFF,
    identifiers: STAFF,
    provenance: STAFF,
    household: STAFF,
    identityEvents: STAFF,
  },

  Money: EVERYBODY,
  PageInfo: EVERYBODY,
  IdentityLink: EVERYBODY,
  ContactPointEmail: EVERYBODY,
  ContactPointPhone: EVERYBODY,
  ContactPointAddress: EVERYBODY,
  ContactPointSocial: EVERYBODY,
  PartyIdentification: EVERYBODY,
  SourceProfile: EVERYBODY,
  SourceCompleteness: EVERYBODY,

  SalesOrder: EVERYBODY,
  SalesOrderProduct: EVERYBODY,
  SalesOrderConnection: EVERYBODY,
  SalesOrderEdge: EVERYBODY,
  ShoppingCart: EVERYBODY,
  ShoppingCartProduct: EVERYBODY,
  ShoppingCartConnection: EVERYBODY,
  ShoppingCartEdge: EVERYBODY,
  Product: EVERYBODY,
  LoyaltyProgramMember: EVERYBODY,
  ShoppingCartPayload: EVERYBODY,
  CheckOutShoppingCartPayload: EVERYBODY,

  ContactPointConsent: EVERYBODY,
  SetContactPointConsentPayload: EVERYBODY,
  Campaign: EVERYBODY,
  CampaignConnection: STAFF,
  CampaignEdge: STAFF,
  CampaignMember: EVERYBODY,
  CampaignMemberConnection: EVERYBODY,
  CampaignMemberEdge: EVERYBODY,
  EmailEngagement: EVERYBODY,
  EmailEngagementConnection: EVERYBODY,
  EmailEngagementEdge: EVERYBODY,

  Case: EVERYBODY,
  CaseUpdate: EVERYBODY,
  CaseConnection: EVERYBODY,
  CaseEdge: EVERYBODY,
  CasePayload: EVERYBODY,

  CustomerConnection: STAFF,
  CustomerEdge: STAFF,
  CustomerIdentifier: STAFF,
  FieldProvenance: STAFF,
  FieldCandidate: STAFF,
  LosingCandidate: STAFF,
  Household: STAFF,
  HouseholdMemberConnection: STAFF,
  HouseholdMemberEdge: STAFF,
  MergeEvent: STAFF,
  IdentityEvent: STAFF,
  IdentityEventConnection: STAFF,
  IdentityEventEdge: STAFF,
  FiredMatchRule: STAFF,
  MatchContribution: STAFF,
  MatchChainLink: STAFF,
  MatchedRecord: STAFF,
  MatchExplanation: STAFF,
  MatchReview: STAFF,
  MatchReviewConnection: STAFF,
  MatchReviewEdge: STAFF,
  MatchDecision: STAFF,
  MatchDecisionConnection: STAFF,
  MatchDecisionEdge: STAFF,
  MergeCustomersPayload: STAFF,
  UnmergeCustomersPayload: STAFF,
  PinRecordPayload: STAFF,
  MatchDecisionPayload: STAFF,
  IdentityResolutionRuleset: STAFF,
  IdentityResolutionRulesetConnection: STAFF,
  IdentityResolutionRulesetEdge: STAFF,
  RulesetPayload: STAFF,
  IdentityDocument: STAFF,
  IdentityDocumentConnection: STAFF,
  IdentityDocumentEdge: STAFF,
  IdentityDocumentPayload: STAFF,
  SimulatedCluster: STAFF,
  RulesetSimulation: STAFF,
  ErasureProof: ADMINISTRATION,
  ErasureAlarm: ADMINISTRATION,
  ErasureAlarmConnection: ADMINISTRATION,
  ErasureAlarmEdge: ADMINISTRATION,
  EraseCustomerPayload: ADMINISTRATION,
};

/** The rule that stands on a type itself. */
export function accessOfType(typeName: string): readonly Role[] | undefined {
  const rule = ACCESS[typeName];
  return isRoles(rule) ? rule : undefined;
}

/** The rule that stands on a field itself. */
export function accessOfField(typeName: string, fieldName: string): readonly Role[] | undefined {
  const rule = ACCESS[typeName];
  return rule === undefined || isRoles(rule) ? undefined : rule[fieldName];
}

function isRoles(rule: (typeof ACCESS)[string] | undefined): rule is readonly Role[] {
  return Array.isArray(rule);
}
