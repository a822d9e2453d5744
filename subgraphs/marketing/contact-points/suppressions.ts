import type { Queryable } from '../../../database/database.ts';
import { CodedError } from '../../../schema/errors.ts';
import type { EngagementChannelType, SuppressionReason } from '../../../schema/generated/marketing.ts';
import { CHANNELS } from './channels.ts';

/** An address that nothing may be sent to any more. */
export interface SuppressAddress {
  /** A subscriber that has it; everybody else who has it is suppressed too. */
  readonly subscriberKey: string;
  readonly channel: EngagementChannelType;
  /** The address or number; without it the one that the subscriber has now. */
  readonly address?: string;
  readonly reason: SuppressionReason;
}

const CAUSES: Readonly<Record<SuppressionReason, string>> = { BOUNCED: 'bounce', COMPLAINED: 'spam', MANUAL: 'manual' };

/** Where a subscriber's contact point stands. Apps are known by the subscriber's key: there is no address of theirs. */
const ADDRESS_OF = `CASE $2::text WHEN 'E' THEN email_address WHEN 'P' THEN subscriber_key ELSE mobile_number END`;

/**
 * Suppresses a contact point, in the transaction: for every subscriber that has it, since it is the address that bounced or
 * complained. What is suppressed already stays as it is, but for a complaint, which outweighs the others. Throws NOT_FOUND
 * without the subscriber, CONFLICT when the subscriber has no such contact point.
 */
export async function suppressAddress(
  transaction: Queryable,
  { subscriberKey, channel, address, reason }: SuppressAddress,
  now: Date,
  newId: () => string,
): Promise<void> {
  const held = await contactPointOf(transaction, subscriberKey, channel);
  const suppressed = address?.trim() || held;
  if (!suppressed) throw new CodedError('CONFLICT', 'The subscriber has no contact point for this channel.');
  await transaction.query(
    `INSERT INTO marketing.suppression (suppression_id, subscriber_key, channel, address, cause, suppressed_on)
     SELECT $5::text || CASE WHEN subscriber_key = $1 THEN '' ELSE '-' || subscriber_key END,
            subscriber_key, $2::text, $3::text, $4::text, $6::timestamptz
     FROM marketing.subscriber
     WHERE subscriber_key = $1
        OR ($2::text = 'E' AND lower(trim(email_address)) = lower($3::text))
        OR ($2::text IN ('S', 'T') AND lower(trim(mobile_number)) = lower($3::text))
     ON CONFLICT (subscriber_key, channel, address) DO UPDATE SET
       cause = excluded.cause WHERE excluded.cause = 'spam' AND suppression.cause <> 'spam'`,
    [subscriberKey, CHANNELS[channel], suppressed, CAUSES[reason], newId(), now],
  );
}

/** Lifts what stands for a subscriber's channel, whatever its reason, for everybody who has the address. Throws NOT_FOUND. */
export async function liftSuppressions(
  transaction: Queryable,
  subscriberKey: string,
  channel: EngagementChannelType,
): Promise<void> {
  await contactPointOf(transaction, subscriberKey, channel);
  await transaction.query(
    `DELETE FROM marketing.suppression
     WHERE channel = $2 AND lower(trim(address)) IN (
       SELECT lower(trim(address)) FROM marketing.suppression WHERE subscriber_key = $1 AND channel = $2)`,
    [subscriberKey, CHANNELS[channel]],
  );
}

/** Locks the subscriber, so that a suppression and its lifting come one after the other. */
async function contactPointOf(
  transaction: Queryable,
  subscriberKey: string,
  channel: EngagementChannelType,
): Promise<string | undefined> {
  const [subscriber] = await transaction.query<{ address: string | null }>(
    `SELECT ${ADDRESS_OF} AS address FROM marketing.subscriber WHERE subscriber_key = $1 FOR NO KEY UPDATE`,
    [subscriberKey, CHANNELS[channel]],
  );
  if (!subscriber) throw new CodedError('NOT_FOUND', 'There is no subscriber with this key.');
  return subscriber.address?.trim() || undefined;
}
