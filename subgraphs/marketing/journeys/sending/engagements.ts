import type { Queryable } from '../../../../database/database.ts';
import type { Clock } from '../../../../schema/clock.ts';
import { CodedError } from '../../../../schema/errors.ts';
import type { EmailEngagementType } from '../../../../schema/generated/marketing.ts';
import { readMessage, type StoredMessage } from './message-store.ts';
import type { SuppressAddress } from './parts.ts';

/** Input of `recordEmailEngagement`, in the schema's words. */
export interface RecordEmailEngagement {
  readonly messageId?: string | null;
  readonly subscriberKey?: string | null;
  readonly engagementType: EmailEngagementType;
  readonly isTransient?: boolean | null;
  readonly linkUrl?: string | null;
}

/** What recording is made from. */
export interface EngagementParts {
  readonly clock: Clock;
  /** Gives a new key at each call. */
  readonly newId: () => string;
  readonly suppressAddress: SuppressAddress;
}

/** The schema's words in the store's vocabulary. */
const KINDS: Readonly<Record<EmailEngagementType, string>> = {
  SENT: 'sent',
  DELIVERED: 'delivered',
  OPENED: 'open',
  CLICKED: 'click',
  BOUNCED: 'bounce',
  COMPLAINED: 'spam',
  UNSUBSCRIBED: 'unsub',
};
/** Happen once to a message, however often they are told; opened and followed it may be again and again. */
const ONCE: ReadonlySet<EmailEngagementType> = new Set(['SENT', 'DELIVERED', 'BOUNCED', 'COMPLAINED', 'UNSUBSCRIBED']);
/** Where a consent was withdrawn that an engagement tells of. */
const CAPTURE_SOURCE = 'list-unsubscribe';

interface Receiver {
  readonly subscriberKey: string;
  /** The address that the message went to, the subscriber's own without a message. */
  readonly address: string | null;
  readonly message: StoredMessage | null;
}

/**
 * Notes what a receiver or its server did with an e-mail, in the transaction, and what follows from it: a bounce for good and a
 * complaint suppress the address, unsubscribing withdraws the consent that the message rested on. Gives the engagement's key. Throws
 * NOT_FOUND.
 */
export async function recordEmailEngagement(
  parts: EngagementParts,
  transaction: Queryable,
  input: RecordEmailEngagement,
): Promise<string> {
  const receiver = await receiverOf(transaction, input);
  const { engagementType: type } = input;
  const now = new Date(parts.clock());
  const id = await writeEvent(parts, transaction, receiver, input, now);
  if (type === 'BOUNCED' && !input.isTransient) await suppress(parts, transaction, receiver, 'BOUNCED');
  if (type === 'COMPLAINED') await suppress(parts, transaction, receiver, 'COMPLAINED');
  if (type === 'UNSUBSCRIBED') await withdrawConsent(parts, transaction, receiver, now);
  if (receiver.message) await settleByEngagement(transaction, receiver.message, type, now);
  return id;
}

/** The key of a message of ours by its `Message-ID`, whatever the domain; undefined for one of somebody else. */
export function messageKeyOfHeader(messageId: string): string | undefined {
  return /^<?([0-9a-f]{32})@[^<>@\s]+>?$/i.exec(messageId.trim())?.[1]?.toLowerCase();
}

async function receiverOf(transaction: Queryable, input: RecordEmailEngagement): Promise<Receiver> {
  const { messageId, subscriberKey } = input;
  if (messageId) {
    const key = messageKeyOfHeader(messageId);
    const message = key === undefined ? null : await readMessage(transaction, key);
    if (message?.subscriber_key && message.state !== 'PLANNED') {
      return { subscriberKey: message.subscriber_key, address: message.address, message };
    }
    throw new CodedError('NOT_FOUND', 'There is no message with this `messageId`.');
  }
  if (!subscriberKey) throw new CodedError('BAD_USER_INPUT', 'Name the `messageId`, or the `subscriberKey`.');
  const [subscriber] = await transaction.query<{ email_address: string | null }>(
    'SELECT email_address FROM marketing.subscriber WHERE subscriber_key = $1',
    [subscriberKey],
  );
  if (!subscriber) throw new CodedError('NOT_FOUND', 'There is no subscriber with this key.');
  return { subscriberKey, address: subscriber.email_address, message: null };
}

async function writeEvent(
  { newId }: EngagementParts,
  transaction: Queryable,
  { subscriberKey, message }: Receiver,
  { engagementType, linkUrl }: RecordEmailEngagement,
  now: Date,
): Promise<string> {
  const kind = KINDS[engagementType];
  const id = message && ONCE.has(engagementType) ? `${message.message_id}-${kind}` : newId();
  await transaction.query(
    `INSERT INTO marketing.email_event (event_id, subscriber_key, kind, subject_line, url, happened_on, message_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (event_id) DO NOTHING`,
    [id, subscriberKey, kind, message?.subject ?? null, linkUrl ?? null, now, message?.message_id ?? null],
  );
  return id;
}

/** Whoever is no subscriber any more has nothing that could be suppressed for them. */
async function suppress(
  { suppressAddress }: EngagementParts,
  transaction: Queryable,
  { subscriberKey, address }: Receiver,
  reason: 'BOUNCED' | 'COMPLAINED',
): Promise<void> {
  if (address === null) return;
  await suppressAddress(transaction, { subscriberKey, address, reason });
}

/** Withdraws the consent that the message rested on, for offers by e-mail without a message; what was withdrawn already stays as it was. */
async function withdrawConsent(
  { newId }: EngagementParts,
  transaction: Queryable,
  { subscriberKey, address, message }: Receiver,
  now: Date,
): Promise<void> {
  await transaction.query(
    `INSERT INTO marketing.consent AS known
       (consent_id, subscriber_key, channel, purpose, address, granted, captured_on, captured_by)
     VALUES ($1, $2, $3, $4, $5, 'N', $6, $7)
     ON CONFLICT (subscriber_key, channel, purpose) DO UPDATE SET
       granted = 'N', captured_on = excluded.captured_on, captured_by = excluded.captured_by
     WHERE known.granted <> 'N'`,
    [newId(), subscriberKey, message?.channel ?? 'E', message?.purpose ?? 'promo', address, now, CAPTURE_SOURCE],
  );
}

/** Whatever comes back of a message proves that it was sent; one that bounced for good stays sent, with the bounce beside it. */
async function settleByEngagement(
  transaction: Queryable,
  message: StoredMessage,
  type: EmailEngagementType,
  now: Date,
): Promise<void> {
  if (message.state !== 'IN_DOUBT') return;
  await transaction.query(
    `UPDATE marketing.journey_message SET state = 'SENT', sent_at = $2, error = NULL, doubt_until = NULL
     WHERE message_id = $1 AND state = 'IN_DOUBT'`,
    [message.message_id, message.prepared_at ?? now],
  );
  if (type === 'SENT') return;
  await transaction.query(
    `INSERT INTO marketing.email_event (event_id, subscriber_key, kind, subject_line, happened_on, message_id)
     VALUES ($1, $2, 'sent', $3, $4, $5) ON CONFLICT (event_id) DO NOTHING`,
    [
      `${message.message_id}-sent`,
      message.subscriber_key,
      message.subject,
      message.prepared_at ?? now,
      message.message_id,
    ],
  );
}
