import type { Database } from '../database/database.ts';
import type { OutboxEvent } from '../database/outbox.ts';
import { createOutboxReader, type OutboxReader } from '../database/outbox-reader.ts';
import { createOutboxTail } from '../database/outbox-tail.ts';
import type { Clock } from '../schema/clock.ts';
import { CodedError } from '../schema/errors.ts';
import { type ChangedFields, createChangedFields } from './changed-fields.ts';
import type { ChangeKind, ChangeLog, EventFilter, LoggedBatch, LoggedEvent, SourceRecordChange } from './changes.ts';
import type { MappingDocument } from './document.ts';
import { objectOfEvent, SOURCE_RECORD_CHANGED } from './event-objects.ts';
import { createPollingChanges, type PollingOptions } from './poll.ts';

const SEQUENCE = /^\d{1,15}$/;

/** What a change log is made from. */
export interface ChangeLogOptions {
  readonly database: Database;
  /** The cloud's mapping, checked by `createCloudReader`. */
  readonly document: MappingDocument;
  readonly clock: Clock;
  readonly wait?: PollingOptions['wait'];
  /** Reads the cloud's outbox; from its store when not given. */
  readonly reader?: OutboxReader;
}

/** Makes the log of what happens in a cloud, in the way that its mapping names. */
export async function createChangeLog(options: ChangeLogOptions): Promise<ChangeLog> {
  const { database, document, clock, wait } = options;
  const { changes } = document;
  if (changes.kind === 'poll') {
    return createPollingChanges({ database, document, everyMs: changes.everyMs, clock, ...(wait ? { wait } : {}) });
  }
  const reader = options.reader ?? createOutboxReader({ database, schema: changes.schema });
  return createOutboxChanges(reader, createChangedFields(document));
}

/** Positions are the outbox's sequence numbers, so they stay valid across restarts. */
function createOutboxChanges(reader: OutboxReader, changedFields: ChangedFields): ChangeLog {
  const tail = createOutboxTail({ reader });
  const described = new WeakMap<OutboxEvent, LoggedEvent>();
  // Many followers are given the same events.
  const describe = (event: OutboxEvent): LoggedEvent => {
    const known = described.get(event) ?? describeEvent(event, changedFields);
    described.set(event, known);
    return known;
  };

  async function* events(
    since: string | undefined,
    { signal, wants }: { readonly signal: AbortSignal; readonly wants?: EventFilter },
  ): AsyncGenerator<LoggedBatch> {
    const after = since === undefined ? undefined : parsePosition(since);
    const filter = wants && { wants: (event: OutboxEvent) => wants(describe(event)) };
    const batches = tail.follow(after, { signal, unknown: anotherLog, ...filter });
    for await (const { position, events } of batches) yield { cursor: String(position), events: events.map(describe) };
  }

  async function* follow(
    since: string | undefined,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<SourceRecordChange> {
    const wants: EventFilter = ({ eventType }) => eventType === SOURCE_RECORD_CHANGED;
    for await (const batch of events(since, { signal, wants })) {
      yield { cursor: batch.cursor, sourceRecordIds: [...new Set(batch.events.map(({ objectId }) => objectId))] };
    }
  }

  return { tellsOf: 'EVERYTHING', follow, events, head: async () => String(await reader.head()) };
}

function parsePosition(since: string): number {
  if (SEQUENCE.test(since)) return Number(since);
  throw new CodedError('MALFORMED_ID', '`since` is a cursor that this log gave.');
}

function anotherLog(): CodedError {
  return new CodedError('MALFORMED_ID', '`since` is a cursor of another log, as after the store was made anew.');
}

/** Events from before logs told more are updates of whatever it may be. */
function describeEvent(
  { id, sequence, type, key, occurredAt, payload }: OutboxEvent,
  changedFields: ChangedFields,
): LoggedEvent {
  const { change, recordId, columns } = payload;
  return {
    id,
    cursor: String(sequence),
    eventType: type,
    objectType: objectOfEvent(type).object,
    objectId: key,
    sourceRecordId: typeof recordId === 'string' ? recordId : type === SOURCE_RECORD_CHANGED ? key : null,
    change: isChangeKind(change) ? change : 'UPDATED',
    changedFields: Array.isArray(columns)
      ? changedFields(
          type,
          columns.filter((column) => typeof column === 'string'),
        )
      : [],
    occurredAt,
  };
}

function isChangeKind(value: unknown): value is ChangeKind {
  return value === 'CREATED' || value === 'UPDATED' || value === 'DELETED';
}
