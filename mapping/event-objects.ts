/** What an event of a cloud's log is about. */
export interface EventObject {
  /** Canonical object, which has the name of its GraphQL type. */
  readonly object: string;
  /** Fields of this graph for tables that belong to the object without being a relation of it: canonical object → field. */
  readonly parts?: Readonly<Record<string, string>>;
}

/** The event that tells of a cloud's own customer records. */
export const SOURCE_RECORD_CHANGED = 'SourceRecordChanged';

/** The one table of event types. One that is not here is about the object it is named after: `SomethingChanged`. */
const EVENT_OBJECTS: Readonly<Record<string, EventObject>> = {
  [SOURCE_RECORD_CHANGED]: { object: 'SourceProfile', parts: { LoyaltyProgramMember: 'loyaltyProgramMembers' } },
  SalesOrderChanged: { object: 'SalesOrder' },
  ShoppingCartChanged: { object: 'ShoppingCart' },
  DiscountCodeChanged: { object: 'DiscountCode' },
  ContactPointConsentChanged: { object: 'ContactPointConsent' },
  ContactPointSuppressionChanged: { object: 'ContactPointSuppression' },
  CampaignMemberChanged: { object: 'CampaignMember' },
  EmailEngagementChanged: { object: 'EmailEngagement' },
  WebsiteEngagementChanged: { object: 'WebsiteEngagement' },
  JourneyTriggered: { object: 'JourneyTrigger' },
  JourneyInstanceChanged: { object: 'JourneyInstance' },
  CaseChanged: { object: 'Case' },
};

/** What events of a type are about. */
export function objectOfEvent(eventType: string): EventObject {
  const known = Object.hasOwn(EVENT_OBJECTS, eventType) ? EVENT_OBJECTS[eventType] : undefined;
  return known ?? { object: eventType.replace(/(?<=.)Changed$/, '') };
}
