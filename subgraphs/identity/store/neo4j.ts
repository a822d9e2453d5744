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
import { appendEvents, readAffectedState, writeNetEffects } from './neo4j-writes.ts';
import {
  type ChangeSet,
  type CustomerIdentity,
  type FollowPosition,
  type Identifier,
  type IdentityEvent,
  type IdentityRepository,
  identifierKey,
  type Lease,
  LeaseLost,
  type LinkedRecord,
  recordKey,
  type SourceRecordKey,
} from './repository.ts';

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
  readonly #connection: Neo4jConnection;
  readonly #newId: () => string;
  readonly #newHashKey: () => string;

  constructor(options: Neo4jRepositoryOptions) {
    this.#connection = new Neo4jConnection(options);
    this.#newId = options.newId ?? randomUUID;
    this.#newHashKey = options.newHashKey ?? (() => randomBytes(32).toString('hex'));
  }

  async prepare(): Promise<void> {
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

  async apply(changeSet: ChangeSet): Promise<void> {
    const growth = await this.#connection.write(async (run) => {
      const lastSequence = await takeTurn(run, changeSet.lease);
      const state = await readAffectedState(run, namedByChangeSet(changeSet));
      const effects = foldChangeSet(changeSet, state);
      await writeNetEffects(run, changeSet.at, effects);
      if (changeSet.progress) {
        const { dataSourceId, position } = changeSet.progress;
        await run(cypher.WRITE_POSITION, { dataSourceId, position: JSON.stringify(position) });
      }
      const events = effects.events.map((event) => ({ ...event, id: this.#newId() }));
      await appendEvents(run, changeSet.at, lastSequence, events);
      return { before: Number(lastSequence), after: Number(lastSequence) + events.length };
    });
    // Not being allowed to costs nothing but some slow lookups, which the server notices by itself after a while.
    if (hasDoubled(growth)) await this.#connection.read(cypher.FORGET_PLANS, {}).catch(() => undefined);
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

/** Waits until other writers have finished, makes sure that the lease is still held, and gives the last event's sequence. */
async function takeTurn(run: RunCypher, lease: Lease | undefined): Promise<number> {
  await run(cypher.TAKE_TURN, { writer: lease?.holder ?? 'without a lease' });
  const [turn] = await run<{ lastSequence: number; holder: string | null; token: number }>(cypher.READ_TURN);
  if (turn === undefined) throw notPrepared();
  if (lease && (turn.holder !== lease.holder || turn.token !== lease.token)) {
    throw new LeaseLost(`The right to resolve has passed from ${lease.holder} to another process.`);
  }
  return turn.lastSequence;
}

function askedFor(keys: readonly string[]): CypherRow[] {
  return keys.map((key, position) => ({ key, position: cypherInteger(position) }));
}

function notPrepared(): Error {
  return new Error('The identity store was not prepared.');
}
