import { CodedError } from '../../../schema/errors.ts';
import type { Principal } from '../../../schema/principal.ts';
import { type NewDecision, pairsBetween } from '../store/decision.ts';
import type { MergeRecord } from '../store/history.ts';
import type { CustomerIdentity, IdentityOperation } from '../store/repository.ts';
import { decisionsBetween, foundCustomer, livingCustomer, MANUAL, recordsBelow, revocations } from './found.ts';
import { once, type StewardInput, type StewardParts } from './once.ts';

/** Two customers to make one. */
export interface MergeInput extends StewardInput {
  readonly customer360Id: string;
  readonly otherCustomer360Id: string;
}

/** A merge to take back. */
export interface UnmergeInput extends StewardInput {
  readonly mergeEventId: string;
  readonly doNotRematch?: boolean | null;
}

/**
 * Makes two customers one by hand, the older going on, and keeps them together whatever the rules say; what kept them
 * apart is taken back. Throws NOT_FOUND, CONFLICT when they are one already or one was erased.
 */
export function mergeCustomers(
  parts: StewardParts,
  principal: Principal,
  input: MergeInput,
): Promise<{ mergeEventId: string; customer360Id: string }> {
  return once(parts, principal, 'mergeCustomers', input, async () => {
    const one = await livingCustomer(parts.repository, input.customer360Id);
    const other = await livingCustomer(parts.repository, input.otherCustomer360Id);
    const { operations, mergeEventId, survivor } = await mergeSteps(parts, one, other);
    return { operations, result: { mergeEventId, customer360Id: survivor } };
  });
}

/** The steps that make two customers one by hand. Throws CONFLICT when they are one already. */
export async function mergeSteps(
  parts: StewardParts,
  one: CustomerIdentity,
  other: CustomerIdentity,
): Promise<{ operations: IdentityOperation[]; mergeEventId: string; survivor: string }> {
  if (one.customer360Id === other.customer360Id) throw new CodedError('CONFLICT', 'The two are one customer already.');
  const [older, younger] = isOlder(one, other) ? [one, other] : [other, one];
  const mergeEventId = parts.newMergeEventId();
  const apart = await decisionsBetween(parts.repository, younger.records, older.records);
  const verdicts = pairsBetween('SAME', older.records, younger.records);
  const decision: NewDecision = { decisionId: parts.newDecisionId(), origin: 'MERGE', verdicts };
  const operations: IdentityOperation[] = [
    ...revocations(apart),
    { kind: 'merge', mergeEventId, survivor: older.customer360Id, merged: younger.customer360Id, rule: MANUAL },
    ...(verdicts.length > 0 ? [{ kind: 'decide', decision } as const] : []),
  ];
  return { operations, mergeEventId, survivor: older.customer360Id };
}

/**
 * Takes a merge back: ids, links, rules and times are as before it. Unless told otherwise the two parts are kept apart
 * from now on; what kept them together by hand is taken back. Throws NOT_FOUND, CONFLICT when it was taken back before.
 */
export function unmergeCustomers(
  parts: StewardParts,
  principal: Principal,
  input: UnmergeInput,
): Promise<{ mergeEventId: string; customer360Id: string; unmergedCustomer360Id: string }> {
  return once(parts, principal, 'unmergeCustomers', input, async () => {
    const { repository } = parts;
    const merge = await repository.history.merge(input.mergeEventId);
    if (!merge) throw new CodedError('NOT_FOUND', 'Identity knows no merge with this id.');
    if (merge.undoneAt !== null) throw new CodedError('CONFLICT', 'This merge was taken back already.');
    const whole = await foundCustomer(repository, merge.merged);
    const leaving = recordsBelow(whole, merge.merged);
    const staying = whole.records.filter((record) => !leaving.includes(record));
    const together = (await decisionsBetween(repository, leaving, staying)).filter(
      ({ verdict }) => verdict.kind === 'SAME',
    );
    const verdicts = pairsBetween('NOT_SAME', leaving, staying);
    const decision: NewDecision = { decisionId: parts.newDecisionId(), origin: 'UNMERGE', verdicts };
    const isKeptApart = (input.doNotRematch ?? true) && verdicts.length > 0;
    return {
      operations: [
        ...revocations(together),
        { kind: 'unmerge', mergeEventId: merge.mergeEventId },
        ...(isKeptApart ? [{ kind: 'decide', decision } as const] : []),
      ],
      result: {
        mergeEventId: merge.mergeEventId,
        customer360Id: whole.customer360Id,
        unmergedCustomer360Id: merge.merged,
      },
    };
  });
}

/** Merges in effect that were made after one, with either of its two customers or what they have become. */
export async function laterMerges(parts: StewardParts, mergeEventId: string): Promise<MergeRecord[]> {
  const { repository } = parts;
  const merge = await repository.history.merge(mergeEventId);
  if (!merge) return [];
  const sides = await repository.customersByIds([merge.survivor, merge.merged]);
  const ids = [...sides.values()].flatMap(({ customer360Id, mergedCustomer360Ids }) => [
    customer360Id,
    ...mergedCustomer360Ids,
  ]);
  const merges = await repository.history.mergesOf([...new Set(ids)]);
  return merges.filter(
    ({ at, undoneAt, mergeEventId: id }) => undoneAt === null && at >= merge.at && id !== mergeEventId,
  );
}

function isOlder(one: CustomerIdentity, other: CustomerIdentity): boolean {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt;
  return one.customer360Id < other.customer360Id;
}
