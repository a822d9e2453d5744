import type { Queryable } from '../../../../database/database.ts';
import { durationMs } from '../duration.ts';
import type { MessageRun } from './parts.ts';

/**
 * True when messages of other journeys have used up the person's frequency cap since the gates were asked, in the transaction in which
 * this one becomes certain. Gates that are asked in the same instant do not see each other's messages; this lets one message of a
 * person out at a time, in whatever process, and counts those that are sent or are being handed over. Whoever is told true asks the gates anew.
 */
export async function isOutOfTurn(transaction: Queryable, run: MessageRun): Promise<boolean> {
  const { request, messageId, parts } = run;
  const { instance, step, definition } = request;
  if (step.purpose === 'TRANSACTIONAL') return false;
  const { messages, within } = definition.gates.frequencyCap;
  const nowMs = parts.clock();
  // Held until the transaction ends; a statement of its own, so that the next one sees what was committed meanwhile.
  await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('journey message ' || $1::text, 0))", [
    instance.customer360Id,
  ]);
  const [found] = await transaction.query<{ is_full: boolean }>(
    `SELECT count(*) >= $3::integer AS is_full
     FROM marketing.journey_instance AS instance JOIN marketing.journey_message AS message USING (instance_id)
     WHERE instance.customer360_id = $1 AND message.message_id <> $2 AND message.purpose <> 'service'
       AND (message.state = 'SENT' AND message.sent_at > $4 OR message.state = 'IN_DOUBT' AND message.doubt_until > $5)`,
    [instance.customer360Id, messageId, messages, new Date(nowMs - durationMs(within)), new Date(nowMs)],
  );
  return found?.is_full ?? false;
}
