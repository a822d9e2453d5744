/** Everything an agent's console shows of one person: profile, provenance, three orders with lines, carts, cases, consent. */
export const UNIFIED_CUSTOMER = `query ($id: Customer360Id!) {
  customer(customer360Id: $id) {
    customer360Id firstName lastName birthDate
    contactPointEmails { emailAddress isPrimary } contactPointPhones { telephoneNumber } contactPointAddresses { addressLine1 cityName }
    provenance { field rule winner { value source { dataSourceId sourceRecordId } } losers { value reason } }
    completeness { dataSourceId state }
    salesOrders(first: 3) { edges { node { orderNumber orderedDate salesOrderStatus grandTotalAmount { amount currencyCode }
      salesOrderProducts { productName orderedQuantity } } } }
    shoppingCarts(first: 3) { edges { node { id status totalProductAmount { amount } shoppingCartProducts { productName quantity } } } }
    cases(first: 3) { edges { node { caseNumber subject status caseUpdates { commentBody createdDate } } } }
    contactPointConsents { engagementChannelType dataUsePurpose status }
  }
}`;

/** The same shape for a page of a hundred, without the provenance. */
export const PAGE_OF_CUSTOMERS = `query ($after: String) {
  customers(first: 100, after: $after) {
    pageInfo { endCursor hasNextPage }
    edges { node { customer360Id fullName
      salesOrders(first: 3) { edges { node { orderNumber salesOrderProducts { productName } } } }
      shoppingCarts(first: 3) { edges { node { id shoppingCartProducts { productName } } } }
      cases(first: 3) { edges { node { subject } } }
      contactPointConsents { status } } }
  }
}`;

/** Only ids, to ask for afterwards. */
export const CUSTOMER_IDS = `query ($after: String) {
  customers(first: 100, after: $after) { pageInfo { endCursor hasNextPage } edges { node { customer360Id } } }
}`;

/** The floor: HTTP and the pipeline without any fetch. */
export const NOTHING = '{ __typename }';
