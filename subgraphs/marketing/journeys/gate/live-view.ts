import type { ExecutionResult } from 'graphql';
import { type Silence, silenceIn } from './answered.ts';
import { sourceOfPath } from './gate-query.ts';

/** An amount as the graph gives it. */
interface LiveMoney {
  readonly amount: string;
  readonly currencyCode: string;
}

/** A list that a source gives, null where it did not answer. */
type Listed<Item> = readonly Item[] | null;

/** One page of a connection, null where its source did not answer. */
type Paged<Node> = { readonly edges: readonly { readonly node: Node }[] } | null;

/** The person, as far as the gates read it. */
export interface LivePerson {
  readonly customer360Id: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly fullName: string | null;
  readonly identityLinks: readonly { readonly dataSourceId: string; readonly sourceRecordId: string }[];
  readonly contactPointEmails: Listed<{
    readonly emailAddress: string;
    readonly sources: readonly { readonly dataSourceId: string; readonly sourceRecordId: string }[];
  }>;
  readonly contactPointPhones: Listed<{ readonly formattedE164PhoneNumber: string | null }>;
  readonly contactPointAddresses: Listed<{
    readonly countryName: string | null;
    readonly stateProvinceName: string | null;
  }>;
  readonly completeness: Listed<{ readonly dataSourceId: string; readonly state: string }>;
  readonly salesOrders: Paged<LiveOrder>;
  readonly discountCodes: Listed<{
    readonly code: string;
    readonly grantedDate: string;
    readonly grantReference: string | null;
  }>;
  readonly contactPointConsents: Listed<LiveConsent>;
  readonly contactPointSuppressions: Listed<LiveSuppression>;
  readonly emailEngagements: Paged<{ readonly id: string; readonly engagementDate: string }>;
  readonly cases: Paged<{ readonly id: string }>;
}

/** A consent for e-mail and the message's purpose. */
export interface LiveConsent {
  readonly id: string;
  readonly subscriberKey: string;
  readonly contactPointValue: string | null;
  readonly status: 'OPT_IN' | 'OPT_OUT' | 'PENDING';
  readonly captureDate: string;
}

/** A contact point that nothing may be sent to. */
export interface LiveSuppression {
  readonly id: string;
  readonly subscriberKey: string;
  readonly contactPointValue: string;
  readonly engagementChannelType: string;
  readonly reason: string;
}

/** An order. */
export interface LiveOrder {
  readonly orderNumber: string;
  readonly customerNumber: string;
  readonly orderedDate: string;
  readonly grandTotalAmount: LiveMoney;
}

/** The cart of a journey. */
export interface LiveCart {
  readonly id: string;
  readonly customerNumber: string | null;
  readonly contactEmailAddress: string | null;
  readonly status: 'ACTIVE' | 'ABANDONED' | 'CONVERTED';
  readonly lastActivityDate: string;
  readonly totalProductAmount: LiveMoney;
  readonly shoppingCartProducts: readonly {
    readonly productId: string;
    readonly productName: string | null;
    readonly quantity: number;
    readonly unitPriceAmount: { readonly amount: string };
    readonly totalLineAmount: { readonly amount: string };
    /** Null when the shop has no such product any more. */
    readonly product: { readonly availableQuantity: number | null } | null;
  }[];
}

/** What the gates' query found at the instant of sending. */
export interface LiveView {
  /** Null when the person is not there any more, or nobody could say: see `silence`. */
  readonly person: LivePerson | null;
  readonly cart: LiveCart | null;
  /** The order that the journey is about. */
  readonly order: LiveOrder | null;
  /** The case that the journey is about. */
  readonly case: { readonly contactId: string; readonly caseNumber: string; readonly subject: string } | null;
  readonly silence: Silence;
}

/** What of a person comes from a cloud alone: null there means that the cloud did not answer, error or not. */
const FIELDS_OF_CLOUDS: Readonly<Record<string, readonly (keyof LivePerson)[]>> = {
  commerce: ['salesOrders', 'discountCodes'],
  marketing: ['contactPointConsents', 'contactPointSuppressions', 'emailEngagements'],
  service: ['cases'],
};
/** How a source may answer for a person. STALE is not among them: it no longer has a record that identity knows. */
const ANSWERED = new Set(['LIVE', 'NOT_LINKED']);

/** Reads the answer to the gates' question; it was asked by us, so its shape is the schema's. */
export function readLiveView(result: ExecutionResult): LiveView {
  const data = (result.data ?? {}) as Readonly<Record<string, unknown>>;
  const person = (data['customer'] ?? null) as LivePerson | null;
  const silence = silenceIn(result, sourceOfPath);
  return {
    person,
    cart: (data['shoppingCart'] ?? null) as LiveCart | null,
    order: (data['salesOrder'] ?? null) as LiveOrder | null,
    case: (data['case'] ?? null) as LiveView['case'],
    silence: { ...silence, sources: new Set([...silence.sources, ...(person ? silentFor(person) : [])]) },
  };
}

/** Sources that did not answer for a person, whether or not there is an error that says so. */
function silentFor(person: LivePerson): string[] {
  const silent = Object.entries(FIELDS_OF_CLOUDS).flatMap(([cloud, fields]) =>
    fields.some((field) => person[field] === null) ? [cloud] : [],
  );
  if (!person.completeness || !person.contactPointEmails) silent.push('identity');
  const incomplete = (person.completeness ?? []).filter(({ state }) => !ANSWERED.has(state));
  return [...silent, ...incomplete.map(({ dataSourceId }) => dataSourceId)];
}
