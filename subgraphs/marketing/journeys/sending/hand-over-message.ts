import type { Queryable } from '../../../../database/database.ts';
import type { MessageOutcome } from '../contract.ts';
import { composeMail } from './compose-mail.ts';
import {
  countAttempt,
  dropUnsent,
  markInDoubt,
  noteEvent,
  type Prepared,
  settleMessage,
  type Writing,
} from './message-store.ts';
import type { MessageRun } from './parts.ts';
import type { HandOver, Mark } from './provider.ts';
import { nextAttempt } from './retry.ts';
import { concludeWhileIn, NOT_IN, nowOf, Overtaken, whileIn } from './transactions.ts';
import { isOutOfTurn } from './turns.ts';

/** One writing of a message, to be handed over. */
export interface Writable {
  readonly prepared: Prepared;
  readonly preparedAt: Date;
  readonly preparation: number;
}

/** What the gates said holds for the instant of sending; when that has taken longer than this, they are asked anew. */
const ANSWERS_HOLD_MS = 30_000;
const ASK_ANEW_MS = 1_000;

/** Hands a prepared message over to the provider and writes down what came of it. */
export async function handOverMessage(
  run: MessageRun,
  { prepared, preparedAt, preparation }: Writable,
): Promise<MessageOutcome> {
  const { parts, request, messageId } = run;
  const { provider } = parts;
  if (!provider) throw new Error('There is no provider.');
  const writing = { messageId, preparation };
  const unsubscribeUrl = request.step.purpose === 'TRANSACTIONAL' ? null : parts.links.urlOf(messageId);
  const mail = await composeMail({ sender: parts.sender, prepared, preparedAt, unsubscribeUrl });
  const result = await provider.handOver(mail, markOf(run, writing, provider.answerLimitMs));
  if (result.kind === 'NOT_MARKED') {
    if (result.refusal === 'NOT_IN') return NOT_IN;
    if (result.refusal === 'TAKEN') throw new Overtaken();
    return concludeWhileIn(run, async () => {
      const until = new Date(parts.clock() + ASK_ANEW_MS).toISOString();
      return { kind: 'RETRY', until, error: 'The gates are asked anew: what they said is too old' };
    });
  }
  return conclude(run, writing, result);
}

/** In the last moment: the engine still agrees, nobody else has handed it over, and what the gates said still holds. */
function markOf(run: MessageRun, writing: Writing, answerLimitMs: number): Mark {
  const { parts, askedAtMs } = run;
  return async () => {
    if (parts.clock() - askedAtMs > ANSWERS_HOLD_MS) return 'STALE';
    const marked = await whileIn(run, async (transaction) =>
      (await isOutOfTurn(transaction, run))
        ? 'STALE'
        : markInDoubt(transaction, writing, new Date(parts.clock() + answerLimitMs)),
    );
    if (marked === NOT_IN) return 'NOT_IN';
    if (marked === 'STALE') return marked;
    return marked === true ? undefined : 'TAKEN';
  };
}

/**
 * Writes down what came of a hand-over and moves the instance on. What came of it is written whatever the engine says by now: an
 * order may have ended the instance while the provider answered, and the message is sent nevertheless.
 */
function conclude(
  run: MessageRun,
  writing: Writing,
  result: Exclude<HandOver, { kind: 'NOT_MARKED' }>,
): Promise<MessageOutcome> {
  const { parts, request } = run;
  return parts.database.transaction(async (transaction) => {
    const outcome = await settle(run, transaction, writing, result);
    const { isIn } = await request.confirm(transaction);
    if (isIn) await request.conclude(transaction, outcome);
    return outcome;
  });
}

async function settle(
  run: MessageRun,
  transaction: Queryable,
  writing: Writing,
  result: Exclude<HandOver, { kind: 'NOT_MARKED' }>,
): Promise<MessageOutcome> {
  const { parts, messageId } = run;
  const now = nowOf(parts);
  if (result.kind === 'ACCEPTED') {
    const sent = await settleMessage(transaction, writing, { state: 'SENT', from: ['IN_DOUBT'], now, error: null });
    // Settled by hand meanwhile: what was decided then stands.
    if (sent) await noteEvent(transaction, sent, 'sent', now);
    await parts.sweepBodies(transaction, now.getTime());
    return { kind: 'SENT', messageKey: messageId };
  }
  const error = result.detail;
  if (result.kind === 'UNKNOWN') {
    await settleMessage(transaction, writing, { state: 'IN_DOUBT', from: ['IN_DOUBT'], now, error });
    return { kind: 'IN_DOUBT', messageKey: messageId };
  }
  const from = result.isMarked ? (['IN_DOUBT'] as const) : (['PREPARED'] as const);
  if (result.kind === 'REFUSED') {
    const failed = await settleMessage(transaction, writing, { state: 'FAILED', from, now, error });
    if (failed && result.isAddressBad) await noteBadAddress(run, transaction, failed, now);
    return { kind: 'FAILED', error };
  }
  if (result.isMarked) await settleMessage(transaction, writing, { state: 'PREPARED', from, now, error });
  return retryOrGiveUp(run, transaction, result.detail);
}

async function noteBadAddress(
  { parts }: MessageRun,
  transaction: Queryable,
  message: Parameters<typeof noteEvent>[1] & { readonly address: string | null },
  now: Date,
): Promise<void> {
  await noteEvent(transaction, message, 'bounce', now);
  const { subscriber_key: subscriberKey, address } = message;
  if (subscriberKey === null || address === null) return;
  await parts.suppressAddress(transaction, { subscriberKey, address, reason: 'BOUNCED' });
}

/** Counts a try that failed in passing, and says when the next one is, or that there is none. */
export async function retryOrGiveUp(
  { parts, messageId }: MessageRun,
  transaction: Queryable,
  detail: string,
): Promise<MessageOutcome> {
  const now = nowOf(parts);
  const message = await countAttempt(transaction, messageId, detail);
  if (!message) throw new Overtaken();
  const until = nextAttempt(message.attempts, now.getTime());
  if (until !== undefined) return { kind: 'RETRY', until, error: detail };
  const error = `${detail}, and it was given up after ${message.attempts} tries`;
  const writing = { messageId, preparation: message.preparation };
  await settleMessage(transaction, writing, { state: 'FAILED', from: ['PREPARED'], now, error });
  await dropUnsent(transaction, messageId);
  return { kind: 'FAILED', error };
}
