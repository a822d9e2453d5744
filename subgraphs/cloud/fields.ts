import type { GraphQLResolveInfo } from 'graphql';
import { CANONICAL_OBJECTS } from '../../mapping/canonical.ts';
import type { CanonicalRow, Condition, Order, Page } from '../../mapping/reader.ts';
import { CodedError } from '../../schema/errors.ts';
import { SCALARS } from '../../schema/scalars.ts';
import { type PageArguments, pageArguments } from './arguments.ts';
import type { CloudContext } from './context.ts';
import { selectedChildren } from './look-ahead.ts';
import { checkReach, mayReach, ownRecordIds, withinReach } from './own-records.ts';

/** A customer as the gateway names it: its id, and the record ids that `@requires` brought along. */
export type CustomerReference = Readonly<Record<string, unknown>>;

/** A reference to an entity, or a mutation's result that carries keys. */
export type Keys = Readonly<Record<string, unknown>>;

/** What a field of `Customer` is read from. */
export interface OwnedFieldOptions<Args> {
  readonly object: string;
  /** Canonical field that carries the cloud's own customer key. */
  readonly by: string;
  /** Conditions that follow from the arguments. */
  readonly where?: (args: Args) => readonly Condition[];
}

type Resolve<Source, Args, Result> = (
  source: Source,
  args: Args,
  context: CloudContext,
  info: GraphQLResolveInfo,
) => Result;

/** Keys of this cloud's records of a customer; none when identity has linked none. Throws MALFORMED_ID. */
export function recordIdsOf(customer: CustomerReference, context: CloudContext): readonly string[] {
  const recordIds = customer[`${context.cloud}RecordIds`];
  return recordIds === null || recordIds === undefined ? [] : (SCALARS['RecordIds']?.parseValue(recordIds) as string[]);
}

/** A connection field of `Customer`: one page over the rows of all of the customer's records. */
export function customerPage<Args extends PageArguments>(
  options: OwnedFieldOptions<Args> & { readonly orderBy: readonly Order[] },
): Resolve<CustomerReference, Args, Page | Promise<Page>> {
  const { object, by, orderBy, where } = options;
  return (customer, args, context, info) => {
    const page = pageArguments(args);
    const recordIds = recordIdsOf(customer, context);
    if (recordIds.length === 0) return emptyPage(page.after !== undefined);
    const children = selectedChildren(info, object, ['edges', 'node']);
    return context.reads.ownedPage({ object, by, where: where?.(args) ?? [], orderBy, children, ...page }, recordIds);
  };
}

/** A field of `Customer` that gives the first row of what a connection would give, or null. */
export function customerFirst(
  options: OwnedFieldOptions<void> & { readonly orderBy: readonly Order[] },
): Resolve<CustomerReference, unknown, Promise<CanonicalRow | null>> {
  const { object, by, orderBy, where } = options;
  return async (customer, _args, context, info) => {
    const recordIds = recordIdsOf(customer, context);
    if (recordIds.length === 0) return null;
    const read = { object, by, where: where?.() ?? [], orderBy, children: selectedChildren(info, object), first: 1 };
    const page = await context.reads.ownedPage(read, recordIds);
    return page.edges[0]?.node ?? null;
  };
}

/** A list field of `Customer`: the first `most` rows of what a connection would give. */
export function customerList<Args>(
  options: OwnedFieldOptions<Args> & { readonly orderBy: readonly Order[]; readonly most: number },
): Resolve<CustomerReference, Args, Promise<CanonicalRow[]>> {
  const { object, by, orderBy, where, most } = options;
  return async (customer, args, context, info) => {
    const recordIds = recordIdsOf(customer, context);
    if (recordIds.length === 0) return [];
    const children = selectedChildren(info, object);
    const read = { object, by, where: where?.(args) ?? [], orderBy, children, first: most };
    const page = await context.reads.ownedPage(read, recordIds);
    return page.edges.map(({ node }) => node);
  };
}

/** A list field of `Customer`: every row of all of the customer's records, record by record. */
export function customerRows<Args>(
  options: OwnedFieldOptions<Args>,
): Resolve<CustomerReference, Args, CanonicalRow[] | Promise<CanonicalRow[]>> {
  const { object, by, where } = options;
  return (customer, args, context, info) => {
    const children = selectedChildren(info, object);
    return context.reads.rows({ object, by, where: where?.(args) ?? [], children }, recordIdsOf(customer, context));
  };
}

/** Resolves references to an entity type by key: null when there is no such row any more. */
export function entityByKey(
  object: string,
): (reference: Keys, context: CloudContext, info: GraphQLResolveInfo) => Promise<CanonicalRow | null> {
  const keyField = keyFieldOf(object);
  return (reference, context, info) => readByKey(object, reference[keyField], context, info);
}

/** A root field that gives one row by its key, or null. The argument has the key's name. For what belongs to no customer. */
export function rowByKey(object: string): Resolve<unknown, Keys, Promise<CanonicalRow | null>> {
  const keyField = keyFieldOf(object);
  return (_source, args, context, info) => readByKey(object, args[keyField], context, info);
}

/** The same for what belongs to a customer: a customer gets their own. `by` is the field with the cloud's own customer key. */
export function ownedRowByKey(object: string, by: string): Resolve<unknown, Keys, Promise<CanonicalRow | null>> {
  const row = rowByKey(object);
  return async (source, args, context, info) => withinReach(await row(source, args, context, info), by, context);
}

/** Before a change to a record that belongs to a customer: throws NOT_FOUND with `absence` when a customer asks and it is not their own. */
export async function checkOwned(
  { object, by, absence }: { readonly object: string; readonly by: string; readonly absence: string },
  key: string,
  context: CloudContext,
): Promise<void> {
  if (ownRecordIds(context) === undefined) return;
  const row = await context.reads.one({ object, keyField: keyFieldOf(object), children: {} }, key);
  checkReach(row?.[by], context, absence);
}

/** A root connection: one page over the whole object. */
export function rootPage<Args extends PageArguments>(
  object: string,
  query: (args: Args) => { readonly orderBy: readonly Order[]; readonly where: readonly Condition[] },
): Resolve<unknown, Args, Promise<Page>> {
  return async (_source, args, context, info) => {
    const page = pageArguments(args);
    const children = selectedChildren(info, object, ['edges', 'node']);
    return context.reads.page({ object, children, ...query(args), ...page });
  };
}

/**
 * A field of a mutation's payload: the row as it is after the change, whose key the result carries under `key`. `by` is the field
 * with the cloud's own customer key: when a call is repeated, what it changed may be somebody else's by now.
 */
export function changedRow(object: string, key: string, by?: string): Resolve<Keys, unknown, Promise<CanonicalRow>> {
  return async (result, _args, context, info) => {
    const row = await readByKey(object, result[key], context, info);
    const owner = by === undefined ? null : (row?.[by] ?? null);
    if (!row || (owner !== null && !mayReach(owner, context)))
      throw new CodedError('NOT_FOUND', `The ${object} of the first answer has been deleted since.`);
    return row;
  };
}

/** A list field of a mutation's payload: the rows as they are after the change whose field `by` has the value that the result carries under that name. */
export function changedRows(object: string, by: string): Resolve<Keys, unknown, Promise<CanonicalRow[]>> {
  return (result, _args, context, info) =>
    context.reads.rows({ object, by, where: [], children: selectedChildren(info, object) }, [String(result[by])]);
}

async function readByKey(
  object: string,
  key: unknown,
  context: CloudContext,
  info: GraphQLResolveInfo,
): Promise<CanonicalRow | null> {
  if (typeof key !== 'string' && typeof key !== 'number') return null;
  const options = { object, keyField: keyFieldOf(object), children: selectedChildren(info, object) };
  return context.reads.one(options, String(key));
}

function keyFieldOf(object: string): string {
  const key = CANONICAL_OBJECTS[object]?.key;
  if (key === undefined) throw new Error(`${object} is not in mapping/canonical.ts.`);
  return key;
}

function emptyPage(hasPreviousPage: boolean): Page {
  return { edges: [], pageInfo: { hasNextPage: false, hasPreviousPage, startCursor: null, endCursor: null } };
}
