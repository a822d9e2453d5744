import type { Queryable } from '../../../../database/database.ts';
import type { MessageOutcome } from '../contract.ts';
import type { MessageRun, SendingParts } from './parts.ts';

/** What is said when the engine no longer lets a message out: nothing is written then. */
export const NOT_IN: MessageOutcome = { kind: 'SKIPPED', decidedBy: 'STILL_IN_JOURNEY' };

/** Undoes a transaction in which the engine says that nothing may be written. */
class NothingMayBeWritten extends Error {
  override readonly name = 'NothingMayBeWritten';
}

/** The message was handed over by somebody else meanwhile: what stands in the store holds. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/**
 * Does work that the engine has to agree to in the same transaction; it is asked last, so that every transaction takes the message
 * before the instance and none waits for another in a circle. NOT_IN when it does not agree.
 */
export async function whileIn<Result>(
  { parts, request }: Pick<MessageRun, 'parts' | 'request'>,
  work: (transaction: Queryable) => Promise<Result>,
): Promise<Result | typeof NOT_IN> {
  try {
    return await parts.database.transaction(async (transaction) => {
      const result = await work(transaction);
      const { isIn } = await request.confirm(transaction);
      if (!isIn) throw new NothingMayBeWritten();
      return result;
    });
  } catch (error) {
    if (error instanceof NothingMayBeWritten) return NOT_IN;
    throw error;
  }
}

/** Does work and moves the instance on, if the engine agrees. */
export function concludeWhileIn(
  run: Pick<MessageRun, 'parts' | 'request'>,
  work: (transaction: Queryable) => Promise<MessageOutcome>,
): Promise<MessageOutcome> {
  const { parts, request } = run;
  return parts.database
    .transaction(async (transaction) => {
      const outcome = await work(transaction);
      const { isIn } = await request.confirm(transaction);
      if (!isIn) throw new NothingMayBeWritten();
      await request.conclude(transaction, outcome);
      return outcome;
    })
    .catch((error: unknown) => {
      if (error instanceof NothingMayBeWritten) return NOT_IN;
      throw error;
    });
}

/** Writes down what was decided. */
export function noteDecision(run: MessageRun, transaction: Queryable): Promise<unknown> {
  const { parts, request, askedAtMs, decision } = run;
  const { instance, step } = request;
  const noted = { instanceId: instance.id, step: step.id, decidedAtMs: askedAtMs, decision };
  return parts.writeDecision(transaction, noted);
}

/** Now, by the clock of the parts. */
export function nowOf({ clock }: SendingParts): Date {
  return new Date(clock());
}
