import type { RunningInstance } from '../contract.ts';

/** What a journey is about, which says what the gates have to read besides the person. */
export type JourneySubject = 'CART' | 'ORDER' | 'CASE' | 'PERSON';

const SUBJECTS: Readonly<Record<string, JourneySubject>> = {
  ShoppingCart: 'CART',
  SalesOrder: 'ORDER',
  Case: 'CASE',
};

/** What an instance is about, by the type of its object. */
export function subjectOf({ objectType }: Pick<RunningInstance, 'objectType'>): JourneySubject {
  return SUBJECTS[objectType] ?? 'PERSON';
}

/** Most engagements that one decision looks at: as many as a page may have. */
const MOST_MESSAGES = 100;

const PERSON = `customer(customer360Id: $customer360Id) {
    customer360Id firstName lastName fullName
    identityLinks { dataSourceId sourceRecordId }
    contactPointEmails { emailAddress sources { dataSourceId sourceRecordId } }
    contactPointPhones { formattedE164PhoneNumber }
    contactPointAddresses { countryName stateProvinceName }
    completeness { dataSourceId state }
    salesOrders(first: 1) { edges { node {
      orderNumber customerNumber orderedDate grandTotalAmount { amount currencyCode } } } }
    discountCodes(grantedFrom: $discountsFrom) { code grantedDate grantReference }
    contactPointConsents(channels: [EMAIL], purposes: [$purpose]) {
      id subscriberKey contactPointValue status captureDate }
    contactPointSuppressions { id subscriberKey contactPointValue engagementChannelType reason }
    emailEngagements(first: $messages, types: [SENT]) { edges { node { id engagementDate } } }
    cases(first: 1, filter: { statuses: [NEW, WORKING, WAITING_ON_CUSTOMER, ESCALATED], types: [COMPLAINT] }) {
      edges { node { id } } }
  }`;

const OBJECTS: Readonly<Record<JourneySubject, string>> = {
  CART: `shoppingCart(id: $objectId) {
    id customerNumber contactEmailAddress status lastActivityDate totalProductAmount { amount currencyCode }
    shoppingCartProducts {
      productId productName quantity unitPriceAmount { amount } totalLineAmount { amount } product { availableQuantity } }
  }`,
  ORDER: `salesOrder(orderNumber: $objectId) { orderNumber customerNumber orderedDate grandTotalAmount { amount currencyCode } }`,
  CASE: `case(id: $objectId) { contactId caseNumber subject }`,
  PERSON: '',
};

const DOCUMENTS = new Map<JourneySubject, string>(
  (['CART', 'ORDER', 'CASE', 'PERSON'] as const).map((subject) => [subject, documentFor(subject)]),
);

function documentFor(subject: JourneySubject): string {
  const named = subject === 'PERSON' ? '' : ', $objectId: ID!';
  const name = `JourneyGates${subject.charAt(0)}${subject.slice(1).toLowerCase()}`;
  const variables = `$customer360Id: Customer360Id!, $purpose: DataUsePurpose!, $discountsFrom: DateTime!, $messages: Int!`;
  return `query ${name}(${variables}${named}) {\n  ${PERSON}\n  ${OBJECTS[subject]}\n}`;
}

/** What the gates ask, in one federated query. */
export interface GateQuestion {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The question for an instance. `discountsFromMs` is how far back discounts count, `messages` how many messages the cap lets through. */
export function gateQuestion(
  instance: RunningInstance,
  asked: { readonly purpose: string; readonly discountsFromMs: number; readonly messages: number },
): GateQuestion {
  const subject = subjectOf(instance);
  return {
    query: DOCUMENTS.get(subject) ?? documentFor(subject),
    variables: {
      customer360Id: instance.customer360Id,
      purpose: asked.purpose,
      discountsFrom: new Date(asked.discountsFromMs).toISOString(),
      messages: Math.min(Math.max(asked.messages, 1), MOST_MESSAGES),
      ...(subject !== 'PERSON' && { objectId: instance.objectId }),
    },
  };
}

/** Where what the gates read comes from, by the response's path: for errors that do not say it. */
export function sourceOfPath(path: readonly (string | number)[]): string | undefined {
  const [root, field] = path;
  if (root === 'shoppingCart' || root === 'salesOrder') return 'commerce';
  if (root === 'case') return 'service';
  if (root !== 'customer') return undefined;
  return SOURCES[String(field)] ?? 'identity';
}

const SOURCES: Readonly<Record<string, string>> = {
  salesOrders: 'commerce',
  discountCodes: 'commerce',
  contactPointConsents: 'marketing',
  contactPointSuppressions: 'marketing',
  emailEngagements: 'marketing',
  cases: 'service',
};
