import {
  type IdentityOperation,
  type IdentityRecord,
  type LinkedRecord,
  type MergeInEffect,
  recordKey,
} from '../store/repository.ts';
import type { Component } from './component.ts';
import { chooseHeirs, type Heirs } from './heirs.ts';

/** Rule of a record that came first, so that a new customer was made for it. */
export const NEW_CUSTOMER = 'NEW_CUSTOMER';

/** Where new ids come from. */
export interface IdSource {
  newCustomer360Id(): string;
  newMergeEventId(): string;
}

/**
 * The steps from what the store holds to what the components say; none when nothing differs.
 * Customers of one component merge into the oldest. Of a customer in several components each goes on under the ids that
 * `chooseHeirs` gives it, merges that stand in the way being taken back, and under a new one when that is none.
 */
export function assignIds(
  components: readonly Component[],
  { stored, merges, deleted }: StoredIdentity,
  ids: IdSource,
): IdentityOperation[] {
  const heirs = chooseHeirs(components, stored, merges);
  const unlinks: IdentityOperation[] = [];
  for (const key of [...deleted].sort()) {
    const record = stored.get(key);
    if (record) unlinks.push({ kind: 'unlink', record: keyOf(record) });
  }
  const decisions = [...components]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((component) => decideComponent(component, heirs, stored, ids));
  return [
    ...unlinks,
    ...heirs.unmerges.map(({ mergeEventId }) => ({ kind: 'unmerge', mergeEventId }) as const),
    ...decisions.flatMap(({ create }) => create),
    ...decisions.flatMap(({ leaving }) => leaving),
    ...decisions.flatMap(({ merges }) => merges),
    ...decisions.flatMap(({ links }) => links),
  ];
}

/** What the store holds of everything that a decision concerns. */
export interface StoredIdentity {
  /** Every record of every customer concerned, by `recordKey()`; also records that are gone. */
  readonly stored: ReadonlyMap<string, LinkedRecord>;
  /** The merges in effect among these customers, by the merged id. */
  readonly merges: ReadonlyMap<string, MergeInEffect>;
  /** Keys of stored records that are gone. */
  readonly deleted: ReadonlySet<string>;
}

/**
 * The steps of one component. Records that leave a customer for another one do so before that customer is merged away,
 * so that a merge moves only what it is about and can be taken back; the other links follow the merges.
 */
interface ComponentDecision {
  readonly create: IdentityOperation[];
  readonly leaving: IdentityOperation[];
  readonly merges: IdentityOperation[];
  readonly links: IdentityOperation[];
}

function decideComponent(
  component: Component,
  heirs: Heirs,
  stored: ReadonlyMap<string, LinkedRecord>,
  ids: IdSource,
): ComponentDecision {
  const [oldest, ...merged] = [...(heirs.inherited.get(component) ?? [])].sort();
  const survivor = oldest ?? ids.newCustomer360Id();
  const members = new Set([survivor, ...merged]);
  const decision: ComponentDecision = {
    create: oldest === undefined ? [{ kind: 'create', customer360Id: survivor }] : [],
    leaving: [],
    merges: merged.map((id) => ({
      kind: 'merge',
      mergeEventId: ids.newMergeEventId(),
      survivor,
      merged: id,
      ...ruleOfMerge(id, component, heirs, stored),
    })),
    links: [],
  };
  const linkOf = linksOfRecords(component, oldest === undefined);
  for (const record of component.records) {
    const key = recordKey(record);
    const before = stored.get(key);
    const isMember = before !== undefined && members.has(heirs.customerOf(before));
    if (isMember && isSameRecord(before, record)) continue;
    const list = before === undefined || isMember ? decision.links : decision.leaving;
    list.push({ kind: 'link', record: bare(record), customer360Id: survivor, ...linkOf(key) });
  }
  return decision;
}

/** By which rule something was linked, and on what evidence. */
interface Grounds {
  readonly rule: string;
  readonly bits?: number;
}

/** The grounds of each record's first link; the first record of a new customer has none of its own. */
function linksOfRecords(component: Component, isNew: boolean): (key: string) => Grounds {
  const grounds = new Map<string, Grounds>();
  if (isNew) grounds.set(component.key, { rule: NEW_CUSTOMER });
  for (const link of component.links) {
    for (const key of [link.from, link.to]) if (!grounds.has(key)) grounds.set(key, groundsOf(link));
  }
  return (key) => grounds.get(key) ?? { rule: NEW_CUSTOMER };
}

/** The first rule that links a record of the merged customer with a record of somebody else. */
function ruleOfMerge(
  id: string,
  component: Component,
  heirs: Heirs,
  stored: ReadonlyMap<string, LinkedRecord>,
): Grounds {
  const isOfMerged = (key: string): boolean => {
    const before = stored.get(key);
    return before !== undefined && heirs.customerOf(before) === id;
  };
  const link = component.links.find(({ from, to }) => isOfMerged(from) !== isOfMerged(to));
  // A record that is pinned elsewhere may have been the only one that both were linked with.
  return link ? groundsOf(link) : { rule: 'MODEL' };
}

function groundsOf({ rule, bits }: Grounds): Grounds {
  return bits === undefined ? { rule } : { rule, bits };
}

/** True when identity keeps the same of both. Identifiers are in a fixed order. */
export function isSameRecord(a: IdentityRecord, b: IdentityRecord): boolean {
  return (
    a.givenNameHash === b.givenNameHash &&
    a.dataSourceObjectId === b.dataSourceObjectId &&
    a.identifiers.length === b.identifiers.length &&
    a.identifiers.every((identifier, index) => {
      const other = b.identifiers[index];
      return (
        other?.identifierType === identifier.identifierType && other.normalizedValue === identifier.normalizedValue
      );
    })
  );
}

function keyOf({ dataSourceId, sourceRecordId }: IdentityRecord): { dataSourceId: string; sourceRecordId: string } {
  return { dataSourceId, sourceRecordId };
}

/** A record without what the store adds to it. */
function bare(record: IdentityRecord): IdentityRecord {
  const { dataSourceObjectId, identifiers, givenNameHash } = record;
  return { ...keyOf(record), dataSourceObjectId, identifiers, givenNameHash };
}
