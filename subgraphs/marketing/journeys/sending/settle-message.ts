import type { Queryable } from '../../../../database/database.ts';
import { CodedError } from '../../../../schema/errors.ts';
import type { MessageOutcome, RunningInstance } from '../contract.ts';
import type { JourneyDefinition } from '../definition.ts';
import { stepNamed } from '../steps.ts';
import { createMessageSteps } from './message-steps.ts';
import { noteEvent, readMessage, type StoredMessage } from './message-store.ts';
import type { SendingParts } from './parts.ts';

/** Where a message belongs, to send it again. */
export interface MessageOrigin {
  readonly instance: RunningInstance;
  readonly definition: JourneyDefinition;
}

/** Reads where a message belongs, null when its instance or journey is gone. */
export type ReadOrigin = (message: StoredMessage) => Promise<MessageOrigin | null>;

/**
 * Decides about a message that is IN_DOUBT, in the transaction: that it was sent, or that it was not and may be sent. Throws NOT_FOUND,
 * or CONFLICT for one that is not in doubt, or whose sender may still be waiting for the answer.
 */
export async function settleInDoubt(
  transaction: Queryable,
  { messageId, isSentAgain }: { readonly messageId: string; readonly isSentAgain: boolean },
  nowMs: number,
): Promise<void> {
  const message = await readMessage(transaction, messageId);
  if (!message || message.state === 'PLANNED') throw new CodedError('NOT_FOUND', 'There is no message with this key.');
  if (message.state !== 'IN_DOUBT') {
    // Whoever was to send it again did not come to it.
    if (message.is_decided && isSentAgain) return;
    throw new CodedError('CONFLICT', `The message is ${message.state}: there is nothing to decide.`);
  }
  if (message.doubt_until && message.doubt_until.getTime() > nowMs) {
    throw new CodedError('CONFLICT', `It is being handed over: decide after ${message.doubt_until.toISOString()}.`);
  }
  const sentAt = message.prepared_at ?? new Date(nowMs);
  const [settled] = await transaction.query<StoredMessage>(
    isSentAgain
      ? `UPDATE marketing.journey_message SET state = 'PREPARED', is_decided = true, doubt_until = NULL
         WHERE message_id = $1 AND state = 'IN_DOUBT' AND doubt_until IS NOT DISTINCT FROM $2 RETURNING *`
      : `UPDATE marketing.journey_message SET state = 'SENT', sent_at = prepared_at, error = NULL, doubt_until = NULL
         WHERE message_id = $1 AND state = 'IN_DOUBT' AND doubt_until IS NOT DISTINCT FROM $2 RETURNING *`,
    [messageId, message.doubt_until],
  );
  if (!settled) throw new CodedError('CONFLICT', 'Somebody else has just decided about it.');
  if (!isSentAgain) await noteEvent(transaction, settled, 'sent', sentAt);
}

/**
 * Sends a message that was decided to be sent again, by the same way as at first and if the gates let it. Its instance has gone on
 * since and is not moved by it. Nothing happens to a message about which nothing was decided. Called again, it does what is left.
 */
export async function sendSettled(parts: SendingParts, readOrigin: ReadOrigin, messageId: string): Promise<void> {
  const message = await readMessage(parts.database, messageId);
  if (message?.state !== 'PREPARED' || !message.is_decided) return;
  const origin = await readOrigin(message);
  const step = origin && stepNamed(origin.definition, message.step);
  if (!origin || step?.kind !== 'MESSAGE') return backToDoubt(parts, messageId, 'its journey is not there any more');
  const outcome = await createMessageSteps({ ...parts, keepsUnsent: true }).run({
    ...origin,
    step,
    standing: async () => DECIDED,
    confirm: async () => DECIDED,
    conclude: async () => {},
  });
  if (outcome.kind === 'SENT' || outcome.kind === 'IN_DOUBT') return;
  await backToDoubt(parts, messageId, reasonOf(outcome));
}

const DECIDED = { isIn: true, message: 'Somebody has decided that it is to be sent again.' };

function reasonOf(outcome: MessageOutcome): string {
  if (outcome.kind === 'DEFERRED') return `${outcome.decidedBy} puts it off to ${outcome.until}`;
  if (outcome.kind === 'SKIPPED') return `${outcome.decidedBy} is in the way`;
  return 'error' in outcome ? outcome.error : outcome.kind;
}

/** It can't be sent now: it is for somebody to decide again. */
async function backToDoubt({ database }: SendingParts, messageId: string, reason: string): Promise<void> {
  await database.query(
    `UPDATE marketing.journey_message SET state = 'IN_DOUBT', is_decided = false, error = $2
     WHERE message_id = $1 AND state = 'PREPARED' AND is_decided`,
    [messageId, `Not sent again: ${reason}`],
  );
}
