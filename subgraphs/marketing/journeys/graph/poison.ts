import type { Consumer } from '../../../../database/consumer-contract.ts';
import type { Database, Queryable, Row } from '../../../../database/database.ts';
import type { Clock } from '../../../../schema/clock.ts';
import { CodedError } from '../../../../schema/errors.ts';
import { type PageArguments, pageArguments } from '../../../cloud/arguments.ts';
import type { CloudContext, CloudResolvers } from '../../../cloud/context.ts';
import type { IdempotentInput, IdempotentWrite } from '../../../cloud/idempotent-writes.ts';
import { guardStore, type OnWarning } from '../../../cloud/store-failure.ts';
import { wakeWorkers } from '../store/events.ts';
import { connectionOf, readPlace, writePlace } from './sources.ts';

/** What is needed to show events that were set aside, and to try them again. */
export interface PoisonParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly write: IdempotentWrite;
  readonly onWarning: OnWarning;
  /** Made, not started: they try again what consumers of these names have set aside. */
  readonly consumers: readonly Consumer[];
}

interface PoisonRow extends Row {
  readonly id: string;
  readonly consumer: string;
  readonly data_source_id: string;
  readonly event_type: string;
  readonly object_id: string;
  readonly tries: number;
  readonly error: string;
  readonly set_aside: Date;
}

interface ReplayInput extends IdempotentInput {
  readonly ids: readonly string[];
}

const IDS_LIMIT = 100;

/** Events fail when they are taken, or later, when what they are about is looked up live. */
const SET_ASIDE = `
  SELECT event_id AS id, consumer, event ->> 'dataSourceId' AS data_source_id, event ->> 'eventType' AS event_type,
    event ->> 'objectId' AS object_id, tries, error, date_trunc('milliseconds', set_aside_at) AS set_aside
  FROM marketing.poison_event WHERE consumer LIKE 'journeys:%'
  UNION ALL
  SELECT event_id, 'journeys:' || lower(kind), source, event_type, object_id, tries, coalesce(error, ''),
    date_trunc('milliseconds', set_aside_on)
  FROM marketing.journey_task WHERE set_aside_on IS NOT NULL`;

/** Resolvers of the events that were set aside. */
export function createPoisonResolvers(parts: PoisonParts): CloudResolvers {
  const { database, onWarning, write } = parts;
  return {
    Query: {
      poisonEvents: async (_source: unknown, args: PageArguments) => {
        const page = pageArguments(args);
        const after = page.after === undefined ? null : readPlace(page.after);
        const rows = await guardStore('marketing', onWarning, () =>
          database.query<PoisonRow>(
            `SELECT * FROM (${SET_ASIDE}) AS aside WHERE ($1::timestamptz IS NULL OR (set_aside, id) < ($1, $2::text))
             ORDER BY set_aside DESC, id DESC LIMIT $3`,
            [after?.at ?? null, after?.key ?? null, page.first + 1],
          ),
        );
        const cursorOf = (row: PoisonRow) => writePlace(row.set_aside.getTime(), row.id);
        return connectionOf(rows, page, { cursorOf, nodeOf: poisonOf });
      },
    },
    Mutation: {
      replayPoisonEvents: async (_source: unknown, { input }: { input: ReplayInput }, context: CloudContext) => {
        if (input.ids.length === 0 || input.ids.length > IDS_LIMIT) {
          throw new CodedError('BAD_USER_INPUT', `\`ids\` has 1 to ${IDS_LIMIT} ids.`);
        }
        const asked = await write(context, 'replayPoisonEvents', input, async (transaction) => {
          await wakeAside(transaction, input.ids, parts.clock());
          return triesOf(transaction, input.ids);
        });
        return guardStore('marketing', onWarning, async () => {
          // Each in a transaction of its own: what fails again does not keep the others. Whoever was killed before it came to one has
          // left it with as many tries as when it was asked for: the call that is repeated goes on with it, and with no other.
          const now = await triesOf(database, input.ids);
          const left = Object.keys(asked).filter((id) => now[id] === asked[id]);
          for (const consumer of parts.consumers) await consumer.replay(left);
          const rows = await database.query<PoisonRow>(`SELECT * FROM (${SET_ASIDE}) AS aside WHERE id = ANY($1)`, [
            input.ids,
          ]);
          const aside = new Set(rows.map(({ id }) => id));
          return {
            replayedIds: [...new Set(input.ids)].filter((id) => !aside.has(id)),
            poisonEvents: rows.map(poisonOf),
          };
        });
      },
    },
  };
}

/** How often each of the events that consumers set aside was tried. */
async function triesOf(on: Queryable, eventIds: readonly string[]): Promise<Record<string, string>> {
  const rows = await on.query<{ event_id: string; tries: number }>(
    `SELECT event_id, tries FROM marketing.poison_event WHERE consumer LIKE 'journeys:%' AND event_id = ANY($1)`,
    [eventIds],
  );
  return Object.fromEntries(rows.map(({ event_id, tries }) => [event_id, String(tries)]));
}

async function wakeAside(transaction: Queryable, eventIds: readonly string[], nowMs: number): Promise<void> {
  await transaction.query(
    `UPDATE marketing.journey_task SET set_aside_on = NULL, error = NULL, tries = 0, wake_on = $2, due_on = $2
     WHERE set_aside_on IS NOT NULL AND event_id = ANY($1)`,
    [eventIds, new Date(nowMs)],
  );
  await wakeWorkers(transaction);
}

function poisonOf(row: PoisonRow) {
  return {
    id: row.id,
    consumer: row.consumer,
    dataSourceId: row.data_source_id,
    eventType: row.event_type,
    objectId: row.object_id,
    tries: row.tries,
    error: row.error,
    setAsideAt: row.set_aside,
  };
}
