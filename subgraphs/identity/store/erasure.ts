import { createHmac } from 'node:crypto';
import type { Identifier, SourceRecordKey } from './repository.ts';

/** What is left of an erased identifier: a keyed digest, which only says whether an identifier is the same. */
export interface Tombstone {
  readonly digest: string;
  readonly identifierType: Identifier['identifierType'];
}

/** An erased identifier that came back with a record. */
export interface ErasureAlarm {
  readonly sequence: number;
  readonly customer360Id: string;
  readonly identifierType: string;
  readonly record: SourceRecordKey;
  /** ISO 8601. */
  readonly raisedAt: string;
}

/** What the store still has of an erased customer; all counts but `tombstones` and `identifiersReturned` are 0 when it has nothing. */
export interface ErasureProof {
  readonly customer360Id: string;
  /** ISO 8601. */
  readonly erasedAt: string;
  readonly erasedBy: string | null;
  readonly tombstones: number;
  /** Records linked to the customer or an id merged into it. */
  readonly recordsLinked: number;
  readonly matchFeatures: number;
  /** Entries of the log that still name one of the erased records. */
  readonly logEntriesNamingRecords: number;
  /** Decisions and reviews about the erased records. */
  readonly decisionsAndReviews: number;
  /** Alarms: erased identifiers that came back since. */
  readonly identifiersReturned: number;
}

/** Reads what erasure left. */
export interface ErasureStore {
  /** Null when the customer was not erased. */
  proof(customer360Id: string): Promise<ErasureProof | null>;
  /** Alarms in the order they were raised, after a sequence; at most 1,000. */
  alarms(options: { readonly after?: number; readonly first: number }): Promise<ErasureAlarm[]>;
  /** Which of the identifiers were erased, by their digest. Up to 1,000 (RangeError beyond). */
  erasedAmong(digests: readonly string[]): Promise<Map<string, string>>;
}

/** Keyed digest of an identifier. `hashKey` is the store's own, hexadecimal. */
export function tombstoneDigest(hashKey: string, { identifierType, normalizedValue }: Identifier): string {
  return hmac(hashKey, `tombstone|${identifierType}|${normalizedValue}`);
}

/** What stands in the log in place of an erased record's id: the same for every entry about it. */
export function redactedRecordId(hashKey: string, { dataSourceId, sourceRecordId }: SourceRecordKey): string {
  return `erased:${hmac(hashKey, `record|${dataSourceId}|${sourceRecordId}`).slice(0, 32)}`;
}

function hmac(hashKey: string, text: string): string {
  return createHmac('sha256', Buffer.from(hashKey, 'hex')).update(text).digest('hex');
}
