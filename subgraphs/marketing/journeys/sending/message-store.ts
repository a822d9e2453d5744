import { createHash } from 'node:crypto';
import type { Queryable, Row } from '../../../../database/database.ts';
import type { DataUsePurpose, EngagementChannelType } from '../../../../schema/generated/marketing.ts';

/** Where a message stands: the schema's words, and PLANNED while nothing of it is written yet. */
export type MessageState = 'PLANNED' | 'PREPARED' | 'IN_DOUBT' | 'SENT' | 'FAILED';

/** A message as it is stored. */
export interface StoredMessage extends Row {
  readonly message_id: string;
  readonly idempotency_key: string;
  readonly journey_id: string;
  readonly instance_id: string;
  readonly step: string;
  readonly channel: string;
  readonly purpose: string;
  readonly state: MessageState;
  readonly preparation: number;
  readonly attempts: number;
  readonly planned_at: Date;
  readonly discount_customer_no: string | null;
  readonly discount_cart_id: string | null;
  readonly discount_percent: number | null;
  readonly discount_expires_at: Date | null;
  readonly discount_round: number;
  readonly discount_code: string | null;
  readonly subscriber_key: string | null;
  readonly consent_id: string | null;
  readonly address: string | null;
  readonly header_message_id: string | null;
  readonly subject: string | null;
  readonly html_body: string | null;
  readonly text_body: string | null;
  readonly prepared_at: Date | null;
  readonly doubt_until: Date | null;
  readonly is_decided: boolean;
  readonly sent_at: Date | null;
  readonly error: string | null;
}

/** What a message is about and stays about. */
export interface MessageIdentity {
  readonly idempotencyKey: string;
  readonly journeyId: string;
  readonly instanceId: string;
  readonly step: string;
  readonly channel: EngagementChannelType;
  readonly purpose: DataUsePurpose;
}

/** What a discount is asked for with: the same however often it is asked. */
export interface DiscountPlan {
  readonly customerNumber: string;
  readonly cartId: string | null;
  readonly percent: number;
  readonly expiresAt: Date;
  /** A further one where the planned one has run out before it was sent. */
  readonly round: number;
}

/** A message that is written and can be handed over. */
export interface Prepared {
  readonly subscriberKey: string;
  readonly consentId: string;
  readonly address: string;
  /** The `Message-ID`, with its angle brackets. */
  readonly headerMessageId: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly discountCode: string | null;
}

/** The schema's words in the store's vocabulary. */
export const CHANNEL_LETTERS: Readonly<Record<EngagementChannelType, string>> = {
  EMAIL: 'E',
  SMS: 'S',
  PUSH: 'P',
  PHONE: 'T',
};

/** The schema's words in the store's vocabulary. */
export const PURPOSE_WORDS: Readonly<Record<DataUsePurpose, string>> = {
  MARKETING: 'promo',
  TRANSACTIONAL: 'service',
  PROFILING: 'profile',
};

/** The key of the message with this idempotency key: 32 hexadecimal digits. */
export function messageKeyOf(idempotencyKey: string): string {
  return createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 32);
}

/** Reads a message, null when there is none. */
export async function readMessage(queryable: Queryable, messageId: string): Promise<StoredMessage | null> {
  const [message = null] = await readMessages(queryable, [messageId]);
  return message;
}

/** Reads messages, in the order of their keys, null for what is not there: one statement. */
export async function readMessages(
  queryable: Queryable,
  messageIds: readonly string[],
): Promise<(StoredMessage | null)[]> {
  const rows = await queryable.query<StoredMessage>(
    'SELECT * FROM marketing.journey_message WHERE message_id = ANY($1::text[])',
    [messageIds],
  );
  const byId = new Map(rows.map((row) => [row.message_id, row]));
  return messageIds.map((id) => byId.get(id) ?? null);
}

/** Notes with which input the discount of a message is asked for. What was noted first, holds; another round replaces it. */
export async function planDiscount(
  transaction: Queryable,
  identity: MessageIdentity,
  plan: DiscountPlan,
  now: Date,
): Promise<StoredMessage | null> {
  const [message] = await transaction.query<StoredMessage>(
    `INSERT INTO marketing.journey_message AS known
       (message_id, idempotency_key, journey_id, instance_id, step, channel, purpose, state, planned_at,
        discount_customer_no, discount_cart_id, discount_percent, discount_expires_at, discount_round)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 'PLANNED', $8, $9, $10, $11, $12, $13)
     ON CONFLICT (message_id) DO UPDATE SET
       discount_customer_no = excluded.discount_customer_no, discount_cart_id = excluded.discount_cart_id,
       discount_percent = excluded.discount_percent, discount_expires_at = excluded.discount_expires_at,
       discount_round = excluded.discount_round, discount_code = NULL
     WHERE known.state IN ('PLANNED', 'PREPARED')
       AND (known.discount_expires_at IS NULL OR known.discount_round < excluded.discount_round)
     RETURNING *`,
    [...identityValues(identity), now, plan.customerNumber, plan.cartId, plan.percent, plan.expiresAt, plan.round],
  );
  return message ?? readMessage(transaction, messageKeyOf(identity.idempotencyKey));
}

/**
 * Writes a message that was not handed over yet, as PREPARED, or in one go as SENT, which is noted as an engagement. Gives the number of the writing, or null
 * when somebody has handed it over meanwhile.
 */
export async function writeMessage(
  transaction: Queryable,
  identity: MessageIdentity,
  prepared: Prepared,
  { state, now }: { readonly state: 'PREPARED' | 'SENT'; readonly now: Date },
): Promise<number | null> {
  const [message] = await transaction.query<{ preparation: number }>(
    `WITH written AS (
     INSERT INTO marketing.journey_message AS known
       (message_id, idempotency_key, journey_id, instance_id, step, channel, purpose, state, planned_at, prepared_at, sent_at,
        preparation, subscriber_key, consent_id, address, header_message_id, subject, html_body, text_body, discount_code)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $9, $8, $8, CASE $9 WHEN 'SENT' THEN $8::timestamptz END,
        1, $10, $11, $12, $13, $14, $15, $16, $17)
     ON CONFLICT (message_id) DO UPDATE SET
       state = excluded.state, prepared_at = excluded.prepared_at, sent_at = excluded.sent_at,
       preparation = known.preparation + 1, subscriber_key = excluded.subscriber_key, consent_id = excluded.consent_id,
       address = excluded.address, header_message_id = excluded.header_message_id, subject = excluded.subject,
       html_body = excluded.html_body, text_body = excluded.text_body, discount_code = excluded.discount_code
     WHERE known.state IN ('PLANNED', 'PREPARED')
     RETURNING message_id, state, preparation, subscriber_key, subject), noted AS (
     INSERT INTO marketing.email_event (event_id, subscriber_key, kind, subject_line, happened_on, message_id)
     SELECT message_id || '-sent', subscriber_key, 'sent', subject, $8, message_id FROM written WHERE state = 'SENT'
     ON CONFLICT (event_id) DO NOTHING)
     SELECT preparation FROM written`,
    [
      ...identityValues(identity),
      now,
      state,
      prepared.subscriberKey,
      prepared.consentId,
      prepared.address,
      prepared.headerMessageId,
      prepared.subject,
      prepared.html,
      prepared.text,
      prepared.discountCode,
    ],
  );
  return message?.preparation ?? null;
}

/** One writing of a message. */
export interface Writing {
  readonly messageId: string;
  readonly preparation: number;
}

/**
 * Marks a message as handed over with unknown outcome; after that it is never handed over again by itself. False when another
 * writing of it exists or somebody was first.
 */
export async function markInDoubt(transaction: Queryable, writing: Writing, doubtUntil: Date): Promise<boolean> {
  const marked = await transaction.query(
    `UPDATE marketing.journey_message SET state = 'IN_DOUBT', doubt_until = $3, error = NULL, is_decided = false
     WHERE message_id = $1 AND preparation = $2 AND state = 'PREPARED' RETURNING message_id`,
    [writing.messageId, writing.preparation, doubtUntil],
  );
  return marked.length > 0;
}

/** What becomes of a message that was handed over. */
export interface Settlement {
  readonly state: 'PREPARED' | 'IN_DOUBT' | 'SENT' | 'FAILED';
  readonly from: readonly MessageState[];
  readonly now: Date;
  readonly error: string | null;
}

/** Settles one writing of a message. Gives it as it is then, null when it does not stand where it was thought to. */
export async function settleMessage(
  transaction: Queryable,
  writing: Writing,
  { state, from, now, error }: Settlement,
): Promise<StoredMessage | null> {
  const [message] = await transaction.query<StoredMessage>(
    `UPDATE marketing.journey_message SET state = $3, error = $5,
       doubt_until = CASE $3 WHEN 'IN_DOUBT' THEN $4::timestamptz END,
       sent_at = CASE $3 WHEN 'SENT' THEN $4::timestamptz END
     WHERE message_id = $1 AND preparation = $2 AND state = ANY($6) RETURNING *`,
    [writing.messageId, writing.preparation, state, now, error, from],
  );
  return message ?? null;
}

/** Counts a try that failed in passing. Null when the message was handed over. */
export async function countAttempt(
  transaction: Queryable,
  messageId: string,
  error: string,
): Promise<StoredMessage | null> {
  const [message] = await transaction.query<StoredMessage>(
    `UPDATE marketing.journey_message SET attempts = attempts + 1, error = $2
     WHERE message_id = $1 AND state IN ('PLANNED', 'PREPARED') RETURNING *`,
    [messageId, error],
  );
  return message ?? null;
}

/** Takes a message out that was never handed over: it was decided not to send it. */
export async function dropUnsent(transaction: Queryable, messageId: string): Promise<void> {
  await transaction.query(
    "DELETE FROM marketing.journey_message WHERE message_id = $1 AND state IN ('PLANNED', 'PREPARED')",
    [messageId],
  );
}

/** What was done with a message, as the engagements of its receiver. */
export type MessageEventKind = 'sent' | 'bounce';

/** Notes what was done with a message: once for each kind. */
export async function noteEvent(
  transaction: Queryable,
  message: Pick<StoredMessage, 'message_id' | 'subscriber_key' | 'subject'>,
  kind: MessageEventKind,
  now: Date,
): Promise<void> {
  await transaction.query(
    `INSERT INTO marketing.email_event (event_id, subscriber_key, kind, subject_line, happened_on, message_id)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (event_id) DO NOTHING`,
    [`${message.message_id}-${kind}`, message.subscriber_key, kind, message.subject, now, message.message_id],
  );
}

const BODIES_KEPT_MS = 90 * 86_400_000;
/** Each message that is sent takes the bodies of a few that have had their time, so that no job of its own is needed. */
const SWEPT_AT_ONCE = 5;
/** So many messages share a sweep. */
const SHARED_BY = 20;

/** Takes what is personal out of the messages of people who were erased: what was sent when, and why, stays; what was not sent never is. */
export async function forgetMessagesOf(queryable: Queryable, customer360Ids: readonly string[]): Promise<void> {
  await queryable.query(
    `UPDATE marketing.journey_message SET
       address = 'erased', subject = 'erased', html_body = NULL, text_body = NULL, discount_code = NULL,
       state = CASE state WHEN 'PREPARED' THEN 'FAILED' ELSE state END,
       error = CASE state WHEN 'PREPARED' THEN 'The person was erased' ELSE error END
     WHERE state <> 'PLANNED' AND instance_id IN (
       SELECT instance_id FROM marketing.journey_instance WHERE customer360_id = ANY($1))`,
    [customer360Ids],
  );
}

/** Makes what forgets the texts of messages whose time is over, at every so many calls. What was sent to whom and when, stays. */
export function createBodySweep(): (queryable: Queryable, nowMs: number) => Promise<void> {
  let calls = 0;
  return async (queryable, nowMs) => {
    if (calls++ % SHARED_BY === 0) await forgetOldBodies(queryable, nowMs);
  };
}

async function forgetOldBodies(queryable: Queryable, nowMs: number): Promise<void> {
  await queryable.query(
    `UPDATE marketing.journey_message SET html_body = NULL, text_body = NULL WHERE message_id IN (
       SELECT message_id FROM marketing.journey_message
       WHERE html_body IS NOT NULL AND prepared_at < $1 AND state IN ('SENT', 'FAILED')
       ORDER BY prepared_at LIMIT ${SWEPT_AT_ONCE * SHARED_BY} FOR UPDATE SKIP LOCKED)`,
    [new Date(nowMs - BODIES_KEPT_MS)],
  );
}

function identityValues(identity: MessageIdentity): readonly string[] {
  return [
    messageKeyOf(identity.idempotencyKey),
    identity.idempotencyKey,
    identity.journeyId,
    identity.instanceId,
    identity.step,
    CHANNEL_LETTERS[identity.channel],
    PURPOSE_WORDS[identity.purpose],
  ];
}
