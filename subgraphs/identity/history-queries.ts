import { parseCustomer360Id } from '../../schema/customer360-id.ts';
import { CodedError } from '../../schema/errors.ts';
import type { IdentityContext } from './context.ts';
import { connectionOf, type PageArguments, pageSize, readNumberCursor, writeCursor } from './cursors.ts';
import { type CustomerSource, foundCustomer } from './customer.ts';
import { cursorAfter, describeEvent, LOG } from './identity-events.ts';
import type { ErasureAlarm, ErasureProof } from './store/erasure.ts';
import type { MergeRecord } from './store/history.ts';
import type { StoredHousehold } from './store/household.ts';
import { type CustomerIdentity, type IdentityRepository, recordKey } from './store/repository.ts';
import { guardStore, type OnWarning } from './store-guard.ts';
import type { Survivorship } from './survivorship-document.ts';

/** What questions about the past and about households need. */
export interface HistoryQueryOptions {
  readonly repository: IdentityRepository;
  readonly survivorship: Survivorship;
  readonly onWarning: OnWarning;
}

/** Questions about merges, events, erasure and households. */
export function createHistoryQueries({ repository, survivorship, onWarning }: HistoryQueryOptions) {
  const guard = <T>(work: Promise<T>): Promise<T> => guardStore(work, onWarning);
  const queries = {
    household: async (_source: unknown, { householdId }: { readonly householdId: string }) =>
      showHousehold((await guard(repository.households.byIds([householdId]))).get(householdId) ?? null),
    mergeEvent: async (_source: unknown, { mergeEventId }: { readonly mergeEventId: string }) => {
      const merge = await guard(repository.history.merge(mergeEventId));
      return merge && showMerge(merge);
    },
    erasureProof: async (_source: unknown, args: { readonly customer360Id: string }) => {
      const proof = await guard(repository.erasure.proof(parseCustomer360Id(args.customer360Id)));
      return proof && showProof(proof);
    },
    erasureAlarms: async (_source: unknown, args: PageArguments) => {
      const after = args.after ? { after: readNumberCursor('alarms', args.after) } : {};
      const alarms = await guard(repository.erasure.alarms({ ...after, first: pageSize(args) + 1 }));
      return connectionOf(alarms, args, ({ sequence }) => writeCursor('alarms', sequence), showAlarm);
    },
  };
  const Customer = {
    household: async (customer: CustomerSource, _args: unknown, { loaders }: IdentityContext) =>
      showHousehold(await loaders.household.load(customer.customer360Id)),
    identityEvents: async (customer: CustomerSource, args: PageArguments) => {
      const { customer360Id, mergedCustomer360Ids } = await customer.identity();
      const before = args.after ? { before: readNumberCursor(LOG, args.after) } : {};
      const page = { ...before, first: pageSize(args) + 1 };
      const events = await guard(repository.history.eventsOf([customer360Id, ...mergedCustomer360Ids], page));
      return connectionOf(events, args, ({ sequence }) => cursorAfter(sequence), describeEvent);
    },
  };
  const Household = {
    __resolveReference: async ({ householdId }: { readonly householdId: string }) =>
      showHousehold((await guard(repository.households.byIds([householdId]))).get(householdId) ?? null),
    members: async ({ customer360Ids }: StoredHousehold, args: PageArguments, { loaders }: IdentityContext) => {
      const after = args.after ? parseCustomer360Id(args.after) : '';
      const ids = customer360Ids.filter((id) => id > after).slice(0, pageSize(args) + 1);
      const found = await Promise.all(ids.map((id) => loaders.byId.load(id)));
      const members = found.filter((member): member is CustomerIdentity => member !== null);
      return connectionOf(
        members,
        args,
        ({ customer360Id }) => customer360Id,
        (member) => foundCustomer(member, survivorship),
      );
    },
  };
  return { queries, Customer, Household };
}

/**
 * A customer as it was at a time, with the identifiers that its records carry today: the log keeps none. Null for an id
 * that was not given yet. Throws BAD_USER_INPUT for a time to come: nobody knows it.
 */
export async function customerAsOf(
  repository: IdentityRepository,
  customer360Id: string,
  asOf: string,
  now: number,
): Promise<CustomerIdentity | null> {
  const at = new Date(asOf);
  if (at.getTime() > now) throw new CodedError('BAD_USER_INPUT', '`asOf` is a time to come.');
  const customer = await repository.history.customerAt(customer360Id, at.toISOString());
  if (!customer || customer.records.length === 0) return customer;
  const today = new Map<string, CustomerIdentity['records'][number]>();
  for (let from = 0; from < customer.records.length; from += 1_000) {
    const found = await repository.customersByRecords(customer.records.slice(from, from + 1_000));
    for (const { records } of found.values()) for (const record of records) today.set(recordKey(record), record);
  }
  const records = customer.records.map((record) => {
    return { ...record, identifiers: today.get(recordKey(record))?.identifiers ?? [] };
  });
  return { ...customer, records };
}

/** A merge as the graph shows it. */
export function showMerge({ mergeEventId, survivor, merged, rule, bits, at, undoneAt }: MergeRecord) {
  const customers = { survivorCustomer360Id: survivor, mergedCustomer360Id: merged };
  return { mergeEventId, ...customers, rule, bits: bits ?? null, mergedDate: at, unmergedDate: undoneAt };
}

/** What is left of an erased customer, as the graph shows it. */
export function showProof(proof: ErasureProof) {
  const { customer360Id, erasedAt, erasedBy } = proof;
  const counts = {
    recordCount: proof.recordsLinked,
    matchFeatureCount: proof.matchFeatures,
    logEntryCount: proof.logEntriesNamingRecords,
    decisionCount: proof.decisionsAndReviews,
    returnedIdentifierCount: proof.identifiersReturned,
  };
  const isErased = Object.values(counts).every((count) => count === 0);
  return { customer360Id, erasedAt, erasedBy, isErased, tombstoneCount: proof.tombstones, ...counts };
}

function showAlarm({ customer360Id, identifierType, record, raisedAt }: ErasureAlarm) {
  return { customer360Id, identifierType, record, raisedAt };
}

/** Nobody lives there any more when fewer than two do. */
function showHousehold(household: StoredHousehold | null) {
  if (!household || household.customer360Ids.length < 2) return null;
  return { ...household, createdDate: household.createdAt };
}
