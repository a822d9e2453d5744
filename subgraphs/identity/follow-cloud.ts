import type { Clock } from '../../schema/clock.ts';
import { CodedError } from '../../schema/errors.ts';
import type { CloudChange, CloudClient } from './cloud-client.ts';
import type { LeaseSession } from './lease-keeper.ts';
import type { IdentityResolver, ResolveBatch } from './resolution/resolve.ts';
import { type FollowPosition, type IdentityRepository, LeaseLost } from './store/repository.ts';
import type { Backoff, Wait } from './wait.ts';

/** How far the reading of one cloud is. */
export type FollowPhase =
  /** Another process does it, or the store has not given the right yet. */
  | 'STANDBY'
  /** Reading all of its records. */
  | 'READING'
  /** Told of changes as they happen. */
  | 'FOLLOWING'
  /** The last attempt failed; the next comes soon. */
  | 'RETRYING';

/** Where the reading of one cloud stands, for health and progress. */
export interface CloudFollowStatus {
  readonly dataSourceId: string;
  readonly phase: FollowPhase;
  /** Records resolved by this process so far, each time counted. */
  readonly recordsResolved: number;
  /** True when everything that had changed before this process began to follow is resolved. */
  readonly isDrained: boolean;
  /** When the position was last stored, milliseconds since 1970 UTC; null before the first time. */
  readonly positionStoredAt: number | null;
  /** How long the last doorbell took from ringing until it was stored, milliseconds; null before the first. */
  readonly lagMs: number | null;
  /** Failures in a row, 0 while all is well. */
  readonly failures: number;
  /** Code or class of the last failure, null without one. */
  readonly lastFailure: string | null;
}

/** Where a follower writes what an operator should know. Never given personal data. */
export interface FollowLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What following one cloud needs. */
export interface CloudFollowParts {
  readonly repository: IdentityRepository;
  readonly resolver: IdentityResolver;
  readonly clock: Clock;
  readonly log: FollowLog;
  readonly pageSize: number;
  readonly wait: Wait;
  readonly backoff: Backoff;
  readonly onStatus: (status: CloudFollowStatus) => void;
  /** Runs one piece of work at a time: decisions of two clouds may concern the same customer. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Beyond this many keys a sweep asks the cloud about a record instead of remembering that it was read. */
const REMEMBERED_KEYS_LIMIT = 200_000;

/** Follows one cloud while the process holds the right to resolve. */
export class CloudFollow {
  readonly #client: CloudClient;
  readonly #parts: CloudFollowParts;
  #status: CloudFollowStatus;
  #mustReadAgain = false;

  constructor(client: CloudClient, parts: CloudFollowParts) {
    this.#client = client;
    this.#parts = parts;
    this.#status = {
      dataSourceId: client.dataSourceId,
      phase: 'STANDBY',
      recordsResolved: 0,
      isDrained: false,
      positionStoredAt: null,
      lagMs: null,
      failures: 0,
      lastFailure: null,
    };
  }

  get status(): CloudFollowStatus {
    return this.#status;
  }

  /** Reads, then follows, again and again after failures, until the session is over. */
  async run(session: LeaseSession): Promise<void> {
    while (!session.signal.aborted) {
      try {
        const since = await this.#readUnlessRead(session);
        if (since !== null) await this.#follow(since, session);
        if (!session.signal.aborted) throw new CodedError('SUBGRAPH_DOWN', 'The cloud ended the subscription.');
      } catch (error) {
        if (error instanceof LeaseLost) session.end();
        if (session.signal.aborted) break;
        this.#noteFailure(error);
        await this.#parts.wait(this.#parts.backoff(this.#status.failures), session.signal);
      }
    }
    this.#update({ phase: 'STANDBY', isDrained: false });
  }

  /** Gives the position to follow from, after reading all records where that is not done; null when the session ended before. */
  async #readUnlessRead(session: LeaseSession): Promise<string | null> {
    const { repository, resolver } = this.#parts;
    const stored = await repository.positionOf(this.#client.dataSourceId);
    const isUsable = stored?.rules === resolver.fingerprint && !this.#mustReadAgain;
    if (isUsable && stored.phase === 'FOLLOWING') return stored.since;
    this.#update({ phase: 'READING' });
    return this.#readAll(isUsable ? stored : null, session);
  }

  async #readAll(stored: FollowPosition | null, session: LeaseSession): Promise<string | null> {
    let after = stored?.phase === 'READING' ? stored.after : null;
    let changesSince = stored?.phase === 'READING' ? stored.changesSince : null;
    const keysRead = new Set<string>();
    while (!session.signal.aborted) {
      const page = await this.#client.readPage(after, this.#parts.pageSize);
      changesSince ??= page.changesSince;
      after = page.endCursor ?? after;
      for (const { sourceRecordId } of page.records) {
        if (keysRead.size < REMEMBERED_KEYS_LIMIT) keysRead.add(sourceRecordId);
      }
      await this.#resolve({ changed: page.records, deleted: [], reconsider: true }, session, {
        phase: 'READING',
        after,
        changesSince,
      });
      this.#mustReadAgain = false;
      if (page.hasNextPage) continue;
      if (!(await this.#sweep(keysRead, session))) return null;
      await this.#resolve({ changed: [], deleted: [] }, session, { phase: 'FOLLOWING', since: changesSince });
      return changesSince;
    }
    return null;
  }

  /** Forgets records that the cloud no longer has; false when the session ended before all were looked at. */
  async #sweep(keysRead: ReadonlySet<string>, session: LeaseSession): Promise<boolean> {
    const { repository, pageSize } = this.#parts;
    let after: string | undefined;
    while (!session.signal.aborted) {
      const page: string[] = await repository.listRecordKeys(this.#client.dataSourceId, {
        ...(after === undefined ? {} : { after }),
        first: pageSize,
      });
      const unseen = page.filter((key) => !keysRead.has(key));
      if (unseen.length > 0) await this.#resolve(await this.#readAgain(unseen), session);
      after = page.at(-1);
      if (page.length < pageSize) return true;
    }
    return false;
  }

  async #follow(since: string, session: LeaseSession): Promise<void> {
    this.#update({ phase: 'FOLLOWING' });
    let position = since;
    for await (const change of this.#client.changes(since, session.signal)) {
      await this.#answerDoorbell(change, position, session);
      position = change.cursor;
      if (session.signal.aborted) return;
    }
  }

  async #answerDoorbell(change: CloudChange, position: string, session: LeaseSession): Promise<void> {
    const rangAt = this.#parts.clock();
    if (change.sourceRecordIds.length > 0 || change.cursor !== position) {
      const batch = await this.#readAgain(change.sourceRecordIds);
      await this.#resolve(batch, session, { phase: 'FOLLOWING', since: change.cursor });
    }
    const isDrained = this.#status.isDrained || change.sourceRecordIds.length === 0;
    this.#update({ failures: 0, lastFailure: null, isDrained, lagMs: this.#parts.clock() - rangAt });
  }

  /** The truth about some records: those the cloud has, and which of them it no longer has. */
  async #readAgain(sourceRecordIds: readonly string[]): Promise<ResolveBatch> {
    const { dataSourceId } = this.#client;
    const changed = sourceRecordIds.length === 0 ? [] : await this.#client.readByIds(sourceRecordIds);
    const found = new Set(changed.map((record) => record.sourceRecordId));
    const gone = sourceRecordIds.filter((id) => !found.has(id));
    return { changed, deleted: gone.map((sourceRecordId) => ({ dataSourceId, sourceRecordId })) };
  }

  async #resolve(batch: ResolveBatch, session: LeaseSession, position?: FollowPosition): Promise<void> {
    const { resolver, clock, inTurn } = this.#parts;
    const { dataSourceId } = this.#client;
    const rules = resolver.fingerprint;
    const progress = position && { progress: { dataSourceId, position: { ...position, rules } } };
    await inTurn(() => resolver.resolve({ ...batch, ...progress, lease: session.lease }));
    this.#update({
      recordsResolved: this.#status.recordsResolved + batch.changed.length + batch.deleted.length,
      ...(position ? { positionStoredAt: clock() } : {}),
    });
  }

  #noteFailure(error: unknown): void {
    const code = error instanceof CodedError ? error.code : error instanceof Error ? error.constructor.name : 'unknown';
    // A cursor the cloud does not know any more, after its log was lost, or cut because retention was over, leaves nothing but to read all again.
    if (code === 'MALFORMED_ID' || code === 'CURSOR_TOO_OLD') this.#mustReadAgain = true;
    this.#update({
      phase: 'RETRYING',
      isDrained: false,
      failures: this.#status.failures + 1,
      lastFailure: code,
    });
    const { dataSourceId, failures } = this.#status;
    this.#parts.log.warn({ dataSourceId, code, failures }, 'A cloud could not be followed; it is tried again.');
  }

  #update(changes: Partial<CloudFollowStatus>): void {
    this.#status = { ...this.#status, ...changes };
    this.#parts.onStatus(this.#status);
  }
}
