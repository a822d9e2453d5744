import type { Queryable } from '../../../../database/database.ts';
import { durationMs } from '../duration.ts';
import type { MessageRun } from './parts.ts';

/**
 * True when what the gates said no longer holds, in the transaction in which the message becomes certain: the consent was withdrawn or the
 * address suppressed since they were asked, or messages of other journeys have used up the person's frequency cap. Gates that are
 * asked in the same instant do not see each other's messages; this lets one message of a person out at a time, in whatever
 * process, and counts those that are sent or are being handed over. Whoever is told true asks the gates anew.
 */
export async function isOutOfTurn(transaction: Queryable, run: MessageRun): Promise<boolean> {
  const { request, messageId, parts, decision } = run;
  const isCapped = request.step.purpose !== 'TRANSACTIONAL';
  const { messages, within } = request.definition.gates.frequencyCap;
  const nowMs = parts.clock();
  if (isCapped) await takeTurn(transaction, run);
  const [found] = await transaction.query<{ is_full: boolean; is_withdrawn: boolean }>(
    `SELECT ($10::boolean AND $3::integer <= (
         SELECT count(*) FROM (
           SELECT message_id, purpose, state, sent_at, doubt_until
           FROM marketing.journey_instance AS instance JOIN marketing.journey_message AS message USING (instance_id)
           WHERE instance.customer360_id = ANY($1::text[])
           UNION SELECT message_id, purpose, state, sent_at, doubt_until FROM marketing.journey_message
           WHERE subscriber_key = ANY($6::text[]) AND state IN ('SENT', 'IN_DOUBT')
         ) AS message
         WHERE message.message_id <> $2 AND message.purpose <> 'service'
           AND (message.state = 'SENT' AND message.sent_at > $4 OR message.state = 'IN_DOUBT' AND message.doubt_until > $5))) AS is_full,
       EXISTS (SELECT FROM marketing.consent WHERE consent_id = $7 AND granted <> 'Y')
         OR EXISTS (SELECT FROM marketing.suppression WHERE channel = 'E' AND subscriber_key = $8
           AND lower(trim(address)) = lower(trim($9))) AS is_withdrawn`,
    [
      idsOf(run),
      messageId,
      messages,
      new Date(nowMs - durationMs(within)),
      new Date(nowMs),
      decision.person?.subscriberKeys ?? [],
      decision.recipient?.consentId ?? null,
      decision.recipient?.subscriberKey ?? null,
      decision.recipient?.emailAddress ?? null,
      isCapped,
    ],
  );
  return found !== undefined && (found.is_full || found.is_withdrawn);
}

/** So long another message may be about to have its discount granted; after that the gates see that it was. */
const GRANTING_MS = 60_000;

/**
 * True when a discount for another message to the person has just been planned, in the transaction in which one for this message
 * would be: of two journeys that are at it in the same instant, one grants, and the other asks the gates anew.
 */
export async function isDiscountTaken(transaction: Queryable, run: MessageRun): Promise<boolean> {
  await takeTurn(transaction, run);
  const [found] = await transaction.query<{ is_taken: boolean }>(
    `SELECT EXISTS (
         SELECT FROM marketing.journey_instance AS instance JOIN marketing.journey_message AS message USING (instance_id)
         WHERE instance.customer360_id = ANY($1::text[]) AND message.message_id <> $2
           AND message.discount_customer_no IS NOT NULL AND message.planned_at > $3)
       AND NOT EXISTS (SELECT FROM marketing.journey_message WHERE message_id = $2 AND discount_customer_no IS NOT NULL) AS is_taken`,
    [idsOf(run), run.messageId, new Date(run.parts.clock() - GRANTING_MS)],
  );
  return found?.is_taken ?? false;
}

/** Held until the transaction ends; a statement of its own, so that the next one sees what was committed meanwhile. */
async function takeTurn(transaction: Queryable, { request, decision }: MessageRun): Promise<void> {
  await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('journey message ' || $1::text, 0))", [
    decision.person?.customer360Id ?? request.instance.customer360Id,
  ]);
}

/** Under which a person is known: what was merged a moment ago may still stand under both. */
function idsOf({ request: { instance }, decision: { person } }: MessageRun): readonly string[] {
  return person ? [...new Set([instance.customer360Id, person.customer360Id])] : [instance.customer360Id];
}
