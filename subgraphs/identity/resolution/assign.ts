import { type IdentityOperation, type IdentityRecord, type LinkedRecord, recordKey } from '../store/repository.ts';
import type { Component } from './cluster.ts';

/** Rule of a record that came first, so that a new customer was made for it. */
export const NEW_CUSTOMER = 'NEW_CUSTOMER';

/** Where new ids come from. */
export interface IdSource {
  newCustomer360Id(): string;
  newMergeEventId(): string;
}

/**
 * The steps from what the store holds to what the components say; none when nothing differs.
 * Customers of one component merge into the oldest; of a customer in several components the part with most of its records
 * keeps the id and the others get new ones. `stored` is by `recordKey()` and has every record of every customer concerned;
 * `deleted` are keys of stored records that are gone.
 */
export function assignIds(
  components: readonly Component[],
  stored: ReadonlyMap<string, LinkedRecord>,
  deleted: ReadonlySet<string>,
  ids: IdSource,
): IdentityOperation[] {
  const heirs = chooseHeirs(components, stored);
  const unlinks: IdentityOperation[] = [];
  for (const key of [...deleted].sort()) {
    const record = stored.get(key);
    if (record) unlinks.push({ kind: 'unlink', record: keyOf(record) });
  }
  const decisions = [...components]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((component) => decideComponent(component, heirs.get(component) ?? [], stored, ids));
  return [
    ...unlinks,
    ...decisions.flatMap(({ create }) => create),
    ...decisions.flatMap(({ leaving }) => leaving),
    ...decisions.flatMap(({ merges }) => merges),
    ...decisions.flatMap(({ links }) => links),
  ];
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
  inherited: readonly string[],
  stored: ReadonlyMap<string, LinkedRecord>,
  ids: IdSource,
): ComponentDecision {
  const [oldest, ...merged] = [...inherited].sort();
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
      rule: ruleOfMerge(id, component, stored),
    })),
    links: [],
  };
  const rules = rulesOfRecords(component, oldest === undefined);
  for (const record of component.records) {
    const key = recordKey(record);
    const before = stored.get(key);
    const isMember = before !== undefined && members.has(before.customer360Id);
    if (isMember && isSameRecord(before, record)) continue;
    const list = before === undefined || isMember ? decision.links : decision.leaving;
    list.push({ kind: 'link', record: bare(record), customer360Id: survivor, rule: rules.get(key) ?? NEW_CUSTOMER });
  }
  return decision;
}

/** Which customers each component goes on as. A customer has one heir; a component may inherit from several customers or none. */
function chooseHeirs(
  components: readonly Component[],
  stored: ReadonlyMap<string, LinkedRecord>,
): Map<Component, string[]> {
  const heirs = new Map<string, Claim>();
  for (const component of components) {
    for (const claim of claimsOf(component, stored)) {
      const best = heirs.get(claim.customer360Id);
      if (!best || compareClaims(claim, best) < 0) heirs.set(claim.customer360Id, claim);
    }
  }
  const inherited = new Map<Component, string[]>();
  for (const [id, { component }] of heirs) {
    const list = inherited.get(component);
    if (list) list.push(id);
    else inherited.set(component, [id]);
  }
  return inherited;
}

/** A component's claim to go on as a customer. */
interface Claim {
  readonly component: Component;
  readonly customer360Id: string;
  /** How many of the customer's records it has. */
  recordCount: number;
  /** How many other customers have records in it. */
  otherCustomerCount: number;
  oldestLink: string;
  smallestKey: string;
}

function claimsOf(component: Component, stored: ReadonlyMap<string, LinkedRecord>): Claim[] {
  const claims = new Map<string, Claim>();
  for (const record of component.records) {
    const key = recordKey(record);
    const before = stored.get(key);
    if (!before) continue;
    const { customer360Id, linkedAt } = before;
    const claim = claims.get(customer360Id);
    if (!claim) {
      const first = { component, customer360Id, recordCount: 1, otherCustomerCount: 0 };
      claims.set(customer360Id, { ...first, oldestLink: linkedAt, smallestKey: key });
      continue;
    }
    claim.recordCount += 1;
    if (linkedAt < claim.oldestLink) claim.oldestLink = linkedAt;
    if (key < claim.smallestKey) claim.smallestKey = key;
  }
  for (const claim of claims.values()) claim.otherCustomerCount = claims.size - 1;
  return [...claims.values()];
}

/** Negative when `a` is the better claim: more records; then the part that stayed by itself; then the older link; then the key. */
function compareClaims(a: Claim, b: Claim): number {
  if (a.recordCount !== b.recordCount) return b.recordCount - a.recordCount;
  if (a.otherCustomerCount !== b.otherCustomerCount) return a.otherCustomerCount - b.otherCustomerCount;
  if (a.oldestLink !== b.oldestLink) return a.oldestLink < b.oldestLink ? -1 : 1;
  return a.smallestKey < b.smallestKey ? -1 : 1;
}

/** The rule of each record's first link; the first record of a new customer has none of its own. */
function rulesOfRecords(component: Component, isNew: boolean): Map<string, string> {
  const rules = new Map<string, string>();
  if (isNew) rules.set(component.key, NEW_CUSTOMER);
  for (const { from, to, rule } of component.links) {
    if (!rules.has(from)) rules.set(from, rule);
    if (!rules.has(to)) rules.set(to, rule);
  }
  return rules;
}

/** The first rule that links a record of the merged customer with a record of somebody else. */
function ruleOfMerge(id: string, component: Component, stored: ReadonlyMap<string, LinkedRecord>): string {
  const isOfMerged = (key: string): boolean => stored.get(key)?.customer360Id === id;
  const link = component.links.find(({ from, to }) => isOfMerged(from) !== isOfMerged(to));
  if (!link) throw new Error('A component holds two customers without a link between them.');
  return link.rule;
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
