import type { DecisionStore, NewDecision, Verdict } from './decision.ts';
import type { DocumentKind, DocumentStore } from './document.ts';
import type { ErasureStore, Tombstone } from './erasure.ts';
import type { HistoryStore } from './history.ts';
import type { HouseholdStore } from './household.ts';
import type { NewReview, ReviewStore } from './review.ts';

/** Names a record of a cloud. */
export interface SourceRecordKey {
  readonly dataSourceId: string;
  readonly sourceRecordId: string;
}

/** Kinds of identifier; SOCIAL is looked up but joins no records. */
export type IdentifierType = 'EMAIL' | 'PHONE' | 'PARTY_IDENTIFICATION' | 'SOCIAL';

/** An identifier in its normal form. Equal identifiers are equal in both fields. */
export interface Identifier {
  readonly identifierType: IdentifierType;
  readonly normalizedValue: string;
}

/** What the identity store holds of a record: its key, what it is matched by, nothing else of it. */
export interface IdentityRecord extends SourceRecordKey {
  /** What the cloud calls such a record, such as `account`. */
  readonly dataSourceObjectId: string;
  readonly identifiers: readonly Identifier[];
  /** Keyed hash of the given name in stores that were written before names were compared by features; null in all that is written now. */
  readonly givenNameHash: string | null;
}

/** A record with the customer it is linked to. */
export interface LinkedRecord extends IdentityRecord {
  readonly customer360Id: string;
  /** The customer it was linked to: `customer360Id` itself, or one that was merged into it since. */
  readonly homeCustomer360Id: string;
  /** The rule that linked it, such as `EXACT_EMAIL`, or `NEW_CUSTOMER`. */
  readonly rule: string;
  /** When it was linked, ISO 8601. */
  readonly linkedAt: string;
  /** Evidence by which it was linked, in bits; absent where none was weighed. */
  readonly bits?: number;
}

/** A merge in effect: `merged` is an alias by it, as long as it is not taken back. */
export interface MergeInEffect {
  readonly mergeEventId: string;
  /** Into which it was merged; that one may have been merged on. */
  readonly survivor: string;
  readonly merged: string;
}

/** What a record is matched by, as the engine gave it: JSON text that the store keeps and does not read. */
export interface StoredFeatures {
  readonly record: SourceRecordKey;
  readonly features: string;
}

/** A customer: the id, the ids merged into it, its records. */
export interface CustomerIdentity {
  readonly customer360Id: string;
  readonly createdAt: string;
  /** Ids merged into this one, also through others, by the time they were given, oldest first. */
  readonly mergedCustomer360Ids: readonly string[];
  /** By which merges; in the same order, one for each of them. */
  readonly merges: readonly MergeInEffect[];
  readonly records: readonly LinkedRecord[];
}

/** One step of identity. A change set is a list of steps that become true together or not at all. */
export type IdentityOperation =
  /** Gives a new id. */
  | { readonly kind: 'create'; readonly customer360Id: string }
  /**
   * Stores or replaces a record and links it; a record linked elsewhere moves. A record that belongs to the customer
   * already keeps the rule and time of its link, and no event is written. An id that was merged away stands for its survivor.
   */
  | {
      readonly kind: 'link';
      readonly record: IdentityRecord;
      readonly customer360Id: string;
      readonly rule: string;
      /** Evidence for the link in bits, where some was weighed. */
      readonly bits?: number;
      /** Replaces the record's features; what is stored stays without. */
      readonly features?: string;
    }
  /** Forgets a record and its link; an unknown one is no conflict. A customer left without records stays, so that its id still resolves. */
  | { readonly kind: 'unlink'; readonly record: SourceRecordKey }
  /** Moves all records of `merged` to `survivor` and makes `merged` its alias for ever (until unmerged). */
  | {
      readonly kind: 'merge';
      readonly mergeEventId: string;
      readonly survivor: string;
      readonly merged: string;
      readonly rule: string;
      readonly bits?: number;
    }
  /**
   * Takes a merge back: the records that it moved (and that are still there) return, from wherever later merges have
   * carried them; the alias is a customer again, and later merges stay as they are.
   */
  | { readonly kind: 'unmerge'; readonly mergeEventId: string }
  /** Keeps a person's decision about records that exist. Decides nothing else: what follows from it are operations of their own. */
  | { readonly kind: 'decide'; readonly decision: NewDecision }
  /** Takes a decision back, or only some of its verdicts; unknown ones are a conflict. */
  | { readonly kind: 'revoke'; readonly decisionId: string; readonly only?: readonly Verdict[] }
  /** Puts a pair into the queue of reviews, or renews it there. A pair that has been decided stays out. */
  | { readonly kind: 'review'; readonly review: NewReview }
  /** Takes reviews out of the queue; unknown ones are no conflict. */
  | { readonly kind: 'closeReviews'; readonly reviewIds: readonly string[] }
  /** Adds a version of a document and puts it in effect. */
  | { readonly kind: 'activate'; readonly documentKind: DocumentKind; readonly text: string }
  /** Puts a version that exists in effect again. */
  | { readonly kind: 'reactivate'; readonly documentKind: DocumentKind; readonly version: number }
  /** Sets who lives in a household; nobody dissolves it. A customer lives in one household: it leaves another one. */
  | { readonly kind: 'household'; readonly householdId: string; readonly customer360Ids: readonly string[] }
  /**
   * Forgets a person: the records named, which are all the customer has, leave with everything about them, the log names
   * them by a keyed digest only, and tombstones stay. A conflict when the customer has other records by then.
   */
  | {
      readonly kind: 'erase';
      readonly customer360Id: string;
      readonly records: readonly SourceRecordKey[];
      readonly tombstones: readonly Tombstone[];
    };

/** Who makes a change by hand, and why. Kept in the events of the change. */
export interface Author {
  /** Subject of the principal. */
  readonly by: string;
  readonly reason?: string;
}

/** Makes a change happen once for each key of a principal, however often it is asked for. */
export interface IdempotencyClaim {
  readonly subject: string;
  readonly key: string;
  /** Name of the mutation. */
  readonly operation: string;
  /** Digest of its input: the key can't be used for another. */
  readonly digest: string;
  /** What a repetition is answered with: ids only. */
  readonly result: Readonly<Record<string, string>>;
}

/** An idempotency key that was used before. */
export type EarlierUse = Omit<IdempotencyClaim, 'subject' | 'key'>;

/** What is written together. */
export interface ChangeSet {
  readonly operations: readonly IdentityOperation[];
  readonly author?: Author;
  readonly idempotency?: IdempotencyClaim;
  /** The log's last sequence when the change was decided: refused (IdentityConflict) when it has moved on since. */
  readonly basedOn?: number;
  /** Where the reading of a cloud stands after these operations; stored in the same transaction. */
  readonly progress?: { readonly dataSourceId: string; readonly position: FollowPosition };
  /** The lease under which the change was decided; the change is refused (LeaseLost) when somebody else holds it now. */
  readonly lease?: Lease;
  /** ISO 8601; the time of the events. */
  readonly at: string;
}

/** What became of a change set. */
export interface Applied {
  /** The log's last sequence after it. */
  readonly head: number;
  /** The result of the first time, when the idempotency key was used before: nothing was written now. */
  readonly earlier?: EarlierUse;
}

/** Where the reading of a cloud stands: in the first full read (after which key, changes since when), or following. */
export type FollowPosition = (
  | { readonly phase: 'READING'; readonly after: string | null; readonly changesSince: string }
  | { readonly phase: 'FOLLOWING'; readonly since: string }
) & {
  /** Fingerprint of the rules by which the records so far were resolved: under other rules all are read again. */
  readonly rules?: string;
};

/** The right to resolve, held by one process at a time. `token` grows whenever it is acquired, also under the name that had it. */
export interface Lease {
  readonly holder: string;
  readonly token: number;
}

/** What happened, by the name its event carries. */
export type IdentityEventType =
  | 'CustomerCreated'
  | 'RecordLinked'
  | 'RecordUnlinked'
  | 'CustomersMerged'
  | 'CustomersUnmerged'
  | 'MatchDecided'
  | 'MatchDecisionRevoked'
  | 'DocumentActivated'
  | 'HouseholdChanged'
  | 'CustomerErased'
  | 'ErasedIdentifierReturned';

/**
 * An event of the identity log, without personal data beyond ids. Payloads: of RecordLinked the record's three ids, `rule`,
 * `bits` and, when it moved, `previousCustomer360Id`; of RecordUnlinked the three ids; of CustomersMerged `mergeEventId`,
 * `merged`, `rule`, `bits`; of CustomersUnmerged `mergeEventId`, `merged`, `survivor` (of that merge; `key` is the customer
 * they were taken from); of MatchDecided and MatchDecisionRevoked (`key` is the decision) `origin` and `verdicts`; of
 * DocumentActivated (`key` is the kind) `version`; of HouseholdChanged (`key` is the household) `customer360Ids`; of
 * CustomerErased `recordCount`, `tombstoneCount`; of ErasedIdentifierReturned (`key` is the erased customer)
 * `identifierType` and the record's two ids. What a person did also has `by` and `reason`.
 */
export interface IdentityEvent {
  readonly sequence: number;
  readonly id: string;
  readonly type: IdentityEventType;
  /** What is concerned, mostly a customer: of a merge the survivor. */
  readonly key: string;
  readonly occurredAt: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Stores what identity decides, in SQL or in Neo4j; it decides nothing itself. Lookups take up to 1,000 distinct keys or
 * rows (RangeError beyond) and cost one statement, none without keys. Records of a customer come in the order of their
 * keys, identifiers of a record in that of theirs. Every method throws StoreUnavailable when the store can't be reached.
 */
export interface IdentityRepository {
  readonly engine: 'sql' | 'neo4j';
  readonly decisions: DecisionStore;
  readonly reviews: ReviewStore;
  readonly documents: DocumentStore;
  readonly history: HistoryStore;
  readonly erasure: ErasureStore;
  readonly households: HouseholdStore;
  /** Creates tables or constraints where they are missing. Any number of processes may call it at once. */
  prepare(): Promise<void>;
  /** Customers by id, aliases followed to their survivor: key is the id that was asked for. Unknown ids are left out. */
  customersByIds(ids: readonly string[]): Promise<Map<string, CustomerIdentity>>;
  /** Customers by record; key is `recordKey()` of the record. */
  customersByRecords(keys: readonly SourceRecordKey[]): Promise<Map<string, CustomerIdentity>>;
  /** Customers that carry an identifier; key is `identifierKey()`. At most `limit` customers for each, by id, which is oldest first; found among the first 1,000 records that carry it. */
  customersByIdentifiers(identifiers: readonly Identifier[], limit: number): Promise<Map<string, CustomerIdentity[]>>;
  /** Customers that are no alias and have records, by id, ascending, after an id. */
  listCustomers(options: { readonly after?: string; readonly first: number }): Promise<CustomerIdentity[]>;
  /** Records that carry one of the identifiers; for each identifier at most `limit` of them. Key is `identifierKey()`. */
  recordsByIdentifiers(identifiers: readonly Identifier[], limit: number): Promise<Map<string, LinkedRecord[]>>;
  /** Keys of a cloud's records, ascending, after a key: to find those the cloud no longer has. */
  listRecordKeys(dataSourceId: string, options: { readonly after?: string; readonly first: number }): Promise<string[]>;
  /** Writes a change set, all or nothing. Throws LeaseLost, or IdentityConflict when an operation does not fit the store's state (unknown customer, merge into itself or an alias, unknown merge). */
  apply(changeSet: ChangeSet): Promise<Applied>;
  /** The first use of an idempotency key, null when there was none. */
  earlierUse(subject: string, key: string): Promise<EarlierUse | null>;
  /** Features of records, by `recordKey()`; records without are left out. */
  featuresOf(keys: readonly SourceRecordKey[]): Promise<Map<string, string>>;
  /** Features of all records, in a fixed order, after the place where the last page ended. At most 10,000; null ends it. */
  listFeatures(options: {
    readonly after: string | null;
    readonly first: number;
  }): Promise<{ readonly rows: readonly StoredFeatures[]; readonly next: string | null }>;
  /** Calls back when events may have been written, by this process or another; some are missed, so look from time to time. */
  listen(onEvents: () => void): Promise<() => Promise<void>>;
  /** Where the reading of a cloud stands, null before the first. */
  positionOf(dataSourceId: string): Promise<FollowPosition | null>;
  /**
   * Takes the right to resolve, under a new token; null while another holder has it. With `mayTakeOver`, the default, it is
   * taken at once from the same name: that was this process before it was killed. Two processes may share a name without
   * knowing: the earlier one has then lost its lease, and must not take it back. `nowMs` and the duration come from the caller's clock.
   */
  acquireLease(holder: string, durationMs: number, nowMs: number, mayTakeOver?: boolean): Promise<Lease | null>;
  /** Makes a lease last longer, under its token; false when it was lost, also to a process of the same name. */
  renewLease(lease: Lease, durationMs: number, nowMs: number): Promise<boolean>;
  releaseLease(lease: Lease): Promise<void>;
  /** Secret of this store for keyed hashes, made at the first `prepare()`. Hexadecimal, 32 bytes. */
  hashKey(): Promise<string>;
  /** The log after a sequence, in order, at most `first` events. */
  events(after: number, first: number): Promise<IdentityEvent[]>;
  /** Resolves when the store answers; throws StoreUnavailable when not. */
  checkReadiness(): Promise<void>;
  close(): Promise<void>;
}

/** One text for a record key, for maps. */
export function recordKey(record: SourceRecordKey): string {
  return `${record.dataSourceId}|${record.sourceRecordId}`;
}

/** One text for an identifier, for maps. */
export function identifierKey(identifier: Identifier): string {
  return `${identifier.identifierType}|${identifier.normalizedValue}`;
}

/** The right to resolve has passed to another process; nothing was written. */
export class LeaseLost extends Error {}

/** An operation does not fit the state of the store; nothing was written. */
export class IdentityConflict extends Error {}
