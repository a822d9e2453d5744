import type { Clock } from '../../schema/clock.ts';
import { CLOUDS } from '../../schema/clouds.ts';
import { parseCustomer360Id } from '../../schema/customer360-id.ts';
import { CodedError } from '../../schema/errors.ts';
import type { CustomerByInput } from '../../schema/generated/identity.ts';
import { isConfined } from '../../schema/principal.ts';
import type { ResolversByType } from '../executable-schema.ts';
import { createCloudEdges } from './cloud-edges.ts';
import type { IdentityContext } from './context.ts';
import { type CustomerRepresentation, foundCustomer, referencedCustomer } from './customer.ts';
import { type CustomerByOptions, findCustomerBy } from './customer-by.ts';
import { CUSTOMER_FIELDS, createIdentifierFields } from './customer-fields.ts';
import { type CustomerSearchOptions, type CustomersArguments, searchCustomers } from './customer-search.ts';
import { createHistoryQueries, customerAsOf } from './history-queries.ts';
import { subscribeToIdentity } from './identity-changed.ts';
import { createCustomerUpdated } from './live/customer-updated.ts';
import type { LiveCustomers } from './live/live-customers.ts';
import { createPresentQueries } from './live/present.ts';
import type { LiveSurvivorship } from './live-survivorship.ts';
import { createMatchQueries, type MatchQueryOptions } from './match-queries.ts';
import { createMatchedRecordFields } from './matched-record.ts';
import { createMutations, type MutationOptions } from './mutations.ts';
import { readable } from './readable-arguments.ts';
import type { CustomerIdentity } from './store/repository.ts';
import { guardStore } from './store-guard.ts';
import type { Wait } from './wait.ts';

/** What the resolvers are made from. */
export interface ResolverOptions extends CustomerByOptions, CustomerSearchOptions, MatchQueryOptions, MutationOptions {
  readonly survivorship: LiveSurvivorship;
  /** Everybody who follows a person. */
  readonly live: LiveCustomers;
  readonly clock: Clock;
  readonly wait: Wait;
}

/** Resolvers of the identity subgraph, by type and field: its own, and those that follow from the clouds' descriptors. */
export function createResolvers(options: ResolverOptions): ResolversByType[] {
  const history = createHistoryQueries(options);
  const matches = createMatchQueries(options);
  const own = {
    Query: readable({
      ...createQueries(options),
      ...createPresentQueries(options),
      ...history.queries,
      ...matches.queries,
    }),
    Mutation: readable(createMutations(options)),
    Subscription: {
      customerUpdated: createCustomerUpdated(options.live, options.survivorship),
      identityChanged: {
        subscribe: (_source: unknown, args: IdentityChangedArguments, { signal }: IdentityContext) => {
          if (args.customer360Id) parseCustomer360Id(args.customer360Id);
          return subscribeToIdentity(options, args, signal);
        },
      },
    },
    Household: history.Household,
    MatchReview: matches.MatchReview,
    IdentityResolutionRuleset: matches.IdentityResolutionRuleset,
    MatchedRecord: createMatchedRecordFields(options.survivorship),
    Customer: {
      ...CUSTOMER_FIELDS,
      ...history.Customer,
      __resolveReference: (representation: CustomerRepresentation, context: IdentityContext) =>
        referencedCustomer(representation, options.survivorship, context),
    },
    CustomerIdentifier: createIdentifierFields(options.ruleset),
  };
  return [own, ...CLOUDS.map((cloud) => createCloudEdges(cloud, options.survivorship))];
}

interface IdentityChangedArguments {
  readonly since?: string | null;
  readonly customer360Id?: string | null;
}

/**
 * What a customer may ask for by id is themselves, by any of their ids; whether others exist is not told. What once was linked
 * to them may be somebody else's by now. Throws FORBIDDEN.
 */
async function ownCustomer(
  askedFor: string,
  { asOf }: CustomerArguments,
  { loaders, principal }: IdentityContext,
): Promise<CustomerIdentity | null> {
  if (asOf) throw new CodedError('FORBIDDEN', 'Earlier states of identity are for agents and administrators.');
  if (principal.customer360Id === undefined) return null;
  const [identity, own] = await Promise.all([
    loaders.byId.load(askedFor),
    loaders.byId.load(parseCustomer360Id(principal.customer360Id)),
  ]);
  return identity && own && identity.customer360Id === own.customer360Id ? identity : null;
}

interface CustomerArguments {
  readonly customer360Id: string;
  readonly asOf?: string | null;
}

function createQueries(options: ResolverOptions) {
  const { survivorship } = options;
  return {
    me: async (_source: unknown, _args: unknown, { loaders, principal }: IdentityContext) => {
      if (principal.customer360Id === undefined) return null;
      const own = parseCustomer360Id(principal.customer360Id);
      const identity = await loaders.byId.load(own);
      return identity && foundCustomer(identity, survivorship, own);
    },
    customer: async (_source: unknown, args: CustomerArguments, context: IdentityContext) => {
      const { loaders } = context;
      const askedFor = parseCustomer360Id(args.customer360Id);
      if (isConfined(context.principal)) {
        const identity = await ownCustomer(askedFor, args, context);
        return identity && foundCustomer(identity, survivorship, askedFor);
      }
      const { repository, clock, onWarning } = options;
      const identity = args.asOf
        ? await guardStore(customerAsOf(repository, askedFor, args.asOf, clock()), onWarning)
        : await loaders.byId.load(askedFor);
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
