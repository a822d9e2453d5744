import { CodedError } from '../../../schema/errors.ts';
import type { MatchDecision, Verdict } from '../store/decision.ts';
import {
  type CustomerIdentity,
  type IdentityOperation,
  type IdentityRepository,
  type LinkedRecord,
  recordKey,
  type SourceRecordKey,
} from '../store/repository.ts';

/** The rule of what a person decided. */
export const MANUAL = 'MANUAL';

/** A customer, the survivor of one that was merged away. Throws NOT_FOUND. */
export async function foundCustomer(repository: IdentityRepository, customer360Id: string): Promise<CustomerIdentity> {
  const customer = (await repository.customersByIds([customer360Id])).get(customer360Id);
  if (!customer) throw new CodedError('NOT_FOUND', 'Identity knows no customer with this id.');
  return customer;
}

/** The same of somebody who was not erased: an erased id is nobody's any more. Throws NOT_FOUND, CONFLICT. */
export async function livingCustomer(repository: IdentityRepository, customer360Id: string): Promise<CustomerIdentity> {
  const customer = await foundCustomer(repository, customer360Id);
  if (customer.records.length === 0 && (await repository.erasure.proof(customer.customer360Id)))
    throw new CodedError('CONFLICT', 'This customer was erased.');
  return customer;
}

/** A record with its customer. Throws NOT_FOUND. */
export async function foundRecord(
  repository: IdentityRepository,
  key: SourceRecordKey,
): Promise<{ record: LinkedRecord; customer: CustomerIdentity }> {
  const customer = (await repository.customersByRecords([key])).get(recordKey(key));
  const record = customer?.records.find((own) => recordKey(own) === recordKey(key));
  if (!customer || !record) throw new CodedError('NOT_FOUND', 'Identity knows no such record.');
  return { record, customer };
}

/** The decisions in effect about pairs of one record of `some` and one of `others`. */
export async function decisionsBetween(
  repository: IdentityRepository,
  some: readonly SourceRecordKey[],
  others: readonly SourceRecordKey[],
): Promise<MatchDecision[]> {
  const [one, other] = [new Set(some.map(recordKey)), new Set(others.map(recordKey))];
  const decisions = await decisionsAbout(repository, some);
  return decisions.filter(({ verdict }) => {
    if (verdict.kind === 'PIN') return false;
    const [left, right] = [recordKey(verdict.left), recordKey(verdict.right)];
    return (one.has(left) && other.has(right)) || (one.has(right) && other.has(left));
  });
}

/** The decisions in effect about any of the records, however many. */
export async function decisionsAbout(
  repository: IdentityRepository,
  records: readonly SourceRecordKey[],
): Promise<MatchDecision[]> {
  const found: MatchDecision[] = [];
  for (let at = 0; at < records.length; at += 1_000) {
    found.push(...(await repository.decisions.about(records.slice(at, at + 1_000))));
  }
  return found;
}

/** The steps that take verdicts back; what else was decided with them stays. */
export function revocations(decisions: readonly MatchDecision[]): IdentityOperation[] {
  const byDecision = new Map<string, Verdict[]>();
  for (const { decisionId, verdict } of decisions) {
    byDecision.set(decisionId, [...(byDecision.get(decisionId) ?? []), verdict]);
  }
  return [...byDecision].map(([decisionId, only]) => ({ kind: 'revoke', decisionId, only }));
}

/** Records of a customer that were linked to an id or to ids merged into it: what leaves when its merge is taken back. */
export function recordsBelow(customer: CustomerIdentity, customer360Id: string): LinkedRecord[] {
  const below = new Set([customer360Id]);
  for (let size = 0; size < below.size; ) {
    size = below.size;
    for (const { survivor, merged } of customer.merges) if (below.has(survivor)) below.add(merged);
  }
  return customer.records.filter(({ homeCustomer360Id }) => below.has(homeCustomer360Id));
}
