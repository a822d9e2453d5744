import { isMailAddress } from '../../../../schema/mail-address.ts';
import type { MessageOutcome } from '../contract.ts';
import { idempotencyKeyOf } from '../contract.ts';
import { headerMessageIdOf } from './compose-mail.ts';
import { grantDiscount, planStepDiscount } from './discount.ts';
import { handOverMessage, retryOrGiveUp } from './hand-over-message.ts';
import { dropUnsent, type MessageIdentity, type Prepared, type StoredMessage, writeMessage } from './message-store.ts';
import type { MessageRun } from './parts.ts';
import { TemplateInvalid } from './templates/message-renderer.ts';
import type { DiscountInMessage } from './templates/template-scope.ts';
import { concludeWhileIn, NOT_IN, noteDecision, nowOf, Overtaken, whileIn } from './transactions.ts';
import { isDiscountTaken, isOutOfTurn } from './turns.ts';

/** When somebody else was first, the gates are asked again after this time. */
const ASK_ANEW_MS = 1_000;

/** Sends a message that the gates let out: a discount, the text, the hand-over. `known` is its row from an earlier run. */
export async function sendMessage(run: MessageRun, known: StoredMessage | null): Promise<MessageOutcome> {
  const { recipient, model } = run.decision;
  if (!recipient || !model) return fail(run, 'The gates gave no recipient', false);
  if (!isMailAddress(recipient.emailAddress)) return fail(run, 'The address is none that mail can be sent to', false);
  const discounted = await grantFor(run);
  if ('outcome' in discounted) return discounted.outcome;
  const { discount, isDecisionNoted } = discounted;
  const isSame =
    known?.state === 'PREPARED' &&
    known.address === recipient.emailAddress &&
    known.subscriber_key === recipient.subscriberKey &&
    known.discount_code === (discount?.code ?? null);
  if (isSame && run.parts.provider) return resend(run, known, isDecisionNoted);
  let prepared: Prepared;
  try {
    prepared = await write(run, discount);
  } catch (error) {
    if (!(error instanceof TemplateInvalid)) throw error;
    return fail(run, `The template does not fit: ${error.message}`, isDecisionNoted);
  }
  return run.parts.provider
    ? prepareAndHandOver(run, prepared, isDecisionNoted)
    : putIntoOutbox(run, prepared, isDecisionNoted);
}

/** The message's identity, from the request. */
export function identityOf({ request: { instance, step } }: Pick<MessageRun, 'request'>): MessageIdentity {
  return {
    idempotencyKey: idempotencyKeyOf(instance, step),
    journeyId: instance.journeyId,
    instanceId: instance.id,
    step: step.id,
    channel: step.channel,
    purpose: step.purpose,
  };
}

type Discounted =
  | { readonly outcome: MessageOutcome }
  | { readonly discount: DiscountInMessage | null; readonly isDecisionNoted: boolean };

async function grantFor(run: MessageRun): Promise<Discounted> {
  const { discount } = run.request.step;
  if (!discount) return { discount: null, isDecisionNoted: false };
  const { discountFor: receiver } = run.decision;
  if (!receiver) {
    return { outcome: await fail(run, 'There is no commerce record that a discount could be granted to', false) };
  }
  const planned = await whileIn(run, async (transaction) => {
    if (await isDiscountTaken(transaction, run)) return 'TAKEN';
    const message = await planStepDiscount(transaction, identityOf(run), { discount, receiver }, run.askedAtMs);
    if (!message) throw new Overtaken();
    await noteDecision(run, transaction);
    return message;
  });
  if (planned === NOT_IN) return { outcome: NOT_IN };
  if (planned === 'TAKEN') return { outcome: await askAnew(run) };
  const grant = await grantDiscount(run.parts.graph, planned as StoredMessage);
  if (grant.kind === 'GRANTED') return { discount: grant.discount, isDecisionNoted: true };
  if (grant.isLasting) return { outcome: await fail(run, grant.detail, true) };
  return {
    outcome: await concludeWhileIn(run, (transaction) => retryOrGiveUp(run, transaction, grant.detail)),
  };
}

/** Somebody else was first: what the gates said is too old. */
function askAnew(run: MessageRun): Promise<MessageOutcome> {
  return concludeWhileIn(run, async () => tooOld(run));
}

function tooOld({ parts }: MessageRun): MessageOutcome {
  const until = new Date(parts.clock() + ASK_ANEW_MS).toISOString();
  return { kind: 'RETRY', until, error: 'The gates are asked anew: what they said is too old' };
}

async function write(run: MessageRun, discount: DiscountInMessage | null): Promise<Prepared> {
  const { parts, request, messageId, decision } = run;
  const { recipient, model } = decision;
  if (!recipient || !model) throw new Error('A message needs a recipient and a model.');
  const unsubscribeUrl = parts.links.urlOf(messageId);
  const text = await parts.renderer.render(request.step.template, { model, discount, unsubscribeUrl });
  return {
    subscriberKey: recipient.subscriberKey,
    consentId: recipient.consentId,
    address: recipient.emailAddress,
    headerMessageId: headerMessageIdOf(messageId, parts.sender),
    discountCode: discount?.code ?? null,
    ...text,
  };
}

/** The outbox is the store itself: the message, its engagement and the step are one transaction. */
function putIntoOutbox(run: MessageRun, prepared: Prepared, isDecisionNoted: boolean): Promise<MessageOutcome> {
  const { parts, messageId } = run;
  return concludeWhileIn(run, async (transaction) => {
    const now = nowOf(parts);
    if (await isOutOfTurn(transaction, run)) return tooOld(run);
    const written = await writeMessage(transaction, identityOf(run), prepared, { state: 'SENT', now });
    if (written === null) throw new Overtaken();
    if (!isDecisionNoted) await noteDecision(run, transaction);
    await parts.sweepBodies(transaction, now.getTime());
    return { kind: 'SENT', messageKey: messageId };
  });
}

async function prepareAndHandOver(
  run: MessageRun,
  prepared: Prepared,
  isDecisionNoted: boolean,
): Promise<MessageOutcome> {
  const preparedAt = nowOf(run.parts);
  const preparation = await whileIn(run, async (transaction) => {
    const state = { state: 'PREPARED', now: preparedAt } as const;
    const written = await writeMessage(transaction, identityOf(run), prepared, state);
    if (written === null) throw new Overtaken();
    if (!isDecisionNoted) await noteDecision(run, transaction);
    return written;
  });
  if (typeof preparation !== 'number') return preparation;
  return handOverMessage(run, { prepared, preparedAt, preparation });
}

/** Sends what an earlier run has prepared, as it is. */
async function resend(run: MessageRun, known: StoredMessage, isDecisionNoted: boolean): Promise<MessageOutcome> {
  if (!isDecisionNoted) {
    const noted = await whileIn(run, (transaction) => noteDecision(run, transaction));
    if (noted === NOT_IN) return NOT_IN;
  }
  return handOverMessage(run, {
    preparation: known.preparation,
    preparedAt: known.prepared_at ?? nowOf(run.parts),
    prepared: {
      subscriberKey: known.subscriber_key ?? '',
      consentId: known.consent_id ?? '',
      address: known.address ?? '',
      headerMessageId: known.header_message_id ?? '',
      subject: known.subject ?? '',
      html: known.html_body ?? '',
      text: known.text_body ?? '',
      discountCode: known.discount_code,
    },
  });
}

/** It can't be sent, now or later, for a reason that lies with us. */
function fail(run: MessageRun, error: string, isDecisionNoted: boolean): Promise<MessageOutcome> {
  return concludeWhileIn(run, async (transaction) => {
    if (!run.parts.keepsUnsent) await dropUnsent(transaction, run.messageId);
    if (!isDecisionNoted) await noteDecision(run, transaction);
    return { kind: 'FAILED', error };
  });
}
