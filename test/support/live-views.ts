import type { LiveCart, LivePerson, LiveView } from '../../subgraphs/marketing/journeys/gate/live-view.ts';

/** The person of `liveView`. */
export const CUSTOMER_360_ID = 'c360_01hzzzzzzzzzzzzzzzzzzzz001';

/** A person in Berlin with one record in each cloud, who agreed to e-mail and was written to long ago. */
export function livePerson(changed: Partial<LivePerson> = {}): LivePerson {
  return {
    customer360Id: CUSTOMER_360_ID,
    firstName: 'Ada',
    lastName: 'Berg',
    fullName: 'Ada Berg',
    identityLinks: [
      { dataSourceId: 'commerce', sourceRecordId: 'A1' },
      { dataSourceId: 'marketing', sourceRecordId: 'M1' },
    ],
    contactPointEmails: [
      { emailAddress: 'Ada@example.com', sources: [{ dataSourceId: 'marketing', sourceRecordId: 'M1' }] },
    ],
    contactPointPhones: [],
    contactPointAddresses: [{ countryName: 'DE', stateProvinceName: null }],
    completeness: [
      { dataSourceId: 'commerce', state: 'LIVE' },
      { dataSourceId: 'marketing', state: 'LIVE' },
      { dataSourceId: 'service', state: 'NOT_LINKED' },
    ],
    salesOrders: { edges: [] },
    discountCodes: [],
    contactPointConsents: [
      {
        id: 'N1',
        subscriberKey: 'M1',
        contactPointValue: 'ada@example.com',
        status: 'OPT_IN',
        captureDate: '2026-01-01T00:00:00.000Z',
      },
    ],
    contactPointSuppressions: [],
    emailEngagements: { edges: [] },
    cases: { edges: [] },
    ...changed,
  };
}

/** A cart of that person: one kettle that is in stock, and one teapot that is not. */
export function liveCart(changed: Partial<LiveCart> = {}): LiveCart {
  const money = { amount: '29.90' };
  return {
    id: 'C1',
    customerNumber: 'A1',
    contactEmailAddress: null,
    status: 'ABANDONED',
    lastActivityDate: '2026-03-01T11:00:00.000Z',
    totalProductAmount: { amount: '49.40', currencyCode: 'EUR' },
    shoppingCartProducts: [
      {
        productId: 'P1',
        productName: 'Kettle',
        quantity: 1,
        unitPriceAmount: money,
        totalLineAmount: money,
        product: { availableQuantity: 10 },
      },
      {
        productId: 'P2',
        productName: 'Teapot',
        quantity: 1,
        unitPriceAmount: { amount: '19.50' },
        totalLineAmount: { amount: '19.50' },
        product: { availableQuantity: 0 },
      },
    ],
    ...changed,
  };
}

/** What was found when nothing is in the way. */
export function liveView(changed: Partial<LiveView> = {}): LiveView {
  return {
    person: livePerson(),
    cart: liveCart(),
    order: null,
    case: null,
    silence: { sources: new Set(), isTotal: false },
    ...changed,
  };
}
