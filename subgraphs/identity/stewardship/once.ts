import { createHash } from 'node:crypto';
import type { Clock } from '../../../schema/clock.ts';
import { CodedError } from '../../../schema/errors.ts';
import type { Principal } from '../../../schema/principal.ts';
import {
  type EarlierUse,
  IdentityConflict,
  type IdentityOperation,
  type IdentityRepository,
} from '../store/repository.ts';

/** What changes by hand are made with. */
export interface StewardParts {
  readonly repository: IdentityRepository;
  readonly clock: Clock;
  newCustomer360Id(): string;
  newMergeEventId(): string;
  /** A UUID. */
  newDecisionId(): string;
  /** Lets the engine take in what was decided, where this process resolves; resolves when what follows is written. */
  settle(): Promise<void>;
}

/** What every mutation of identity is given. */
export interface StewardInput {
  readonly idempotencyKey: string;
  readonly reason?: string | null;
}

/** What a mutation does, and the ids by which it is answered. */
export interface Plan<Result extends Readonly<Record<string, string>>> {
  readonly operations: readonly IdentityOperation[];
  readonly result: Result;
}

const KEY_LIMIT = 200;
const REASON_LIMIT = 500;
const ATTEMPTS = 3;

/**
 * Makes a change by hand once for each idempotency key of a principal, with who and why in its events. Repeated with the
 * same input it gives the first result again. Throws IDEMPOTENCY_KEY_REUSED for another input, CONFLICT when the change
 * does not fit, BAD_USER_INPUT for texts that are too long.
 */
export async function once<Result extends Readonly<Record<string, string>>>(
  parts: StewardParts,
  principal: Principal,
  operation: string,
  input: StewardInput,
  plan: () => Promise<Plan<Result>>,
): Promise<Result> {
  const { repository, clock } = parts;
  checkText('idempotencyKey', input.idempotencyKey, 1, KEY_LIMIT);
  const reason = input.reason?.trim();
  if (reason) checkText('reason', reason, 1, REASON_LIMIT);
  const claim = { subject: principal.subject, key: input.idempotencyKey, operation, digest: digestOf(input) };
  const before = await repository.earlierUse(claim.subject, claim.key);
  if (before) return resultOf<Result>(before, claim);
  for (let attempt = 1; ; attempt += 1) {
    const { operations, result } = await plan();
    try {
      const { earlier } = await repository.apply({
        operations,
        author: { by: principal.subject, ...(reason ? { reason } : {}) },
        idempotency: { ...claim, result },
        at: new Date(clock()).toISOString(),
      });
      if (earlier) return resultOf<Result>(earlier, claim);
      await parts.settle();
      return result;
    } catch (error) {
      if (!(error instanceof IdentityConflict)) throw error;
      // Somebody else changed the same customers between reading and writing: what is there now may fit.
      if (attempt === ATTEMPTS) throw new CodedError('CONFLICT', error.message);
    }
  }
}

function resultOf<Result extends Readonly<Record<string, string>>>(
  earlier: EarlierUse,
  { operation, digest }: { readonly operation: string; readonly digest: string },
): Result {
  if (earlier.operation !== operation || earlier.digest !== digest) {
    throw new CodedError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used before for another call.');
  }
  // The operation is the same, so its result has the same form.
  return earlier.result as Result;
}

function checkText(argument: string, text: string, least: number, most: number): void {
  if (text.trim().length < least || text.length > most || text.includes('\u0000')) {
    throw new CodedError('BAD_USER_INPUT', `\`${argument}\` is ${least} to ${most} characters.`);
  }
}

/** Only a digest of the input is kept. */
function digestOf(input: object): string {
  return createHash('sha256').update(JSON.stringify(input, sortKeys)).digest('hex');
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
