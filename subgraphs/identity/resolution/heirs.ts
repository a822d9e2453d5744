import { type LinkedRecord, type MergeInEffect, recordKey } from '../store/repository.ts';
import type { Component } from './component.ts';

/** Under which ids the components go on. */
export interface Heirs {
  /** Merges to take back, because the two ids go on apart. In a fixed order. */
  readonly unmerges: readonly MergeInEffect[];
  /** The ids that each component goes on as: no aliases any more once the merges above are taken back. */
  readonly inherited: ReadonlyMap<Component, readonly string[]>;
  /** The customer of a stored record once the merges above are taken back. */
  customerOf(record: LinkedRecord): string;
}

/**
 * Decides who goes on under which id, of every customer concerned and of those that were merged into it: an id goes to the
 * component with most of the records that were linked to it, so that people who were merged and come apart have the ids
 * they had before. An id without such records goes where the ids merged into it go, or stays with the one it was merged
 * into. `merges` is by the merged id and has all that lead to the customers of the stored records.
 */
export function chooseHeirs(
  components: readonly Component[],
  stored: ReadonlyMap<string, LinkedRecord>,
  merges: ReadonlyMap<string, MergeInEffect>,
): Heirs {
  const claims = bestClaims(components, stored);
  const ids = survivorsFirst(stored, merges);
  for (const id of ids.toReversed()) {
    const claim = claims.get(id);
    const into = merges.get(id)?.survivor;
    if (!claim || into === undefined) continue;
    const other = claims.get(into);
    if (!other || (other.customer360Id !== into && compareClaims(claim, other) < 0)) claims.set(into, claim);
  }
  const unmerges: MergeInEffect[] = [];
  const inherited = new Map<Component, string[]>();
  const customers = new Map<string, string>();
  for (const id of ids) {
    const merge = merges.get(id);
    const intoClaim = merge && claims.get(merge.survivor);
    const claim = claims.get(id) ?? intoClaim;
    if (claim) claims.set(id, claim);
    if (merge && claim?.component === intoClaim?.component) {
      customers.set(id, customers.get(merge.survivor) ?? merge.survivor);
      continue;
    }
    customers.set(id, id);
    if (merge) unmerges.push(merge);
    if (!claim) continue;
    const list = inherited.get(claim.component);
    if (list) list.push(id);
    else inherited.set(claim.component, [id]);
  }
  return {
    unmerges,
    inherited,
    customerOf: ({ homeCustomer360Id, customer360Id }) => customers.get(homeCustomer360Id) ?? customer360Id,
  };
}

/** All ids, each after the one it was merged into. */
function survivorsFirst(
  stored: ReadonlyMap<string, LinkedRecord>,
  merges: ReadonlyMap<string, MergeInEffect>,
): string[] {
  const mergedInto = new Map<string, string[]>();
  for (const { survivor, merged } of merges.values()) {
    const list = mergedInto.get(survivor);
    if (list) list.push(merged);
    else mergedInto.set(survivor, [merged]);
  }
  const ids = [...new Set([...stored.values()].map(({ customer360Id }) => customer360Id))].sort();
  for (const id of ids) ids.push(...(mergedInto.get(id) ?? []).sort());
  return ids;
}

/** A component's claim to go on under an id. */
interface Claim {
  readonly component: Component;
  readonly customer360Id: string;
  /** How many of the records that were linked to the id it has. */
  recordCount: number;
  /** How many of the customer's records it has, wherever they were linked; 0 for an id that was merged away. */
  customerRecordCount: number;
  /** To how many other ids its records were linked. */
  otherIdCount: number;
  oldestLink: string;
  smallestKey: string;
}

function bestClaims(components: readonly Component[], stored: ReadonlyMap<string, LinkedRecord>): Map<string, Claim> {
  const best = new Map<string, Claim>();
  for (const component of components) {
    for (const claim of claimsOf(component, stored)) {
      const other = best.get(claim.customer360Id);
      if (!other || compareClaims(claim, other) < 0) best.set(claim.customer360Id, claim);
    }
  }
  return best;
}

function claimsOf(component: Component, stored: ReadonlyMap<string, LinkedRecord>): Claim[] {
  const claims = new Map<string, Claim>();
  const recordCounts = new Map<string, number>();
  for (const record of component.records) {
    const key = recordKey(record);
    const before = stored.get(key);
    if (!before) continue;
    recordCounts.set(before.customer360Id, (recordCounts.get(before.customer360Id) ?? 0) + 1);
    const { homeCustomer360Id: customer360Id, linkedAt } = before;
    const claim = claims.get(customer360Id);
    if (!claim) {
      const first = { component, customer360Id, recordCount: 1, customerRecordCount: 0, otherIdCount: 0 };
      claims.set(customer360Id, { ...first, oldestLink: linkedAt, smallestKey: key });
      continue;
    }
    claim.recordCount += 1;
    if (linkedAt < claim.oldestLink) claim.oldestLink = linkedAt;
    if (key < claim.smallestKey) claim.smallestKey = key;
  }
  for (const claim of claims.values()) {
    claim.otherIdCount = claims.size - 1;
    claim.customerRecordCount = recordCounts.get(claim.customer360Id) ?? 0;
  }
  return [...claims.values()];
}

/**
 * Negative when `a` is the better claim: more records that were linked to the id; then more of the customer; then the part
 * that stayed by itself; then the older link; then the key.
 */
function compareClaims(a: Claim, b: Claim): number {
  if (a.recordCount !== b.recordCount) return b.recordCount - a.recordCount;
  if (a.customerRecordCount !== b.customerRecordCount) return b.customerRecordCount - a.customerRecordCount;
  if (a.otherIdCount !== b.otherIdCount) return a.otherIdCount - b.otherIdCount;
  if (a.oldestLink !== b.oldestLink) return a.oldestLink < b.oldestLink ? -1 : 1;
  return a.smallestKey < b.smallestKey ? -1 : 1;
}
