import { CodedError } from '../../../schema/errors.ts';
import type { Principal } from '../../../schema/principal.ts';
import { type NewDecision, pairsBetween, recordsOfVerdict } from '../store/decision.ts';
import { type IdentityOperation, type LinkedRecord, recordKey, type SourceRecordKey } from '../store/repository.ts';
import { reviewIdOf } from '../store/review.ts';
import { decisionsAbout, decisionsBetween, foundRecord, livingCustomer, MANUAL, revocations } from './found.ts';
import { mergeSteps } from './merges.ts';
import { once, type StewardInput, type StewardParts } from './once.ts';

/** A record to give to a customer; to a new one without an id. */
export interface PinInput extends StewardInput {
  readonly sourceRecord: SourceRecordKey;
  readonly customer360Id?: string | null;
}

/** Two records. */
export interface PairInput extends StewardInput {
  readonly left: SourceRecordKey;
  readonly right: SourceRecordKey;
}

/** A pair of the queue, and what it is. */
export interface ReviewInput extends StewardInput {
  readonly reviewId: string;
  readonly isSamePerson: boolean;
}

/**
 * Gives a record to a customer by hand and keeps it there, whatever the rules say; without a customer it is split off as
 * a new one. An earlier pin of the record is taken back, and so is what kept it apart from its new customer or together
 * with its old one. Throws NOT_FOUND, CONFLICT for a customer that was erased.
 */
export function pinRecord(
  parts: StewardParts,
  principal: Principal,
  input: PinInput,
): Promise<{ decisionId: string; customer360Id: string }> {
  return once(parts, principal, 'pinRecord', input, async () => {
    const { repository } = parts;
    const { record, customer } = await foundRecord(repository, input.sourceRecord);
    const target = input.customer360Id ? await livingCustomer(repository, input.customer360Id) : null;
    const customer360Id = target?.customer360Id ?? parts.newCustomer360Id();
    const isMoved = customer360Id !== customer.customer360Id;
    const others = customer.records.filter((own) => recordKey(own) !== recordKey(record));
    const earlier = (await decisionsAbout(repository, [record])).filter(({ verdict }) => verdict.kind === 'PIN');
    const together = isMoved ? await decisionsBetween(repository, [record], others) : [];
    const apart = target ? await decisionsBetween(repository, [record], target.records) : [];
    const decision: NewDecision = {
      decisionId: parts.newDecisionId(),
      origin: 'PIN',
      verdicts: [
        { kind: 'PIN', record: keyOf(record), customer360Id },
        ...(isMoved ? pairsBetween('NOT_SAME', [record], others) : []),
      ],
    };
    const contradicted = [
      ...earlier,
      ...together.filter(({ verdict }) => verdict.kind === 'SAME'),
      ...apart.filter(({ verdict }) => verdict.kind === 'NOT_SAME'),
    ];
    const operations: IdentityOperation[] = [
      ...revocations(contradicted),
      ...(target ? [] : [{ kind: 'create', customer360Id } as const]),
      ...(isMoved ? [{ kind: 'link', record: bare(record), customer360Id, rule: MANUAL } as const] : []),
      { kind: 'decide', decision },
    ];
    return { operations, result: { decisionId: decision.decisionId, customer360Id } };
  });
}

/** Keeps two records apart by hand, whatever the rules say. Throws NOT_FOUND, BAD_USER_INPUT for one record twice. */
export function forbidMatch(
  parts: StewardParts,
  principal: Principal,
  input: PairInput,
): Promise<{ decisionId: string }> {
  return once(parts, principal, 'forbidMatch', input, async () => {
    if (recordKey(input.left) === recordKey(input.right)) {
      throw new CodedError('BAD_USER_INPUT', '`left` and `right` are one record.');
    }
    await foundRecord(parts.repository, input.left);
    await foundRecord(parts.repository, input.right);
    const verdicts = pairsBetween('NOT_SAME', [input.left], [input.right]);
    const decision: NewDecision = { decisionId: parts.newDecisionId(), origin: 'NEVER_MATCH', verdicts };
    const earlier = await decisionsBetween(parts.repository, [input.left], [input.right]);
    const reviewIds = [reviewIdOf(input.left, input.right)];
    return {
      operations: [...revocations(earlier), { kind: 'closeReviews', reviewIds }, { kind: 'decide', decision }],
      result: { decisionId: decision.decisionId },
    };
  });
}

/** Takes a decision back: the rules decide again. Throws CONFLICT when it is not in effect. */
export function revokeDecision(
  parts: StewardParts,
  principal: Principal,
  input: StewardInput & { readonly decisionId: string },
): Promise<{ decisionId: string }> {
  return once(parts, principal, 'revokeMatchDecision', input, async () => ({
    operations: [{ kind: 'revoke', decisionId: input.decisionId }],
    result: { decisionId: input.decisionId },
  }));
}

/** Decides a pair of the queue; two records that are one person make their customers one. Throws NOT_FOUND. */
export function decideReview(
  parts: StewardParts,
  principal: Principal,
  input: ReviewInput,
): Promise<{ decisionId: string }> {
  return once(parts, principal, 'decideMatchReview', input, async () => {
    const { repository } = parts;
    const review = await repository.reviews.find(input.reviewId);
    if (!review) throw new CodedError('NOT_FOUND', 'No such pair waits for a decision.');
    const left = await foundRecord(repository, review.left);
    const right = await foundRecord(repository, review.right);
    const closing: IdentityOperation = { kind: 'closeReviews', reviewIds: [review.reviewId] };
    const verdicts = pairsBetween(input.isSamePerson ? 'SAME' : 'NOT_SAME', [review.left], [review.right]);
    const decision: NewDecision = { decisionId: parts.newDecisionId(), origin: 'REVIEW', verdicts };
    const isMerge = input.isSamePerson && left.customer.customer360Id !== right.customer.customer360Id;
    const steps = isMerge ? (await mergeSteps(parts, left.customer, right.customer)).operations : [];
    const earlier = isMerge ? [] : await decisionsBetween(repository, [review.left], [review.right]);
    return {
      operations: [
        closing,
        ...revocations(earlier),
        // The pair alone was looked at: only it is decided, not all records of the two customers.
        ...steps.filter(({ kind }) => kind !== 'decide'),
        { kind: 'decide', decision },
      ],
      result: { decisionId: decision.decisionId },
    };
  });
}

/** Records that a decision of the log was about; none when the log no longer says so. */
export async function recordsOfDecision(parts: StewardParts, decisionId: string): Promise<SourceRecordKey[]> {
  const [event] = await parts.repository.history.eventsOf([decisionId], { first: 1 });
  const verdicts = event?.payload['verdicts'];
  if (!Array.isArray(verdicts)) return [];
  const records = verdicts.flatMap((verdict) => recordsOfVerdict(verdict));
  return [...new Map(records.map((record) => [recordKey(record), record])).values()];
}

function keyOf({ dataSourceId, sourceRecordId }: SourceRecordKey): SourceRecordKey {
  return { dataSourceId, sourceRecordId };
}

function bare({ dataSourceObjectId, identifiers, givenNameHash, ...record }: LinkedRecord) {
  return { ...keyOf(record), dataSourceObjectId, identifiers, givenNameHash };
}
