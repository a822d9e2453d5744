import { randomBytes, randomUUID } from 'node:crypto';
import {
  type CustomerAnswer,
  checkCount,
  customerOfAnswer,
  distinctKeys,
  firstOfEach,
  isoTime,
  type RecordTuple,
  recordOfTuple,
  sortedRecords,
  underKeys,
} from './answers.ts';
import { recordOfKey } from './decision.ts';
import { foldChangeSet } from './fold.ts';
import { hasDoubled } from './growth.ts';
import { namedByChangeSet } from './named.ts';
import {
  type CypherRow,
  cypherInteger,
  Neo4jConnection,
  type Neo4jConnectionOptions,
  type RunCypher,
} from './neo4j-connection.ts';
import * as cypher from './neo4j-cypher.ts';
import { writeDecided } from './neo4j-decided.ts';
import {
  createNeo4jDecisionStore,
  createNeo4jDocumentStore,
  createNeo4jHouseholdStore,
  createNeo4jReviewStore,
} from './neo4j-decided-reads.ts';
import { createNeo4jErasureStore, erasedAmong, writeErasures } from './neo4j-erasure.ts';
import { createNeo4jHistoryStore } from './neo4j-history.ts';
import { findEarlierUse, keepUse } from './neo4j-idempotency.ts';
import { appendEvents, readAffectedState, writeNetEffects } from './neo4j-writes.ts';
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
} from './repository.ts';
import { returnedIdentifiers } from './returned.ts';

/** What the Neo4j repository works with. */
export interface Neo4jRepositoryOptions extends Neo4jConnectionOptions {
  /** Ids of events; random when not given. */
  readonly newId?: () => string;
  /** Makes the store's secret the first time it is prepared: 32 bytes as hexadecimal. */
  readonly newHashKey?: () => string;
}

/** The identity store in Neo4j. Connects with the first call; `close` lets the connections go. */
export function openNeo4jRepository(options: Neo4jRepositoryOptions): IdentityRepository {
  return new Neo4jRepository(options);
}

class Neo4jRepository implements IdentityRepository {
  readonly engine = 'neo4j';
  readonly decisions: IdentityRepository['decisions'];
  readonly reviews: IdentityRepository['reviews'];
  readonly documents: IdentityRepository['documents'];
  readonly history: IdentityRepository['history'];
  readonly erasure: IdentityRepository['erasure'];
  readonly households: IdentityRepository['households'];
  readonly #listeners = new Set<() => void>();
  #hashKey: string | undefined;
  readonly #connection: Neo4jConnection;
  readonly #newId: () => string;
  readonly #newHashKey: () => string;

  constructor(options: Neo4jRepositoryOptions) {
    this.#connection = new Neo4jConnection(options);
    this.#newId = options.newId ?? randomUUID;
    this.#newHashKey = options.newHashKey ?? (() => randomBytes(32).toString('hex'));
    this.decisions = createNeo4jDecisionStore(this.#connection);
    this.reviews = createNeo4jReviewStore(this.#connection);
    this.documents = createNeo4jDocumentStore(this.#connection);
    this.history = createNeo4jHistoryStore(this.#connection);
    this.erasure = createNeo4jErasureStore(this.#connection);
    this.households = createNeo4jHouseholdStore(this.#connection);
  }

  async prepare(): Promise<void> {
    this.#hashKey = undefined;
    for (const constraint of cypher.CONSTRAINTS) await this.#connection.write((run) => run(constraint));
    await this.#connection.write((run) => run(cypher.CREATE_SINGLE_NODES, { hashKey: this.#newHashKey() }));
  }

  async customersByIds(ids: readonly string[]): Promise<Map<string, CustomerIdentity>> {
    const keys = [...distinctKeys(ids, (id) => id).keys()];
    return firstOfEach(await this.#customers(cypher.CUSTOMERS_BY_IDS, keys));
  }

  async customersByRecords(records: readonly SourceRecordKey[]): Promise<Map<string, CustomerIdentity>> {
    const keys = [...distinctKeys(records, recordKey).keys()];
    return firstOfEach(await this.#customers(cypher.CUSTOMERS_BY_RECORDS, keys));
  }

  async customersByIdentifiers(
    identifiers: readonly Identifier[],
    limit: number,
  ): Promise<Map<string, CustomerIdentity[]>> {
    const keys = [...distinctKeys(identifiers, identifierKey).keys()];
    return this.#customers(cypher.CUSTOMERS_BY_IDENTIFIERS, keys, { limit: cypherInteger(limit) });
  }

  async listCustomers(options: { readonly after?: string; readonly first: number }): Promise<CustomerIdentity[]> {
    checkCount(options.first);
    const rows = await this.#connection.read<CypherRow & CustomerAnswer>(cypher.LIST_CUSTOMERS, {
      after: options.after ?? '',
      first: cypherInteger(options.first),
    });
    return rows.map(customerOfAnswer);
  }

  async recordsByIdentifiers(identifiers: readonly Identifier[], limit: number): Promise<Map<string, LinkedRecord[]>> {
    const keys = [...distinctKeys(identifiers, identifierKey).keys()];
    if (keys.length === 0) return new Map();
    const rows = await this.#connection.read<{ position: number; record: RecordTuple }>(cypher.RECORDS_BY_IDENTIFIERS, {
      asked: askedFor(keys),
      limit: cypherInteger(limit),
    });
    const found = underKeys(
      keys,
      rows.map((row) => ({ positions: [row.position], value: recordOfTuple(row.record) })),
    );
    return new Map([...found].map(([key, linked]) => [key, sortedRecords(linked)]));
  }

  async listRecordKeys(
    dataSourceId: string,
    options: { readonly after?: string; readonly first: number },
  ): Promise<string[]> {
    checkCount(options.first);
    const rows = await this.#connection.read<{ sourceRecordId: string }>(cypher.LIST_RECORD_KEYS, {
      from: recordKey({ dataSourceId, sourceRecordId: options.after ?? '' }),
      to: `${dataSourceId}}`,
      first: cypherInteger(options.first),
    });
    return rows.map((row) => row.sourceRecordId);
  }

  async apply(changeSet: ChangeSet): Promise<Applied> {
    const hashKey = await this.hashKey();
    const { applied, before } = await this.#connection.write(async (run) => {
      const { lastSequence, hasTombstones } = await takeTurn(run, changeSet);
      const earlier = await findEarlierUse(run, changeSet.idempotency);
      if (earlier) return { applied: { head: lastSequence, earlier }, before: lastSequence };
      const state = await readAffectedState(run, namedByChangeSet(changeSet));
      const effects = foldChangeSet(changeSet, state);
      await writeNetEffects(run, changeSet.at, effects);
      await writeDecided(run, changeSet, effects.decided);
      if (changeSet.progress) {
        const { dataSourceId, position } = changeSet.progress;
        await run(cypher.WRITE_POSITION, { dataSourceId, position: JSON.stringify(position) });
      }
      const alarms = hasTombstones
        ? await returnedIdentifiers(effects, hashKey, (digests) => erasedAmong(run, digests))
        : [];
      const events = [...effects.events, ...alarms].map((event) => ({ ...event, id: this.#newId() }));
      await appendEvents(run, changeSet.at, lastSequence, events);
      await writeErasures(run, changeSet, effects.decided.erasures, hashKey);
      await keepUse(run, changeSet);
      return { applied: { head: lastSequence + events.length }, before: lastSequence };
    });
    for (const onEvents of this.#listeners) onEvents();
    // Not being allowed to costs nothing but some slow lookups, which the server notices by itself after a while.
    if (hasDoubled({ before, after: applied.head })) {
      await this.#connection.read(cypher.FORGET_PLANS, {}).catch(() => undefined);
    }
    return applied;
  }

  async earlierUse(subject: string, key: string): Promise<EarlierUse | null> {
    const run: RunCypher = (text, parameters) => this.#connection.read(text, parameters);
    return (await findEarlierUse(run, { subject, key })) ?? null;
  }

  async featuresOf(records: readonly SourceRecordKey[]): Promise<Map<string, string>> {
    const keys = [...distinctKeys(records, recordKey).keys()];
    if (keys.length === 0) return new Map();
    const rows = await this.#connection.read<FeatureRow>(cypher.FEATURES_OF_RECORDS, { keys });
    return new Map(rows.map((row) => [row.recordKey, row.features]));
  }

  async listFeatures({ after, first }: { readonly after: string | null; readonly first: number }) {
    const rows = await this.#connection.read<FeatureRow>(cypher.LIST_FEATURES, {
      after: after ?? '',
      first: cypherInteger(first),
    });
    return {
      rows: rows.map(({ recordKey: key, features }) => ({ record: recordOfKey(key), features })),
      next: rows.length === first ? (rows.at(-1)?.recordKey ?? null) : null,
    };
  }

  /** Neo4j rings for nobody: only what this process writes is told at once. */
  async listen(onEvents: () => void): Promise<() => Promise<void>> {
    const own = () => onEvents();
    this.#listeners.add(own);
    return async () => {
      this.#listeners.delete(own);
    };
  }

  async positionOf(dataSourceId: string): Promise<FollowPosition | null> {
    const [row] = await this.#connection.read<{ position: string }>(cypher.READ_POSITION, { dataSourceId });
    return row ? (JSON.parse(row.position) as FollowPosition) : null;
  }

  async acquireLease(
    holder: string,
    durationMs: number,
    nowMs: number,
    mayTakeOver: boolean = true,
  ): Promise<Lease | null> {
    return this.#connection.write(async (run) => {
      await run(cypher.TAKE_TURN, { writer: holder });
      const times = { now: cypherInteger(nowMs), expiresAt: cypherInteger(nowMs + durationMs) };
      const [row] = await run<{ token: number }>(cypher.ACQUIRE_LEASE, { holder, mayTakeOver, ...times });
      return row ? { holder, token: row.token } : null;
    });
  }

  async renewLease({ holder, token }: Lease, durationMs: number, nowMs: number): Promise<boolean> {
    return this.#connection.write(async (run) => {
      await run(cypher.TAKE_TURN, { writer: holder });
      const expiresAt = cypherInteger(nowMs + durationMs);
      return (await run(cypher.RENEW_LEASE, { holder, token: cypherInteger(token), expiresAt })).length > 0;
    });
  }

  async releaseLease(lease: Lease): Promise<void> {
    await this.#connection.write(async (run) => {
      await run(cypher.TAKE_TURN, { writer: lease.holder });
      await run(cypher.RELEASE_LEASE, { holder: lease.holder, token: cypherInteger(lease.token) });
    });
  }

  async hashKey(): Promise<string> {
    // Never changes: kept, so that a change set costs no statement for it.
    this.#hashKey ??= await this.#readHashKey();
    return this.#hashKey;
  }

  async #readHashKey(): Promise<string> {
    const [row] = await this.#connection.read<{ hashKey: string }>(cypher.READ_HASH_KEY);
    if (row === undefined) throw notPrepared();
    return row.hashKey;
  }

  async events(after: number, first: number): Promise<IdentityEvent[]> {
    const rows = await this.#connection.read<CypherRow & IdentityEvent & { payload: string }>(cypher.READ_EVENTS, {
      after: cypherInteger(after),
      first: cypherInteger(first),
    });
    return rows.map((row) => ({ ...row, occurredAt: isoTime(row.occurredAt), payload: JSON.parse(row.payload) }));
  }

  async checkReadiness(): Promise<void> {
    await this.#connection.checkReadiness();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #customers(
    text: string,
    keys: readonly string[],
    parameters: CypherRow = {},
  ): Promise<Map<string, CustomerIdentity[]>> {
    if (keys.length === 0) return new Map();
    const rows = await this.#connection.read<CypherRow & CustomerAnswer>(text, {
      asked: askedFor(keys),
      ...parameters,
    });
    return underKeys(
      keys,
      rows.map((row) => ({ positions: row.positions, value: customerOfAnswer(row) })),
    );
  }
}

type FeatureRow = CypherRow & { readonly recordKey: string; readonly features: string };

interface Turn extends CypherRow {
  readonly lastSequence: number;
  readonly holder: string | null;
  readonly token: number;
  readonly hasTombstones: boolean;
}

/**
 * Waits until other writers have finished, and makes sure that the lease is still held and the log stands where the
 * change was decided.
 */
async function takeTurn(run: RunCypher, { lease, basedOn }: ChangeSet): Promise<Turn> {
  await run(cypher.TAKE_TURN, { writer: lease?.holder ?? 'without a lease' });
  const [turn] = await run<Turn>(cypher.READ_TURN);
  if (turn === undefined) throw notPrepared();
  if (lease && (turn.holder !== lease.holder || turn.token !== lease.token)) {
    throw new LeaseLost(`The right to resolve has passed from ${lease.holder} to another process.`);
  }
  if (basedOn !== undefined && turn.lastSequence !== basedOn) {
    throw new IdentityConflict(`The log has moved on from ${basedOn} to ${turn.lastSequence}.`);
  }
  return turn;
}

function askedFor(keys: readonly string[]): CypherRow[] {
  return keys.map((key, position) => ({ key, position: cypherInteger(position) }));
}

function notPrepared(): Error {
  return new Error('The identity store was not prepared.');
}
