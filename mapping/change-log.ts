import type { Database } from '../database/database.ts';
import { createOutboxReader } from '../database/outbox-reader.ts';
import type { Clock } from '../schema/clock.ts';
import { CodedError } from '../schema/errors.ts';
import type { ChangeLog, SourceRecordChange } from './changes.ts';
import type { MappingDocument } from './document.ts';
import { createPollingChanges, type PollingOptions } from './poll.ts';

const EVENT_TYPE = 'SourceRecordChanged';
const SEQUENCE = /^\d{1,15}$/;

/** What a change log is made from. */
export interface ChangeLogOptions {
  readonly database: Database;
  /** The cloud's mapping, checked by `createCloudReader`. */
  readonly document: MappingDocument;
  readonly clock: Clock;
  readonly wait?: PollingOptions['wait'];
}

/** Makes the log of a cloud's changed records, in the way that its mapping names. */
export async function createChangeLog(options: ChangeLogOptions): Promise<ChangeLog> {
  const { database, document, clock, wait } = options;
  const { changes } = document;
  if (changes.kind === 'outbox') return createOutboxChanges(database, changes.schema);
  return createPollingChanges({ database, document, everyMs: changes.everyMs, clock, ...(wait ? { wait } : {}) });
}

/** Positions are the outbox's sequence numbers, so they stay valid across restarts. */
function createOutboxChanges(database: Database, schema: string): ChangeLog {
  const location = { database, schema };

  async function* follow(
    since: string | undefined,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<SourceRecordChange> {
    // A reader remembers the gaps that its follower has seen, so every follower has one of its own.
    const reader = createOutboxReader(location);
    if (since !== undefined && !SEQUENCE.test(since)) {
      throw new CodedError('MALFORMED_ID', '`since` is a cursor that this log gave.');
    }
    const { newest, lastGiven } = await readEnd();
    if (since !== undefined && Number(since) > lastGiven) {
      throw new CodedError('MALFORMED_ID', '`since` is a cursor of another log, as after the store was made anew.');
    }
    const after = since === undefined ? await reader.head() : Number(since);
    let position = after;
    let isTold = position >= newest;
    if (isTold) yield { cursor: String(position), sourceRecordIds: [] };
    for await (const events of reader.follow(after, { signal })) {
      const keys = events.flatMap((event) => (event.type === EVENT_TYPE ? [event.key] : []));
      position = events.at(-1)?.sequence ?? position;
      if (keys.length > 0) yield { cursor: String(position), sourceRecordIds: [...new Set(keys)] };
      if (isTold || position < newest) continue;
      isTold = true;
      yield { cursor: String(position), sourceRecordIds: [] };
    }
  }

  /** The newest event that can be seen, and the last sequence number that was given out, also to what was rolled back. */
  async function readEnd(): Promise<{ newest: number; lastGiven: number }> {
    const [row] = await database.query<{ newest: number; last_given: number }>(
      `SELECT coalesce((SELECT max(sequence) FROM ${schema}.outbox), 0) AS newest, last_value AS last_given
       FROM ${schema}.outbox_sequence_seq`,
    );
    return { newest: row?.newest ?? 0, lastGiven: row?.last_given ?? 0 };
  }

  return { follow, head: async () => String(await createOutboxReader(location).head()) };
}
