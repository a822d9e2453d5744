import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Database, Queryable, Row } from '../../../database/database.ts';
import { migrate, readMigrations } from '../../../database/migrate.ts';
import { outboxChannel } from '../../../database/outbox-schema.ts';
import { PACKAGE_ROOT } from '../../../schema/package-root.ts';
import {
  type CustomerAnswer,
  checkCount,
  customerOfAnswer,
  distinctKeys,
  firstOfEach,
  type RecordTuple,
  recordOfTuple,
  underKeys,
} from './answers.ts';
import { foldChangeSet } from './fold.ts';
import { hasDoubled } from './growth.ts';
import { namedByChangeSet } from './named.ts';
import {
  type Applied,
  type ChangeSet,
  type CustomerIdentity,
  type EarlierUse,
  type FollowPosition,
  type Identifier,
  IdentityConflict,
  type IdentityEvent,
  type IdentityRepository,
  identifierKey,
  type Lease,
  LeaseLost,
  type LinkedRecord,
  recordKey,
  type SourceRecordKey,
  type StoredFeatures,
} from './repository.ts';
import { returnedIdentifiers } from './returned.ts';
import { writeDecided } from './sql-decided.ts';
import {
  createSqlDecisionStore,
  createSqlDocumentStore,
  createSqlHouseholdStore,
  createSqlReviewStore,
} from './sql-decided-reads.ts';
import { createSqlErasureStore, erasedAmong, writeErasures } from './sql-erasure.ts';
import { createSqlHistoryStore } from './sql-history.ts';
import { findEarlierUse, keepUse } from './sql-idempotency.ts';
import * as lookups from './sql-lookups.ts';
import { readAffectedState, writeNetEffects } from './sql-writes.ts';

/** What the SQL repository works with. */
export interface SqlRepositoryOptions {
  /** PGlite or PostgreSQL; it stays the caller's to close. */
  readonly database: Database;
  /** Makes the store's secret the first time it is prepared: 32 bytes as hexadecimal. */
  readonly newHashKey?: () => string;
}

const SCHEMA = 'identity';

/** The identity store in SQL, in a schema `identity` of the database. */
export function createSqlRepository(options: SqlRepositoryOptions): IdentityRepository {
  return new SqlRepository(options);
}

class SqlRepository implements IdentityRepository {
  readonly engine = 'sql';
  readonly decisions: IdentityRepository['decisions'];
  readonly reviews: IdentityRepository['reviews'];
  readonly documents: IdentityRepository['documents'];
  readonly history: IdentityRepository['history'];
  readonly erasure: IdentityRepository['erasure'];
  readonly households: IdentityRepository['households'];
  #hashKey: string | undefined;
  readonly #database: Database;
  readonly #newHashKey: () => string;

  constructor(options: SqlRepositoryOptions) {
    this.#database = options.database;
    this.#newHashKey = options.newHashKey ?? (() => randomBytes(32).toString('hex'));
    this.decisions = createSqlDecisionStore(this.#database);
    this.reviews = createSqlReviewStore(this.#database);
    this.documents = createSqlDocumentStore(this.#database);
    this.history = createSqlHistoryStore(this.#database);
    this.erasure = createSqlErasureStore(this.#database);
    this.households = createSqlHouseholdStore(this.#database);
  }

  async prepare(): Promise<void> {
    this.#hashKey = undefined;
    const migrations = readMigrations(join(PACKAGE_ROOT, 'subgraphs/identity/store/migrations'));
    await migrate(this.#database, { schema: SCHEMA, migrations });
    await this.#database.query('INSERT INTO identity.secret (hash_key) VALUES ($1) ON CONFLICT DO NOTHING', [
      this.#newHashKey(),
    ]);
  }

  async customersByIds(ids: readonly string[]): Promise<Map<string, CustomerIdentity>> {
    const keys = [...distinctKeys(ids, (id) => id).keys()];
    return firstOfEach(await this.#customers(keys, lookups.CUSTOMERS_BY_IDS, [keys]));
  }

  async customersByRecords(records: readonly SourceRecordKey[]): Promise<Map<string, CustomerIdentity>> {
    const distinct = distinctKeys(records, recordKey);
    const sources = [...distinct.values()].map((record) => record.dataSourceId);
    const ids = [...distinct.values()].map((record) => record.sourceRecordId);
    return firstOfEach(await this.#customers([...distinct.keys()], lookups.CUSTOMERS_BY_RECORDS, [sources, ids]));
  }

  async customersByIdentifiers(
    identifiers: readonly Identifier[],
    limit: number,
  ): Promise<Map<string, CustomerIdentity[]>> {
    const distinct = distinctKeys(identifiers, identifierKey);
    const columns = identifierColumns(distinct.values());
    return this.#customers([...distinct.keys()], lookups.CUSTOMERS_BY_IDENTIFIERS, [...columns, limit]);
  }

  async listCustomers(options: { readonly after?: string; readonly first: number }): Promise<CustomerIdentity[]> {
    checkCount(options.first);
    const values = [options.after ?? '', options.first];
    const rows = await this.#database.query<CustomerRow>(lookups.LIST_CUSTOMERS, values);
    return rows.map(customerOfAnswer);
  }

  async recordsByIdentifiers(identifiers: readonly Identifier[], limit: number): Promise<Map<string, LinkedRecord[]>> {
    const distinct = distinctKeys(identifiers, identifierKey);
    if (distinct.size === 0) return new Map();
    const values = [...identifierColumns(distinct.values()), limit];
    const rows = await this.#database.query<{ position: number; record: RecordTuple }>(
      lookups.RECORDS_BY_IDENTIFIERS,
      values,
    );
    return underKeys(
      [...distinct.keys()],
      rows.map((row) => ({ positions: [row.position], value: recordOfTuple(row.record) })),
    );
  }

  async listRecordKeys(
    dataSourceId: string,
    options: { readonly after?: string; readonly first: number },
  ): Promise<string[]> {
    checkCount(options.first);
    const values = [dataSourceId, options.after ?? '', options.first];
    const rows = await this.#database.query<{ source_record_id: string }>(lookups.LIST_RECORD_KEYS, values);
    return rows.map((row) => row.source_record_id);
  }

  async apply(changeSet: ChangeSet): Promise<Applied> {
    const hashKey = await this.hashKey();
    const { applied, growth } = await this.#database.transaction(async (transaction) => {
      const turn = await takeTurn(transaction, changeSet);
      const unchanged = { before: 0, after: 0 };
      const earlier = await findEarlierUse(transaction, changeSet.idempotency);
      if (earlier) return { applied: { head: turn.head, earlier }, growth: unchanged };
      const state = await readAffectedState(transaction, namedByChangeSet(changeSet));
      const effects = foldChangeSet(changeSet, state);
      const alarms = turn.has_tombstones
        ? await returnedIdentifiers(effects, hashKey, (digests) => erasedAmong(transaction, digests))
        : [];
      const events = [...effects.events, ...alarms].map((event) => ({ ...event, occurredAt: changeSet.at }));
      const head = (await writeNetEffects(transaction, changeSet, state, { ...effects, events })) ?? turn.head;
      await writeDecided(transaction, changeSet, effects.decided);
      await writeErasures(transaction, changeSet, effects.decided.erasures, hashKey);
      await keepUse(transaction, changeSet);
      const before = state.lastRecordId;
      return { applied: { head }, growth: { before, after: before + effects.insertedRecords.length } };
    });
    if (hasDoubled(growth)) await this.#database.query(REFRESH_STATISTICS);
    return applied;
  }

  async earlierUse(subject: string, key: string): Promise<EarlierUse | null> {
    return (await findEarlierUse(this.#database, { subject, key })) ?? null;
  }

  async featuresOf(keys: readonly SourceRecordKey[]): Promise<Map<string, string>> {
    const distinct = distinctKeys(keys, recordKey);
    if (distinct.size === 0) return new Map();
    const asked = [...distinct.values()];
    const rows = await this.#database.query<FeatureRow>(lookups.FEATURES_OF_RECORDS, [
      asked.map((record) => record.dataSourceId),
      asked.map((record) => record.sourceRecordId),
    ]);
    return new Map(rows.map((row) => [recordKey(recordOfFeatureRow(row)), row.features]));
  }

  async listFeatures({ after, first }: { readonly after: string | null; readonly first: number }) {
    const rows = await this.#database.query<FeatureRow & { record_id: number }>(lookups.LIST_FEATURES, [
      Number(after ?? 0),
      first,
    ]);
    const last = rows.at(-1);
    return {
      rows: rows.map((row): StoredFeatures => ({ record: recordOfFeatureRow(row), features: row.features })),
      next: last && rows.length === first ? String(last.record_id) : null,
    };
  }

  listen(onEvents: () => void): Promise<() => Promise<void>> {
    return this.#database.listen(outboxChannel(SCHEMA), onEvents);
  }

  async positionOf(dataSourceId: string): Promise<FollowPosition | null> {
    const [row] = await this.#database.query<{ position: FollowPosition }>(
      'SELECT position FROM identity.follow_position WHERE data_source_id = $1',
      [dataSourceId],
    );
    return row?.position ?? null;
  }

  async acquireLease(
    holder: string,
    durationMs: number,
    nowMs: number,
    mayTakeOver: boolean = true,
  ): Promise<Lease | null> {
    const [row] = await this.#database.query<{ token: number }>(
      `UPDATE identity.lease
       SET holder = $1, expires_at = $2, token = token + 1
       WHERE holder IS NULL OR (holder = $1 AND $4::boolean) OR expires_at <= $3 RETURNING token`,
      [holder, nowMs + durationMs, nowMs, mayTakeOver],
    );
    return row ? { holder, token: row.token } : null;
  }

  async renewLease({ holder, token }: Lease, durationMs: number, nowMs: number): Promise<boolean> {
    const renewed = await this.#database.query(
      'UPDATE identity.lease SET expires_at = $3 WHERE holder = $1 AND token = $2 RETURNING token',
      [holder, token, nowMs + durationMs],
    );
    return renewed.length > 0;
  }

  async releaseLease(lease: Lease): Promise<void> {
    await this.#database.query('UPDATE identity.lease SET holder = NULL WHERE holder = $1 AND token = $2', [
      lease.holder,
      lease.token,
    ]);
  }

  async hashKey(): Promise<string> {
    // Never changes: kept, so that a change set costs no statement for it.
    this.#hashKey ??= await this.#readHashKey();
    return this.#hashKey;
  }

  async #readHashKey(): Promise<string> {
    const [row] = await this.#database.query<{ hash_key: string }>('SELECT hash_key FROM identity.secret');
    if (row === undefined) throw new Error('The identity store was not prepared.');
    return row.hash_key;
  }

  async events(after: number, first: number): Promise<IdentityEvent[]> {
    const rows = await this.#database.query<EventRow>(
      `SELECT sequence, id, type, key, occurred_at, payload FROM identity.outbox
       WHERE sequence > $1 ORDER BY sequence LIMIT $2`,
      [after, first],
    );
    return rows.map(({ occurred_at, ...event }) => ({ ...event, occurredAt: occurred_at.toISOString() }));
  }

  async checkReadiness(): Promise<void> {
    await this.#database.query('SELECT 1');
  }

  /** The database is the caller's. */
  async close(): Promise<void> {}

  async #customers(
    keys: readonly string[],
    text: string,
    values: readonly unknown[],
  ): Promise<Map<string, CustomerIdentity[]>> {
    if (keys.length === 0) return new Map();
    const rows = await this.#database.query<CustomerRow>(text, values);
    return underKeys(
      keys,
      rows.map((row) => ({ positions: row.positions, value: customerOfAnswer(row) })),
    );
  }
}

type CustomerRow = Row & CustomerAnswer;

type EventRow = Row & Omit<IdentityEvent, 'occurredAt'> & { readonly occurred_at: Date };

interface FeatureRow extends Row {
  readonly data_source_id: string;
  readonly source_record_id: string;
  readonly features: string;
}

function recordOfFeatureRow(row: FeatureRow): SourceRecordKey {
  return { dataSourceId: row.data_source_id, sourceRecordId: row.source_record_id };
}

interface Turn extends Row {
  readonly holder: string | null;
  /** Null in a store that was not prepared. */
  readonly token: number | null;
  readonly head: number;
  readonly has_tombstones: boolean;
}

/**
 * Waits until other writers have finished, and makes sure that the lease is still held (until the commit nobody can take
 * it) and that the log stands where the change was decided.
 */
async function takeTurn(transaction: Queryable, { lease, basedOn }: ChangeSet): Promise<Turn> {
  const [turn] = await transaction.query<Turn>(lookups.TAKE_TURN);
  if (turn === undefined || turn.token === null) throw new Error('The identity store was not prepared.');
  if (lease && (turn.holder !== lease.holder || turn.token !== lease.token)) {
    throw new LeaseLost(`The right to resolve has passed from ${lease.holder} to another process.`);
  }
  if (basedOn !== undefined && turn.head !== basedOn) {
    throw new IdentityConflict(`The log has moved on from ${basedOn} to ${turn.head}.`);
  }
  return turn;
}

/**
 * The embedded engine never counts its tables by itself, and a server only after a while: without statistics some lookups
 * sort what they could read in order.
 */
const REFRESH_STATISTICS = 'ANALYZE identity.customer, identity.source_record, identity.identifier';

function identifierColumns(identifiers: Iterable<Identifier>): [string[], string[]] {
  const list = [...identifiers];
  return [list.map((identifier) => identifier.identifierType), list.map((identifier) => identifier.normalizedValue)];
}
