/**
 * A cloud as identity sees it: all that is needed to generate what identity adds for it.
 * A fourth cloud is one more entry here, one more SDL beside it and one more folder under `subgraphs/`.
 */
export interface CloudDescriptor {
  /** Name of the subgraph and `dataSourceId` of its records, such as `commerce`. Lower case, a GraphQL name. */
  readonly name: string;
  /** Entity types that lead back to a customer. */
  readonly entities: readonly CloudEntity[];
}

/** An entity type of a cloud whose instances belong to a customer. */
export interface CloudEntity {
  /** GraphQL type name, such as `Case`. */
  readonly type: string;
  /** The type's key field, such as `id`. */
  readonly key: string;
  /**
   * The field that carries the key of the cloud's own customer record, such as `contactId`; or `customer360Id` where the cloud
   * works with people instead of records of its own.
   */
  readonly customerKey: string;
}

/** Every cloud of the graph, in the order in which their answers are listed. */
export const CLOUDS: readonly CloudDescriptor[] = [
  {
    name: 'commerce',
    entities: [
      { type: 'SalesOrder', key: 'orderNumber', customerKey: 'customerNumber' },
      { type: 'ShoppingCart', key: 'id', customerKey: 'customerNumber' },
      { type: 'LoyaltyProgramMember', key: 'id', customerKey: 'customerNumber' },
      { type: 'DiscountCode', key: 'code', customerKey: 'customerNumber' },
    ],
  },
  {
    name: 'marketing',
    entities: [
      { type: 'ContactPointConsent', key: 'id', customerKey: 'subscriberKey' },
      { type: 'CampaignMember', key: 'id', customerKey: 'subscriberKey' },
      { type: 'EmailEngagement', key: 'id', customerKey: 'subscriberKey' },
      { type: 'WebsiteEngagement', key: 'id', customerKey: 'subscriberKey' },
      { type: 'ContactPointSuppression', key: 'id', customerKey: 'subscriberKey' },
      { type: 'JourneyTrigger', key: 'id', customerKey: 'customer360Id' },
      { type: 'JourneyInstance', key: 'id', customerKey: 'customer360Id' },
    ],
  },
  { name: 'service', entities: [{ type: 'Case', key: 'id', customerKey: 'contactId' }] },
];
