/** Kind of a canonical value: how it is read from a column, checked and written. Money is `{amount, currencyCode}`. */
export type CanonicalKind = 'text' | 'integer' | 'decimal' | 'boolean' | 'date' | 'instant' | 'money';

/** A field of a canonical object. */
export interface CanonicalField {
  readonly kind: CanonicalKind;
  /** A mapping without it is refused, and a row without a value is a fault of the source. */
  readonly required?: boolean;
  /** Values allowed, for enumerations. */
  readonly values?: readonly string[];
  /** Says nothing on its own: a composite of which nothing else is known, such as an address with a country alone, is dropped. */
  readonly isAccompanying?: boolean;
}

/** A list of composites inside a profile, such as contact points. A part marked required drops the composite when it is empty. */
export interface CanonicalList {
  readonly parts: Readonly<Record<string, CanonicalField>>;
}

/** How one canonical object leads to another: `many` children whose `field` holds this object's key, or `one` whose key this object's `field` holds. */
export type CanonicalRelation =
  | { readonly kind: 'many'; readonly object: string; readonly field: string; readonly orderBy: readonly string[] }
  | { readonly kind: 'one'; readonly object: string; readonly field: string };

/** An object of the canonical model. `key` is the canonical field that the mapping's key column fills. */
export interface CanonicalObject {
  readonly key: string;
  readonly fields: Readonly<Record<string, CanonicalField>>;
  readonly lists?: Readonly<Record<string, CanonicalList>>;
  readonly relations?: Readonly<Record<string, CanonicalRelation>>;
  /** Fields besides the key by which rows are looked up, filtered or ordered: these a database must be able to compare. */
  readonly lookups?: readonly string[];
  readonly filters?: readonly string[];
  readonly orders?: readonly string[];
}

const text = { kind: 'text' } as const;
const requiredText = { kind: 'text', required: true } as const;
const instant = { kind: 'instant' } as const;
const requiredInstant = { kind: 'instant', required: true } as const;
const money = { kind: 'money' } as const;
const requiredMoney = { kind: 'money', required: true } as const;
const oneOf = (...values: string[]): CanonicalField => ({ kind: 'text', required: true, values });

const CHANNELS = ['EMAIL', 'SMS', 'PUSH', 'PHONE'];

const LINE_FIELDS = {
  id: requiredText,
  productId: text,
  productName: text,
  unitPriceAmount: requiredMoney,
  totalLineAmount: requiredMoney,
  lineNumber: { kind: 'integer' } as const,
};
const PRODUCT_RELATION = { product: { kind: 'one', object: 'Product', field: 'productId' } } as const;

/** The canonical model: every object that a cloud may map, with the names of the schema's fields. */
export const CANONICAL_OBJECTS: Readonly<Record<string, CanonicalObject>> = {
  SourceProfile: {
    key: 'sourceRecordId',
    fields: {
      sourceRecordId: requiredText,
      salutation: text,
      firstName: text,
      middleName: text,
      lastName: text,
      fullName: text,
      birthDate: { kind: 'date' },
      createdDate: instant,
      lastModifiedDate: instant,
    },
    lists: {
      contactPointEmails: { parts: { emailAddress: requiredText } },
      contactPointPhones: { parts: { telephoneNumber: requiredText, formattedE164PhoneNumber: text } },
      contactPointAddresses: {
        parts: {
          addressLine1: text,
          addressLine2: text,
          cityName: text,
          stateProvinceName: text,
          postalCodeText: text,
          countryName: { kind: 'text', isAccompanying: true },
        },
      },
      contactPointSocials: { parts: { socialNetworkProvider: requiredText, socialHandleName: requiredText } },
      partyIdentifications: {
        parts: { partyIdentificationType: requiredText, name: requiredText, identificationNumber: requiredText },
      },
    },
  },
  SalesOrder: {
    key: 'orderNumber',
    lookups: ['customerNumber'],
    filters: ['salesOrderStatus', 'orderedDate'],
    orders: ['orderedDate'],
    fields: {
      orderNumber: requiredText,
      customerNumber: requiredText,
      orderedDate: requiredInstant,
      salesOrderStatus: oneOf('PENDING', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'RETURNED'),
      grandTotalAmount: requiredMoney,
    },
    relations: {
      salesOrderProducts: {
        kind: 'many',
        object: 'SalesOrderProduct',
        field: 'orderNumber',
        orderBy: ['lineNumber', 'id'],
      },
    },
  },
  SalesOrderProduct: {
    key: 'id',
    lookups: ['orderNumber'],
    orders: ['lineNumber'],
    fields: { ...LINE_FIELDS, orderNumber: requiredText, orderedQuantity: { kind: 'decimal', required: true } },
    relations: PRODUCT_RELATION,
  },
  ShoppingCart: {
    key: 'id',
    lookups: ['customerNumber'],
    filters: ['status', 'lastActivityDate'],
    orders: ['lastActivityDate'],
    fields: {
      id: requiredText,
      customerNumber: text,
      status: oneOf('ACTIVE', 'ABANDONED', 'CONVERTED'),
      totalProductAmount: requiredMoney,
      createdDate: instant,
      lastActivityDate: requiredInstant,
      abandonedAt: instant,
      checkOutStartedDate: instant,
      contactEmailAddress: text,
    },
    relations: {
      shoppingCartProducts: {
        kind: 'many',
        object: 'ShoppingCartProduct',
        field: 'cartId',
        orderBy: ['lineNumber', 'id'],
      },
    },
  },
  ShoppingCartProduct: {
    key: 'id',
    lookups: ['cartId'],
    orders: ['lineNumber'],
    fields: {
      ...LINE_FIELDS,
      productId: requiredText,
      cartId: requiredText,
      quantity: { kind: 'integer', required: true },
    },
    relations: PRODUCT_RELATION,
  },
  Product: {
    key: 'id',
    fields: {
      id: requiredText,
      productSku: text,
      productName: requiredText,
      description: text,
      primaryProductCategory: text,
      listPriceAmount: money,
      availableQuantity: { kind: 'integer' },
    },
  },
  LoyaltyProgramMember: {
    key: 'id',
    lookups: ['customerNumber'],
    fields: {
      id: requiredText,
      customerNumber: requiredText,
      loyaltyProgramName: requiredText,
      membershipNumber: requiredText,
      loyaltyTierName: text,
      pointsBalance: { kind: 'integer', required: true },
      enrollmentDate: instant,
    },
  },
  DiscountCode: {
    key: 'code',
    lookups: ['customerNumber'],
    filters: ['grantedDate'],
    orders: ['grantedDate'],
    fields: {
      code: requiredText,
      customerNumber: requiredText,
      cartId: text,
      discountPercent: { kind: 'integer', required: true },
      grantedDate: requiredInstant,
      expirationDate: requiredInstant,
      redeemedDate: instant,
      orderNumber: text,
      grantReference: text,
    },
  },
  ContactPointConsent: {
    key: 'id',
    lookups: ['subscriberKey'],
    filters: ['engagementChannelType', 'dataUsePurpose'],
    fields: {
      id: requiredText,
      subscriberKey: requiredText,
      contactPointValue: text,
      engagementChannelType: oneOf(...CHANNELS),
      dataUsePurpose: oneOf('MARKETING', 'TRANSACTIONAL', 'PROFILING'),
      status: oneOf('OPT_IN', 'OPT_OUT', 'PENDING'),
      captureDate: requiredInstant,
      captureSource: text,
    },
  },
  Campaign: {
    key: 'id',
    filters: ['status'],
    orders: ['startDate'],
    fields: {
      id: requiredText,
      name: requiredText,
      status: oneOf('PLANNED', 'IN_PROGRESS', 'COMPLETED', 'ABORTED'),
      engagementChannelType: oneOf(...CHANNELS),
      startDate: instant,
      endDate: instant,
    },
  },
  CampaignMember: {
    key: 'id',
    lookups: ['subscriberKey'],
    orders: ['joinedDate'],
    fields: {
      id: requiredText,
      subscriberKey: requiredText,
      campaignId: requiredText,
      joinedDate: requiredInstant,
      hasResponded: { kind: 'boolean', required: true },
    },
    relations: { campaign: { kind: 'one', object: 'Campaign', field: 'campaignId' } },
  },
  EmailEngagement: {
    key: 'id',
    lookups: ['subscriberKey'],
    filters: ['engagementType'],
    orders: ['engagementDate'],
    fields: {
      id: requiredText,
      subscriberKey: requiredText,
      engagementType: oneOf('SENT', 'DELIVERED', 'OPENED', 'CLICKED', 'BOUNCED', 'COMPLAINED', 'UNSUBSCRIBED'),
      engagementDate: requiredInstant,
      subject: text,
      linkUrl: text,
      campaignId: text,
    },
    relations: { campaign: { kind: 'one', object: 'Campaign', field: 'campaignId' } },
  },
  WebsiteEngagement: {
    key: 'id',
    lookups: ['subscriberKey'],
    orders: ['engagementDate'],
    fields: {
      id: requiredText,
      subscriberKey: requiredText,
      engagementType: oneOf('VIEWED_PRODUCT', 'VIEWED_PAGE', 'SEARCHED'),
      engagementDate: requiredInstant,
      productId: text,
    },
  },
  ContactPointSuppression: {
    key: 'id',
    lookups: ['subscriberKey'],
    fields: {
      id: requiredText,
      subscriberKey: requiredText,
      contactPointValue: requiredText,
      engagementChannelType: oneOf(...CHANNELS),
      reason: oneOf('BOUNCED', 'COMPLAINED', 'MANUAL'),
      suppressedDate: requiredInstant,
    },
  },
  Case: {
    key: 'id',
    lookups: ['contactId'],
    filters: ['status', 'priority', 'caseOrigin', 'caseType', 'createdDate', 'closedDate'],
    orders: ['createdDate', 'priority'],
    fields: {
      id: requiredText,
      caseNumber: requiredText,
      contactId: requiredText,
      subject: requiredText,
      description: text,
      status: oneOf('NEW', 'WORKING', 'WAITING_ON_CUSTOMER', 'ESCALATED', 'CLOSED'),
      priority: oneOf('CRITICAL', 'HIGH', 'MEDIUM', 'LOW'),
      caseOrigin: oneOf('PHONE', 'EMAIL', 'WEB', 'CHAT', 'SOCIAL'),
      caseType: { kind: 'text', values: ['QUESTION', 'PROBLEM', 'REQUEST', 'COMPLAINT'] },
      createdDate: requiredInstant,
      closedDate: instant,
      satisfactionScore: { kind: 'integer' },
    },
    relations: { caseUpdates: { kind: 'many', object: 'CaseUpdate', field: 'caseId', orderBy: ['createdDate', 'id'] } },
  },
  CaseUpdate: {
    key: 'id',
    lookups: ['caseId'],
    orders: ['createdDate'],
    fields: {
      id: requiredText,
      caseId: requiredText,
      authorName: text,
      commentBody: requiredText,
      isPublished: { kind: 'boolean', required: true },
      createdDate: requiredInstant,
    },
  },
};
