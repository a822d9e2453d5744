import type { Clock } from '../../../schema/clock.ts';
import { assignIds, type IdSource, isSameRecord } from '../resolution/assign.ts';
import type { EngineWarning } from '../resolution/engine.ts';
import type { MatchExplanation } from '../resolution/explanation.ts';
import type { MatchRecord } from '../resolution/match-record.ts';
import { normaliseRecord } from '../resolution/normalise/record.ts';
import { identityRecordOf } from '../resolution/normalise.ts';
import type { IdentityResolver, ResolveBatch, ResolveOutcome } from '../resolution/resolve.ts';
import {
  type ChangeSet,
  IdentityConflict,
  type IdentityOperation,
  type IdentityRecord,
  type IdentityRepository,
  type Lease,
  recordKey,
  type SourceRecordKey,
} from '../store/repository.ts';
import { canonicalRecordOf } from './canonical-record.ts';
import { type CreateEngine, catchUp, dropDecisionsAbout, type EngineState, loadEngineState } from './engine-state.ts';
import { inSlices } from './in-slices.ts';
import { type Neighbourhood, readNeighbourhood } from './neighbourhood.ts';
import { Tidying } from './tidying.ts';

/** What the durable resolver is made from. */
export interface DurableResolverParts extends IdSource {
  readonly repository: IdentityRepository;
  readonly clock: Clock;
  readonly createEngine: CreateEngine;
  /** `hh_` and a ULID in lower case. */
  newHouseholdId(): string;
  /** How long the queue of reviews may lag behind, milliseconds; it costs a look at every pair. Default 30,000. */
  readonly reviewIntervalMs?: number;
}

/** The resolver with an engine behind it, whose state is a fold of the identity store. */
export interface DurableResolver extends IdentityResolver {
  tidy(lease: Lease): Promise<void>;
  /** Why two records are, or are not, one person, by this process's engine; undefined when one is not known. */
  explain(left: SourceRecordKey, right: SourceRecordKey): Promise<MatchExplanation | undefined>;
  /** What somebody should know about the records; null where this process does not resolve. */
  warnings(): Promise<readonly EngineWarning[] | null>;
}

/** Under other features all records are read again from the clouds. Raise it when `normaliseRecord` says something else. */
const FEATURES = 'match-features-1';
/** The place in the store that says under which documents the stored customers were worked out. */
const RESOLUTION = 'identity';
const RECORDS_PER_CHANGE_SET = 1_000;
const CLUSTERS_PER_ROUND = 1_000;
const ATTEMPTS = 5;

/** Makes the resolver. It reads the store with the first batch. */
export function createDurableResolver(parts: DurableResolverParts): DurableResolver {
  return new Durable(parts);
}

/** A record that is not in the store as it is now. */
interface Pending {
  readonly record: IdentityRecord;
  readonly features: string;
  /** True when the store has these features already. */
  readonly isStored: boolean;
  /** True when the store is known not to have the record. */
  readonly isNew: boolean;
}

class Durable implements DurableResolver {
  readonly fingerprint = FEATURES;
  readonly #parts: DurableResolverParts;
  readonly #tidying: Tidying;
  #state: EngineState | null = null;
  #reading: Promise<EngineState> | null = null;
  /** Token of the lease under which the state was made: under another one somebody else has written meanwhile. */
  #token: number | null = null;
  /** What the engine has and the store has not, until a change set is through. */
  readonly #pending = new Map<string, Pending>();
  readonly #removed = new Set<string>();
  readonly #unwritten = new Set<string>();
  /** A record of each cluster that has not been held against the store since the engine was loaded. */
  #unchecked: string[] = [];

  constructor(parts: DurableResolverParts) {
    this.#parts = parts;
    this.#tidying = new Tidying(parts);
  }

  async resolve(batch: ResolveBatch): Promise<ResolveOutcome> {
    const changed = [...new Map(batch.changed.map((profile) => [recordKey(profile), profile])).values()];
    const known = new Set(changed.map(recordKey));
    const deleted = batch.deleted.filter((key) => !known.has(recordKey(key)));
    let operations = 0;
    for (let at = 0; ; at += RECORDS_PER_CHANGE_SET) {
      const isLast = at + RECORDS_PER_CHANGE_SET >= changed.length;
      const state = await this.#ready(batch.lease);
      await this.#take(state, changed.slice(at, at + RECORDS_PER_CHANGE_SET), isLast ? deleted : []);
      const progress = isLast ? batch.progress : undefined;
      operations += await this.#write({ ...(progress && { progress }), ...(batch.lease && { lease: batch.lease }) });
      if (isLast) return { operations };
    }
  }

  async tidy(lease: Lease): Promise<void> {
    const state = await this.#ready(lease);
    if ((await this.#parts.repository.history.head()) !== state.head) {
      await this.#catchUp(lease);
      await this.#write({ lease });
    }
    await this.#check(await this.#ready(lease), lease);
    const current = await this.#ready(lease);
    const operations = await this.#tidying.operations(current);
    if (operations.length === 0) return;
    await this.#apply(current, { operations, lease });
    // This process wrote the event itself and does not read it again: nobody else would tell it of its new model.
    if (operations.some(({ kind }) => kind === 'activate')) await this.#renew(current, lease);
  }

  /**
   * Holds a part of the stored customers against the engine, each once after a load: what was decided record by record, while
   * there were fewer, may come out otherwise now that all are known.
   */
  async #check(state: EngineState, lease: Lease): Promise<void> {
    const keys = this.#unchecked.splice(-CLUSTERS_PER_ROUND);
    if (keys.length === 0) return;
    try {
      const operations = await this.#operations(state, keys);
      if (operations.length === 0) return;
      await this.#apply(state, { operations, lease });
      this.#tidying.note(keys);
    } catch (error) {
      this.#unchecked.push(...keys);
      throw error;
    }
  }

  async explain(left: SourceRecordKey, right: SourceRecordKey): Promise<MatchExplanation | undefined> {
    const engine = this.#state?.engine ?? (await this.#readingEngine([left, right]));
    return engine.explain(recordKey(left), recordKey(right));
  }

  async warnings(): Promise<readonly EngineWarning[] | null> {
    return this.#state && inSlices(this.#state.engine.findingWarnings());
  }

  /**
   * An engine to explain with where another process resolves, or this one has not begun: never the one that resolves, whose
   * pending records a load would lose. It is as old as the first question; decisions and the two records are read again.
   */
  async #readingEngine(records: readonly SourceRecordKey[]): Promise<EngineState['engine']> {
    const { repository, createEngine } = this.#parts;
    this.#reading ??= loadEngineState(repository, createEngine).catch((error: unknown) => {
      this.#reading = null;
      throw error;
    });
    const state = await this.#reading;
    const { isOutdated } = await catchUp(repository, state);
    if (isOutdated) {
      this.#reading = null;
      return this.#readingEngine(records);
    }
    for (const features of (await repository.featuresOf(records)).values()) {
      state.engine.upsert(JSON.parse(features) as MatchRecord);
    }
    return state.engine;
  }

  async #ready(lease: Lease | undefined): Promise<EngineState> {
    const token = lease?.token ?? this.#token;
    if (this.#state && token === this.#token) return this.#state;
    const state = await this.#load(token);
    const { repository } = this.#parts;
    const under = await repository.positionOf(RESOLUTION);
    if (lease && under?.rules !== state.engine.fingerprint) await this.#resolveAll(state, lease);
    return this.#state ?? state;
  }

  async #load(token: number | null): Promise<EngineState> {
    this.#forget();
    const state = await loadEngineState(this.#parts.repository, this.#parts.createEngine);
    // The store has what came of these records already.
    for (const [first = ''] of state.engine.groups()) this.#unchecked.push(first);
    state.engine.forgetChanges();
    this.#tidying.reset();
    this.#state = state;
    this.#token = token;
    this.#reading = null;
    return state;
  }

  #forget(): void {
    this.#state = null;
    this.#pending.clear();
    this.#removed.clear();
    this.#unwritten.clear();
    this.#unchecked = [];
  }

  async #take(
    state: EngineState,
    changed: ResolveBatch['changed'],
    deleted: readonly SourceRecordKey[],
  ): Promise<void> {
    const stored = await this.#parts.repository.featuresOf(changed.filter((own) => state.engine.has(recordKey(own))));
    const matches = changed.map((profile) => normaliseRecord(canonicalRecordOf(profile)));
    changed.forEach((profile, index) => {
      const key = recordKey(profile);
      const features = JSON.stringify(matches[index]);
      this.#removed.delete(key);
      const isStored = stored.get(key) === features;
      const isNew = state.isComplete && !state.engine.has(key);
      this.#pending.set(key, { record: identityRecordOf(profile), features, isStored, isNew });
    });
    state.engine.upsertAll(matches);
    for (const record of deleted) {
      const key = recordKey(record);
      // Afterwards nothing tells any more who lived with a person that has gone.
      this.#tidying.note(state.engine.householdOf(key)?.clusters ?? []);
      state.engine.remove(key);
      this.#pending.delete(key);
      this.#removed.add(key);
    }
  }

  /** Writes what the engine has and the store has not; tried again after others have written, on what is there then. */
  async #write(rest: Pick<ChangeSet, 'progress' | 'lease'>): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      const state = await this.#ready(rest.lease);
      for (const { records } of state.engine.takeChanges().clusters)
        for (const key of records) this.#unwritten.add(key);
      const operations = await this.#operations(state, [...this.#unwritten, ...this.#pending.keys(), ...this.#removed]);
      if (operations.length === 0 && !rest.progress) return this.#written(0);
      try {
        await this.#apply(state, { operations, ...rest });
        return this.#written(operations.length);
      } catch (error) {
        if (!(error instanceof IdentityConflict) || attempt === ATTEMPTS) {
          // Nobody knows what of it is written: the next batch begins with what the store has.
          this.#forget();
          throw error;
        }
        await this.#catchUp(rest.lease);
      }
    }
  }

  #written(operations: number): number {
    if (this.#state) dropDecisionsAbout(this.#state, this.#removed);
    this.#tidying.note([...this.#unwritten, ...this.#pending.keys(), ...this.#removed]);
    this.#pending.clear();
    this.#removed.clear();
    this.#unwritten.clear();
    return operations;
  }

  async #apply(state: EngineState, { operations, ...rest }: Omit<ChangeSet, 'at' | 'basedOn'>): Promise<void> {
    const at = new Date(this.#parts.clock()).toISOString();
    const { head } = await this.#parts.repository.apply({ operations, ...rest, basedOn: state.head, at });
    state.head = head;
  }

  async #operations(state: EngineState, keys: readonly string[]): Promise<IdentityOperation[]> {
    if (keys.length === 0) return [];
    const changed = new Map<string, IdentityRecord>();
    const fresh = new Set<string>();
    for (const [key, { record, isNew }] of this.#pending) {
      changed.set(key, record);
      if (isNew) fresh.add(key);
    }
    const pending = { changed, removed: this.#removed, fresh };
    const neighbourhood = await readNeighbourhood(this.#parts.repository, state, keys, pending);
    return this.#withFeatures(assignIds(neighbourhood.components, neighbourhood, this.#parts), neighbourhood);
  }

  /** Gives links their features, and a record whose features alone have changed a link of its own to where it is. */
  #withFeatures(operations: readonly IdentityOperation[], { stored }: Neighbourhood): IdentityOperation[] {
    const linked = new Set<string>();
    const complete = operations.map((operation): IdentityOperation => {
      if (operation.kind !== 'link') return operation;
      const key = recordKey(operation.record);
      linked.add(key);
      const pending = this.#pending.get(key);
      return pending && !pending.isStored ? { ...operation, features: pending.features } : operation;
    });
    for (const [key, { record, features, isStored }] of this.#pending) {
      const before = stored.get(key);
      if (isStored || linked.has(key) || !before || !isSameRecord(before, record)) continue;
      complete.push({ kind: 'link', record, customer360Id: before.customer360Id, rule: before.rule, features });
    }
    return complete;
  }

  /** Takes in what others wrote. Documents that came into effect make the engine anew. */
  async #catchUp(lease: Lease | undefined): Promise<void> {
    const state = this.#state;
    if (!state) return;
    const { isOutdated, decidedRecords, forgotten } = await catchUp(this.#parts.repository, state);
    for (const key of [...decidedRecords, ...forgotten]) this.#unwritten.add(key);
    // Somebody forgot a record that its cloud still tells of: it is new.
    for (const key of forgotten) {
      const pending = this.#pending.get(key);
      if (!pending) continue;
      this.#pending.set(key, { ...pending, isStored: false });
      state.engine.upsert(JSON.parse(pending.features) as MatchRecord);
    }
    if (isOutdated) await this.#renew(state, lease);
  }

  /** Makes the engine anew under the documents in effect; what is pending is in no store yet and goes into it as well. */
  async #renew(before: EngineState, lease: Lease | undefined): Promise<void> {
    const pending = [...this.#pending];
    const removed = [...this.#removed];
    const fresh = await this.#load(this.#token);
    for (const [key, value] of pending) {
      this.#pending.set(key, value);
      fresh.engine.upsert(JSON.parse(value.features) as MatchRecord);
    }
    for (const key of removed) {
      this.#removed.add(key);
      fresh.engine.remove(key);
    }
    if (lease && fresh.engine.fingerprint !== before.engine.fingerprint) await this.#resolveAll(fresh, lease);
  }

  /** Works out all customers under the engine's documents, and writes what differs in one change set: all of it or nothing. */
  async #resolveAll(state: EngineState, lease: Lease): Promise<void> {
    const operations: IdentityOperation[] = [];
    const done = new Set<string>();
    let round: string[] = [];
    const flush = async (): Promise<void> => {
      const neighbourhood = await readNeighbourhood(this.#parts.repository, state, round, {
        changed: new Map(),
        removed: new Set(),
        fresh: new Set(),
      });
      for (const { records } of neighbourhood.components) for (const record of records) done.add(recordKey(record));
      operations.push(...assignIds(neighbourhood.components, neighbourhood, this.#parts));
      round = [];
    };
    for (const records of state.engine.groups()) {
      const [first] = records;
      if (first === undefined || done.has(first) || this.#pending.has(first)) continue;
      round.push(first);
      if (round.length >= CLUSTERS_PER_ROUND) {
        await flush();
      }
    }
    if (round.length > 0) await flush();
    const position = { phase: 'FOLLOWING', since: '0', rules: state.engine.fingerprint } as const;
    const progress = { dataSourceId: RESOLUTION, position };
    try {
      await this.#apply(state, { operations, progress, lease });
      this.#tidying.noteAll();
      this.#unchecked = [];
    } catch (error) {
      this.#forget();
      throw error;
    }
  }
}
