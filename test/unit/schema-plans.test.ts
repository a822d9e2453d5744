import { operationFromDocument, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { type FetchNode, type PlanNode, QueryPlanner, type SubscriptionNode } from '@apollo/query-planner';
import { parse } from 'graphql';
import { composeSupergraph } from '../../schema/compose.ts';

const supergraph = Supergraph.build(composeSupergraph().supergraphSdl, {
  supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
});
const planner = new QueryPlanner(supergraph);

/** A plan as its hops: each line is what is fetched at once, each fetch as `subgraph` or `subgraph@path`. */
function hopsOf(query: string): string[] {
  const plan = planner.buildQueryPlan(operationFromDocument(supergraph.apiSchema(), parse(query)));
  return plan.node ? walk(plan.node) : [];
}

function walk(node: PlanNode | SubscriptionNode, path = ''): string[] {
  switch (node.kind) {
    case 'Sequence':
      return node.nodes.flatMap((child) => walk(child, path));
    case 'Parallel':
      return [
        node.nodes
          .map((child) => walk(child, path).join(' then '))
          .sort()
          .join(' | '),
      ];
    case 'Flatten':
      return walk(node.node, node.path.join('.'));
    case 'Fetch':
      return [describeFetch(node, path)];
    case 'Subscription':
      return [...walk(node.primary), ...(node.rest ? walk(node.rest) : [])];
    default:
      return [node.kind];
  }
}

function describeFetch({ serviceName }: FetchNode, path: string): string {
  return path === '' ? serviceName : `${serviceName}@${path}`;
}

const UNIFIED = `{
  customer360Id resolvedFrom fullName firstName lastName birthDate
  contactPointEmails { emailAddress isPrimary sources { sourceRecordId } }
  contactPointAddresses { addressLine1 cityName }
  identityLinks { dataSourceId sourceRecordId }
  provenance(fields: ["lastName"]) { field winner { value } losers { reason } }
  completeness { dataSourceId state }
  salesOrders(first: 3) { edges { node { orderNumber grandTotalAmount { amount } salesOrderProducts { productName } } } }
  openShoppingCart { id shoppingCartProducts { productName } }
  loyaltyProgramMembers { membershipNumber }
  contactPointConsents { status engagementChannelType }
  campaignMembers(first: 3) { edges { node { campaign { name } } } }
  cases(first: 3) { edges { node { subject caseUpdates { commentBody } } } }
}`;

describe('the plan of', () => {
  it('one customer over three clouds has three hops and five fetches', () => {
    expect(hopsOf(`query { customer(customer360Id: "c360_01jzzzzzzzzzzzzzzzzzzzzzzz") ${UNIFIED} }`)).toEqual([
      'identity',
      'commerce@customer | marketing@customer | service@customer',
      'identity@customer',
    ]);
  });

  it('an event about a customer has the same, its own hop included', () => {
    const followed = `subscription { customerUpdated(customer360Id: "c360_01jzzzzzzzzzzzzzzzzzzzzzzz") { cursor customer ${UNIFIED} } }`;
    expect(hopsOf(followed)).toEqual([
      'identity',
      'commerce@customerUpdated.customer | marketing@customerUpdated.customer | service@customerUpdated.customer',
      'identity@customerUpdated.customer',
    ]);
    expect(
      hopsOf('subscription { customerUpdated(customer360Id: "c") { customer { openShoppingCart { id } } } }'),
    ).toEqual(['identity', 'commerce@customerUpdated.customer']);
  });

  it('a page of customers has the same', () => {
    expect(hopsOf(`query { customers(first: 100) { edges { node ${UNIFIED} } } }`)).toEqual([
      'identity',
      'commerce@customers.edges.@.node | marketing@customers.edges.@.node | service@customers.edges.@.node',
      'identity@customers.edges.@.node',
    ]);
  });

  it('what identity knows by itself is one fetch', () => {
    const query = '{ customerBy(by: { emailAddress: "a@b.test" }) { customer360Id identityLinks { sourceRecordId } } }';
    expect(hopsOf(query)).toEqual(['identity']);
  });

  it('one cloud of a customer skips the others', () => {
    const query =
      '{ customer(customer360Id: "c360_01jzzzzzzzzzzzzzzzzzzzzzzz") { cases { edges { node { subject } } } } }';
    expect(hopsOf(query)).toEqual(['identity', 'service@customer']);
  });

  it('a case queue finds its customers in one hop more, and their names in two more', () => {
    expect(
      hopsOf(
        '{ caseQueue(first: 20) { edges { node { subject customer { customer360Id identityLinks { dataSourceId } } } } } }',
      ),
    ).toEqual(['service', 'identity@caseQueue.edges.@.node']);
    expect(
      hopsOf(`{ caseQueue(first: 20) { edges { node { subject customer {
        customer360Id fullName completeness { state } salesOrders(first: 3) { edges { node { orderNumber } } }
      } } } } }`),
    ).toEqual([
      'service',
      'identity@caseQueue.edges.@.node',
      'commerce@caseQueue.edges.@.node.customer | marketing@caseQueue.edges.@.node.customer | service@caseQueue.edges.@.node.customer',
      'identity@caseQueue.edges.@.node.customer',
    ]);
  });

  it('an order, a cart and a consent lead to their customer alike', () => {
    expect(hopsOf('{ salesOrder(orderNumber: "1") { customer { customer360Id } } }')).toEqual([
      'commerce',
      'identity@salesOrder',
    ]);
    expect(hopsOf('{ shoppingCart(id: "1") { customer { cases { edges { node { subject } } } } } }')).toEqual([
      'commerce',
      'identity@shoppingCart',
      'service@shoppingCart.customer',
    ]);
    expect(
      hopsOf(`mutation { setContactPointConsent(input: {
        idempotencyKey: "1" subscriberKey: "1" engagementChannelType: EMAIL dataUsePurpose: MARKETING status: OPT_OUT
      }) { contactPointConsent { status customer { customer360Id } } } }`),
    ).toEqual(['marketing', 'identity@setContactPointConsent.contactPointConsent']);
  });
});
