import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/database.ts';
import type { Clock } from '../schema/clock.ts';
import { CodedError } from '../schema/errors.ts';
import { readCatalogue } from './catalogue.ts';
import type { ChangeKind, ChangeLog, EventFilter, LoggedBatch, LoggedEvent, SourceRecordChange } from './changes.ts';
import { sourceExpression } from './column-source.ts';
import { compileObjects } from './compile.ts';
import type { MappingDocument } from './document.ts';
import { objectOfEvent, SOURCE_RECORD_CHANGED } from './event-objects.ts';
import { fromSql } from './sql/select.ts';

const KEYS_IN_A_CHANGE = 500;
const REMEMBERED_CHANGES = 1_000;
const POSITION = /^([0-9a-z]{1,20})\.(\d{1,15})$/;

/** What polling needs. */
export interface PollingOptions {
  readonly database: Database;
  /** A checked document whose `changes` are noticed by polling. */
  readonly document: MappingDocument;
  readonly everyMs: number;
  readonly clock: Clock;
  /** Waits so many milliseconds, or until the signal aborts, when it rejects. Tests hand in their own. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Notices changes of a system that tells nobody of them: while somebody follows, it reads a digest of every record in
 * each interval, by one statement, and compares. Positions are valid as long as the process lives; a position of an
 * earlier process, or one too old, is refused, since nobody knows what happened in between: all records are to be read again.
 */
export async function createPollingChanges(options: PollingOptions): Promise<ChangeLog> {
  const { database, document, everyMs, clock, wait = waitUnreferenced } = options;
  const digestSql = buildDigestSql(document, compileObjects(document, await readCatalogue(database, document)));
  const log = new DigestLog(async () => {
    const [row] = await database.query<{ digests: [string, string][] }>(digestSql);
    return new Map(row?.digests ?? []);
  }, clock);
  const epoch = clock().toString(36);
  const positionOf = (number: number): string => `${epoch}.${number}`;

  async function head(): Promise<string> {
    if (!log.hasBaseline) await log.poll();
    return positionOf(log.position);
  }

  async function* events(
    since: string | undefined,
    { signal, wants = () => true }: { readonly signal: AbortSignal; readonly wants?: EventFilter },
  ): AsyncGenerator<LoggedBatch> {
    const from = since === undefined ? undefined : parsePosition(since);
    await log.poll();
    if (from && (from.epoch !== epoch || !log.remembers(from.number))) {
      throw new CodedError('MALFORMED_ID', '`since` is of an earlier run of this log, or too old.');
    }
    let position = from?.number ?? log.position;
    let isTold = false;
    while (!signal.aborted) {
      for (const change of log.after(position)) {
        position = change.number;
        const cursor = positionOf(position);
        const wanted = change.records
          .map((record) => describeChange(record, change, document.cloud, cursor))
          .filter(wants);
        if (wanted.length > 0) yield { cursor, events: wanted };
      }
      if (!isTold) yield { cursor: positionOf(position), events: [] };
      isTold = true;
      await wait(everyMs, signal).catch(() => undefined);
      if (!signal.aborted) await log.poll();
    }
  }

  async function* follow(
    since: string | undefined,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<SourceRecordChange> {
    for await (const batch of events(since, { signal })) {
      yield { cursor: batch.cursor, sourceRecordIds: batch.events.map(({ objectId }) => objectId) };
    }
  }

  return { tellsOf: 'SOURCE_RECORDS', head, follow, events };
}

interface ChangedRecord {
  readonly key: string;
  readonly kind: ChangeKind;
}

interface PolledChange {
  readonly number: number;
  /** When it was noticed, milliseconds since 1970 UTC. */
  readonly noticedAt: number;
  readonly records: readonly ChangedRecord[];
}

/** Ids follow from the position and the key, so that an event has the same one whenever it is told. */
function describeChange(
  { key, kind }: ChangedRecord,
  { noticedAt }: PolledChange,
  cloud: string,
  cursor: string,
): LoggedEvent {
  const digest = createHash('sha256')
    .update(JSON.stringify([cloud, cursor, key]))
    .digest('hex');
  const { object } = objectOfEvent(SOURCE_RECORD_CHANGED);
  return {
    id: [
      digest.slice(0, 8),
      digest.slice(8, 12),
      `8${digest.slice(13, 16)}`,
      `8${digest.slice(17, 20)}`,
      digest.slice(20, 32),
    ].join('-'),
    cursor,
    eventType: SOURCE_RECORD_CHANGED,
    objectType: object,
    objectId: key,
    sourceRecordId: key,
    change: kind,
    changedFields: [],
    occurredAt: new Date(noticedAt).toISOString(),
  };
}

/** The digest that records had at the last poll, and what changed from poll to poll. */
class DigestLog {
  readonly #read: () => Promise<Map<string, string>>;
  readonly #clock: Clock;
  #digests: Map<string, string> | undefined;
  #polling: Promise<void> | undefined;
  #changes: PolledChange[] = [];
  #position = 0;

  constructor(read: () => Promise<Map<string, string>>, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  get hasBaseline(): boolean {
    return this.#digests !== undefined;
  }

  /** The number of the last change. */
  get position(): number {
    return this.#position;
  }

  /** True when every change after the position is still known. */
  remembers(position: number): boolean {
    return position <= this.#position && position >= this.#position - this.#changes.length;
  }

  after(position: number): PolledChange[] {
    return this.#changes.filter((change) => change.number > position);
  }

  /** Reads and compares. Followers that poll at the same time share one read. */
  poll(): Promise<void> {
    this.#polling ??= this.#compare().finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  async #compare(): Promise<void> {
    const now = await this.#read();
    const before = this.#digests;
    this.#digests = now;
    if (!before) return;
    const changed = [...now].flatMap(([key, digest]): ChangedRecord[] =>
      before.get(key) === digest ? [] : [{ key, kind: before.has(key) ? 'UPDATED' : 'CREATED' }],
    );
    const deleted = [...before.keys()].flatMap((key): ChangedRecord[] =>
      now.has(key) ? [] : [{ key, kind: 'DELETED' }],
    );
    const noticedAt = this.#clock();
    for (const records of inBatches([...changed, ...deleted])) {
      this.#changes.push({ number: ++this.#position, noticedAt, records });
    }
    this.#changes = this.#changes.slice(-REMEMBERED_CHANGES);
  }
}

function inBatches<T>(records: readonly T[]): T[][] {
  const batches: T[][] = [];
  for (let start = 0; start < records.length; start += KEYS_IN_A_CHANGE) {
    batches.push(records.slice(start, start + KEYS_IN_A_CHANGE));
  }
  return batches;
}

function parsePosition(since: string): { epoch: string; number: number } {
  const [, epoch, number] = POSITION.exec(since) ?? [];
  if (epoch === undefined) throw new CodedError('MALFORMED_ID', '`since` is a cursor that this log gave.');
  return { epoch, number: Number(number) };
}

/** One digest of all columns that a profile is made of. */
function buildDigestSql(document: MappingDocument, objects: ReturnType<typeof compileObjects>): string {
  const profile = objects.get('SourceProfile');
  if (!profile) throw new Error(`The mapping of ${document.cloud} has no SourceProfile.`);
  const columns = profile.inputs.map((source) => sourceExpression(source, 't'));
  const key = sourceExpression(profile.key, 't');
  const digest = `json_build_array(${key}::text, md5(ROW(${columns.join(', ')})::text))`;
  return `SELECT coalesce(json_agg(${digest}), '[]') AS digests FROM ${fromSql(profile, 't')}`;
}

function waitUnreferenced(milliseconds: number, signal: AbortSignal): Promise<unknown> {
  return sleep(milliseconds, undefined, { signal, ref: false });
}
