import DataLoader from 'dataloader';
import type { Queryable } from '../../../../database/database.ts';
import {
  type GateDecision,
  idempotencyKeyOf,
  type MessageOutcome,
  type MessageStepRequest,
  type MessageSteps,
} from '../contract.ts';
import { dropUnsent, messageKeyOf, readMessage, readMessages, type StoredMessage } from './message-store.ts';
import type { MessageRun, SendingParts } from './parts.ts';
import { sendMessage } from './send-message.ts';
import { concludeWhileIn, NOT_IN, noteDecision, Overtaken } from './transactions.ts';

/** Workers that have the same message in hand at once get out of each other's way after so many rounds, for so long. */
const ROUNDS = 2;
const OVERTAKEN_MS = 5_000;

/**
 * Makes the steps that send. What has become of a message stands in its row, so that a run that was killed is gone on with by any
 * other: PREPARED is sent after all, if the gates still let it; SENT is only concluded; IN_DOUBT is never sent again by itself.
 */
export function createMessageSteps(parts: SendingParts): MessageSteps {
  // Where the messages of a turn stand is read with one statement, and never remembered.
  const known = new DataLoader((messageIds: readonly string[]) => readMessages(parts.database, messageIds), {
    cache: false,
  });
  return {
    async run(request) {
      for (let round = 1; round <= ROUNDS; round++) {
        try {
          return await runOnce(parts, request, (messageId) => known.load(messageId));
        } catch (error) {
          // Somebody else has the message in hand: its row says what is to be concluded.
          if (!(error instanceof Overtaken)) throw error;
        }
      }
      return concludeWhileIn({ parts, request }, async () => {
        const until = new Date(parts.clock() + OVERTAKEN_MS).toISOString();
        return { kind: 'RETRY', until, error: 'Another worker has it in hand' };
      });
    },
  };
}

type ReadKnown = (messageId: string) => Promise<StoredMessage | null>;

async function runOnce(
  parts: SendingParts,
  request: MessageStepRequest,
  readKnown: ReadKnown,
): Promise<MessageOutcome> {
  const messageId = messageKeyOf(idempotencyKeyOf(request.instance, request.step));
  const opening = await open(parts, request, { messageId, readKnown });
  if ('outcome' in opening) return opening.outcome;
  const askedAtMs = parts.clock();
  const decision = await parts.gate.ask({
    instance: request.instance,
    definition: request.definition,
    step: request.step,
    nowMs: askedAtMs,
    standing: opening.standing,
    isProviderHealthy: parts.provider?.isHealthy(askedAtMs) ?? true,
  });
  const run = { parts, request, messageId, askedAtMs, decision };
  return decision.verdict === 'SEND' ? sendMessage(run, opening.message) : notNow(run, decision);
}

type Opening =
  | { readonly outcome: MessageOutcome }
  | { readonly standing: { readonly isIn: boolean; readonly message: string }; readonly message: StoredMessage | null };

/**
 * Looks where the message stands, and concludes where there is nothing more to do. What is found counts for no longer than until the
 * message is made certain: then it is asked again, in that transaction.
 */
async function open(
  parts: SendingParts,
  request: MessageStepRequest,
  { messageId, readKnown }: { readonly messageId: string; readonly readKnown: ReadKnown },
): Promise<Opening> {
  const [standing, message] = await Promise.all([request.standing(), readKnown(messageId)]);
  if (!standing.isIn) return { outcome: NOT_IN };
  if (!message || !outcomeOf(message, parts.clock())) return { standing, message };
  return {
    outcome: await concludeWhileIn({ parts, request }, (transaction) => outcomeNow(parts, transaction, messageId)),
  };
}

async function outcomeNow(parts: SendingParts, transaction: Queryable, messageId: string): Promise<MessageOutcome> {
  const message = await readMessage(transaction, messageId);
  const outcome = message && outcomeOf(message, parts.clock());
  if (!outcome) throw new Overtaken();
  return outcome;
}

/** What a message that was handed over means for its step; null while it was not. */
function outcomeOf(
  { state, message_id: messageKey, error, doubt_until }: StoredMessage,
  nowMs: number,
): MessageOutcome | null {
  if (state === 'SENT') return { kind: 'SENT', messageKey };
  if (state === 'FAILED') return { kind: 'FAILED', error: error ?? 'The provider refused it' };
  if (state !== 'IN_DOUBT') return null;
  // Whoever handed it over may still be waiting for the answer.
  if (doubt_until && doubt_until.getTime() > nowMs) {
    return { kind: 'RETRY', until: doubt_until.toISOString(), error: 'It is being handed over' };
  }
  return { kind: 'IN_DOUBT', messageKey };
}

/** Skipped or put off: the decision and what it leads to are one transaction. */
function notNow(run: MessageRun, { verdict, decidedBy, nextAllowedAt }: GateDecision): Promise<MessageOutcome> {
  return concludeWhileIn(run, async (transaction) => {
    const gate = decidedBy ?? 'STILL_IN_JOURNEY';
    if (verdict === 'SKIP') {
      if (!run.parts.keepsUnsent) await dropUnsent(transaction, run.messageId);
      await noteDecision(run, transaction);
      return { kind: 'SKIPPED', decidedBy: gate };
    }
    await noteDecision(run, transaction);
    return {
      kind: 'DEFERRED',
      until: nextAllowedAt ?? new Date(run.askedAtMs + ASK_AGAIN_MS).toISOString(),
      decidedBy: gate,
    };
  });
}

/** When a gate puts a message off without saying until when. */
const ASK_AGAIN_MS = 5 * 60_000;
