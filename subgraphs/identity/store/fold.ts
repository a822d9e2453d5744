import { CustomerForest, type Merge, type StoredCustomer } from './customer-forest.ts';
import { type DecidedEffects, DecidedFold, type DecidedState, isDecided } from './fold-decided.ts';
import {
  type ChangeSet,
  type Identifier,
  IdentityConflict,
  type IdentityEvent,
  type IdentityOperation,
  type IdentityRecord,
  identifierKey,
  recordKey,
  type StoredFeatures,
} from './repository.ts';

/** A record as stored: `homeCustomer360Id` is the customer it was linked to, `customer360Id` where merges have carried that one. */
export interface StoredRecord extends IdentityRecord {
  readonly homeCustomer360Id: string;
  readonly customer360Id: string;
  readonly rule: string;
  readonly linkedAt: string;
  readonly bits?: number;
}

/** What a store holds of everything that a change set touches, read under the store's write lock. */
export interface AffectedState {
  /** The customers named, with all that share their survivor. */
  readonly customers: readonly StoredCustomer[];
  /** The merges named, and those in effect among the customers. */
  readonly merges: readonly Merge[];
  /** The records named, those of them that exist. */
  readonly records: readonly StoredRecord[];
  /** Decisions and documents named. */
  readonly decided: DecidedState;
}

/** A customer whose survivor changes; the records linked to it go along. */
export interface CustomerMove {
  readonly customer360Id: string;
  readonly from: string;
  readonly to: string;
}

/** A record's identifier, to be added or removed. */
export interface RecordIdentifier {
  readonly record: StoredRecord;
  readonly identifier: Identifier;
}

/** An event before the store has given it a sequence. */
export type PendingEvent = Pick<IdentityEvent, 'type' | 'key' | 'payload'>;

/** What a change set comes to: sets of rows to write, each touched once, however often the operations touched it. */
export interface NetEffects {
  readonly createdCustomers: readonly string[];
  readonly movedCustomers: readonly CustomerMove[];
  readonly recordedMerges: readonly Merge[];
  readonly undoneMerges: readonly string[];
  readonly insertedRecords: readonly StoredRecord[];
  readonly updatedRecords: readonly StoredRecord[];
  readonly deletedRecords: readonly StoredRecord[];
  readonly addedIdentifiers: readonly RecordIdentifier[];
  readonly removedIdentifiers: readonly RecordIdentifier[];
  /** Features to store, each in place of the record's earlier ones. */
  readonly features: readonly StoredFeatures[];
  readonly decided: DecidedEffects;
  readonly events: readonly PendingEvent[];
}

/**
 * Runs the operations of a change set in order over what the store holds and gives what is left to be written, so that
 * a store writes thousands of operations with a handful of statements and every store means the same by them.
 * Throws IdentityConflict at the first operation that does not fit.
 */
export function foldChangeSet(changeSet: ChangeSet, state: AffectedState): NetEffects {
  const fold = new Fold(changeSet.at, state);
  for (const operation of changeSet.operations) fold.run(operation);
  return fold.result(changeSet);
}

class Fold {
  readonly #at: string;
  readonly #forest: CustomerForest;
  readonly #before = new Map<string, StoredRecord>();
  readonly #records = new Map<string, StoredRecord>();
  readonly #features = new Map<string, StoredFeatures>();
  readonly #events: PendingEvent[] = [];
  readonly #decided: DecidedFold;

  constructor(at: string, state: AffectedState) {
    this.#at = at;
    this.#forest = new CustomerForest(state.customers, state.merges);
    for (const record of state.records) this.#before.set(recordKey(record), record);
    for (const [key, record] of this.#before) this.#records.set(key, record);
    this.#decided = new DecidedFold(state.decided, {
      note: (event) => this.#events.push(event),
      hasRecord: (record) => this.#records.has(recordKey(record)),
      survivorOf: (customer360Id) => this.#forest.survivorOf(customer360Id),
    });
  }

  run(operation: IdentityOperation): void {
    if (isDecided(operation)) {
      this.#decided.run(operation);
      return;
    }
    switch (operation.kind) {
      case 'create':
        this.#forest.create(operation.customer360Id);
        this.#note('CustomerCreated', operation.customer360Id, {});
        return;
      case 'link':
        this.#link(operation);
        return;
      case 'unlink':
        this.#unlink(recordKey(operation.record));
        return;
      case 'merge': {
        const { mergeEventId, survivor, merged, rule } = operation;
        const evidence = bitsOf(operation);
        this.#forest.merge({ mergeEventId, survivor, merged, rule, ...evidence, at: this.#at, undoneAt: null });
        this.#note('CustomersMerged', survivor, { mergeEventId, merged, rule, ...evidence });
        return;
      }
      case 'unmerge': {
        const { merge, takenFrom } = this.#forest.unmerge(operation.mergeEventId, this.#at);
        const { mergeEventId, merged, survivor } = merge;
        this.#note('CustomersUnmerged', takenFrom, { mergeEventId, merged, survivor });
        return;
      }
    }
  }

  result({ author }: ChangeSet): NetEffects {
    const inserted: StoredRecord[] = [];
    const updated: StoredRecord[] = [];
    const added: RecordIdentifier[] = [];
    const removed: RecordIdentifier[] = [];
    for (const [key, record] of this.#records) {
      const before = this.#before.get(key);
      const after = { ...record, customer360Id: this.#customerOf(record) };
      if (before === undefined) inserted.push(after);
      else if (!sameRow(before, record)) updated.push(after);
      added.push(...missingFrom(before, after));
      if (before) removed.push(...missingFrom(after, before));
    }
    return {
      ...this.#forest.changes(),
      insertedRecords: inserted,
      updatedRecords: updated,
      deletedRecords: [...this.#before].filter(([key]) => !this.#records.has(key)).map(([, record]) => record),
      addedIdentifiers: added,
      removedIdentifiers: removed,
      features: [...this.#features.values()],
      decided: this.#decided.result(),
      events: author
        ? this.#events.map((event) => ({ ...event, payload: { ...event.payload, ...author } }))
        : this.#events,
    };
  }

  #link(operation: LinkOperation): void {
    const { record: given, customer360Id, rule, features } = operation;
    const target = this.#forest.survivorOf(customer360Id);
    if (target === undefined) throw new IdentityConflict(`No customer ${customer360Id} to link a record to.`);
    const key = recordKey(given);
    const current = this.#records.get(key);
    const previous = current && this.#customerOf(current);
    const record = { ...given, identifiers: distinct(given.identifiers) };
    if (features !== undefined) this.#features.set(key, { record: given, features });
    if (current && previous === target) {
      // The link stands: how and when it came about stays true, and a later unmerge still finds where the record came from.
      const { homeCustomer360Id, rule: firstRule, linkedAt } = current;
      const link = { homeCustomer360Id, customer360Id: target, rule: firstRule, linkedAt, ...bitsOf(current) };
      this.#records.set(key, { ...record, ...link });
      return;
    }
    const evidence = bitsOf(operation);
    const owner = { homeCustomer360Id: target, customer360Id: target };
    this.#records.set(key, { ...record, ...owner, rule, linkedAt: this.#at, ...evidence });
    const { dataSourceId, dataSourceObjectId, sourceRecordId } = given;
    const link = { dataSourceId, dataSourceObjectId, sourceRecordId, rule, ...evidence };
    this.#note('RecordLinked', target, previous === undefined ? link : { ...link, previousCustomer360Id: previous });
  }

  #unlink(key: string): void {
    const record = this.#records.get(key);
    if (record === undefined) return;
    this.#records.delete(key);
    this.#features.delete(key);
    const { dataSourceId, dataSourceObjectId, sourceRecordId } = record;
    this.#note('RecordUnlinked', this.#customerOf(record), { dataSourceId, dataSourceObjectId, sourceRecordId });
  }

  /** Merges and unmerges of customers that the change set does not name can't have moved the record. */
  #customerOf(record: StoredRecord): string {
    return this.#forest.survivorOf(record.homeCustomer360Id) ?? record.customer360Id;
  }

  #note(type: PendingEvent['type'], key: string, payload: PendingEvent['payload']): void {
    this.#events.push({ type, key, payload });
  }
}

type LinkOperation = Extract<IdentityOperation, { kind: 'link' }>;

/** The evidence in bits, as it is stored: absent where none was weighed. */
export function bitsOf({ bits }: { readonly bits?: number | null }): { bits?: number } {
  return typeof bits === 'number' ? { bits } : {};
}

/** Where the merges carry a record is left out: `movedCustomers` says so for all records of a customer at once. */
function sameRow(one: StoredRecord, other: StoredRecord): boolean {
  return (
    one.homeCustomer360Id === other.homeCustomer360Id &&
    one.rule === other.rule &&
    one.bits === other.bits &&
    one.linkedAt === other.linkedAt &&
    one.dataSourceObjectId === other.dataSourceObjectId &&
    one.givenNameHash === other.givenNameHash
  );
}

function missingFrom(some: StoredRecord | undefined, all: StoredRecord): RecordIdentifier[] {
  const known = new Set(some?.identifiers.map(identifierKey));
  return all.identifiers
    .filter((identifier) => !known.has(identifierKey(identifier)))
    .map((identifier) => ({ record: all, identifier }));
}

function distinct(identifiers: readonly Identifier[]): Identifier[] {
  return [...new Map(identifiers.map((identifier) => [identifierKey(identifier), identifier])).values()];
}
