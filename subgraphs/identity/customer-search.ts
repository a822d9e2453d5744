import { isCustomer360Id } from '../../schema/customer360-id.ts';
import { CodedError } from '../../schema/errors.ts';
import type { CustomerSearchInput, PageInfo } from '../../schema/generated/identity.ts';
import type { IdentityContext } from './context.ts';
import { emailIdentifier, phoneIdentifier, refuse } from './identifier-input.ts';
import { type NameSearch, searchNames } from './name-search.ts';
import type { CustomerIdentity } from './store/repository.ts';

const PAGE = { default: 20, most: 100 } as const;

/** Arguments of `customers`. */
export interface CustomersArguments {
  readonly search?: CustomerSearchInput | null;
  readonly first?: number | null;
  readonly after?: string | null;
}

/** What a search needs beside its arguments. */
export interface CustomerSearchOptions extends NameSearch {
  /** Country (ISO 3166) of telephone numbers without a country code. */
  readonly defaultCountry: string | undefined;
}

/** One page of customers, by id. */
export interface CustomerPage {
  readonly customers: readonly CustomerIdentity[];
  readonly pageInfo: PageInfo;
  /** Clouds that could not be asked for names. */
  readonly unansweredDataSourceIds: readonly string[];
}

/**
 * The customers that match everything in the search, or all customers, by id. The cursor is the id: pages stay in place
 * while customers come and merge. Throws BAD_USER_INPUT and MALFORMED_ID.
 */
export async function searchCustomers(
  args: CustomersArguments,
  options: CustomerSearchOptions,
  context: IdentityContext,
): Promise<CustomerPage> {
  const first = args.first ?? PAGE.default;
  if (first < 1 || first > PAGE.most) refuse(`\`first\` is 1 to ${PAGE.most}, not ${first}.`);
  const after = args.after ? parseCursor(args.after) : undefined;
  const from = after === undefined ? {} : { after };
  const searches = startSearches(args.search ?? {}, options, context);
  if (searches.length === 0) {
    return pageOf(await context.loaders.list({ ...from, first: first + 1 }), { first, ...from }, []);
  }
  const results = await Promise.all(searches);
  const matches = intersect(results.map(({ customers }) => customers));
  const following = matches
    .filter(({ customer360Id }) => after === undefined || customer360Id > after)
    .sort((one, other) => (one.customer360Id < other.customer360Id ? -1 : 1));
  return pageOf(
    following,
    { first, ...from },
    results.flatMap(({ unanswered }) => unanswered),
  );
}

function parseCursor(text: string): string {
  if (!isCustomer360Id(text)) throw new CodedError('MALFORMED_ID', '`after` is not a cursor of this list.');
  return text;
}

interface SearchResult {
  readonly customers: readonly CustomerIdentity[];
  readonly unanswered: readonly string[];
}

/** Checks every criterion before it asks for any. */
function startSearches(
  { name, emailAddress, telephoneNumber }: CustomerSearchInput,
  options: CustomerSearchOptions,
  context: IdentityContext,
): Promise<SearchResult>[] {
  const identifiers = [
    ...(typeof emailAddress === 'string' ? [emailIdentifier(emailAddress)] : []),
    ...(typeof telephoneNumber === 'string' ? [phoneIdentifier(telephoneNumber, options.defaultCountry)] : []),
  ];
  const isNamed = typeof name === 'string';
  if (isNamed && !/[\p{L}\p{N}]/u.test(name)) refuse('`name` has at least one word.');
  const byName = isNamed ? [searchNames(name, options, context)] : [];
  const byIdentifier = identifiers.map(async (identifier) => {
    return { customers: await context.loaders.byIdentifier.load(identifier), unanswered: [] };
  });
  return [...byIdentifier, ...byName];
}

/** Customers that are in every list, each once. */
function intersect(lists: readonly (readonly CustomerIdentity[])[]): CustomerIdentity[] {
  const [first = [], ...others] = lists.map(
    (list) => new Map(list.map((customer) => [customer.customer360Id, customer])),
  );
  return [...first].flatMap(([id, customer]) => (others.every((other) => other.has(id)) ? [customer] : []));
}

function pageOf(
  customers: readonly CustomerIdentity[],
  { first, after }: { readonly first: number; readonly after?: string },
  unanswered: readonly string[],
): CustomerPage {
  const page = customers.slice(0, first);
  return {
    customers: page,
    pageInfo: {
      hasNextPage: customers.length > first,
      hasPreviousPage: after !== undefined,
      startCursor: page[0]?.customer360Id ?? null,
      endCursor: page.at(-1)?.customer360Id ?? null,
    },
    unansweredDataSourceIds: [...new Set(unanswered)].sort(),
  };
}
