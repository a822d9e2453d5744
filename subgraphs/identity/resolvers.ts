import { CLOUDS } from '../../schema/clouds.ts';
import { parseCustomer360Id } from '../../schema/customer360-id.ts';
import type { CustomerByInput } from '../../schema/generated/identity.ts';
import type { ResolversByType } from '../executable-schema.ts';
import { createCloudEdges } from './cloud-edges.ts';
import type { IdentityContext } from './context.ts';
import { type CustomerRepresentation, foundCustomer, referencedCustomer } from './customer.ts';
import { type CustomerByOptions, findCustomerBy } from './customer-by.ts';
import { CUSTOMER_FIELDS, createIdentifierFields } from './customer-fields.ts';
import { type CustomerSearchOptions, type CustomersArguments, searchCustomers } from './customer-search.ts';
import type { Survivorship } from './survivorship-document.ts';

/** What the resolvers are made from. */
export interface ResolverOptions extends CustomerByOptions, CustomerSearchOptions {
  readonly survivorship: Survivorship;
}

/** Resolvers of the identity subgraph, by type and field: its own, and those that follow from the clouds' descriptors. */
export function createResolvers(options: ResolverOptions): ResolversByType[] {
  const own = {
    Query: createQueries(options),
    Customer: {
      ...CUSTOMER_FIELDS,
      __resolveReference: (representation: CustomerRepresentation, context: IdentityContext) =>
        referencedCustomer(representation, options.survivorship, context),
    },
    CustomerIdentifier: createIdentifierFields(options.ruleset),
  };
  return [own, ...CLOUDS.map((cloud) => createCloudEdges(cloud, options.survivorship))];
}

function createQueries(options: ResolverOptions) {
  const { survivorship } = options;
  return {
    customer: async (_source: unknown, args: { readonly customer360Id: string }, { loaders }: IdentityContext) => {
      const askedFor = parseCustomer360Id(args.customer360Id);
      const identity = await loaders.byId.load(askedFor);
      return identity && foundCustomer(identity, survivorship, askedFor);
    },
    customerBy: async (_source: unknown, args: { readonly by: CustomerByInput }, context: IdentityContext) => {
      const identity = await findCustomerBy(args.by, options, context);
      return identity && foundCustomer(identity, survivorship);
    },
    customers: async (_source: unknown, args: CustomersArguments, context: IdentityContext) => {
      const { customers, ...page } = await searchCustomers(args, options, context);
      const edges = customers.map((identity) => {
        return { cursor: identity.customer360Id, node: foundCustomer(identity, survivorship) };
      });
      return { edges, ...page };
    },
  };
}
