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

const PERSON = `{
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

/** What a journey is about: the field that gives it, and what is read of it. */
const OBJECTS: Readonly<
  Record<
    JourneySubject,
    { readonly type: string; readonly field: string; readonly argument: string; readonly selection: string } | null
  >
> = {
  CART: {
    type: 'ShoppingCart',
    field: 'shoppingCart',
    argument: 'id',
    selection: `{
    id customerNumber contactEmailAddress status lastActivityDate totalProductAmount { amount currencyCode }
    shoppingCartProducts {
      productId productName quantity unitPriceAmount { amount } totalLineAmount { amount } product { availableQuantity } }
  }`,
  },
  ORDER: {
    type: 'SalesOrder',
    field: 'salesOrder',
    argument: 'orderNumber',
    selection: '{ orderNumber customerNumber orderedDate grandTotalAmount { amount currencyCode } }',
  },
  CASE: { type: 'Case', field: 'case', argument: 'id', selection: '{ contactId caseNumber subject }' },
  PERSON: null,
};

/** How many are asked about with one operation: each number has a plan of its own, so that they are few. */
const NUMBERS = [8, 4, 2, 1] as const;

const documents = new Map<string, string>();

/** The operation that asks about so many at once, of one subject. */
function documentFor(subject: JourneySubject, count: number): string {
  const key = `${subject} ${count}`;
  const known = documents.get(key);
  if (known !== undefined) return known;
  const object = OBJECTS[subject];
  const numbers = Array.from({ length: count }, (_, number) => number);
  const declared = numbers.map((n) => `$person${n}: Customer360Id!${object ? `, $object${n}: ID!` : ''}`).join(', ');
  const fields = numbers.flatMap((n) => {
    const suffix = suffixOf(n, count);
    const person = `customer${suffix}: customer(customer360Id: $person${n}) { ...JourneyGatePerson }`;
    if (!object) return [person];
    return [
      person,
      `${object.field}${suffix}: ${object.field}(${object.argument}: $object${n}) { ...JourneyGateObject }`,
    ];
  });
  const document = [
    `query JourneyGates${subject.charAt(0)}${subject.slice(1).toLowerCase()}${count}(`,
    `$purpose: DataUsePurpose!, $discountsFrom: DateTime!, $messages: Int!, ${declared}) {\n  ${fields.join('\n  ')}\n}`,
    `\nfragment JourneyGatePerson on Customer ${PERSON}`,
    ...(object ? [`\nfragment JourneyGateObject on ${object.type} ${object.selection}`] : []),
  ].join('');
  documents.set(key, document);
  return document;
}

/** What the gates ask about one instance. */
export interface GateQuestion {
  readonly subject: JourneySubject;
  readonly customer360Id: string;
  readonly objectId: string;
  readonly purpose: string;
  /** How far back discounts count, milliseconds. */
  readonly discountsFromMs: number;
  /** How many messages the cap lets through. */
  readonly messages: number;
}

/** The question for an instance. */
export function gateQuestion(
  instance: RunningInstance,
  asked: Pick<GateQuestion, 'purpose' | 'discountsFromMs' | 'messages'>,
): GateQuestion {
  const { customer360Id, objectId } = instance;
  return { subject: subjectOf(instance), customer360Id, objectId, ...asked };
}

/** Questions with the same one are asked with one operation. */
export function togetherKeyOf({ subject, purpose, messages }: GateQuestion): string {
  return `${subject} ${purpose} ${messages}`;
}

/** So many of those that wait are asked about next. */
export function howManyOf(waiting: number): number {
  return NUMBERS.find((number) => number <= waiting) ?? 1;
}

/** The operation that asks several questions with one `togetherKeyOf`, as many as `howManyOf` says. At least one. */
export function gateOperation(questions: readonly GateQuestion[]): {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
} {
  const [first] = questions;
  if (!first) throw new Error('Nothing is asked.');
  const ids = questions.flatMap(({ customer360Id, objectId }, number) => [
    [`person${number}`, customer360Id],
    ...(OBJECTS[first.subject] ? [[`object${number}`, objectId]] : []),
  ]);
  return {
    query: documentFor(first.subject, questions.length),
    variables: {
      ...Object.fromEntries(ids),
      purpose: first.purpose,
      // The gate of discounts leaves out what is too old for it.
      discountsFrom: new Date(Math.min(...questions.map(({ discountsFromMs }) => discountsFromMs))).toISOString(),
      messages: Math.min(Math.max(first.messages, 1), MOST_MESSAGES),
    },
  };
}

/** What of the answer to so many questions is about the one with this number, with the names of the schema's fields. */
export function answerAbout(
  data: Readonly<Record<string, unknown>>,
  { subject }: GateQuestion,
  { number, count }: { readonly number: number; readonly count: number },
): Record<string, unknown> {
  const suffix = suffixOf(number, count);
  const field = OBJECTS[subject]?.field;
  return { customer: data[`customer${suffix}`], ...(field && { [field]: data[`${field}${suffix}`] }) };
}

/** An operation that asks one question has the names of the schema's fields in its answer. */
function suffixOf(number: number, count: number): string {
  return count === 1 ? '' : String(number);
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
