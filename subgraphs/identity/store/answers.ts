import {
  type CustomerIdentity,
  type Identifier,
  type IdentifierType,
  identifierKey,
  type LinkedRecord,
  recordKey,
} from './repository.ts';

/**
 * Customers are looked for among this many records of an identifier. One that more records share (a placeholder, a call
 * centre's number) joins nobody anyway, and must not make a lookup slow.
 */
export const DEGREE_CAP = 1_000;

/** Keys or rows that one lookup may be asked for. */
const LOOKUP_CAP = 1_000;

/** A record as both stores give it: nested lists are the cheapest form to send and to parse. */
export type RecordTuple = readonly [
  dataSourceId: string,
  sourceRecordId: string,
  dataSourceObjectId: string,
  givenNameHash: string | null,
  customer360Id: string,
  rule: string,
  linkedAt: string,
  identifiers: readonly IdentifierTuple[] | null,
  homeCustomer360Id: string,
  bits: number | null,
];

/** Type and value. */
export type IdentifierTuple = readonly [IdentifierType, string];

/** A customer as both stores give it. `positions` are the places in the list of keys that it answers, from 0. */
export interface CustomerAnswer {
  readonly positions: readonly number[];
  readonly customer360Id: string;
  readonly createdAt: string | Date;
  /** Each customer merged into this one: when it was given, its id, into which it was merged, and by which merge. */
  readonly merged: readonly (readonly [string, string, string, string])[] | null;
  readonly records: readonly RecordTuple[] | null;
}

/** The customer of an answer, with its parts in a fixed order, so that every store gives the same. */
export function customerOfAnswer(answer: CustomerAnswer): CustomerIdentity {
  const merges = (answer.merged ?? [])
    .map(([createdAt, merged, survivor, mergeEventId]) => ({
      createdAt: isoTime(createdAt),
      merge: { mergeEventId, survivor, merged },
    }))
    .sort((one, other) => compare(one.createdAt, other.createdAt) || compare(one.merge.merged, other.merge.merged))
    .map(({ merge }) => merge);
  return {
    customer360Id: answer.customer360Id,
    createdAt: isoTime(answer.createdAt),
    mergedCustomer360Ids: merges.map(({ merged }) => merged),
    merges,
    records: sortedRecords((answer.records ?? []).map(recordOfTuple)),
  };
}

/** The record of a tuple, its identifiers in a fixed order. */
export function recordOfTuple(tuple: RecordTuple): LinkedRecord {
  const [dataSourceId, sourceRecordId, dataSourceObjectId, givenNameHash, customer360Id, rule, linkedAt] = tuple;
  return {
    dataSourceId,
    sourceRecordId,
    dataSourceObjectId,
    givenNameHash,
    customer360Id,
    homeCustomer360Id: tuple[8],
    rule,
    linkedAt: isoTime(linkedAt),
    ...(typeof tuple[9] === 'number' ? { bits: tuple[9] } : {}),
    identifiers: identifiersOfTuples(tuple[7]),
  };
}

/** Identifiers in a fixed order. */
export function identifiersOfTuples(tuples: readonly IdentifierTuple[] | null): Identifier[] {
  return (tuples ?? [])
    .map(([identifierType, normalizedValue]) => ({ identifierType, normalizedValue }))
    .sort((one, other) => compare(identifierKey(one), identifierKey(other)));
}

/** Records in the order of their keys. */
export function sortedRecords(records: readonly LinkedRecord[]): LinkedRecord[] {
  return records.toSorted((one, other) => compare(recordKey(one), recordKey(other)));
}

/** Time in UTC with milliseconds, whatever form and offset the server gave it. */
export function isoTime(time: string | Date): string {
  return new Date(time).toISOString();
}

/** Distinct keys by their text, so that a store reads each once. Throws RangeError beyond 1,000. */
export function distinctKeys<K>(keys: readonly K[], textOf: (key: K) => string): Map<string, K> {
  const distinct = new Map(keys.map((key) => [textOf(key), key]));
  checkCount(distinct.size);
  return distinct;
}

/** Throws RangeError when a lookup asks for more than 1,000 at once. */
export function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 0 || count > LOOKUP_CAP) {
    throw new RangeError(`A lookup takes up to ${LOOKUP_CAP} keys or rows, not ${count}.`);
  }
}

/** Puts values under the keys that they answer. */
export function underKeys<V>(
  keys: readonly string[],
  answers: Iterable<{ readonly positions: readonly number[]; readonly value: V }>,
): Map<string, V[]> {
  const found = new Map<string, V[]>();
  for (const { positions, value } of answers) {
    for (const position of positions) {
      const key = keys[position];
      if (key === undefined) continue;
      const values = found.get(key);
      if (values) values.push(value);
      else found.set(key, [value]);
    }
  }
  return found;
}

/** The first value of each key. */
export function firstOfEach<V>(found: ReadonlyMap<string, readonly V[]>): Map<string, V> {
  return new Map([...found].flatMap(([key, values]) => (values[0] === undefined ? [] : [[key, values[0]] as const])));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
